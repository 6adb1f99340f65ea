/** Differential taxation (差额征税): who may, at which rate, how much. L-90, L-92 … L-99. Vouchers: `vouchers.ts`. */
import { type Amount, formatAmount } from '../../kernel/amount.js'
import { Decimal, pow10 } from '../../kernel/decimal.js'
import { isStale } from '../../taxpayer/gate.js'
import type { IssuingContext } from '../finding.js'
import type { DifferentialCode } from '../tax-tables.js'
import {
  DEFECT_REMEDY,
  type DraftCheck,
  type DraftLineCheck,
  type InvoiceCheck,
  type InvoiceLineCheck,
  type Remedy,
  TABLES_REMEDY,
  UNIT_REMEDY,
} from './check.js'
import {
  LENDER_INDUSTRY_PREFIXES,
  PROPERTY_MANAGEMENT_CODES,
  PROPERTY_MANAGEMENT_INDUSTRIES,
  REAL_ESTATE_CODES,
  SIMPLIFIED_PREFERENCES,
} from './code-lists.js'
import { TOLERANCES_FEN } from './field-limits.js'

const NINE_PERCENT = Decimal.of('0.09')

export const DIFFERENTIAL_DRAFT_CHECKS: readonly DraftCheck[] = [
  {
    id: 'L-92',
    appliesTo: 'draft',
    title: '差额征税的明细',
    condition:
      'a differential order with more than one line, or with a discount; freight becomes an invoice of its own',
    reaction: 'block',
    section: '2.9',
    sources: ['S1'],
    passes: 'a differential order of one line',
    fails: 'a differential order with a discount',
    run: ({ draft }, report) => {
      if (draft.differential === null) return
      if (draft.lines.length > 1) {
        report('/lines', '差额征税发票只能有一行明细', 'a differential invoice has one line')
      }
      const isDiscounted = draft.lines.some((line) => isGiven(line.discountAmount) || isGiven(line.discountRate))
      if (isDiscounted || isGiven(draft.orderDiscount)) {
        report(
          isDiscounted ? '/lines/0/discountAmount' : '/orderDiscount',
          '差额征税发票不能有折扣',
          'a differential invoice has no discount',
        )
      }
    },
  },
  {
    id: 'L-93',
    appliesTo: 'draft',
    title: '扣除额',
    condition: 'type 01: negative; type 02: not positive',
    reaction: 'block',
    section: '2.9',
    sources: ['S1', 'S2'],
    passes: 'type 01 with a deduction of zero',
    fails: 'type 02 with a deduction of zero',
    run: ({ draft: { differential } }, report) => {
      if (differential === null) return
      const { type, deduction } = differential
      if (deduction.isNegative || (type === '02' && deduction.isZero)) {
        report(
          '/differential/deduction',
          `扣除额 ${deduction} 须${type === '02' ? '大于' : '不小于'} 0`,
          `the deduction ${deduction} must ${type === '02' ? 'be positive' : 'not be negative'}`,
        )
      }
    },
  },
]

export const DIFFERENTIAL_DRAFT_LINE_CHECKS: readonly DraftLineCheck[] = [
  {
    id: 'L-95',
    appliesTo: 'draft line',
    title: '差额征税的编码',
    condition: 'the code table does not allow differential taxation, or the differential table does not hold the code',
    reaction: 'block',
    section: '2.9',
    sources: ['S1'],
    passes: 'a differential line whose code both tables allow',
    fails: 'a differential line whose code is in neither',
    run: ({ isDifferential, line, path, name, nameEn, classification, context }, report) => {
      const { tables } = context
      if (!isDifferential || line.taxCode === null || classification === null) return
      if (tables.differentialFetchedAt === null) return
      if (classification.allowsDifferential && tables.differential(line.taxCode) !== null) return
      report(
        `${path}/taxCode`,
        `${name}税收分类编码 ${line.taxCode} 不能差额征税`,
        `the code ${line.taxCode} of ${nameEn} does not allow differential taxation`,
        remedyOf(context),
      )
    },
  },
  {
    id: 'L-96',
    appliesTo: 'draft line',
    title: '差额征税类型与票种',
    condition: 'type 02 where the table forbids it, or a special invoice of either type where the table forbids that',
    reaction: 'block',
    section: '2.9',
    sources: ['S1'],
    passes: 'type 02 ordinary where only special is forbidden',
    fails: 'type 02 special where the table forbids it',
    run: ({ draft, isDifferential, line, name, nameEn, context }, report) => {
      const code = isDifferential ? differentialCodeOf(line.taxCode, context) : null
      if (code === null || draft.differential === null) return
      const { type } = draft.differential
      const isSpecial = draft.kind === 'special'
      if (type === '02' && !code.allowsDifferentialIssue) {
        report(
          '/differential/type',
          `${name}编码 ${code.code} 不能差额开票（02）`,
          `the code ${code.code} of ${nameEn} does not allow type 02`,
          remedyOf(context),
        )
      } else if (isSpecial && !(type === '02' ? code.differentialAllowsSpecial : code.fullAllowsSpecial)) {
        report(
          '/kind',
          `${name}编码 ${code.code} 的差额类型 ${type} 不能开具专用发票`,
          `the code ${code.code} of ${nameEn} does not allow a special invoice of type ${type}`,
          remedyOf(context),
        )
      }
    },
  },
  {
    id: 'L-97',
    appliesTo: 'draft line',
    title: '差额征税的税率',
    condition: "not in the differential table's column of the seller's taxpayer type",
    reaction: 'block',
    section: '2.9',
    sources: ['S1'],
    passes: 'a levy rate of a general taxpayer with preference 09',
    fails: 'a levy rate of a general taxpayer without a preference',
    run: ({ isDifferential, line, path, name, nameEn, context }, report) => {
      const code = isDifferential ? differentialCodeOf(line.taxCode, context) : null
      const { taxRate } = line
      if (code === null || taxRate === null || context.unit.profile === null) return
      const rates = ratesOf(code, line.preference, context)
      if (rates.some((rate) => rate.equals(taxRate))) return
      report(
        `${path}/taxRate`,
        `${name}税率 ${taxRate} 不在差额征税编码 ${code.code} 对本销方的税率（${rates.join('、') || '无'}）中`,
        `the rate ${taxRate} of ${nameEn} is not among the differential rates of code ${code.code} for this seller (${rates.join(', ') || 'none'})`,
        remedyOf(context),
      )
    },
  },
  {
    id: 'L-98',
    appliesTo: 'draft line',
    title: '自来水、物业管理的差额征税',
    condition: "the seller's industries, main or recorded by hand, do not contain 702 or 7020",
    reaction: 'block',
    section: '2.9',
    sources: ['S1'],
    passes: 'property management of a seller with the recorded industry 7020',
    fails: 'property management of a seller without it',
    run: ({ isDifferential, line, name, nameEn, context: { unit } }, report) => {
      if (!isDifferential || unit.profile === null) return
      if (line.taxCode === null || !PROPERTY_MANAGEMENT_CODES.has(line.taxCode)) return
      const industries = [unit.profile.industry, ...unit.settings.secondaryIndustries]
      if (industries.some((industry) => PROPERTY_MANAGEMENT_INDUSTRIES.has(industry))) return
      report(
        '',
        `${name}编码 ${line.taxCode} 仅限物业管理行业（702/7020）差额征税；次要行业须在开票单位设置中登记`,
        `the code ${line.taxCode} of ${nameEn} is for the industry 702/7020; a secondary industry must be recorded in the unit's settings`,
        UNIT_REMEDY,
      )
    },
  },
  {
    id: 'L-99',
    appliesTo: 'draft line',
    title: '不动产 9% 的差额征税',
    condition:
      'one of the seven codes at 9 %, not type 02, or the seller is not a general taxpayer of the industries 662…, 663…, 6950',
    reaction: 'block',
    section: '2.9',
    sources: ['S1'],
    passes: 'a bank with type 02 at 9 %',
    fails: 'a bank with type 01 at 9 %',
    run: ({ draft, isDifferential, line, path, name, nameEn, context: { unit } }, report) => {
      if (
        !isDifferential ||
        draft.differential === null ||
        unit.profile === null ||
        !line.taxRate?.equals(NINE_PERCENT)
      )
        return
      if (line.taxCode === null || !REAL_ESTATE_CODES.has(line.taxCode)) return
      if (draft.differential.type !== '02') {
        report(
          '/differential/type',
          `${name}编码 ${line.taxCode} 税率 9% 只能差额开票（02）`,
          `the code ${line.taxCode} of ${nameEn} at 9 % goes with type 02 only`,
        )
      }
      const { industry, taxpayerType } = unit.profile
      if (!isGeneral(taxpayerType) || !LENDER_INDUSTRY_PREFIXES.some((prefix) => industry.startsWith(prefix))) {
        report(
          `${path}/taxCode`,
          `${name}编码 ${line.taxCode} 税率 9% 的差额征税仅限金融机构类一般纳税人`,
          `the code ${line.taxCode} of ${nameEn} at 9 % is for general taxpayers that lend or manage assets`,
        )
      }
    },
  },
]

export const DIFFERENTIAL_INVOICE_CHECKS: readonly InvoiceCheck[] = [
  {
    id: 'L-92',
    part: 'invoice',
    appliesTo: 'invoice',
    title: '差额征税的明细',
    condition: 'a differential invoice with more than one line',
    reaction: 'split',
    section: '2.9',
    sources: ['S1'],
    passes: 'a differential invoice of one line',
    fails: 'a differential invoice of two lines',
    run: ({ invoice }, report) => {
      if (invoice.differential !== null && invoice.lines.length !== 1) {
        report('/lines', '差额征税发票只能有一行明细', 'a differential invoice has one line', DEFECT_REMEDY)
      }
    },
  },
  {
    id: 'L-93',
    part: 'line',
    appliesTo: 'invoice',
    title: '扣除额',
    condition: 'deduction without type or the reverse, other than the one of the head, or greater than the gross',
    reaction: 'block',
    section: '2.9',
    sources: ['S1', 'S2'],
    passes: 'a deduction equal to the gross',
    fails: 'a deduction one fen greater than the gross',
    run: ({ invoice: { differential, lines } }, report) => {
      for (const { deduction, grossAmount, nature } of lines) {
        if (nature !== 'normal') continue
        if (deduction !== (differential?.deduction ?? null)) {
          report(
            '/differential/deduction',
            '差额征税类型和明细的扣除额须同时填写或同时为空',
            'the differential type and the deduction of the line go together',
            DEFECT_REMEDY,
          )
        } else if (deduction !== null && deduction > grossAmount) {
          report(
            '/differential/deduction',
            `扣除额 ${formatAmount(deduction)} 大于含税金额 ${formatAmount(grossAmount)}`,
            `the deduction ${formatAmount(deduction)} is greater than the gross ${formatAmount(grossAmount)}`,
          )
        }
      }
    },
  },
]

export const DIFFERENTIAL_INVOICE_LINE_CHECKS: readonly InvoiceLineCheck[] = [
  {
    id: 'L-90',
    alias: 'A12',
    appliesTo: 'invoice line',
    title: '差额征税的税额',
    condition: 'tax more than 0.06 off the formula: on gross less deduction for type 02, on gross for type 01',
    reaction: 'block',
    section: '2.9',
    sources: ['S1', 'S2'],
    passes: 'a tax that is 0.06 off',
    fails: 'a tax that is 0.07 off',
    run: ({ invoice: { differential }, line, path, name, nameEn }, report) => {
      if (differential === null) return
      const base = differential.type === '02' ? line.grossAmount - differential.deduction : line.grossAmount
      if (isTaxOff(base, line.taxRate, line.taxAmount)) {
        report(
          path,
          `${name}差额征税的税额 ${formatAmount(line.taxAmount)} 与公式相差超过 0.06`,
          `the differential tax ${formatAmount(line.taxAmount)} of ${nameEn} is more than 0.06 off the formula`,
          DEFECT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-94',
    appliesTo: 'invoice line',
    title: '差额征税的金额',
    condition: 'net is not gross less tax exactly',
    reaction: 'fill',
    section: '2.9',
    sources: ['S1'],
    passes: 'a net that is gross less tax',
    fails: 'a net that is one fen less',
    run: ({ invoice: { differential }, line, path, name, nameEn }, report) => {
      if (differential !== null && line.netAmount !== line.grossAmount - line.taxAmount) {
        report(path, `${name}金额须等于含税金额减税额`, `the net of ${nameEn} must be gross less tax`, DEFECT_REMEDY)
      }
    },
  },
]

function isGiven(discount: Decimal | null): boolean {
  return discount !== null && !discount.isZero
}

function isGeneral(taxpayerType: string): boolean {
  return taxpayerType === '1' || taxpayerType === '4'
}

function differentialCodeOf(taxCode: string | null, { tables }: IssuingContext): DifferentialCode | null {
  return taxCode === null ? null : tables.differential(taxCode)
}

/**
 * The rates of a differential code that are open to a seller.
 * Source: Leqi rulebook 2.9 (columns by taxpayer type, with the exceptions for simplified preferences and former rates).
 */
function ratesOf(code: DifferentialCode, preference: string | null, { unit }: IssuingContext): readonly Decimal[] {
  const type = unit.profile?.taxpayerType
  const mayUseFormer = unit.settings.hasFormerRateAuthorisation
  if (type === '1' || type === '4') {
    const mayLevy = mayUseFormer || (preference !== null && SIMPLIFIED_PREFERENCES.has(preference))
    return mayLevy ? [...code.generalRates, ...code.generalLevyRates] : code.generalRates
  }
  if (type === '3' && mayUseFormer) {
    return [...code.smallScaleLevyRates, ...code.generalRates, ...code.generalLevyRates]
  }
  return type === '2' || type === '3' ? code.smallScaleLevyRates : []
}

/** An old table proves nobody wrong. */
function remedyOf({ tables, at }: IssuingContext): Remedy | undefined {
  return isStale(tables.differentialFetchedAt, at) ? TABLES_REMEDY : undefined
}

/** |base ÷ (1 + rate) × rate − tax| > 0.06, multiplied by (1 + rate) × 10^scale. */
function isTaxOff(base: bigint, { value, scale }: Decimal, tax: Amount): boolean {
  const divisor = pow10(scale) + value
  const difference = base * value - tax * divisor
  return (difference < 0n ? -difference : difference) > TOLERANCES_FEN.lineTax * divisor
}
