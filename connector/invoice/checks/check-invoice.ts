/** Checks of a computed invoice: the arithmetic done again, and what only shows after computing and splitting. */
import type { InvoiceDraft } from '../draft.js'
import type { Finding, IssuingContext } from '../finding.js'
import type { Invoice } from '../invoice.js'
import { makeCollector } from './collector.js'
import { type CheckPolicy, STANDARD_POLICY } from './policy.js'
import { INVOICE_CHECKS, INVOICE_LINE_CHECKS } from './registry.js'
import { makeInvoiceSubject } from './subjects.js'

/**
 * Judges one invoice of an order; paths point into the draft that it was made of.
 *
 * Shape   all findings, totals first, then line by line; empty for a good invoice
 * Units   fen; tolerances 0.01, 0.06 and 1.27 yuan
 * Errors  none: a fault that only our own computing can have made parks under the cause `defect`
 * Source  Leqi rulebook 2.3, 12
 */
export function checkInvoice(
  invoice: Invoice,
  draft: InvoiceDraft,
  context: IssuingContext,
  policy: CheckPolicy = STANDARD_POLICY,
): Finding[] {
  const collector = makeCollector(draft.origins, policy)
  const subject = makeInvoiceSubject(invoice, draft, context)
  collector.run(INVOICE_CHECKS, subject)
  for (const line of subject.lines) collector.run(INVOICE_LINE_CHECKS, line)
  return collector.findings
}
