/** Works out once what the checks of one document share. */
import { chinaDate } from '../../kernel/time.js'
import type { DraftLine, InvoiceDraft } from '../draft.js'
import type { IssuingContext } from '../finding.js'
import type { Invoice } from '../invoice.js'
import type { DraftLineSubject, DraftSubject, InvoiceLineSubject, InvoiceSubject } from './check.js'
import { TELECOM_INDUSTRY_PREFIX } from './code-lists.js'
import { judgeRate, type RateVerdict } from './rate-verdict.js'

/** `sourceLine` of an invoice line that came from the freight. */
const SHIPPING = -1

export function makeDraftSubject(draft: InvoiceDraft, context: IssuingContext): DraftSubject {
  const facts = { draft, context, date: chinaDate(context.at), isTelecomSeller: isTelecomSeller(context) }
  const lines: DraftLineSubject[] = []
  const add = (line: DraftLine, index: number) => {
    const before = lines[lines.length - 1]
    lines.push({
      ...facts,
      line,
      ...nameLine(index),
      isDifferential: draft.differential !== null && index !== SHIPPING,
      classification: line.taxCode === null ? null : context.tables.classification(line.taxCode),
      rateVerdict: judgeLineRate(line, facts, before),
    })
  }
  draft.lines.forEach(add)
  if (draft.shipping !== null) add(draft.shipping, SHIPPING)
  return { ...facts, lines }
}

export function makeInvoiceSubject(invoice: Invoice, draft: InvoiceDraft, context: IssuingContext): InvoiceSubject {
  const facts = { draft, invoice, context, date: chinaDate(context.at), isTelecomSeller: isTelecomSeller(context) }
  const lines = invoice.lines.map(
    (line, index): InvoiceLineSubject => ({
      ...facts,
      line,
      previous: invoice.lines[index - 1] ?? null,
      next: invoice.lines[index + 1] ?? null,
      ...nameLine(line.sourceLine),
    }),
  )
  return { ...facts, lines }
}

function isTelecomSeller({ unit }: IssuingContext): boolean {
  return unit.profile?.industry.startsWith(TELECOM_INDUSTRY_PREFIX) ?? false
}

function nameLine(index: number): { path: string; name: string; nameEn: string } {
  if (index === SHIPPING) return { path: '/shipping', name: '运费行', nameEn: 'the freight line' }
  return { path: `/lines/${index}`, name: `第 ${index + 1} 行`, nameEn: `line ${index + 1}` }
}

/** Lines of one order mostly share their rate, so that the verdict of the line before is looked at first. */
function judgeLineRate(
  { taxRate }: DraftLine,
  { context, date }: Pick<DraftSubject, 'context' | 'date'>,
  before: DraftLineSubject | undefined,
): RateVerdict | null {
  if (taxRate === null || context.tables.ratesFetchedAt === null) return null
  const known = before?.line.taxRate
  if (before !== undefined && known?.value === taxRate.value && known.scale === taxRate.scale) return before.rateVerdict
  return judgeRate(context.tables.rates, taxRate, date)
}
