/**
 * The tables of the memory, with the unique keys and checks that the migrations give the real ones.
 *
 * Rows are the values of the ports with what the store itself keeps. Queues are indexes, as in PostgreSQL.
 */
import type { NewAction } from '../../issuing/action-log.js'
import type { FrozenText, HeldBatch, Refusal } from '../../issuing/batch-ports.js'
import type { Stop } from '../../issuing/channel-ports.js'
import type { NewIncident } from '../../issuing/incidents.js'
import type { NewEvent, NewInboxMessage, NewInvoice, NewOrder } from '../../issuing/ports.js'
import type { BatchState, InvoiceState, MoveState } from '../../issuing/states.js'
import type { HeldMove, TaxTableState } from '../../issuing/supply-ports.js'
import { type Amount, fen } from '../../kernel/amount.js'
import type { ParkCause } from '../../kernel/fault.js'
import type { InvoiceNumber, UsingUnitId } from '../../kernel/ids.js'
import type { Instant, TaxPeriod } from '../../kernel/time.js'
import type { TaxpayerProfile, TaxpayerRisk } from '../../taxpayer/taxpayer.js'
import { Table } from './table.js'

interface Parkable {
  /** When it was parked, as a count: what is parked later has more. */
  parkedSeq: number | null
}

interface Queued {
  dueAt: Instant | null
  leasedUntil: Instant | null
}

export interface InboxRow extends NewInboxMessage, Queued, Parkable {
  attempts: number
  fence: bigint
}

export interface OrderRow extends NewOrder, Queued, Parkable {
  openCount: number
  attempts: number
  fence: bigint
  finishedAt: Instant | null
}

export interface InvoiceRow extends NewInvoice, Parkable {
  state: InvoiceState
  invoiceNumber: InvoiceNumber | null
  isNumberHeld: boolean
  segmentId: string | null
  period: TaxPeriod | null
  issuedAt: Instant | null
  batchId: string | null
  refusal: Refusal | null
  finishedAt: Instant | null
}

export interface BatchItemRow extends FrozenText {
  invoiceNumber: InvoiceNumber
  segmentId: string
}

export interface BatchRow extends Omit<HeldBatch, 'state'>, Queued {
  state: BatchState
  parentId: string | null
  frozenSha256: string
  leasedBy: string | null
  parkCause: ParkCause | null
  createdAt: Instant
  /** Never changed after the batch was frozen. */
  items: readonly BatchItemRow[]
}

export interface AttemptRow {
  id: string
  batchId: string
  attemptNo: number
  fence: bigint
  outcome: string | null
  receiptNo: string | null
  finishedAt: Instant | null
}

/** Whose a receipt is, by the receipt; one direct unit has this memory. */
interface ReceiptRow {
  id: string
  batchId: string
}

export interface IncidentRow {
  /** Kind and subject. */
  id: string
  incident: NewIncident
  count: number
}

export interface EventRow extends Omit<NewEvent, 'lease'>, Queued {
  state: 'pending' | 'published' | 'by_callback'
  attempts: number
  confirmedAt: Instant | null
}

export interface MoveRow extends HeldMove, Queued {
  state: MoveState
  answer: unknown
  createdAt: Instant
}

export interface SegmentRow {
  id: string
  usingUnitId: UsingUnitId
  moveId: string
  year: number
  first: InvoiceNumber
  last: InvoiceNumber
  size: number
  nextOffset: number
  /** Refused numbers that are free again; `seq` tells the order of their return. */
  returned: readonly { invoiceNumber: InvoiceNumber; seq: number }[]
  burned: readonly InvoiceNumber[]
  /** Order of granting. */
  seq: number
}

export interface QuotaRow {
  id: string
  usingUnitId: UsingUnitId
  period: TaxPeriod
  downloadedAmount: Amount
  reservedAmount: Amount
  settledAmount: Amount
  validFrom: string | null
  validTo: string | null
  /** 月总额度 as the bureau last told it. */
  monthTotal: bigint | null
  bureauAt: Instant | null
  commitSeq: number
}

/** A waking that goes on: what of it is still asleep. */
export interface WakingRow {
  id: string
  causes: readonly ParkCause[]
  usingUnitId?: UsingUnitId
  businessType?: string
  /** Only what was parked before. */
  untilSeq: number
  /** Wakings take turns. */
  turn: number
  isOver: boolean
}

interface ActionRow extends NewAction {
  id: string
}

/** The end of the chain of actions. */
interface ChainEnd {
  id: string
  lastId: bigint
  keys?: ReadonlyMap<string, bigint>
}

/** What the bureau told of a unit, by the unit's id. */
interface SettingsRow {
  id: string
  profile?: TaxpayerProfile
  risk?: TaxpayerRisk
}

/** Key of the one entry of an index that is a mere set. */
export const IN = 'in'

const FINAL_BATCH_STATES: readonly BatchState[] = ['settled', 'refused', 'divided', 'withdrawn', 'needs_person']

export function isFinalBatch(state: BatchState): boolean {
  return FINAL_BATCH_STATES.includes(state)
}

export function availableOf(quota: QuotaRow): Amount {
  return fen(quota.downloadedAmount - quota.reservedAmount - quota.settledAmount)
}

export function quotaId(usingUnitId: UsingUnitId, period: TaxPeriod): string {
  return `${usingUnitId} ${period}`
}

export type Schema = ReturnType<typeof makeSchema>

export interface SchemaOptions {
  /** The seller of a business type; null when it is unknown. */
  unitOfType?: (businessType: string) => UsingUnitId | null
  /** A stored version of a mapping. */
  mappingOf?: (versionId: string) => MappingVersion | null
}

interface MappingVersion {
  versionId: string
  number: number
  text: string
}

export function makeSchema({ unitOfType = () => null, mappingOf = () => null }: SchemaOptions = {}) {
  const inbox = new Table<InboxRow>({
    name: 'inbox',
    checks: {
      'decided or parked': (row) => row.disposition === null || row.parkCause === null,
      'due while undecided': (row) => (row.dueAt !== null) === (row.disposition === null && row.parkCause === null),
    },
  })
  const orders = new Table<OrderRow>({
    name: 'order',
    unique: { 'key and revision': (row) => `${row.orderKey} ${row.revision}` },
    checks: {
      'open count': (row) => row.openCount >= 0,
      'parked while received': (row) => row.parkCause === null || row.state === 'received',
      'due while received': (row) => (row.dueAt !== null) === (row.state === 'received' && row.parkCause === null),
    },
  })
  const invoices = new Table<InvoiceRow>({
    name: 'invoice',
    unique: {
      'order and split': (row) => `${row.orderId} ${row.splitNo}`,
      'held number': (row) => (row.isNumberHeld ? row.invoiceNumber : null),
    },
    checks: {
      'a draft has no number': (row) => (row.state === 'draft') === (row.invoiceNumber === null),
      'a refused number is not held': (row) => row.isNumberHeld === (row.state !== 'rejected'),
      'parked while draft': (row) => row.parkCause === null || row.state === 'draft',
    },
  })
  const batches = new Table<BatchRow>({
    name: 'batch',
    checks: {
      size: (row) => row.size >= 1 && row.size <= 100,
      'open count': (row) => row.openCount >= 0,
      'due while open and not parked': (row) =>
        (row.dueAt === null) === (isFinalBatch(row.state) || row.parkCause !== null),
    },
  })
  const attempts = new Table<AttemptRow>({
    name: 'attempt',
    unique: { 'batch and attempt': (row) => `${row.batchId} ${row.attemptNo}` },
  })
  const receipts = new Table<ReceiptRow>({ name: 'receipt' })
  const incidents = new Table<IncidentRow>({ name: 'incident' })
  const events = new Table<EventRow>({
    name: 'event',
    unique: {
      'order and seq': (row) => `${row.orderId} ${row.seq}`,
      'one final': (row) => (row.kind === 'final' ? row.orderId : null),
    },
    checks: {
      'due while pending': (row) => (row.dueAt === null) === (row.state === 'published'),
      'confirmed when published': (row) => (row.confirmedAt !== null) === (row.state === 'published'),
    },
  })
  const moves = new Table<MoveRow>({
    name: 'move',
    unique: {
      serial: (row) => row.serial,
      'one open': (row) => (isOpenMove(row.state) ? `${row.usingUnitId} ${row.kind}` : null),
    },
    checks: { 'due while open': (row) => (row.dueAt !== null) === isOpenMove(row.state) },
  })
  const segments = new Table<SegmentRow>({
    name: 'segment',
    unique: { move: (row) => row.moveId },
    checks: { 'handed out': (row) => row.nextOffset >= 0 && row.nextOffset <= row.size },
  })
  const quotas = new Table<QuotaRow>({
    name: 'quota',
    checks: {
      reserved: (row) => row.reservedAmount >= 0n,
      settled: (row) => row.settledAmount >= 0n,
      'not overspent': (row) => availableOf(row) >= 0n,
    },
  })
  const wakings = new Table<WakingRow>({ name: 'waking' })
  const actions = new Table<ActionRow>({ name: 'action' })
  const actionChain = new Table<ChainEnd>({ name: 'action chain' })
  const settings = new Table<SettingsRow>({ name: 'settings' })
  const bureauStops = new Table<{ id: string; stop: Stop; isOver: boolean }>({ name: 'stop' })
  const taxTables = new Table<{ id: string; state: TaxTableState }>({ name: 'tax table' })
  const due = <R extends Queued>({ dueAt }: R) => (dueAt === null ? null : IN)
  const parked = ({ parkCause }: { parkCause: ParkCause | null }) => parkCause
  const indexes = {
    inboxDue: inbox.index(due),
    inboxParked: inbox.index(parked),
    ordersDue: orders.index(due),
    ordersParked: orders.index(parked),
    ordersByKey: orders.index((row) => row.orderKey),
    invoicesByOrder: invoices.index((row) => row.orderId),
    invoicesReady: invoices.index((row) => (row.invoiceNumber === null && row.parkCause === null ? IN : null)),
    invoicesParked: invoices.index(parked),
    batchesDue: batches.index(due),
    batchesParked: batches.index(parked),
    eventsByOrder: events.index((row) => row.orderId),
    eventsDue: events.index(due),
    movesDue: moves.index(due),
    segmentsByUnit: segments.index((row) => `${row.usingUnitId} ${row.year}`),
    segmentsOfUnit: segments.index((row) => row.usingUnitId),
    quotasByUnit: quotas.index((row) => row.usingUnitId),
    wakingsOpen: wakings.index((row) => (row.isOver ? null : IN)),
  }
  let seq = 0
  return {
    ...{ inbox, orders, invoices, batches, attempts, receipts, incidents, events, moves, segments, quotas },
    ...{ wakings, actions, actionChain, settings, bureauStops, taxTables, indexes, unitOfType, mappingOf },
    /** `invoice number` of all that was ever frozen. */
    frozen: new Set<string>(),
    nextSeq: () => {
      seq += 1
      return seq
    },
  }
}

function isOpenMove(state: MoveState): boolean {
  return state === 'planned' || state === 'sent' || state === 'in_doubt'
}
