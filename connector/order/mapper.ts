/**
 * The port between an order message and a draft. `mappings/` fulfils it; `issuing/` uses it.
 */
import type { InvoiceDraft } from '../invoice/draft.js'
import type { Fault } from '../kernel/fault.js'

/** One compiled version of a business type's mapping. Pure: the same order gives the same outcome for ever. */
export interface OrderMapper {
  businessType: string
  map(order: unknown): MapOutcome
}

export type MapOutcome =
  | { kind: 'draft'; draft: InvoiceDraft; dropped: readonly DroppedLine[] }
  /** `accept` said no: cancelled, unpaid, a test. */
  | { kind: 'ignored'; orderNo: string | null; reason: string }
  | { kind: 'faulty'; orderNo: string | null; faults: readonly Fault[] }

/** A line of zero gross, left out of the draft and recorded (contract §4a). */
export interface DroppedLine {
  path: string
  name: string | null
}
