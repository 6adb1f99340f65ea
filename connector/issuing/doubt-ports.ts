/** The memory of what waits for a person: what is known of it, and the writes that only two people together may make. */
import type { Amount } from '../kernel/amount.js'
import type { InvoiceNumber, UsingUnitId } from '../kernel/ids.js'
import type { Instant, TaxPeriod } from '../kernel/time.js'
import type { Refusal } from './batch-ports.js'
import type { OrderInProgress } from './ports.js'
import type { InvoiceState } from './states.js'
import type { Tx } from './transaction.js'

/** One line of the list. */
export interface DoubtSummary {
  invoiceNumber: InvoiceNumber
  orderKey: string
  taxNo: string
  /** in_doubt: still asked about by itself; needs_person, or contradicted after its end: waits for people. */
  state: InvoiceState
  isContradicted: boolean
  since: Instant | null
  attempts: number
  /** Open proposals to end it. */
  proposalIds: readonly bigint[]
}

/** Everything that is known of an invoice, as plain JSON: its batches with all attempts, incidents, and what people did. */
export interface Evidence {
  invoiceNumber: string
  invoiceId: string
  orderKey: string
  taxNo: string
  state: InvoiceState
  grossAmount: string
  issuedAt: string
  frozenSha256: string
  segment: Readonly<Record<string, unknown>>
  batches: readonly Readonly<Record<string, unknown>>[]
  incidents: readonly Readonly<Record<string, unknown>>[]
  actions: readonly Readonly<Record<string, unknown>>[]
}

/** An invoice that waits for people, with its order locked. */
export interface DoubtCase {
  invoiceId: string
  invoiceNumber: InvoiceNumber
  segmentId: string
  batchId: string
  orderId: string
  usingUnitId: UsingUnitId
  period: TaxPeriod
  quotaAmount: Amount
  /** issued, rejected: it has ended and the bureau said otherwise later. */
  state: 'needs_person' | 'issued' | 'rejected'
  isOrderOpen: boolean
  /** Another invoice has the number by now. */
  isNumberElsewhere: boolean
}

export interface Proposal {
  id: bigint
  invoiceNumber: string
  invoiceId: string
  verdict: 'issued' | 'failed'
  reason: string
  by: string
}

export interface DoubtStore {
  /** What waits for people first, then what is in doubt; the longest waiting first. */
  list(limit: number): Promise<readonly DoubtSummary[]>
  /** null: no invoice of ours ever had this number. */
  loadEvidence(invoiceNumber: string): Promise<Evidence | null>
  /** Locks the order, then the invoice. null: nothing under this number waits for people. */
  lock(tx: Tx, invoiceNumber: string): Promise<DoubtCase | null>
  loadProposal(tx: Tx, id: bigint): Promise<Proposal | null>
  endInvoice(
    tx: Tx,
    end: {
      invoiceId: string
      from: DoubtCase['state']
      to: 'issued' | 'rejected'
      refusal: Refusal | null
      at: Instant
    },
  ): Promise<void>
  /** Closes what is open of an invoice and of its batch; returns how many of them held the result of its order. */
  closeIncidents(tx: Tx, subject: { invoiceId: string; batchId: string; at: Instant }): Promise<number>
  /** available → settled, or back when negative; false: there is not enough. */
  moveQuota(
    tx: Tx,
    unit: UsingUnitId,
    period: TaxPeriod,
    entry: { settledAmount: Amount; batchId: string },
  ): Promise<boolean>
  /** An order that was told, with the id of its final result. */
  loadTold(tx: Tx, orderId: string): Promise<(OrderInProgress & { finalEventId: string }) | null>
  correctOrder(
    tx: Tx,
    order: { orderId: string; state: 'issued' | 'partly_issued' | 'failed'; eventSeq: number; at: Instant },
  ): Promise<void>
}
