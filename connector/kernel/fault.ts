/**
 * Faults: what is wrong with a document, said so that its sender or an administrator can act.
 *
 * A fault has a stable code, a JSON Pointer, a Chinese and an English message, and says who can cure it (design D15):
 * `sender` faults reject the order; `administrator` and `time` faults park it under a named cause.
 * All faults of a document are collected, never only the first.
 */
export interface Fault {
  /** Stable, listed in ERRORS.md, never reused: `ORD-…` order, `MAP-…` mapping, `CAT-…` catalogue, `L-…` local check. */
  code: string
  /** JSON Pointer into the order body (`/line_items/0/price`) or, where the draft is at fault, into the draft. */
  path: string
  message: string
  messageEn: string
  cure: Cure
  /** Under which cause the order waits when `cure` is not `sender`. */
  parkCause?: ParkCause
}

type Cure = 'sender' | 'administrator' | 'time'

/** Why something waits. Closed list; each cause is removed by one kind of transaction, which wakes what waits for it. */
export const PARK_CAUSES = [
  'number_pool_empty',
  'quota_empty',
  'unit_unverified',
  'unit_key_fault',
  'seller_blocked',
  'bureau_unreachable',
  'rate_limited',
  'mapping_missing',
  'mapping_fault',
  'catalogue_missing',
  'tax_tables_stale',
  'period_closed',
  'waiting_for_predecessor',
  'restored',
  'manual_hold',
  'defect',
  'discarded',
] as const
export type ParkCause = (typeof PARK_CAUSES)[number]

/** Causes that only a person removes; no sweep lets go what waits for them. */
export const HELD_CAUSES: readonly ParkCause[] = ['manual_hold', 'defect', 'discarded']

/** The part of a fault that leaves the house: results, API. */
export type PublicFault = Pick<Fault, 'code' | 'path' | 'message' | 'messageEn'>

export function toPublicFault({ code, path, message, messageEn }: Fault): PublicFault {
  return { code, path, message, messageEn }
}

/** One token of a JSON Pointer, escaped (RFC 6901). */
export function pointerToken(key: string | number): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1')
}
