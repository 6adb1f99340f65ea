/**
 * What must not happen and did: kept with its evidence for the person who looks into it, told once as an alarm.
 *
 * Knows: kinds and what they mean. Must not know: what the person decides (`close-by-hand.ts`).
 */
import type { Instant } from '../kernel/time.js'
import type { Tx } from './transaction.js'

/** Every kind of incident, and what happens by itself when it is seen. */
const INCIDENT_KINDS = {
  number_held_at_first:
    'a number that was sent for the first time is held by something else; the invoice waits for a person',
  doubt_too_long: 'a day passed and nobody can tell what became of an upload; its invoices wait for a person',
  verdict_contradicted:
    'the bureau says of an ended invoice what contradicts its end; nothing of that answer is taken, and the order is not told before a person has decided',
  stranger_named: 'a result names a number that is not of its batch; nothing of that answer is taken',
} as const

export type IncidentKind = keyof typeof INCIDENT_KINDS

export interface NewIncident {
  kind: IncidentKind
  batchId: string
  /** null: it is about the whole batch. */
  invoiceId: string | null
  at: Instant
  /** What was said, by whom, under which request id; no payloads. */
  detail: Readonly<Record<string, unknown>>
}

export interface IncidentStore {
  /**
   * Notes incidents; the same one again is counted, not repeated. An order that is not told yet and one of whose invoices
   * was contradicted counts one open part more until the incident is closed. Returns how many are new.
   */
  note(tx: Tx, incidents: readonly NewIncident[]): Promise<number>
}

export interface IncidentReport {
  event: 'incident.noted'
  kind: IncidentKind
  batchId: string
  taxNo: string
  /** Invoices concerned. */
  count: number
}
