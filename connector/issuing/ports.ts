/**
 * What the story of an order needs from the outside: a memory with transactions, a doorway for messages, ids, a clock.
 *
 * Every operation of the memory works on a batch, takes its transaction first and returns plain values. Conditional
 * updates return what they changed; fewer rows than asked means somebody else was faster, and the caller stops.
 * Leases and due times run by the clock of the memory alone. What a caller wants later (`dueAt`, `until`) is kept as its
 * distance from the caller's own `at`, so that a replica whose clock is wrong neither steals nor starves.
 * What is taken up has a fence that every taking raises; a write names it, and an older one changes nothing.
 * Lock order in one transaction: orders, invoices and batches first; number segment and credit quota last.
 */

import type { InvoiceKind, Letter } from '../invoice/draft.js'
import type { Amount } from '../kernel/amount.js'
import type { Fault, ParkCause } from '../kernel/fault.js'
import type { InvoiceNumber, UsingUnitId } from '../kernel/ids.js'
import type { Instant } from '../kernel/time.js'
import type { ActionLog } from './action-log.js'
import type { BatchStore, Refusal } from './batch-ports.js'
import type { StopStore } from './channel-ports.js'
import type { ResultDelivery } from './directory.js'
import type { IncidentStore } from './incidents.js'
import type { InboxDisposition, InvoiceState, OrderState } from './states.js'
import type { MoveStore, NumberStore, QuotaStore, TaxTableStore } from './supply-ports.js'
import type { Database, Held, Lease, Tx } from './transaction.js'

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
  /** Tries of it that were begun and did not end well, since it last waited. */
  attempts: number
  fence: bigint
}

/** What to take up: oldest first, at most `limit`. */
interface ClaimOptions {
  leaseMs: number
  limit: number
  /**
   * true: only what may have killed a worker, because a try of it broke off or the broker handed it out twice; false: only
   * the others; both when left out.
   */
  suspects?: boolean
}

export interface InboxStore {
  insert(tx: Tx, messages: readonly NewInboxMessage[]): Promise<void>
  /** Takes up the oldest undecided, unparked messages due by now: a lease, committed before it returns. */
  claim(options: ClaimOptions): Promise<readonly StoredMessage[]>
  /** Counts a try right before it, so that one that kills its worker leaves a mark. Where the fence was lost nothing happens. */
  begin(held: readonly Held[]): Promise<void>
  /**
   * The try failed and harmed nobody, so it does not count: attempts − 1, and the lease ends. Where the fence was lost
   * nothing happens.
   */
  putBack(held: readonly Held[]): Promise<void>
  /** Decides held messages; only those still undecided. Returns the ids that it decided. */
  decide(
    tx: Tx,
    decisions: readonly {
      id: string
      fence: bigint
      disposition: InboxDisposition | null
      orderId: string | null
      faults: readonly Fault[]
      parkCause: ParkCause | null
    }[],
  ): Promise<readonly string[]>
}

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
export type OrderAdvance = { fence: bigint } & Pick<
  NewOrder,
  | 'id'
  | 'state'
  | 'parkCause'
  | 'faults'
  | 'warnings'
  | 'letter'
  | 'usingUnitId'
  | 'mappingVersionId'
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
  /** Of the message it was made of. */
  bodySha256: string | null
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
  /** Tries of it that were begun and did not end well, since it last waited. */
  attempts: number
  fence: bigint
}

export interface OrderStore {
  /** Inserts what is new by (order key, revision), with drafts; returns the ids that were inserted. */
  insert(tx: Tx, orders: readonly NewOrder[]): Promise<ReadonlySet<string>>
  loadLatest(tx: Tx, orderKeys: readonly string[]): Promise<readonly ExistingOrder[]>
  /** The body of the message that an order was made of. */
  loadBody(tx: Tx, orderId: string): Promise<Buffer | null>
  /** The text of any stored mapping version, active or not. */
  loadMappingVersion(tx: Tx, versionId: string): Promise<{ versionId: string; number: number; text: string } | null>
  insertInvoices(tx: Tx, invoices: readonly NewInvoice[]): Promise<void>
  /** Oldest orders in `received` that wait for nothing any more: a lease, committed before it returns. */
  claimWoken(options: ClaimOptions): Promise<readonly ParkedOrder[]>
  /** Counts a try right before it, so that one that kills its worker leaves a mark. Where the fence was lost nothing happens. */
  begin(held: readonly Held[]): Promise<void>
  /**
   * The try failed and harmed nobody, so it does not count: attempts − 1, and the lease ends. Where the fence was lost
   * nothing happens.
   */
  putBack(held: readonly Held[]): Promise<void>
  /** Writes the outcome of mapping a held order again, where it is still in `received`. Returns the ids changed. */
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
  /**
   * Lets what waits for `causes` go on, oldest first, at most `limit` of each kind; narrowed by unit or business type. An
   * invoice that its unit cannot supply now stays asleep: no number free, or less quota than it needs.
   */
  wake(tx: Tx, filter: WakeFilter): Promise<Woken>
  /** The next slice of a waking that goes on, wakings taking turns; null when there is none. */
  wakeOn(tx: Tx, limit: number): Promise<Woken | null>
  /** The net: lets those that were looked at longest ago have another try, at most `limit` of each kind. */
  sweep(tx: Tx, causes: readonly ParkCause[], limit: number): Promise<Woken>
}

/** Rows woken, by kind. */
export interface Woken {
  inbox: number
  orders: number
  invoices: number
  batches: number
}

export interface WakeFilter {
  causes: readonly ParkCause[]
  usingUnitId?: UsingUnitId
  businessType?: string
  limit: number
  /** What the limit leaves asleep is woken by `wakeOn`, but nothing that is parked later. */
  goesOn?: boolean
}

/** One slice of a waking: a transaction of some ten milliseconds. */
export const WAKE_SLICE_COUNT = 500

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
  /** Of the order; its endpoint takes the callback. */
  businessType: string
  /** `callback`: never published; `callback` and `both`: a delivery is written with it. */
  delivery: ResultDelivery
  /** The writer publishes it itself right after the commit, under this lease. */
  lease: Lease | null
}

/** A result in one worker's hands; `attempts` is its fence, as it rises with every taking. */
export interface PendingEvent {
  id: string
  orderId: string
  seq: number
  routingKey: string
  correlationId: string | null
  traceparent: string | null
  body: string
  attempts: number
  /** Was published before and is published again at somebody's request. */
  isReplay: boolean
}

export type HeldEvent = Pick<PendingEvent, 'id' | 'attempts'>

export interface OutboxStore {
  /** Events, and a delivery for each that travels by callback. */
  insert(tx: Tx, events: readonly NewEvent[]): Promise<void>
  /** Due, unleased pending events whose earlier events of the same order are published; leased, attempts + 1. */
  claimDue(options: { lease: { owner: string; ms: number }; limit: number }): Promise<readonly PendingEvent[]>
  /** Longer leases for held events; returns the ids still held. */
  renewLeases(held: readonly Held[], leaseMs: number): Promise<ReadonlySet<string>>
  markPublished(events: readonly HeldEvent[], at: Instant): Promise<void>
  postpone(events: readonly (HeldEvent & { dueAt: Instant; isUnroutable: boolean })[], at: Instant): Promise<void>
}

export type PublishOutcome = 'confirmed' | 'unroutable' | 'nacked' | 'lost'

export interface ResultPublisher {
  /** Outcomes in the order of the events; never throws for a lost connection. */
  publish(events: readonly PendingEvent[]): Promise<readonly PublishOutcome[]>
}

/** Rooms of work that a commit may have given something to do. */
export type WorkSignal =
  | 'inbox'
  | 'orders'
  | 'invoices'
  | 'batches'
  | 'moves'
  | 'events'
  | 'callbacks'
  | 'settings'
  | 'stops'

export interface SignalBus {
  /** Tells every replica after the commit of this transaction. */
  announce(tx: Tx, signals: readonly WorkSignal[]): Promise<void>
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
  actions: ActionLog
  incidents: IncidentStore
  signals: SignalBus
  tables: TaxTableStore
  stops: StopStore
}
