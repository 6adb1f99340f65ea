/**
 * When intake stops and when it goes on: at the high-water mark consumers are cancelled and messages stay with the broker,
 * which can hold them and tell their senders; at the low-water mark they come back. Between the two nothing changes, so
 * that intake does not flutter.
 *
 *   open ── waiting ≥ limit, or size ≥ 85 % of its limit ──► shut
 *   shut ── waiting ≤ 80 % of its limit, and size ≤ 80 % of its limit ──► open
 */

/** What the memory holds. */
export interface Pressure {
  /** Messages undecided, orders not mapped, invoices not ended; parked ones included. */
  waitingCount: number
  /** null: not asked for. */
  databaseBytes: number | null
}

export interface PressureLimits {
  waitingCountMax: number
  /** What the database may grow to; null: unknown here, and the server's own refusal is the signal. */
  databaseBytesMax: number | null
}

/** Share of the waiting limit at which intake comes back. */
const WAITING_LOW_SHARE = 0.8
/** Shares of the size limit: less than 15 % free stops intake. Source: reliability 3.5. */
const SIZE_HIGH_SHARE = 0.85
const SIZE_LOW_SHARE = 0.8

export type IntakeStop = 'too_many_waiting' | 'database_nearly_full'

/** Why intake must stop, or stay stopped; null when it may run. `isShut`: whether it is stopped now. */
export function judgePressure(pressure: Pressure, limits: PressureLimits, isShut: boolean): IntakeStop | null {
  const { waitingCount, databaseBytes } = pressure
  const { waitingCountMax, databaseBytesMax } = limits
  if (databaseBytes !== null && databaseBytesMax !== null) {
    const share = databaseBytes / databaseBytesMax
    if (share >= SIZE_HIGH_SHARE || (isShut && share > SIZE_LOW_SHARE)) return 'database_nearly_full'
  }
  const isOver = waitingCount >= waitingCountMax || (isShut && waitingCount > waitingCountMax * WAITING_LOW_SHARE)
  return isOver ? 'too_many_waiting' : null
}
