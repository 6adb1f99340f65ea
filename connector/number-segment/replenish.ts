/**
 * Number segments (号段): how many numbers to claim, and when.
 *
 * Knows: stock, warning count, claim count, the bureau's limit of a call. Must not know: HTTP, tables, invoices.
 * Invariant: a claim's serial is stored before its call and repeated unchanged, so one wish never claims two segments.
 */
import type { InvoiceNumber } from '../kernel/ids.js'

/** Numbers in one call. Source: Leqi base capability, QDFPPLFM takes 1 … 5,000. */
const CLAIM_COUNT_MAX = 5_000

/** Share of what was granted below which the bureau advises to claim again. Source: Leqi rulebook 1.2, about 20 %. */
const LOW_SHARE = 0.2

export interface StockSettings {
  autoClaim: boolean
  numberWarningCount: number
  numberClaimCount: number
}

/**
 * Count of the next claim, or 0 for none.
 *
 * Units   counts of numbers; `waitingCount` are invoices parked for want of a number
 * Source  Leqi rulebook 1.2: claim when stock < warning count; one call at most 5,000
 */
export function planClaim(
  settings: StockSettings,
  stock: { freeCount: number; grantedCount: number },
  waitingCount: number,
): number {
  if (!settings.autoClaim) return 0
  const isLow = stock.freeCount < settings.numberWarningCount || stock.freeCount < stock.grantedCount * LOW_SHARE
  if (!isLow && stock.freeCount >= waitingCount) return 0
  const wanted = Math.max(settings.numberClaimCount, settings.numberWarningCount, waitingCount - stock.freeCount)
  return Math.min(wanted, CLAIM_COUNT_MAX)
}

/** Size of a closed range, by BigInt because 20 digits do not fit a JavaScript number. */
export function countNumbers(first: InvoiceNumber, last: InvoiceNumber): bigint {
  return BigInt(last) - BigInt(first) + 1n
}
