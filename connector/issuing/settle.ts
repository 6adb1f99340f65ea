/**
 * Verdicts: what the bureau's answer about each number means, and the one transaction that makes it true (P5):
 * invoices, quota, numbers, the order's end and its final result, with the result's id and bytes.
 *
 *   00 issued                     → issued
 *   01 pending, or not named      → stays open
 *   02 refused                    → failed for good; or, when a text pattern says that time cures it, set aside: same
 *                                   number, same bytes, parked (a pattern may delay, it releases nothing, design D14)
 *   03 repeated                   → issued when these very bytes were sent before (design D4); on a first send it is an
 *                                   incident for a person: the number is held by something that is not ours
 *   anything else                 → stays open, reported
 */
import { type Amount, fen } from '../kernel/amount.js'
import { sha256 } from '../kernel/digest.js'
import type { ParkCause } from '../kernel/fault.js'
import type { IdSource } from '../kernel/ids.js'
import { assertNever, Defect } from '../kernel/never.js'
import { after, type Instant } from '../kernel/time.js'
import { buildFinalResult, type ResultPart, routingKeyOf } from '../result/result.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import type { BatchItem, Refusal } from './batch-ports.js'
import type { ResultRow } from './bureau.js'
import type { IssuingStore, NewEvent, OrderInProgress, OrderPart, PendingEvent } from './ports.js'
import { type BatchState, orderEnd } from './states.js'
import type { Tx } from './transaction.js'

export type Verdict =
  | { invoiceId: string; to: 'issued' }
  | { invoiceId: string; to: 'rejected'; refusal: Pick<Refusal, 'code' | 'message'> }
  | { invoiceId: string; to: 'needs_person'; refusal: Pick<Refusal, 'code' | 'message'> }
  | { invoiceId: string; to: 'reserved'; park: ParkCause }

export interface SettleDeps {
  store: IssuingStore
  ids: IdSource
  owner: string
  leaseMs: number
  /** false: a number that the bureau refused is burned instead of used again (design D4). */
  reuseRejectedNumbers: boolean
}

/** The batch whose invoices end, under the caller's fence. */
export interface SettlingBatch {
  id: string
  unit: UsingUnit
  fence: bigint
  from: readonly BatchState[]
  /** State of the batch when none of its invoices is open any more. */
  closeAs: 'settled' | 'refused'
  /** When to look again while some stay open; null when none can. */
  dueAt?: Instant
  polls?: number
}

/**
 * Judges the rows of a result answer against all items of its batch; verdicts for open invoices only. Pure.
 *
 * Errors: null when a row names a number that is not ours, or one number twice with different verdicts: then nothing
 * in the answer is trusted (design D14).
 */
export function judge(
  items: readonly Pick<BatchItem, 'invoiceId' | 'invoiceNumber' | 'state'>[],
  rows: readonly ResultRow[],
  wasSentBefore: boolean,
): readonly Verdict[] | null {
  const byNumber = new Map(items.map((item) => [item.invoiceNumber as string, item]))
  const verdicts = new Map<string, Verdict>()
  for (const row of rows) {
    const item = byNumber.get(row.invoiceNumber)
    if (item === undefined) return null
    const verdict = isOpen(item) ? judgeRow(item.invoiceId, row, wasSentBefore) : null
    if (verdict === null) continue
    const earlier = verdicts.get(item.invoiceId)
    if (earlier !== undefined && earlier.to !== verdict.to) return null
    verdicts.set(item.invoiceId, verdict)
  }
  return [...verdicts.values()]
}

/** Whether the bureau has not yet answered for good about this invoice. */
export function isOpen({ state }: Pick<BatchItem, 'state'>): boolean {
  return state === 'sending' || state === 'in_doubt' || state === 'accepted'
}

function judgeRow(invoiceId: string, row: ResultRow, wasSentBefore: boolean): Verdict | null {
  const refusal = { code: row.code ?? `BUR-${row.status}`, message: row.message }
  switch (row.status) {
    case 'issued':
      return { invoiceId, to: 'issued' }
    case 'repeated':
      return wasSentBefore ? { invoiceId, to: 'issued' } : { invoiceId, to: 'needs_person', refusal }
    case 'refused':
      if (row.park === null) return { invoiceId, to: 'rejected', refusal: { ...refusal, code: 'BUR-02' } }
      return { invoiceId, to: 'reserved', park: row.park }
    case 'pending':
    case 'unknown':
      return null
    default:
      return assertNever(row.status)
  }
}

/**
 * Writes verdicts about open items and all that follows from them.
 *
 * Shape   the events written, to be published by the caller only after the commit; null when the fence was lost and
 *         nothing was written
 */
export async function settleVerdicts(
  deps: SettleDeps,
  tx: Tx,
  batch: SettlingBatch,
  items: readonly BatchItem[],
  verdicts: readonly Verdict[],
  at: Instant,
): Promise<readonly PendingEvent[] | null> {
  const openCount = items.filter(isOpen).length - verdicts.length
  const isClosed = openCount === 0
  const isMoved = await deps.store.batches.move(tx, {
    id: batch.id,
    fence: batch.fence,
    from: batch.from,
    to: isClosed ? batch.closeAs : 'accepted',
    dueAt: isClosed ? null : (batch.dueAt ?? at),
    release: true,
    openCount,
    at,
    ...(batch.polls !== undefined && { polls: batch.polls }),
  })
  if (!isMoved) return null
  return verdicts.length === 0 ? [] : endInvoices(deps, tx, batch, items, verdicts, at)
}

/** Statements that need no answer of each other leave together; the server runs them in this order. */
async function endInvoices(
  deps: SettleDeps,
  tx: Tx,
  batch: SettlingBatch,
  items: readonly BatchItem[],
  verdicts: readonly Verdict[],
  at: Instant,
): Promise<readonly PendingEvent[]> {
  const byId = new Map(items.map((item) => [item.invoiceId, item]))
  const ended = verdicts.filter(({ to }) => to === 'issued' || to === 'rejected')
  const counts = countByOrder(ended.flatMap(({ invoiceId }) => byId.get(invoiceId) ?? []))
  const [changedCount, orders, parts] = await Promise.all([
    writeVerdicts(deps, tx, batch, verdicts, at),
    deps.store.orders.closeParts(tx, counts),
    deps.store.orders.loadParts(
      tx,
      counts.map(({ orderId }) => orderId),
    ),
  ])
  if (changedCount !== verdicts.length)
    throw new Defect(`batch ${batch.id}: ${verdicts.length - changedCount} verdicts found no open invoice`)
  const partsByOrder = groupByOrder(parts)
  const ends = orders
    .filter((order) => order.openCount === 0)
    .map((order) => makeFinalEvent(deps, batch.unit, order, partsByOrder.get(order.id) ?? [], at))
  await Promise.all([finishOrders(deps, tx, ends, at), settleResources(deps, tx, batch, byId, verdicts)])
  return ends.map(({ event }) => ({ ...event, attempts: 1 }))
}

/** How many invoices changed. */
async function writeVerdicts(
  deps: SettleDeps,
  tx: Tx,
  batch: SettlingBatch,
  verdicts: readonly Verdict[],
  at: Instant,
): Promise<number> {
  const { batches } = deps.store
  const ends = verdicts.flatMap((verdict) => (verdict.to === 'reserved' ? [] : [toEnd(verdict, at)]))
  const asides = [...groupAside(verdicts)].map(([cause, invoiceIds]) => ({
    id: deps.ids.uuid(),
    invoiceIds,
    cause,
    at,
  }))
  const changed = await Promise.all([
    batches.settleInvoices(tx, batch.id, ends),
    ...asides.map((aside) => batches.setAside(tx, batch.id, aside)),
  ])
  return changed.reduce((sum, { size }) => sum + size, 0)
}

/** Quota first, numbers second: the same order of locks as in `reserve.ts`. */
async function settleResources(
  deps: SettleDeps,
  tx: Tx,
  batch: SettlingBatch,
  byId: ReadonlyMap<string, BatchItem>,
  verdicts: readonly Verdict[],
): Promise<void> {
  const issued = verdicts.filter(({ to }) => to === 'issued').flatMap(({ invoiceId }) => byId.get(invoiceId) ?? [])
  const refused = verdicts.filter(({ to }) => to === 'rejected').flatMap(({ invoiceId }) => byId.get(invoiceId) ?? [])
  const period = byId.values().next().value?.period
  if (period === undefined || issued.length + refused.length === 0) return
  await deps.store.quota.settle(tx, batch.unit.id, period, {
    settledAmount: sumQuota(issued),
    releasedAmount: sumQuota(refused),
    batchId: batch.id,
  })
  if (refused.length === 0) return
  await deps.store.numbers.giveBack(tx, refused, deps.reuseRejectedNumbers ? null : 'refused')
  await deps.store.orders.wake(tx, {
    causes: ['quota_empty', 'number_pool_empty'],
    usingUnitId: batch.unit.id,
    limit: refused.length,
  })
}

interface OrderEnd {
  state: 'issued' | 'partly_issued' | 'failed'
  event: NewEvent
}

async function finishOrders(deps: SettleDeps, tx: Tx, ends: readonly OrderEnd[], at: Instant): Promise<void> {
  const finished = ends.map(({ state, event }) => ({ orderId: event.orderId, state, eventSeq: event.seq, at }))
  const events = ends.map(({ event }) => event)
  await Promise.all([deps.store.orders.finish(tx, finished), deps.store.outbox.insert(tx, events)])
}

function makeFinalEvent(
  deps: SettleDeps,
  unit: UsingUnit,
  order: OrderInProgress,
  parts: readonly OrderPart[],
  at: Instant,
): OrderEnd {
  if (parts.length !== order.invoiceCount)
    throw new Defect(`order ${order.id} has ${parts.length} of ${order.invoiceCount} parts`)
  const issuedCount = parts.filter((part) => part.state === 'issued').length
  const state = orderEnd({ issuedCount, rejectedCount: parts.length - issuedCount })
  const id = deps.ids.uuid()
  const seq = order.eventSeq + 1
  const result = buildFinalResult(
    order,
    { id, seq, at, status: state },
    parts.map((part) => toResultPart(unit, part)),
    order.warnings,
  )
  const body = JSON.stringify(result)
  const event: NewEvent = {
    id,
    orderId: order.id,
    seq,
    kind: 'final',
    corrects: null,
    routingKey: routingKeyOf(result),
    correlationId: order.correlationId,
    traceparent: order.traceparent,
    body,
    bodySha256: sha256(body),
    createdAt: at,
    lease: { owner: deps.owner, until: after(at, deps.leaseMs) },
  }
  return { state, event }
}

function toResultPart(unit: UsingUnit, part: OrderPart): ResultPart {
  return {
    ...part,
    isIssued: part.state === 'issued',
    seller: { taxNo: unit.taxNo, name: part.sellerName ?? unit.name },
    buyer: { taxNo: part.buyerTaxNo, name: part.buyerName },
    refusal: part.refusal === null ? null : { ...part.refusal, path: `/invoices/${part.splitNo - 1}` },
  }
}

function toEnd(verdict: Exclude<Verdict, { to: 'reserved' }>, at: Instant) {
  const refusal =
    verdict.to === 'issued'
      ? null
      : { ...verdict.refusal, messageEn: `the tax bureau answered: ${verdict.refusal.message}` }
  return { invoiceId: verdict.invoiceId, to: verdict.to, refusal, at }
}

function groupAside(verdicts: readonly Verdict[]): Map<ParkCause, string[]> {
  const groups = new Map<ParkCause, string[]>()
  for (const verdict of verdicts) {
    if (verdict.to !== 'reserved') continue
    groups.set(verdict.park, [...(groups.get(verdict.park) ?? []), verdict.invoiceId])
  }
  return groups
}

function countByOrder(items: readonly BatchItem[]): { orderId: string; count: number }[] {
  const counts = new Map<string, number>()
  for (const { orderId } of items) counts.set(orderId, (counts.get(orderId) ?? 0) + 1)
  return [...counts].map(([orderId, count]) => ({ orderId, count }))
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

function sumQuota(items: readonly BatchItem[]): Amount {
  return fen(items.reduce((sum, item) => sum + item.quotaAmount, 0n))
}
