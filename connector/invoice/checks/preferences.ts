/** Preferences (优惠政策) and what they do not mix with. L-71 … L-78. */
import { Decimal } from '../../kernel/decimal.js'
import { isStale } from '../../taxpayer/gate.js'
import type { InvoiceLine } from '../invoice.js'
import type { TaxClassification } from '../tax-tables.js'
import { DEFECT_REMEDY, type DraftLineCheck, type InvoiceCheck, type InvoiceLineCheck, TABLES_REMEDY } from './check.js'
import {
  AIR_FUND_CODE,
  AIR_PASSENGER_CODES,
  EXEMPT,
  FARM_CODE_PREFIX,
  NOT_TAXABLE,
  NOT_TAXABLE_CODE_PREFIX,
  NOT_TAXABLE_WATER_CODE,
  PREFERENCE_NAMES,
  REDUCED_TO_ONE_AND_A_HALF,
  TELECOM_PREPAID_CODE,
} from './code-lists.js'

const THIRTEEN_PERCENT = Decimal.of('0.13')

/** Rates that a preference goes with; preferences that are not listed go with any. */
const RATES_OF_PREFERENCE: ReadonlyMap<string, readonly Decimal[]> = new Map([
  ['01', [Decimal.of('0.03'), Decimal.of('0.05')]],
  ['08', [Decimal.of('0.03')]],
  ['09', [Decimal.of('0.05')]],
  [EXEMPT, [Decimal.ZERO]],
  [NOT_TAXABLE, [Decimal.ZERO]],
])

export const PREFERENCE_DRAFT_LINE_CHECKS: readonly DraftLineCheck[] = [
  {
    id: 'L-71',
    appliesTo: 'draft line',
    title: '优惠政策标识',
    condition: 'not 01–18',
    reaction: 'block',
    section: '2.6',
    sources: ['S1'],
    passes: 'preference 03 免税',
    fails: 'preference 19',
    run: ({ line: { preference }, path, name, nameEn }, report) => {
      if (preference !== null && !PREFERENCE_NAMES.has(preference)) {
        report(
          `${path}/preference`,
          `${name}优惠政策标识 ${preference} 不在 01–18 中`,
          `the preference ${preference} of ${nameEn} is not one of 01–18`,
        )
      }
    },
  },
  {
    id: 'L-71',
    part: 'listed',
    appliesTo: 'draft line',
    title: '优惠政策标识与增值税特殊管理',
    condition: "not among the code's 增值税特殊管理, where the table says anything of the code's taxation",
    reaction: 'block',
    section: '2.6',
    sources: ['inferred'],
    isSwitchable: true,
    passes: 'an exempt line whose code may be exempt',
    fails: 'an exempt line whose code may not be exempt',
    run: ({ line, path, name, nameEn, classification, context: { tables, at } }, report) => {
      const preferenceName = PREFERENCE_NAMES.get(line.preference ?? '')
      if (preferenceName === undefined || classification === null || isUntaxedByNature(classification.code)) return
      if (saysNothing(classification) || classification.specialManagement.includes(preferenceName)) return
      report(
        `${path}/preference`,
        `${name}编码 ${classification.code} 不能享受 ${line.preference} ${preferenceName}`,
        `the code ${classification.code} of ${nameEn} may not carry preference ${line.preference}`,
        isStale(tables.classificationFetchedAt, at) ? TABLES_REMEDY : undefined,
      )
    },
  },
  {
    id: 'L-72',
    appliesTo: 'draft line',
    title: '优惠政策标识与税率',
    condition: '01 other than 3 or 5 %, 08 other than 3 %, 09 other than 5 %, 03 or 04 other than 0',
    reaction: 'block',
    section: '2.6',
    sources: ['S1'],
    passes: 'preference 09 at 5 %',
    fails: 'preference 09 at 3 %',
    run: ({ line: { preference, taxRate }, path, name, nameEn }, report) => {
      if (preference === null || taxRate === null) return
      const wanted = RATES_OF_PREFERENCE.get(preference)
      if (wanted === undefined || wanted.some((rate) => rate.equals(taxRate))) return
      report(
        `${path}/taxRate`,
        `${name}优惠政策 ${preference} 的税率须为 ${wanted.join(' 或 ')}，现为 ${taxRate}`,
        `the preference ${preference} of ${nameEn} goes with the rate ${wanted.join(' or ')}, not ${taxRate}`,
      )
    },
  },
  {
    id: 'L-74',
    appliesTo: 'draft line',
    title: '按5%简易征收减按1.5%计征',
    condition: 'preference 10, which the base capability does not know',
    reaction: 'block',
    section: '2.8',
    sources: ['S1'],
    passes: 'preference 09',
    fails: 'preference 10',
    run: ({ line, path, name, nameEn }, report) => {
      if (line.preference === REDUCED_TO_ONE_AND_A_HALF) {
        report(
          `${path}/preference`,
          `${name}优惠政策 10 仅限不动产经营租赁，基础版不能开具`,
          `the preference 10 of ${nameEn} needs the lease capability`,
        )
      }
    },
  },
  {
    id: 'L-75',
    appliesTo: 'draft line',
    title: '不征税项目',
    condition: 'a code that begins with 6 without preference 04',
    reaction: 'block',
    section: '2.7',
    sources: ['S1'],
    passes: 'a code 6… with 04',
    fails: 'a code 6… without a preference',
    run: ({ line, path, name, nameEn }, report) => {
      if (line.taxCode?.startsWith(NOT_TAXABLE_CODE_PREFIX) && line.preference !== NOT_TAXABLE) {
        report(
          `${path}/preference`,
          `${name}编码 ${line.taxCode} 是不征税项目，优惠政策标识须为 04`,
          `the code ${line.taxCode} of ${nameEn} is not taxable and needs preference 04`,
        )
      }
    },
  },
  {
    id: 'L-77',
    appliesTo: 'draft line',
    title: '专用发票的免税、不征税行',
    condition: 'a special invoice with a line 03 or 04',
    reaction: 'block',
    section: '2.6',
    sources: ['law', 'inferred'],
    isSwitchable: true,
    passes: 'an ordinary invoice with an exempt line',
    fails: 'a special invoice with an exempt line',
    run: ({ draft, line: { preference }, path, name, nameEn }, report) => {
      if (draft.kind === 'special' && (preference === EXEMPT || preference === NOT_TAXABLE)) {
        report(
          `${path}/preference`,
          `${name}为免税或不征税，不得开具专用发票`,
          `${nameEn} is exempt or not taxable and cannot stand on a special invoice`,
        )
      }
    },
  },
  {
    id: 'L-78',
    appliesTo: 'draft line',
    title: '专用发票的农产品',
    condition: 'a special invoice with farm goods at another rate than 13 %: the bureau will tag it 20 农产品',
    reaction: 'warn',
    section: '5',
    sources: ['S1'],
    passes: 'an ordinary invoice with farm goods at 9 %',
    fails: 'a special invoice with farm goods at 9 %',
    run: ({ draft, line: { taxCode, taxRate }, path, name, nameEn }, report) => {
      if (draft.kind !== 'special' || taxRate === null || !taxCode?.startsWith(FARM_CODE_PREFIX)) return
      if (!taxRate.equals(THIRTEEN_PERCENT)) {
        report(
          `${path}/taxRate`,
          `${name}为税率非 13% 的农产品，税务机关将为此专用发票加注农产品标签`,
          `${nameEn} is farm goods at another rate than 13 %: the bureau will tag this special invoice as farm goods`,
        )
      }
    },
  },
]

export const PREFERENCE_INVOICE_CHECKS: readonly InvoiceCheck[] = [
  {
    id: 'L-76',
    appliesTo: 'invoice',
    title: '不征税行与其他行',
    condition: 'a line 04 beside lines without 04, outside the three exceptions (they are split apart)',
    reaction: 'split',
    section: '2.7',
    sources: ['S1'],
    passes: 'untaxed water (6110…) beside a taxed line',
    fails: 'a prepaid card (6010…) beside a taxed line',
    run: ({ invoice: { lines }, isTelecomSeller }, report) => {
      const isMixed = lines.some(isUntaxed) && !lines.every(isUntaxed)
      const offender = isMixed
        ? lines.find((line) => isUntaxed(line) && !mayMix(line, lines, isTelecomSeller))
        : undefined
      if (offender !== undefined) {
        report(
          offender.sourceLine < 0 ? '/shipping' : `/lines/${offender.sourceLine}`,
          `不征税行（编码 ${offender.taxCode}）不能与其他行同开一张发票`,
          `the untaxed code ${offender.taxCode} cannot stand beside taxed lines`,
          DEFECT_REMEDY,
        )
      }
    },
  },
]

export const PREFERENCE_INVOICE_LINE_CHECKS: readonly InvoiceLineCheck[] = [
  {
    id: 'L-73',
    appliesTo: 'invoice line',
    title: '免税、不征税行的税额',
    condition: 'a line 03 or 04 with tax',
    reaction: 'block',
    section: '2.6',
    sources: ['S3'],
    passes: 'an exempt line without tax',
    fails: 'an exempt line with tax',
    run: ({ line, path, name, nameEn }, report) => {
      if ((line.preference === EXEMPT || line.preference === NOT_TAXABLE) && line.taxAmount !== 0n) {
        report(
          `${path}/taxRate`,
          `${name}为免税或不征税，税额须为 0`,
          `${nameEn} is exempt or not taxable and must have no tax`,
          DEFECT_REMEDY,
        )
      }
    },
  },
]

/** Codes whose 04 is prescribed elsewhere: the items of class 6 and prepaid telecom services. */
function isUntaxedByNature(code: string): boolean {
  return code.startsWith(NOT_TAXABLE_CODE_PREFIX) || code === TELECOM_PREPAID_CODE
}

/** Old editions of the table have neither rates nor preferences: their silence proves nothing. */
function saysNothing({ taxRates, levyRates, specialManagement }: TaxClassification): boolean {
  return taxRates.length + levyRates.length + specialManagement.length === 0
}

function isUntaxed({ preference }: InvoiceLine): boolean {
  return preference === NOT_TAXABLE
}

function mayMix({ taxCode }: InvoiceLine, lines: readonly InvoiceLine[], isTelecomSeller: boolean): boolean {
  if (taxCode === NOT_TAXABLE_WATER_CODE) return true
  if (taxCode === TELECOM_PREPAID_CODE) return isTelecomSeller
  if (taxCode !== AIR_FUND_CODE) return false
  return lines.every((other) => other.taxCode === AIR_FUND_CODE || AIR_PASSENGER_CODES.has(other.taxCode))
}
