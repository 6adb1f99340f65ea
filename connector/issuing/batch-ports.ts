/** The memory of uploads: ready invoices, frozen batches in one worker's hands, verdicts. The promises of `ports.ts` hold. */
import type { Amount } from '../kernel/amount.js'
import type { ParkCause } from '../kernel/fault.js'
import type { InvoiceNumber, UsingUnitId } from '../kernel/ids.js'
import type { Instant, TaxPeriod } from '../kernel/time.js'
import type { BatchState, InvoiceState } from './states.js'
import type { Held, Lease, Tx } from './transaction.js'

/** Why the bureau refused an invoice for good. */
export interface Refusal {
  code: string
  message: string
  messageEn: string
}

export interface ReadyInvoice {
  id: string
  orderId: string
  quotaAmount: Amount
  contentSha256: string
}

export interface FrozenItem {
  invoiceId: string
  invoiceNumber: InvoiceNumber
  segmentId: string
  frozen: string
  frozenSha256: string
}

export interface NewBatch {
  id: string
  usingUnitId: UsingUnitId
  parentId: string | null
  sellerName: string
  frozenSha256: string
  period: TaxPeriod
  issuedAt: Instant
  items: readonly FrozenItem[]
  lease: Lease
  createdAt: Instant
}

/** A batch in the hands of one worker; `fence` proves it, every write of the batch names it. */
export interface HeldBatch {
  id: string
  usingUnitId: UsingUnitId
  state: BatchState
  sellerName: string
  attempts: number
  wasInDoubt: boolean
  doubtSince: Instant | null
  receiptNo: string | null
  acceptedAt: Instant | null
  polls: number
  fence: bigint
  size: number
  openCount: number
}

export interface BatchItem {
  invoiceId: string
  orderId: string
  invoiceNumber: InvoiceNumber
  state: InvoiceState
  segmentId: string
  period: TaxPeriod
  issuedAt: Instant
  quotaAmount: Amount
}

/** The bytes of one invoice of a batch, exactly as they left or will leave. */
export interface FrozenText {
  invoiceId: string
  frozen: string
  frozenSha256: string
}

export interface BatchStore {
  /** Units that have invoices ready to be numbered, the longest waiting first; without those that are busy anyway. */
  unitsWithReadyInvoices(limit: number, busy?: readonly UsingUnitId[]): Promise<readonly UsingUnitId[]>
  /** Locks the oldest ready invoices of a unit (SKIP LOCKED). */
  lockReady(tx: Tx, usingUnitId: UsingUnitId, limit: number): Promise<readonly ReadyInvoice[]>
  /** The canonical texts of invoices, by their ids. */
  loadContents(tx: Tx, invoiceIds: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** How many draft invoices of a unit wait under a cause. */
  countParked(usingUnitId: UsingUnitId, cause: ParkCause): Promise<number>
  /** draft → parked under a cause; only those still ready. */
  parkInvoices(tx: Tx, invoiceIds: readonly string[], cause: ParkCause): Promise<void>
  /** Inserts the batch in `sending` with its items; invoices draft → sending with number, period, issue time. */
  freeze(tx: Tx, batch: NewBatch): Promise<void>
  /**
   * Opens the next attempt before the first byte leaves: batch → sending, attempts + 1, lease anew, invoices reserved →
   * sending. Null: the fence was lost.
   */
  openAttempt(
    tx: Tx,
    batch: { id: string; fence: bigint; attemptId: string; startedAt: Instant; deadlineAt: Instant; leaseMs: number },
  ): Promise<{ attemptNo: number } | null>
  /**
   * Writes that the bureau took an upload: the receipt, the attempt as accepted, batch and open invoices → accepted, the
   * lease ended, polls from 0. `receipt_of_other`: another batch had this receipt before, nothing was written (design
   * D14). `lost`: the fence was lost; the attempt is written, the batch is not.
   */
  accept(
    tx: Tx,
    batch: {
      id: string
      fence: bigint
      attemptId: string
      receiptNo: string
      requestId: string | null
      at: Instant
      dueAt: Instant
    },
  ): Promise<'accepted' | 'receipt_of_other' | 'lost'>
  /** Writes any other end of an attempt; one that has ended stays as it was. */
  closeAttempt(
    tx: Tx,
    attempt: {
      id: string
      outcome: 'refused' | 'never_sent' | 'rate_limited' | 'unit_fault' | 'in_doubt'
      leftProcess: boolean
      receiptNo: string | null
      requestId: string | null
      answer: unknown
      finishedAt: Instant
    },
  ): Promise<void>
  /**
   * Moves a held batch; false: the fence was lost or the state was another. `invoices` moves its open invoices along.
   * `release` ends the lease, so that the batch is taken up again at `dueAt`.
   */
  move(
    tx: Tx,
    change: {
      id: string
      fence: bigint
      from: readonly BatchState[]
      to: BatchState
      dueAt: Instant | null
      release: boolean
      polls?: number
      parkCause?: ParkCause | null
      doubtSince?: Instant
      openCount?: number
      at: Instant
      invoices?: { from: readonly InvoiceState[]; to: InvoiceState }
    },
  ): Promise<boolean>
  /**
   * Divides a batch whose call was refused as a whole into children with the same frozen texts; the parent becomes
   * `divided`. Children start with fence 1 in `reserved`, or in `in_doubt` when the parent ever was, and so do their
   * invoices. Positions count from 0 in the order of `loadItems`, both ends
   * included. False: fence lost.
   */
  divide(
    tx: Tx,
    parent: { id: string; fence: bigint },
    children: readonly { id: string; positionsFrom: number; positionsTo: number; frozenSha256: string; lease: Lease }[],
    at: Instant,
  ): Promise<boolean>
  /**
   * Takes up batches that are due and unleased (SKIP LOCKED): fence + 1, lease; committed before it returns.
   * A batch found in `sending` lost its worker: if an attempt was opened it counts as in doubt from now on
   * (`wasInDoubt`, `doubtSince`), whatever became of the worker.
   */
  claimDue(options: {
    lease: { owner: string; ms: number }
    states: readonly BatchState[]
    limit: number
  }): Promise<readonly HeldBatch[]>
  /** Longer leases for held batches; returns the ids still held. */
  renewLeases(held: readonly Held[], leaseMs: number): Promise<ReadonlySet<string>>
  /** Ends the leases of batches that were taken up and not begun: they are due at once, for whoever comes. */
  letGo(held: readonly Held[]): Promise<void>
  /** All items of a batch by position, with the states of their invoices. */
  loadItems(tx: Tx | null, batchId: string): Promise<readonly BatchItem[]>
  /** The frozen texts of a batch by position. */
  loadFrozen(batchId: string): Promise<readonly FrozenText[]>
  /** Verdicts of invoices in `accepted`, `sending` or `in_doubt` of this batch; returns the invoice ids it changed. */
  settleInvoices(
    tx: Tx,
    batchId: string,
    verdicts: readonly {
      invoiceId: string
      to: 'issued' | 'rejected' | 'needs_person'
      refusal: Refusal | null
      at: Instant
    }[],
  ): Promise<ReadonlySet<string>>
  /**
   * Sets accepted invoices aside in a batch of their own: same number, same bytes. `reserved` and parked, when the bureau
   * refused them for a cause that time cures; `in_doubt`, when they are what nothing is known of while their neighbours
   * have ended. Returns the invoice ids it changed.
   */
  setAside(
    tx: Tx,
    batchId: string,
    aside: {
      id: string
      invoiceIds: readonly string[]
      to: { state: 'reserved'; cause: ParkCause } | { state: 'in_doubt'; since: Instant; dueAt: Instant }
      at: Instant
    },
  ): Promise<ReadonlySet<string>>
  /** reserved → draft, without number or batch: what was frozen is too old to be sent. Returns the invoice ids it changed. */
  thawInvoices(tx: Tx, batchId: string, at: Instant): Promise<ReadonlySet<string>>
}
