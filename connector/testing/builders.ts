/**
 * Builders for tests: a unit that may issue, the bureau's tables, a draft and an invoice that pass every check. Say what
 * matters, the rest is ordinary and belongs to a fictitious company.
 */
import type { InvoiceDraft } from '../invoice/draft.js'
import type { IssuingContext } from '../invoice/finding.js'
import type { Buyer, Invoice, InvoiceLine } from '../invoice/invoice.js'
import { Origins } from '../invoice/origins.js'
import type { DifferentialCode, RateEntry, TaxClassification, TaxTables } from '../invoice/tax-tables.js'
import { amount, sumAmounts } from '../kernel/amount.js'
import { Decimal } from '../kernel/decimal.js'
import type { TaxpayerId, UsingUnitId } from '../kernel/ids.js'
import { type Instant, instant, type LocalDate } from '../kernel/time.js'
import type { DirectUnit, IssuingSettings, TaxpayerProfile, TaxpayerRisk, UsingUnit } from '../taxpayer/taxpayer.js'
import { aDraft, aLine } from './invoice-drafts.js'

/** Sunday 2026-11-22, noon in China. */
export const NOON: Instant = instant(Date.UTC(2026, 10, 22, 4))

/** Codes of the standard tables, by what they are in tests. */
export const CODES = {
  cup: '1080113000000000000',
  vegetables: '1010112010000000000',
  coal: '1020101000000000000',
  tapWater: '1100301010000000000',
  flight: '3010301010100000000',
  telecom: '3030000000000000000',
  basicTelecom: '3030100000000000000',
  propertyManagement: '3040801010000000000',
  labourDispatch: '3040803010000000000',
  loan: '3060108000000000000',
  catering: '3070401000000000000',
  house: '5010102000000000000',
  prepaidCard: '6010000000000000000',
  untaxedWater: '6110000000000000000',
  airFund: '6130000000000000000',
  summary: '1010100000000000000',
} as const

function aDirectUnit(changes: Partial<DirectUnit> = {}): DirectUnit {
  return {
    id: '00000000-0000-7000-8000-000000000001',
    name: '示例集团有限公司',
    taxNo: taxpayerId('91310115MA1K00007Q'),
    leqiId: '0123456789abcdef0123',
    environment: 'sandbox',
    apiUrl: 'http://127.0.0.1:9443/access/v2/invoke',
    proxy: null,
    capabilities: ['202007', '203067'],
    ratePerSecond: 50,
    poll: { firstMs: 50, maxMs: 1000 },
    isVerified: true,
    ...changes,
  }
}

type UnitChanges = Partial<Omit<UsingUnit, 'direct' | 'settings' | 'profile' | 'risk'>> & {
  direct?: Partial<DirectUnit>
  settings?: Partial<IssuingSettings>
  profile?: Partial<TaxpayerProfile> | null
  risk?: Partial<TaxpayerRisk> | null
}

/** A verified general taxpayer that may issue; `null` takes the bureau's view of it away. */
export function aUsingUnit({ direct, settings, profile, risk, ...changes }: UnitChanges = {}): UsingUnit {
  return {
    // A test's own id; ids have no form beside being texts.
    id: '00000000-0000-7000-8000-000000000002' as UsingUnitId,
    name: '示例销售有限公司',
    taxNo: taxpayerId('91310115MA1K00015K'),
    leqiId: '9876543210fedcba9876',
    region: '13100000000',
    isVerified: true,
    isRestored: false,
    direct: aDirectUnit(direct),
    settings: { ...SETTINGS, ...settings },
    profile: profile === null ? null : { ...PROFILE, ...profile },
    risk: risk === null ? null : { ...RISK, ...risk },
    ...changes,
  }
}

/** The tables of a day ago at most; a code or rate given here is added to the standard ones, or replaces its like. */
export function taxTables(
  changes: Partial<Omit<TaxTables, 'classification' | 'differential'>> & {
    classifications?: readonly TaxClassification[]
    differentials?: readonly DifferentialCode[]
  } = {},
): TaxTables {
  const { classifications = [], differentials = [], ...rest } = changes
  const byCode = new Map([...CLASSIFICATIONS, ...classifications].map((each) => [each.code, each]))
  const differentialByCode = new Map([...DIFFERENTIALS, ...differentials].map((each) => [each.code, each]))
  return {
    classification: (code) => byCode.get(code) ?? null,
    differential: (code) => differentialByCode.get(code) ?? null,
    rates: RATES,
    classificationFetchedAt: NOON,
    ratesFetchedAt: NOON,
    differentialFetchedAt: NOON,
    ...rest,
  }
}

export function anIssuingContext(changes: Partial<IssuingContext> = {}): IssuingContext {
  return { unit: aUsingUnit(), tables: taxTables(), at: NOON, ...changes }
}

export function aClassification(changes: Partial<TaxClassification> = {}): TaxClassification {
  return {
    code: CODES.cup,
    name: '日用杂品',
    shortName: '日用杂品',
    taxRates: [Decimal.of('0.13')],
    levyRates: [Decimal.of('0.03')],
    specialManagement: [],
    isSummary: false,
    allowsDifferential: false,
    refundCodes: [],
    validFrom: date('2016-05-01'),
    stoppedOn: null,
    ...changes,
  }
}

export function aRateEntry(changes: Partial<RateEntry> = {}): RateEntry {
  return {
    nature: 'rate',
    rate: Decimal.of('0.13'),
    isFormer: false,
    isEnabled: true,
    validFrom: date('2019-04-01'),
    validTo: null,
    stoppedOn: null,
    ...changes,
  }
}

/** A draft that passes every check: one cup at 13 %, to a company, every value from the order. */
export function anInvoiceDraft(written: Parameters<typeof aDraft>[0] = {}): InvoiceDraft {
  return aDraft({ origins: ORDER_ORIGINS, ...written })
}

/** A draft line: a cup at 13 %. */
export const aDraftLine = aLine

/** An invoice line of 100.00 net at 13 %; gross follows from net and tax unless it is given. */
export function anInvoiceLine(changes: Partial<InvoiceLine> = {}): InvoiceLine {
  const netAmount = changes.netAmount ?? amount('100.00')
  const taxAmount = changes.taxAmount ?? amount('13.00')
  return {
    lineNo: 1,
    nature: 'normal',
    name: '咖啡杯',
    shortName: '日用杂品',
    model: null,
    unit: '个',
    quantity: '1',
    unitPrice: '100',
    grossAmount: sumAmounts([netAmount, taxAmount]),
    taxRate: Decimal.of('0.13'),
    taxCode: CODES.cup,
    preference: null,
    deduction: null,
    coalKind: null,
    sourceLine: 0,
    ...changes,
    netAmount,
    taxAmount,
  }
}

/** An invoice that passes every check; totals follow from the lines unless they are given. */
export function anInvoice({
  buyer,
  lines = [anInvoiceLine()],
  ...changes
}: Partial<Omit<Invoice, 'buyer'>> & { buyer?: Partial<Buyer> } = {}): Invoice {
  const netAmount = sumAmounts(lines.map((line) => line.netAmount))
  return {
    letter: 'blue',
    kind: 'ordinary',
    seller: { name: '示例销售有限公司', taxNo: '91310115MA1K00015K', ...NO_CONTACT },
    buyer: {
      name: '示例商贸有限公司',
      taxNo: '91310115MA1K00023E',
      ...NO_CONTACT,
      isPerson: false,
      idType: null,
      idNo: null,
      nationality: null,
      ...buyer,
    },
    lines,
    netAmount,
    taxAmount: sumAmounts(lines.map((line) => line.taxAmount)),
    grossAmount: sumAmounts(lines.map((line) => line.grossAmount)),
    quotaAmount: netAmount,
    differential: null,
    remark: null,
    payments: [],
    drawer: '开票员',
    payee: null,
    reviewer: null,
    extras: [],
    coalQuality: null,
    ...changes,
  }
}

const NO_CONTACT = { address: null, phone: null, bank: null, account: null }

const SETTINGS: IssuingSettings = {
  drawer: '开票员',
  numberWarningCount: 200,
  numberClaimCount: 1000,
  autoClaim: true,
  autoDownloadQuota: true,
  autoAdjustValidity: true,
  quotaDownloadAmount: amount('100000.00'),
  maxNetPerInvoice: null,
  maxLinesPerInvoice: 200,
  address: null,
  phone: null,
  bank: null,
  account: null,
  secondaryIndustries: [],
  hasFormerRateAuthorisation: false,
}

const PROFILE: TaxpayerProfile = {
  name: '示例销售有限公司',
  taxpayerType: '1',
  industry: '5191',
  industryNatures: [],
  taxBureauCode: '13101150000',
  isPilot: true,
  statusCode: '03',
  typeValidFrom: null,
  typeValidTo: null,
  fetchedAt: NOON,
}

const RISK: TaxpayerRisk = { riskType: '', warningLevel: '', isRisk: false, fetchedAt: NOON }

const SERVICE = { taxRates: [Decimal.of('0.06')], levyRates: [Decimal.of('0.03'), Decimal.of('0.05')] }
const UNTAXED = { taxRates: [], levyRates: [], specialManagement: ['不征税'] }

const CLASSIFICATIONS: readonly TaxClassification[] = [
  aClassification(),
  aClassification({
    code: CODES.vegetables,
    shortName: '蔬菜',
    taxRates: [Decimal.of('0.09')],
    specialManagement: ['免税'],
  }),
  aClassification({ code: CODES.coal, shortName: '煤炭' }),
  aClassification({
    code: CODES.tapWater,
    shortName: '水冰雪',
    taxRates: [Decimal.of('0.09')],
    specialManagement: ['简易征收', '按3%简易征收'],
    allowsDifferential: true,
  }),
  aClassification({ code: CODES.flight, shortName: '运输服务', taxRates: [Decimal.of('0.09')] }),
  aClassification({ code: CODES.telecom, shortName: '电信服务', ...SERVICE, isSummary: true }),
  aClassification({ code: CODES.basicTelecom, shortName: '电信服务', ...SERVICE, isSummary: true }),
  aClassification({ code: CODES.propertyManagement, shortName: '企业管理服务', ...SERVICE, allowsDifferential: true }),
  aClassification({
    code: CODES.labourDispatch,
    shortName: '人力资源服务',
    ...SERVICE,
    specialManagement: ['按5%简易征收'],
    allowsDifferential: true,
  }),
  aClassification({ code: CODES.loan, shortName: '金融服务', ...SERVICE }),
  aClassification({ code: CODES.catering, shortName: '餐饮服务', ...SERVICE }),
  aClassification({
    code: CODES.house,
    shortName: '不动产',
    taxRates: [Decimal.of('0.09')],
    levyRates: [Decimal.of('0.05')],
    allowsDifferential: true,
  }),
  aClassification({ code: CODES.prepaidCard, shortName: '预付卡销售', ...UNTAXED }),
  aClassification({ code: CODES.untaxedWater, shortName: '不征税自来水', ...UNTAXED }),
  aClassification({ code: CODES.airFund, shortName: '代收民航发展基金', ...UNTAXED }),
  aClassification({ code: CODES.summary, shortName: '农业产品', isSummary: true }),
]

const DIFFERENTIALS: readonly DifferentialCode[] = [
  {
    code: CODES.labourDispatch,
    allowsDifferentialIssue: true,
    differentialAllowsSpecial: false,
    fullAllowsSpecial: true,
    generalRates: [Decimal.of('0.06')],
    generalLevyRates: [Decimal.of('0.05')],
    smallScaleLevyRates: [Decimal.of('0.03'), Decimal.of('0.05')],
  },
  {
    code: CODES.propertyManagement,
    allowsDifferentialIssue: true,
    differentialAllowsSpecial: true,
    fullAllowsSpecial: true,
    generalRates: [Decimal.of('0.06')],
    generalLevyRates: [Decimal.of('0.03')],
    smallScaleLevyRates: [Decimal.of('0.03')],
  },
  {
    code: CODES.house,
    allowsDifferentialIssue: true,
    differentialAllowsSpecial: true,
    fullAllowsSpecial: true,
    generalRates: [Decimal.of('0.09')],
    generalLevyRates: [Decimal.of('0.05')],
    smallScaleLevyRates: [Decimal.of('0.05')],
  },
]

const RATES: readonly RateEntry[] = [
  aRateEntry(),
  ...['0.09', '0.06', '0'].map((rate) => aRateEntry({ rate: Decimal.of(rate) })),
  ...['0.05', '0.03', '0.01'].map((rate) => aRateEntry({ nature: 'levy', rate: Decimal.of(rate) })),
  aRateEntry({ rate: Decimal.of('0.16'), isFormer: true, validFrom: date('2018-05-01') }),
  aRateEntry({ rate: Decimal.of('0.17'), isEnabled: false, validFrom: date('1994-01-01') }),
]

/** Everything from the order, so that the sender is who cures. */
const ORDER_PATHS = [
  ...['/kind', '/letter', '/lines', '/orderDiscount', '/expectedGross', '/remark', '/drawer', '/payee', '/reviewer'],
  ...['/buyer', '/lines/0', '/lines/1', '/shipping', '/differential', '/payments', '/extras', '/coalQuality'],
]
const ORDER_ORIGINS = new Origins(
  ORDER_PATHS,
  ORDER_PATHS.map((path) => ({ from: 'order', paths: [path] })),
)

/** A test's tax number is right by construction. */
function taxpayerId(text: string): TaxpayerId {
  return text as TaxpayerId
}

/** A test's date is right by construction. */
function date(text: string): LocalDate {
  return text as LocalDate
}
