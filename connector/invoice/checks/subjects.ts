/**
 * Works out once what the checks of one document share. Hot path: subjects are plain literals of one shape, because
 * spreading what they share costs more than all checks together.
 */
import { chinaDate } from '../../kernel/time.js'
import type { DraftLine, InvoiceDraft } from '../draft.js'
import type { IssuingContext } from '../finding.js'
import type { Invoice } from '../invoice.js'
import type { DraftLineSubject, DraftSubject, InvoiceLineSubject, InvoiceSubject } from './check.js'
import { TELECOM_INDUSTRY_PREFIX } from './code-lists.js'
import { judgeRate, type RateVerdict } from './rate-verdict.js'

/** `sourceLine` of an invoice line that came from the freight. */
const SHIPPING = -1
/** Lines whose names are kept: an ordinary order has no more. */
const KEPT_NAME_COUNT = 200

interface LineNames {
  path: string
  name: string
  nameEn: string
}

const SHIPPING_NAMES: LineNames = { path: '/shipping', name: '运费行', nameEn: 'the freight line' }
const LINE_NAMES: readonly LineNames[] = Array.from({ length: KEPT_NAME_COUNT }, (_, index) => nameLine(index))

export function makeDraftSubject(draft: InvoiceDraft, context: IssuingContext): DraftSubject {
  const date = chinaDate(context.at)
  const lines: DraftLineSubject[] = []
  const subject: DraftSubject = { draft, context, date, isTelecomSeller: isTelecomSeller(context), lines }
  let index = 0
  for (const line of draft.lines) {
    lines.push(makeDraftLineSubject(subject, line, index, lines[index - 1]))
    index += 1
  }
  if (draft.shipping !== null) lines.push(makeDraftLineSubject(subject, draft.shipping, SHIPPING, undefined))
  return subject
}

export function makeInvoiceSubject(invoice: Invoice, draft: InvoiceDraft, context: IssuingContext): InvoiceSubject {
  const date = chinaDate(context.at)
  const isTelecom = isTelecomSeller(context)
  const lines: InvoiceLineSubject[] = []
  let index = 0
  for (const line of invoice.lines) {
    const { path, name, nameEn } = namesOf(line.sourceLine)
    const previous = invoice.lines[index - 1] ?? null
    const next = invoice.lines[index + 1] ?? null
    lines.push({ draft, context, date, isTelecomSeller: isTelecom, invoice, line, previous, next, path, name, nameEn })
    index += 1
  }
  return { draft, context, date, isTelecomSeller: isTelecom, invoice, lines }
}

function makeDraftLineSubject(
  { draft, context, date, isTelecomSeller }: DraftSubject,
  line: DraftLine,
  index: number,
  before: DraftLineSubject | undefined,
): DraftLineSubject {
  const { path, name, nameEn } = namesOf(index)
  return {
    draft,
    context,
    date,
    isTelecomSeller,
    line,
    path,
    name,
    nameEn,
    isDifferential: draft.differential !== null && index !== SHIPPING,
    classification: line.taxCode === null ? null : context.tables.classification(line.taxCode),
    rateVerdict: judgeLineRate(line, context, date, before),
  }
}

function isTelecomSeller({ unit }: IssuingContext): boolean {
  return unit.profile?.industry.startsWith(TELECOM_INDUSTRY_PREFIX) ?? false
}

function namesOf(index: number): LineNames {
  return index === SHIPPING ? SHIPPING_NAMES : (LINE_NAMES[index] ?? nameLine(index))
}

function nameLine(index: number): LineNames {
  return { path: `/lines/${index}`, name: `第 ${index + 1} 行`, nameEn: `line ${index + 1}` }
}

/** Lines of one order mostly share their rate, so that the verdict of the line before is looked at first. */
function judgeLineRate(
  { taxRate }: DraftLine,
  { tables }: IssuingContext,
  date: DraftSubject['date'],
  before: DraftLineSubject | undefined,
): RateVerdict | null {
  if (taxRate === null || tables.ratesFetchedAt === null) return null
  const known = before?.line.taxRate
  if (before !== undefined && known?.value === taxRate.value && known.scale === taxRate.scale) return before.rateVerdict
  return judgeRate(tables.rates, taxRate, date)
}
