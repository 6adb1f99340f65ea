/** Classification codes and rates of the draft's lines, judged by the bureau's tables. L-58 … L-65. */
import { Decimal } from '../../kernel/decimal.js'
import { isStale } from '../../taxpayer/gate.js'
import type { TaxClassification } from '../tax-tables.js'
import { type DraftLineCheck, type DraftLineSubject, type Remedy, TABLES_REMEDY, UNIT_REMEDY } from './check.js'
import { EXEMPT, NOT_TAXABLE, PREPAID_CARD_CODE, TELECOM_PREPAID_CODE, TELECOM_RATES } from './code-lists.js'

const ONE_PERCENT = Decimal.of('0.01')
const THREE_PERCENT = Decimal.of('0.03')
const TELECOM_RATE_BY_CODE: ReadonlyMap<string, Decimal> = new Map(
  [...TELECOM_RATES].map(([code, rate]) => [code, Decimal.of(rate)]),
)

export const CODE_CHECKS: readonly DraftLineCheck[] = [
  {
    id: 'L-58',
    appliesTo: 'draft line',
    title: '商品和服务税收分类编码',
    condition: 'missing, not in the code table, stopped, or not yet valid on the date of issue',
    reaction: 'block',
    section: '7.3',
    sources: ['S1'],
    passes: 'a code of the table',
    fails: 'a code that the table does not hold',
    run: (subject, report) => {
      const { line, path, name, nameEn, classification, context, date } = subject
      if (context.tables.classificationFetchedAt === null) return
      const { taxCode } = line
      if (taxCode === null || taxCode === '') {
        report(`${path}/taxCode`, `${name}缺少税收分类编码`, `${nameEn} has no classification code`)
      } else if (classification === null) {
        report(
          `${path}/taxCode`,
          `${name}税收分类编码 ${taxCode} 不在编码表中`,
          `the classification code ${taxCode} of ${nameEn} is not in the table`,
          remedyOfCodeTable(subject),
        )
      } else if (!isInForce(classification, date)) {
        report(
          `${path}/taxCode`,
          `${name}税收分类编码 ${taxCode} 在 ${date} 未启用或已停用`,
          `the classification code ${taxCode} of ${nameEn} is not in force on ${date}`,
          remedyOfCodeTable(subject),
        )
      }
    },
  },
  {
    id: 'L-59',
    appliesTo: 'draft line',
    title: '汇总项',
    condition: 'a summary code, other than the three of telecom services',
    reaction: 'block',
    section: '7.3',
    sources: ['S1'],
    passes: 'a code that is no summary',
    fails: 'a summary code',
    run: ({ line, path, name, nameEn, classification }, report) => {
      if (classification === null || !classification.isSummary || isTelecomSummary(classification.code)) return
      report(
        `${path}/taxCode`,
        `${name}税收分类编码 ${line.taxCode} 是汇总项，不能开票`,
        `the classification code ${line.taxCode} of ${nameEn} is a summary and cannot be invoiced`,
      )
    },
  },
  {
    id: 'L-60',
    appliesTo: 'draft line',
    title: '电信服务汇总项（基础、增值）',
    condition: '3030100… other than 9 %, 3030200… other than 6 %, or the seller is no telecom company',
    reaction: 'block',
    section: '7.3',
    sources: ['S1'],
    passes: 'a telecom seller with 3030100… at 9 %',
    fails: 'a telecom seller with 3030100… at 6 %',
    run: (subject, report) => {
      const { line, path, name, nameEn } = subject
      const wanted = TELECOM_RATE_BY_CODE.get(line.taxCode ?? '')
      if (wanted === undefined) return
      reportNoTelecomSeller(subject, report)
      if (line.taxRate !== null && !line.taxRate.equals(wanted)) {
        report(
          `${path}/taxRate`,
          `${name}编码 ${line.taxCode} 的税率须为 ${wanted}`,
          `the code ${line.taxCode} of ${nameEn} goes with the rate ${wanted}`,
        )
      }
    },
  },
  {
    id: 'L-61',
    appliesTo: 'draft line',
    title: '电信服务汇总项（不征税）',
    condition:
      '3030000… with a rate other than 0, without 04, on a special invoice, or by another than a telecom seller',
    reaction: 'block',
    section: '7.3',
    sources: ['S1'],
    passes: 'a telecom seller with 3030000… at 0 and 04',
    fails: 'a telecom seller with 3030000… on a special invoice',
    run: (subject, report) => {
      if (subject.line.taxCode !== TELECOM_PREPAID_CODE) return
      reportNoTelecomSeller(subject, report)
      reportTaxed(subject, report)
    },
  },
  {
    id: 'L-62',
    appliesTo: 'draft line',
    title: '电信企业预付卡销售和充值',
    condition: 'a telecom seller with 6010000… and a rate other than 0, without 04, or on a special invoice',
    reaction: 'block',
    section: '7.3',
    sources: ['S1'],
    passes: 'a telecom seller with 6010000… at 0 and 04',
    fails: 'a telecom seller with 6010000… at 6 %',
    run: (subject, report) => {
      if (subject.isTelecomSeller && subject.line.taxCode === PREPAID_CARD_CODE) reportTaxed(subject, report)
    },
  },
]

export const RATE_CHECKS: readonly DraftLineCheck[] = [
  {
    id: 'L-63',
    appliesTo: 'draft line',
    title: '税率/征收率',
    condition: 'missing, not in the rate table, off, outside its interval, or stopped on the date of issue',
    reaction: 'block',
    section: '2.6',
    sources: ['S1'],
    passes: 'a rate on its last day',
    fails: 'a rate on the day after its last',
    run: ({ line, path, name, nameEn, rateVerdict, context, date }, report) => {
      const { tables, at } = context
      if (line.taxRate === null) {
        report(`${path}/taxRate`, `${name}缺少税率`, `${nameEn} has no rate`)
      } else if (rateVerdict === 'unlisted' || rateVerdict === 'closed') {
        const [zh, en] =
          rateVerdict === 'closed'
            ? [`在 ${date} 不可用`, `not open on ${date}`]
            : ['不在可用税率表中', 'not in the table']
        report(
          `${path}/taxRate`,
          `${name}税率 ${line.taxRate} ${zh}`,
          `the rate ${line.taxRate} of ${nameEn} is ${en}`,
          isStale(tables.ratesFetchedAt, at) ? TABLES_REMEDY : undefined,
        )
      }
    },
  },
  {
    id: 'L-64',
    appliesTo: 'draft line',
    title: '税率与税收分类编码',
    condition: "neither among the code's rates nor its levy rates, where the table names any",
    reaction: 'block',
    section: '7.3',
    sources: ['inferred'],
    isSwitchable: true,
    passes: "a rate of the code's list",
    fails: "a rate outside the code's list",
    run: (subject, report) => {
      const { line, path, name, nameEn, classification } = subject
      if (line.taxRate === null || classification === null || !isBoundToCode(subject)) return
      const { taxRates, levyRates } = classification
      if (taxRates.length + levyRates.length === 0 || isListed(subject, taxRates) || isListed(subject, levyRates))
        return
      report(
        `${path}/taxRate`,
        `${name}税率 ${line.taxRate} 不在编码 ${classification.code} 的税率、征收率（${[...taxRates, ...levyRates].join('、')}）中`,
        `the rate ${line.taxRate} of ${nameEn} is not among the rates of code ${classification.code} (${[...taxRates, ...levyRates].join(', ')})`,
        remedyOfCodeTable(subject),
      )
    },
  },
  {
    id: 'L-65',
    appliesTo: 'draft line',
    title: '原税率',
    condition: 'a former rate, and the seller has no authorisation for former rates',
    reaction: 'block',
    section: '2.6',
    sources: ['inferred'],
    isSwitchable: true,
    passes: 'a former rate of a seller with the authorisation',
    fails: 'a former rate of a seller without the authorisation',
    run: ({ line, path, name, nameEn, rateVerdict, context }, report) => {
      if (rateVerdict === 'former' && !context.unit.settings.hasFormerRateAuthorisation) {
        report(
          `${path}/taxRate`,
          `${name}税率 ${line.taxRate} 是原税率，销方没有原税率授权`,
          `the rate ${line.taxRate} of ${nameEn} is a former rate, for which the seller has no authorisation`,
          // An authorised seller only has to have it recorded, so that the order waits.
          UNIT_REMEDY,
        )
      }
    },
  },
]

function isTelecomSummary(code: string): boolean {
  return code === TELECOM_PREPAID_CODE || TELECOM_RATES.has(code)
}

function isInForce({ validFrom, stoppedOn }: TaxClassification, date: string): boolean {
  return (validFrom === null || date >= validFrom) && (stoppedOn === null || date <= stoppedOn)
}

/** An old table proves nobody wrong: what it does not know waits for a newer one. */
function remedyOfCodeTable({ context: { tables, at } }: DraftLineSubject): Remedy | undefined {
  return isStale(tables.classificationFetchedAt, at) ? TABLES_REMEDY : undefined
}

/** Exempt and untaxed lines carry 0 whatever their code says; differential, former and telecom rates have their own tables. */
function isBoundToCode({ isDifferential, line, rateVerdict }: DraftLineSubject): boolean {
  return (
    !isDifferential &&
    rateVerdict !== 'former' &&
    line.preference !== EXEMPT &&
    line.preference !== NOT_TAXABLE &&
    !isTelecomSummary(line.taxCode ?? '')
  )
}

/** A code that lists 3 % takes 1 % too: small-scale sellers pay the one instead of the other (rulebook 2.6, doubtful). */
function isListed({ line, context }: DraftLineSubject, rates: readonly Decimal[]): boolean {
  const { taxRate } = line
  if (taxRate === null) return false
  for (const rate of rates) if (rate.equals(taxRate)) return true
  const type = context.unit.profile?.taxpayerType
  const isSmallScale = type === '2' || type === '3'
  return isSmallScale && taxRate.equals(ONE_PERCENT) && rates.some((rate) => rate.equals(THREE_PERCENT))
}

type ReportTo = Parameters<DraftLineCheck['run']>[1]

/** While the profile is unknown nobody is told to be no telecom company. */
function reportNoTelecomSeller(
  { line, path, name, nameEn, isTelecomSeller, context }: DraftLineSubject,
  report: ReportTo,
): void {
  if (isTelecomSeller || context.unit.profile === null) return
  report(
    `${path}/taxCode`,
    `${name}编码 ${line.taxCode} 是汇总项，仅限电信企业使用`,
    `the code ${line.taxCode} of ${nameEn} is a summary that only telecom companies may use`,
  )
}

function reportTaxed({ draft, line, path, name, nameEn }: DraftLineSubject, report: ReportTo): void {
  if (line.taxRate !== null && !line.taxRate.isZero) {
    report(
      `${path}/taxRate`,
      `${name}编码 ${line.taxCode} 的税率须为 0`,
      `the code ${line.taxCode} of ${nameEn} goes with the rate 0`,
    )
  }
  if (line.preference !== NOT_TAXABLE) {
    report(
      `${path}/preference`,
      `${name}编码 ${line.taxCode} 须为 04 不征税`,
      `the code ${line.taxCode} of ${nameEn} goes with preference 04`,
    )
  }
  if (draft.kind === 'special') {
    report(
      '/kind',
      `${name}编码 ${line.taxCode} 不得开具专用发票`,
      `the code ${line.taxCode} of ${nameEn} cannot stand on a special invoice`,
    )
  }
}
