/**
 * The end of an order and what is told of it: one final result, written with its id and bytes in the transaction that
 * ends the order (I7); and, when people have found the end to be another, a correction. Never a second final.
 */
import { sha256 } from '../kernel/digest.js'
import type { IdSource } from '../kernel/ids.js'
import { Defect } from '../kernel/never.js'
import type { Instant } from '../kernel/time.js'
import {
  buildCorrection,
  buildFinalResult,
  type ResultMessage,
  type ResultPart,
  routingKeyOf,
} from '../result/result.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import type { Directory } from './directory.js'
import type { IssuingStore, NewEvent, OrderInProgress, OrderPart } from './ports.js'
import { orderEnd } from './states.js'
import type { Lease, Tx } from './transaction.js'

/** What a result is made with. */
interface TellDeps {
  /** How results of a business type travel. */
  directory: () => Pick<Directory, 'businessType'>
  ids: IdSource
}

export interface EndDeps extends TellDeps {
  store: Pick<IssuingStore, 'orders' | 'outbox'>
}

/** The seller as results show him. */
export type Seller = Pick<UsingUnit, 'taxNo' | 'name'>

/** `lease`: the writer publishes the events himself after the commit; null leaves them to whoever comes. */
interface Writing {
  at: Instant
  lease: Lease | null
}

/** Ends those of `orders` that have no open part left. Shape   their final events, to be published after the commit */
export async function endOrders(
  deps: EndDeps,
  tx: Tx,
  seller: Seller,
  orders: readonly OrderInProgress[],
  parts: readonly OrderPart[],
  writing: Writing,
): Promise<readonly NewEvent[]> {
  const partsByOrder = groupByOrder(parts)
  const ends = orders
    .filter(({ openCount }) => openCount === 0)
    .map((order) => {
      const told = tell(deps.ids, seller, order, partsByOrder.get(order.id) ?? [], writing.at)
      return { state: told.state, event: toEvent(deps, order, told, { kind: 'final', corrects: null }, writing) }
    })
  const { at } = writing
  const finished = ends.map(({ state, event }) => ({ orderId: event.orderId, state, eventSeq: event.seq, at }))
  const events = ends.map(({ event }) => event)
  await Promise.all([deps.store.orders.finish(tx, finished), deps.store.outbox.insert(tx, events)])
  return events
}

/** What is told of an order that was told otherwise: its true end, and the correction that says so. Pure but for the id. */
export function makeCorrection(
  deps: TellDeps,
  seller: Seller,
  order: OrderInProgress & { finalEventId: string },
  parts: readonly OrderPart[],
  at: Instant,
): { state: Told['state']; event: NewEvent } {
  const { state, message } = tell(deps.ids, seller, order, parts, at)
  const corrects = order.finalEventId
  const told = { state, message: buildCorrection(message, corrects) }
  return { state, event: toEvent(deps, order, told, { kind: 'correction', corrects }, { at, lease: null }) }
}

interface Told {
  state: 'issued' | 'partly_issued' | 'failed'
  message: ResultMessage
}

function tell(ids: IdSource, seller: Seller, order: OrderInProgress, parts: readonly OrderPart[], at: Instant): Told {
  if (parts.length !== order.invoiceCount)
    throw new Defect(`order ${order.id} has ${parts.length} of ${order.invoiceCount} parts`)
  const issuedCount = parts.filter((part) => part.state === 'issued').length
  const state = orderEnd({ issuedCount, rejectedCount: parts.length - issuedCount })
  const event = { id: ids.uuid(), seq: order.eventSeq + 1, at, status: state }
  const shown = parts.map((part) => toResultPart(seller, part))
  return { state, message: buildFinalResult(order, event, shown, order.warnings) }
}

function toEvent(
  deps: TellDeps,
  order: OrderInProgress,
  { message }: Told,
  kind: Pick<NewEvent, 'kind' | 'corrects'>,
  { at, lease }: Writing,
): NewEvent {
  const body = JSON.stringify(message)
  const delivery = deps.directory().businessType(order.businessType)?.delivery ?? 'amqp'
  return {
    id: message.eventId,
    orderId: order.id,
    seq: message.seq,
    ...kind,
    routingKey: routingKeyOf(message),
    correlationId: order.correlationId,
    traceparent: order.traceparent,
    body,
    bodySha256: sha256(body),
    createdAt: at,
    businessType: order.businessType,
    delivery,
    lease: delivery === 'callback' ? null : lease,
  }
}

function toResultPart(seller: Seller, part: OrderPart): ResultPart {
  return {
    ...part,
    isIssued: part.state === 'issued',
    seller: { taxNo: seller.taxNo, name: part.sellerName ?? seller.name },
    buyer: { taxNo: part.buyerTaxNo, name: part.buyerName },
    refusal: part.refusal === null ? null : { ...part.refusal, path: `/invoices/${part.splitNo - 1}` },
  }
}

function groupByOrder(parts: readonly OrderPart[]): Map<string, OrderPart[]> {
  const groups = new Map<string, OrderPart[]>()
  for (const part of parts) {
    const group = groups.get(part.orderId)
    if (group === undefined) groups.set(part.orderId, [part])
    else group.push(part)
  }
  return groups
}
