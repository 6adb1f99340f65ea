/**
 * Credit quota (发票额度): how much to download, and when.
 *
 * Knows: the local balance of a tax period, the bureau's offer. Must not know: HTTP, tables, invoices.
 * Invariants: reserved + settled never exceed what was downloaded; credit is booked only on a definite answer; a
 * period's quota is never used in another period.
 */
import { type Amount, fen, largerAmount, smallerAmount } from '../kernel/amount.js'

/** Share of one download below which the next is asked for, so that issuing never waits for it. */
const LOW_SHARE_PERCENT = 50n

export interface QuotaSettings {
  autoDownloadQuota: boolean
  quotaDownloadAmount: Amount
}

/**
 * What should be downloaded before the bureau's offer is known, or null for nothing.
 *
 * Units   net amounts in fen; `shortAmount` is what parked invoices need beyond what is available
 * Source  contract: a download asks for max(setting, what is short); Leqi rulebook 3.2 (threshold refill)
 */
export function wantedDownload(
  settings: QuotaSettings,
  availableAmount: Amount | null,
  waitingAmount: Amount,
): Amount | null {
  if (!settings.autoDownloadQuota) return null
  const available = availableAmount ?? fen(0n)
  const short = largerAmount(fen(waitingAmount - available), fen(0n))
  const isLow = available * 100n < settings.quotaDownloadAmount * LOW_SHARE_PERCENT
  if (!isLow && short === 0n) return null
  return largerAmount(short, settings.quotaDownloadAmount)
}

/**
 * What is asked for in the end: never more than the bureau offers, never while it is suspended (暂停赋额).
 * Source: Leqi rulebook 3.2 (download ≤ kysyed), 3.4.
 */
export function limitDownload(wanted: Amount, offer: { isSuspended: boolean; availableAmount: Amount }): Amount | null {
  if (offer.isSuspended || offer.availableAmount <= 0n) return null
  return smallerAmount(wanted, offer.availableAmount)
}
