/** What a local check (rules chapter 12) says about a draft or an invoice. */
import type { Fault } from '../kernel/fault.js'
import type { Instant } from '../kernel/time.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import type { TaxTables } from './tax-tables.js'

/** L-01 … L-149 of the rulebook; the id is the fault's code. */
export type CheckId = `L-${string}`

export interface Finding {
  check: CheckId
  /** `block` rejects or parks by `fault.cure`; `park` waits; `warn` goes on and is told. `fill` and `split` act silently. */
  reaction: 'block' | 'park' | 'warn'
  fault: Fault
}

/** Everything a judgement needs besides the draft; nothing else is looked up. */
export interface IssuingContext {
  unit: UsingUnit
  tables: TaxTables
  at: Instant
}
