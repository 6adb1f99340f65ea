/**
 * What the story of an order needs from the outside: a memory with transactions, a doorway for messages, ids, a clock.
 *
 * Every operation of the memory works on a batch, takes its transaction first and returns plain values. Conditional
 * updates return what they changed; fewer rows than asked means somebody else was faster, and the caller stops.
 * Lock order in one transaction: orders, invoices and batches first; number segment and credit quota last.
 */

import type { InvoiceKind, Letter } from '../invoice/draft.js'
import type { Amount } from '../kernel/amount.js'
import type { Fault, ParkCause } from '../kernel/fault.js'
import type { InvoiceNumber, UsingUnitId } from '../kernel/ids.js'
import type { Instant } from '../kernel/time.js'
import type { BatchStore, Refusal } from './batch-ports.js'
import type { InboxDisposition, InvoiceState, OrderState } from './states.js'
import type { MoveStore, NumberStore, QuotaStore, TaxTableStore } from './supply-ports.js'
import type { Database, Lease, Tx } from './transaction.js'

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
  /** Takes up the oldest undecided, unparked messages due by now: attempts + 1 and a lease, committed before it returns. */
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
  attempts: number
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

/** Rooms of work that a commit may have given something to do. */
export type WorkSignal = 'inbox' | 'orders' | 'invoices' | 'batches' | 'moves' | 'events' | 'settings'

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
  signals: SignalBus
  tables: TaxTableStore
}
