/**
 * The verdict on one uploaded invoice, in the bureau's order: eligibility, form and content, quota, number.
 * Source: rulebook 2.14. Every breach is told, not only the first, so that two independent implementations can be compared.
 */
import { judgeArithmetic } from './arithmetic-rules.js'
import type { Say, UploadCase } from './case.js'
import { judgeCoal } from './coal-rules.js'
import { judgeDifferential } from './differential-rules.js'
import { judgeDates, judgeHead, judgeNumber, judgeRed } from './head-rules.js'
import { judgeLines } from './line-rules.js'
import { judgeBuyer, judgeSeller } from './party-rules.js'
import { judgeQuota, quotaNetOf } from './quota-rules.js'

/** returnmsg holds 2,000 characters; a result's message is kept well below. */
const BREACH_COUNT_MAX = 20

export type Verdict = { kind: 'stored'; quotaNet: bigint } | { kind: 'failed'; message: string }

export function judgeInvoice(uploadCase: UploadCase): Verdict {
  const breaches: string[] = []
  const say: Say = (rule, text) => {
    if (breaches.length < BREACH_COUNT_MAX) breaches.push(`[${rule}] ${text}`)
  }
  judgeSeller(uploadCase, say)
  judgeHead(uploadCase, say)
  judgeDates(uploadCase, say)
  judgeBuyer(uploadCase, say)
  const quotaNet = quotaNetOf(uploadCase)
  if (uploadCase.head.lzfpbz === '1') {
    judgeRed(say)
  } else {
    judgeLines(uploadCase, say)
    judgeArithmetic(uploadCase, say)
    judgeDifferential(uploadCase, say)
    judgeCoal(uploadCase, say)
    judgeQuota(uploadCase, quotaNet, say)
  }
  judgeNumber(uploadCase, say)
  return breaches.length === 0 ? { kind: 'stored', quotaNet } : { kind: 'failed', message: breaches.join('；') }
}
