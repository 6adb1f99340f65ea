/**
 * What a message turned out to be becomes rows, inside the caller's transaction: new orders with their invoices and
 * events, and for an order that exists already the verdict of `repeat.ts`.
 */
import type { Fault } from '../kernel/fault.js'
import { assertNever } from '../kernel/never.js'
import type { ExistingOrder, IssuingStore, NewInboxMessage, WorkSignal } from './ports.js'
import type { PrepareDeps, Prepared } from './prepare.js'
import { decideRepeat, isSameContent, type RepeatDecision } from './repeat.js'
import type { InboxDisposition } from './states.js'
import type { Tx } from './transaction.js'

export interface RecordDeps extends Pick<PrepareDeps, 'mapperOf'> {
  store: IssuingStore
}

interface RepeatDeps extends Pick<PrepareDeps, 'mapperOf'> {
  store: Pick<IssuingStore, 'orders'>
}

/** A message as far as a repeat is judged by it. */
type Incoming = Pick<NewInboxMessage, 'businessType' | 'body' | 'bodySha256'>

/** A message with all that is known of it before the transaction. */
export interface Receipt {
  message: NewInboxMessage
  prepared: Prepared
}

/** How a receipt ended inside the transaction. */
export interface Decision {
  disposition: InboxDisposition | null
  orderId: string | null
  faults: readonly Fault[]
  parkCause: NewInboxMessage['parkCause']
}

/** Inserts what is new of a batch and decides every receipt, in the order given. */
export async function recordOrders(deps: RecordDeps, tx: Tx, receipts: readonly Receipt[]): Promise<Decision[]> {
  const orders = receipts.flatMap(({ prepared }) => (prepared.kind === 'order' ? [prepared] : []))
  const created = new Set(
    orders.length === 0
      ? []
      : await deps.store.orders.insert(
          tx,
          orders.map(({ order }) => order),
        ),
  )
  const repeated = receipts.filter(({ prepared }) => prepared.kind === 'order' && !created.has(prepared.order.id))
  const repeats = repeated.length === 0 ? new Map<string, Decision>() : await recordRepeats(deps, tx, repeated)
  await insertParts(
    deps,
    tx,
    orders.filter(({ order }) => created.has(order.id)),
  )
  return receipts.map(({ message, prepared }) => repeats.get(message.id) ?? toDecision(prepared))
}

async function recordRepeats(deps: RecordDeps, tx: Tx, receipts: readonly Receipt[]): Promise<Map<string, Decision>> {
  const decisions = new Map<string, Decision>()
  const keys = receipts.flatMap(({ prepared }) => (prepared.kind === 'order' ? [prepared.order.orderKey] : []))
  const latest = new Map((await deps.store.orders.loadLatest(tx, keys)).map((order) => [order.orderKey, order]))
  for (const { message, prepared } of receipts) {
    if (prepared.kind !== 'order') continue
    const existing = latest.get(prepared.order.orderKey)
    if (existing === undefined) throw new Error(`order ${prepared.order.orderKey} vanished while its repeat was judged`)
    decisions.set(message.id, await recordRepeat(deps, tx, existing, message, prepared))
  }
  return decisions
}

async function recordRepeat(
  deps: RecordDeps,
  tx: Tx,
  existing: ExistingOrder,
  message: NewInboxMessage,
  prepared: Extract<Prepared, { kind: 'order' }>,
): Promise<Decision> {
  const decision = await judgeRepeat(deps, tx, existing, message)
  if (decision !== 'new_revision') return { disposition: decision, orderId: existing.id, faults: [], parkCause: null }
  const order = { ...prepared.order, revision: existing.revision + 1 }
  const inserted = await deps.store.orders.insert(tx, [order])
  // Another replica opened this revision first: the next delivery of it will be judged against that one.
  if (!inserted.has(order.id)) return { disposition: 'conflict', orderId: existing.id, faults: [], parkCause: null }
  await insertParts(deps, tx, [{ ...prepared, order }])
  return toDecision({ ...prepared, order })
}

/** What a message is beside an order of the same key that exists already. Reads only. */
export async function judgeRepeat(
  deps: RepeatDeps,
  tx: Tx,
  existing: ExistingOrder,
  message: Incoming,
): Promise<RepeatDecision> {
  const isSame = existing.bodySha256 === message.bodySha256 || (await saysTheSame(deps, tx, existing, message))
  return decideRepeat(existing, isSame)
}

async function saysTheSame(
  { store, mapperOf }: RepeatDeps,
  tx: Tx,
  existing: ExistingOrder,
  message: Incoming,
): Promise<boolean> {
  const body = await store.orders.loadBody(tx, existing.id)
  if (body === null) return false
  const { mappingVersionId } = existing
  const version = mappingVersionId === null ? null : await store.orders.loadMappingVersion(tx, mappingVersionId)
  const mapper = version === null ? null : mapperOf(message.businessType, version)
  return isSameContent(body, message.body, mapper)
}

export async function insertParts(
  deps: RecordDeps,
  tx: Tx,
  created: readonly Extract<Prepared, { kind: 'order' }>[],
): Promise<void> {
  const { orders, outbox, signals } = deps.store
  const invoices = created.flatMap((each) => each.invoices)
  const events = created.flatMap((each) => each.events)
  const announced: WorkSignal[] = []
  if (invoices.length > 0) announced.push('invoices')
  if (events.some(({ delivery }) => delivery !== 'callback')) announced.push('events')
  if (events.some(({ delivery }) => delivery !== 'amqp')) announced.push('callbacks')
  if (announced.length === 0) return
  await Promise.all([orders.insertInvoices(tx, invoices), outbox.insert(tx, events), signals.announce(tx, announced)])
}

function toDecision(prepared: Prepared): Decision {
  switch (prepared.kind) {
    case 'disposed':
      return { disposition: prepared.disposition, orderId: null, faults: prepared.faults, parkCause: null }
    case 'waiting':
      return { disposition: null, orderId: null, faults: prepared.faults, parkCause: prepared.parkCause }
    case 'order': {
      const { id, state, faults } = prepared.order
      const isRejected = state === 'rejected'
      return {
        disposition: isRejected ? 'rejected' : 'accepted',
        orderId: id,
        faults: isRejected ? faults : [],
        parkCause: null,
      }
    }
    default:
      return assertNever(prepared)
  }
}
