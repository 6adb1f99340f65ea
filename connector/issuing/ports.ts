/**
 * What the story of an order needs from the outside: a memory with transactions, a doorway for messages, ids, a clock.
 *
 * Every operation of the memory works on a batch, takes its transaction first and returns plain values. Conditional
 * updates return what they changed; fewer rows than asked means somebody else was faster, and the caller stops.
 * Lock order in one transaction: orders, invoices and batches first; number segment and credit quota last.
 */

import type { InvoiceKind, Letter } from '../invoice/draft.js'
import type { DifferentialCode, RateEntry, TaxClassification } from '../invoice/tax-tables.js'
import type { Amount } from '../kernel/amount.js'
import type { Fault, ParkCause } from '../kernel/fault.js'
import type { InvoiceNumber, UsingUnitId } from '../kernel/ids.js'
import type { Instant, TaxPeriod } from '../kernel/time.js'
import type { TaxpayerProfile, TaxpayerRisk } from '../taxpayer/taxpayer.js'
import type { BatchState, InboxDisposition, InvoiceState, MoveState, OrderState } from './states.js'

/** An open transaction; opaque here, a connection in the adapter. */
export interface Tx {
  readonly kind: 'transaction'
}

export interface Database {
  /** Runs `work` in one READ COMMITTED transaction; repeats it whole on serialisation failures and deadlocks. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
}

// Inbox ---------------------------------------------------------------------------------------------------------------

/** A message as the doorway hands it over. */
export interface Delivery {
  body: Buffer
  queue: string
  businessType: string
  source: string
  messageId: string | null
  correlationId: string | null
  traceparent: string | null
  isRedelivered: boolean
}

export interface NewInboxMessage extends Delivery {
  id: string
  bodySha256: string
  receivedAt: Instant
  /** null: stored raw, to be decided later. */
  disposition: InboxDisposition | null
  orderId: string | null
  faults: readonly Fault[]
  parkCause: ParkCause | null
}

export interface StoredMessage extends Delivery {
  id: string
  bodySha256: string
  receivedAt: Instant
  /** How often it was taken up, this time included. */
  attempts: number
}

export interface InboxStore {
  insert(tx: Tx, messages: readonly NewInboxMessage[]): Promise<void>
  /**
   * Takes up the oldest undecided, unparked messages due by now: attempts + 1 and a lease, committed before it returns.
   * One that was tried before, and neither decided nor parked, comes alone.
   */
  claim(options: { now: Instant; leaseMs: number; limit: number }): Promise<readonly StoredMessage[]>
  /** Decides messages that were stored raw; only those still undecided. Returns the ids that it decided. */
  decide(
    tx: Tx,
    decisions: readonly {
      id: string
      disposition: InboxDisposition | null
      orderId: string | null
      faults: readonly Fault[]
      parkCause: ParkCause | null
    }[],
  ): Promise<readonly string[]>
}

// Orders --------------------------------------------------------------------------------------------------------------

export interface NewOrder {
  id: string
  orderKey: string
  revision: number
  source: string
  businessType: string
  orderNo: string | null
  inboxId: string
  usingUnitId: UsingUnitId | null
  mappingVersionId: string | null
  contentSha256: string
  draftSha256: string | null
  letter: Letter
  state: OrderState
  parkCause: ParkCause | null
  faults: readonly Fault[]
  warnings: readonly Fault[]
  messageId: string | null
  correlationId: string | null
  traceparent: string | null
  grossAmount: Amount | null
  /** Count of invoices of the order; all open at first. */
  invoiceCount: number
  /** Seq of the last event written with it: 1 for an order rejected at once, else 0. */
  eventSeq: number
  receivedAt: Instant
  /** What catalogue and tables filled in the draft, as JSON text; null when there is no draft. */
  fills: string | null
}

/** What mapping a waiting order again may change of it. */
export type OrderAdvance = Pick<
  NewOrder,
  | 'id'
  | 'state'
  | 'parkCause'
  | 'faults'
  | 'warnings'
  | 'letter'
  | 'usingUnitId'
  | 'mappingVersionId'
  | 'draftSha256'
  | 'grossAmount'
  | 'invoiceCount'
  | 'eventSeq'
  | 'fills'
>

export interface NewInvoice {
  id: string
  orderId: string
  splitNo: number
  usingUnitId: UsingUnitId
  kind: InvoiceKind
  buyerName: string
  buyerTaxNo: string | null
  netAmount: Amount
  taxAmount: Amount
  grossAmount: Amount
  quotaAmount: Amount
  content: string
  contentSha256: string
  createdAt: Instant
  /** Non-null when the invoice must wait although it is ready, e.g. seller_blocked. */
  parkCause: ParkCause | null
}

/** The latest revision of an order key, for telling duplicates from conflicts. */
export interface ExistingOrder {
  id: string
  orderKey: string
  revision: number
  state: OrderState
  contentSha256: string
  draftSha256: string | null
  mappingVersionId: string | null
}

/** An order that waited and may be mapped again. */
export interface ParkedOrder {
  id: string
  orderKey: string
  revision: number
  source: string
  businessType: string
  orderNo: string | null
  body: Buffer
  receivedAt: Instant
  messageId: string | null
  correlationId: string | null
  traceparent: string | null
  attempts: number
}

export interface OrderStore {
  /** Inserts what is new by (order key, revision), with drafts; returns the ids that were inserted. */
  insert(tx: Tx, orders: readonly NewOrder[]): Promise<ReadonlySet<string>>
  loadLatest(tx: Tx, orderKeys: readonly string[]): Promise<readonly ExistingOrder[]>
  /** The text of any stored mapping version, active or not. */
  loadMappingVersion(tx: Tx, versionId: string): Promise<{ versionId: string; number: number; text: string } | null>
  insertInvoices(tx: Tx, invoices: readonly NewInvoice[]): Promise<void>
  /** Oldest orders in `received` that wait for nothing any more; attempts + 1 and a lease, committed before it returns. */
  claimWoken(options: { now: Instant; leaseMs: number; limit: number }): Promise<readonly ParkedOrder[]>
  /** Writes the outcome of mapping a waiting order again, where it is still in `received`. Returns the ids changed. */
  advanceReceived(tx: Tx, orders: readonly OrderAdvance[]): Promise<ReadonlySet<string>>
  /** mapped → in_progress; those already there stay. */
  markInProgress(tx: Tx, orderIds: readonly string[]): Promise<void>
  /**
   * Subtracts the parts that ended from `open_count` and returns each order as it is then, ordered by id (this is also
   * the order of locking). With `openCount` 0 the caller writes the end by `finish`.
   */
  closeParts(tx: Tx, closed: readonly { orderId: string; count: number }[]): Promise<readonly OrderInProgress[]>
  finish(tx: Tx, ends: readonly { orderId: string; state: OrderState; eventSeq: number; at: Instant }[]): Promise<void>
  /** All invoices of orders, by order and split number: for the result of a split order. */
  loadParts(tx: Tx, orderIds: readonly string[]): Promise<readonly OrderPart[]>
  /** Lets what waits for `cause` go on, oldest first, at most `limit`; narrowed by unit or business type. Also wakes inbox messages. */
  wake(tx: Tx, filter: WakeFilter): Promise<{ inbox: number; orders: number; invoices: number; batches: number }>
}

export interface WakeFilter {
  causes: readonly ParkCause[]
  usingUnitId?: UsingUnitId
  businessType?: string
  limit: number
}

export interface OrderInProgress {
  id: string
  orderKey: string
  source: string
  businessType: string
  orderNo: string | null
  letter: Letter
  invoiceCount: number
  openCount: number
  eventSeq: number
  warnings: readonly Fault[]
  messageId: string | null
  correlationId: string | null
  traceparent: string | null
  usingUnitId: UsingUnitId
}

export interface OrderPart {
  invoiceId: string
  orderId: string
  splitNo: number
  state: InvoiceState
  kind: InvoiceKind
  invoiceNumber: InvoiceNumber | null
  issuedAt: Instant | null
  netAmount: Amount
  taxAmount: Amount
  grossAmount: Amount
  buyerName: string
  buyerTaxNo: string | null
  refusal: Refusal | null
  /** Seller as frozen with the batch of this part; null when it never had one. */
  sellerName: string | null
}

/** Why the bureau refused an invoice for good. */
export interface Refusal {
  code: string
  message: string
  messageEn: string
}

// Invoices and batches --------------------------------------------------------------------------------------------------

export interface ReadyInvoice {
  id: string
  orderId: string
  quotaAmount: Amount
  content: string
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

export interface Lease {
  owner: string
  until: Instant
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
  /** Units that have invoices ready to be numbered, the longest waiting first. */
  unitsWithReadyInvoices(limit: number): Promise<readonly UsingUnitId[]>
  /** Locks the oldest ready invoices of a unit (SKIP LOCKED), with content. */
  lockReady(tx: Tx, usingUnitId: UsingUnitId, limit: number): Promise<readonly ReadyInvoice[]>
  /** How many draft invoices of a unit wait under a cause. */
  countParked(usingUnitId: UsingUnitId, cause: ParkCause): Promise<number>
  /** draft → parked under a cause; only those still ready. */
  parkInvoices(tx: Tx, invoiceIds: readonly string[], cause: ParkCause): Promise<void>
  /** Inserts the batch in `sending` with its items; invoices draft → sending with number, period, issue time. */
  freeze(tx: Tx, batch: NewBatch): Promise<void>
  /** Opens the next attempt before the first byte leaves: batch → sending, attempts + 1, invoices reserved → sending. Null: the fence was lost. */
  openAttempt(
    tx: Tx,
    batch: { id: string; fence: bigint; attemptId: string; startedAt: Instant; deadlineAt: Instant },
  ): Promise<{ attemptNo: number } | null>
  closeAttempt(
    tx: Tx,
    attempt: {
      id: string
      outcome: 'accepted' | 'refused' | 'never_sent' | 'rate_limited' | 'unit_fault' | 'in_doubt'
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
      receiptNo?: string | null
      acceptedAt?: Instant | null
      polls?: number
      parkCause?: ParkCause | null
      doubtSince?: Instant
      openCount?: number
      at: Instant
      invoices?: { from: readonly InvoiceState[]; to: InvoiceState }
    },
  ): Promise<boolean>
  /**
   * Divides a refused batch into children with the same frozen texts; the parent becomes `divided`. Children start in
   * `reserved` with fence 1, and so do their invoices. Positions count from 0 in the order of `loadItems`, both ends
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
    now: Instant
    lease: { owner: string; ms: number }
    states: readonly BatchState[]
    limit: number
  }): Promise<readonly HeldBatch[]>
  /** Longer lease for held batches by the database's clock; returns the ids still held. */
  renewLeases(held: readonly { id: string; fence: bigint }[], leaseMs: number): Promise<ReadonlySet<string>>
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
   * Sets accepted invoices, which the bureau refused for a cause that time cures, aside in a batch of their own: same
   * number, same bytes, `reserved` and parked. Returns the invoice ids it changed.
   */
  setAside(
    tx: Tx,
    batchId: string,
    aside: { id: string; invoiceIds: readonly string[]; cause: ParkCause; at: Instant },
  ): Promise<ReadonlySet<string>>
  /** reserved → draft, without number or batch: what was frozen is too old to be sent. Returns the invoice ids it changed. */
  thawInvoices(tx: Tx, batchId: string, at: Instant): Promise<ReadonlySet<string>>
  /** The earliest instant at which a batch, move or event becomes due; null when nothing waits for time. */
  nextDueAt(): Promise<Instant | null>
}

// Numbers and quota -----------------------------------------------------------------------------------------------------

export interface TakenNumber {
  invoiceNumber: InvoiceNumber
  segmentId: string
}

export interface NumberStock {
  /** Numbers of this China year that are free, returned ones included. */
  freeCount: number
  /** Numbers ever granted in active segments of this year, to judge the share. */
  grantedCount: number
}

export interface NumberStore {
  stock(tx: Tx | null, usingUnitId: UsingUnitId, year: number): Promise<NumberStock>
  /** Takes up to `count` numbers of the year, returned ones first, then in segment order; locks the segment rows. */
  take(tx: Tx, usingUnitId: UsingUnitId, year: number, count: number): Promise<readonly TakenNumber[]>
  /** Definitely refused numbers become free again (or burned with a reason when reuse is switched off). */
  giveBack(
    tx: Tx,
    numbers: readonly { invoiceNumber: InvoiceNumber; segmentId: string; invoiceId: string }[],
    burnedReason: string | null,
  ): Promise<void>
  addSegment(
    tx: Tx,
    segment: {
      id: string
      usingUnitId: UsingUnitId
      moveId: string
      year: number
      first: InvoiceNumber
      last: InvoiceNumber
      size: number
    },
  ): Promise<'added' | 'overlaps'>
}

export interface QuotaState {
  period: TaxPeriod
  availableAmount: Amount
  /** yyyy-MM-dd, ends included; null when no download told an interval yet. */
  validFrom: string | null
  validTo: string | null
}

export interface QuotaStore {
  load(tx: Tx | null, usingUnitId: UsingUnitId, period: TaxPeriod): Promise<QuotaState | null>
  /** Locks the row until the end of the transaction. */
  lock(tx: Tx, usingUnitId: UsingUnitId, period: TaxPeriod): Promise<QuotaState | null>
  /** available → reserved, one ledger entry per batch; false when it does not fit, and nothing happened. */
  reserve(tx: Tx, unit: UsingUnitId, period: TaxPeriod, entry: { amount: Amount; batchId: string }): Promise<boolean>
  /** reserved → settled (`settled`) or back to available (`released`), one ledger entry each. */
  settle(
    tx: Tx,
    unit: UsingUnitId,
    period: TaxPeriod,
    entry: { settledAmount: Amount; releasedAmount: Amount; batchId: string },
  ): Promise<void>
  creditDownload(
    tx: Tx,
    unit: UsingUnitId,
    period: TaxPeriod,
    entry: { amount: Amount; moveId: string; validFrom: string | null; validTo: string | null },
  ): Promise<void>
  recordBureau(unit: UsingUnitId, period: TaxPeriod, quota: unknown, at: Instant): Promise<void>
  /** Σ quota amount of the invoices of a unit that are parked for want of quota. */
  shortAmount(unit: UsingUnitId): Promise<Amount>
}

export interface HeldMove {
  id: string
  usingUnitId: UsingUnitId
  kind: 'number_claim' | 'quota_download' | 'quota_return'
  serial: string
  numberCount: number | null
  amount: Amount | null
  period: TaxPeriod | null
  state: MoveState
  attempts: number
  fence: bigint
}

export interface MoveStore {
  /** Stores a move before its call (P8/P9); null when one of this unit and kind is open already. */
  plan(move: {
    id: string
    usingUnitId: UsingUnitId
    kind: HeldMove['kind']
    serial: string
    numberCount: number | null
    amount: Amount | null
    period: TaxPeriod | null
    dueAt: Instant
  }): Promise<{ id: string } | null>
  /** Takes up due, unleased open moves: → sent, attempts + 1, fence + 1, lease; committed before it returns. */
  claimDue(options: { now: Instant; lease: { owner: string; ms: number }; limit: number }): Promise<readonly HeldMove[]>
  /** Closes or postpones a held move; false: the fence was lost. */
  finish(
    tx: Tx,
    move: { id: string; fence: bigint; to: MoveState; dueAt: Instant | null; answer: unknown; at: Instant },
  ): Promise<boolean>
}

// Results ---------------------------------------------------------------------------------------------------------------

export interface NewEvent {
  id: string
  orderId: string
  seq: number
  kind: 'final' | 'correction' | 'progress'
  corrects: string | null
  routingKey: string
  correlationId: string | null
  traceparent: string | null
  body: string
  bodySha256: string
  createdAt: Instant
  /** The writer publishes it itself right after the commit, under this lease. */
  lease: Lease | null
}

export interface PendingEvent {
  id: string
  orderId: string
  seq: number
  routingKey: string
  correlationId: string | null
  traceparent: string | null
  body: string
  attempts: number
}

export interface OutboxStore {
  insert(tx: Tx, events: readonly NewEvent[]): Promise<void>
  /** Due, unleased pending events whose earlier events of the same order are published; leased, attempts + 1. */
  claimDue(options: {
    now: Instant
    lease: { owner: string; ms: number }
    limit: number
  }): Promise<readonly PendingEvent[]>
  markPublished(ids: readonly string[], at: Instant): Promise<void>
  postpone(events: readonly { id: string; dueAt: Instant; isUnroutable: boolean }[]): Promise<void>
}

export type PublishOutcome = 'confirmed' | 'unroutable' | 'nacked' | 'lost'

export interface ResultPublisher {
  /** Outcomes in the order of the events; never throws for a lost connection. */
  publish(events: readonly PendingEvent[]): Promise<readonly PublishOutcome[]>
}

// Waking ---------------------------------------------------------------------------------------------------------------

/** Rooms of work that a commit may have given something to do. */
export type WorkSignal = 'inbox' | 'orders' | 'invoices' | 'batches' | 'moves' | 'events' | 'settings'

export interface SignalBus {
  /** Tells every replica after the commit of this transaction. */
  announce(tx: Tx, signals: readonly WorkSignal[]): Promise<void>
}

// Tables and taxpayers ---------------------------------------------------------------------------------------------------

export type TaxTableName = 'classifications' | 'rates' | 'differential'

/** How fresh a table of the bureau is. */
export interface TaxTableState {
  name: TaxTableName
  /** What the bureau wants to be told next time; null asks for the whole table. */
  stamp: string | null
  fetchedAt: Instant | null
  dueAt: Instant
}

/** What is true of every fetched table: when it came, and when it is to be fetched again. */
export interface TaxTableFetch {
  fetchedAt: Instant
  dueAt: Instant
}

/**
 * Keeps what the bureau tells of tables and taxpayers. Each save raises the directory's revision and announces
 * `settings`; what waited for fresh tables is woken with them.
 */
export interface TaxTableStore {
  loadStates(): Promise<readonly TaxTableState[]>
  /** Adds or replaces `changed`, by code; keeps the other codes. */
  saveClassifications(fetch: TaxTableFetch & { stamp: string; changed: readonly TaxClassification[] }): Promise<void>
  /** Replaces the whole table. */
  saveRates(fetch: TaxTableFetch & { rates: readonly RateEntry[] }): Promise<void>
  /** Replaces the whole table. */
  saveDifferentialCodes(fetch: TaxTableFetch & { codes: readonly DifferentialCode[] }): Promise<void>
  /** The fetch failed: what was fetched before stays; tried again at `dueAt`. */
  saveTableFault(name: TaxTableName, fault: UnitFault, dueAt: Instant): Promise<void>
  /** Also marks the unit as verified, forgets its fault, and wakes what of it waits under `cured`. */
  saveProfile(usingUnitId: UsingUnitId, profile: TaxpayerProfile, cured: readonly ParkCause[]): Promise<void>
  saveRisk(usingUnitId: UsingUnitId, risk: TaxpayerRisk): Promise<void>
  /** A question about the unit failed; what is known of it stays. */
  saveUnitFault(usingUnitId: UsingUnitId, fault: UnitFault): Promise<void>
}

/** What a call to the bureau said when it failed. */
export interface UnitFault {
  code: string
  message: string
  at: Instant
}

/** The whole memory. */
export interface IssuingStore {
  database: Database
  inbox: InboxStore
  orders: OrderStore
  batches: BatchStore
  numbers: NumberStore
  quota: QuotaStore
  moves: MoveStore
  outbox: OutboxStore
  signals: SignalBus
  tables: TaxTableStore
}
