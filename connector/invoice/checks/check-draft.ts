/** Checks of a draft: everything that shows before the tax is computed. */
import type { InvoiceDraft } from '../draft.js'
import type { Finding, IssuingContext } from '../finding.js'
import { makeCollector } from './collector.js'
import { type CheckPolicy, STANDARD_POLICY } from './policy.js'
import { DRAFT_CHECKS, DRAFT_LINE_CHECKS } from './registry.js'
import { makeDraftSubject } from './subjects.js'

/**
 * Judges a draft that the catalogue has completed.
 *
 * Shape   all findings, head first, then line by line, freight last; empty for a good draft
 * Units   lengths in characters; the date of issue is the China date of `context.at`
 * Errors  none: findings say what is wrong, and `fault.cure` who can mend it
 * Source  Leqi rulebook 12
 */
export function checkDraft(
  draft: InvoiceDraft,
  context: IssuingContext,
  policy: CheckPolicy = STANDARD_POLICY,
): Finding[] {
  const collector = makeCollector(draft.origins, policy)
  const subject = makeDraftSubject(draft, context)
  collector.run(DRAFT_CHECKS, subject)
  for (const line of subject.lines) collector.run(DRAFT_LINE_CHECKS, line)
  return collector.findings
}
