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
 *   02 with the words of 03       → stays open when these bytes were sent before: words prove nothing (design D14); on a
 *                                   first send the same incident
 *   anything else                 → stays open, reported
 * Of an answer that names a number which is not ours, or contradicts what an invoice has ended as, nothing is taken.
 */
import { type Amount, fen } from '../kernel/amount.js'
import type { ParkCause } from '../kernel/fault.js'
import type { IdSource } from '../kernel/ids.js'
import { assertNever, Defect } from '../kernel/never.js'
import { after, type Instant } from '../kernel/time.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import type { BatchItem, Refusal } from './batch-ports.js'
import type { ResultRow } from './bureau.js'
import type { Directory } from './directory.js'
import { endOrders } from './end-orders.js'
import type { IssuingStore, NewEvent, PendingEvent } from './ports.js'
import type { BatchState } from './states.js'
import type { Tx } from './transaction.js'

export type Verdict =
  | { invoiceId: string; to: 'issued' }
  | { invoiceId: string; to: 'rejected'; refusal: Pick<Refusal, 'code' | 'message'> }
  | { invoiceId: string; to: 'needs_person'; refusal: Pick<Refusal, 'code' | 'message'> }
  | { invoiceId: string; to: 'reserved'; park: ParkCause }

export interface SettleDeps {
  store: IssuingStore
  directory: () => Pick<Directory, 'businessType'>
  ids: IdSource
  owner: string
  leaseMs: number
  /** false: a number that the bureau refused is burned instead of used again (design D4). */
  reuseRejectedNumbers: boolean
}

/** A result that was just written; to be published by its writer where it travels by RabbitMQ. */
export type WrittenEvent = PendingEvent & Pick<NewEvent, 'delivery'>

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

/** A row that says of an ended invoice what its end is not. */
interface Contradiction {
  invoiceId: string
  told: 'issued' | 'rejected'
  said: ResultRow
}

export type Judgement =
  | { kind: 'verdicts'; verdicts: readonly Verdict[] }
  /** Nothing in the answer is taken (design D14). */
  | { kind: 'distrusted'; because: 'stranger_named' | 'two_verdicts' }
  | { kind: 'contradicted'; contradictions: readonly Contradiction[] }

/** Judges the rows of a result answer against all items of its batch; verdicts for open invoices only. Pure. */
export function judge(
  items: readonly Pick<BatchItem, 'invoiceId' | 'invoiceNumber' | 'state'>[],
  rows: readonly ResultRow[],
  wasSentBefore: boolean,
): Judgement {
  const byNumber = new Map(items.map((item) => [item.invoiceNumber as string, item]))
  const verdicts = new Map<string, Verdict>()
  const contradictions: Contradiction[] = []
  for (const row of rows) {
    const item = byNumber.get(row.invoiceNumber)
    if (item === undefined) return { kind: 'distrusted', because: 'stranger_named' }
    const contradiction = contradict(item, row)
    if (contradiction !== null) contradictions.push(contradiction)
    const verdict = isOpen(item) ? judgeRow(item.invoiceId, row, wasSentBefore) : null
    if (verdict === null) continue
    const earlier = verdicts.get(item.invoiceId)
    if (earlier !== undefined && earlier.to !== verdict.to) return { kind: 'distrusted', because: 'two_verdicts' }
    verdicts.set(item.invoiceId, verdict)
  }
  if (contradictions.length > 0) return { kind: 'contradicted', contradictions }
  return { kind: 'verdicts', verdicts: [...verdicts.values()] }
}

function contradict(
  { invoiceId, state }: Pick<BatchItem, 'invoiceId' | 'state'>,
  said: ResultRow,
): Contradiction | null {
  const saysIssued = said.status === 'issued' || said.status === 'repeated'
  if (state === 'issued' && said.status === 'refused') return { invoiceId, told: 'issued', said }
  return state === 'rejected' && saysIssued ? { invoiceId, told: 'rejected', said } : null
}

/**
 * The verification before success is told (ADR 0016): whether a row about one of our open invoices proves that the bureau
 * holds it with our content.
 *
 * What holds whenever a row is judged: its answer came under a receipt that was given to this batch and to no other; the
 * number is from a segment of our own; the bytes were frozen before they left, and no other content ever left with this
 * number but one that the bureau had refused for good. A repetition tells of an earlier upload, so there must have been one.
 */
function provesIssue(row: Pick<ResultRow, 'status'>, wasSentBefore: boolean): boolean {
  return row.status === 'issued' || (row.status === 'repeated' && wasSentBefore)
}

/** Whether the bureau has not yet answered for good about this invoice. */
export function isOpen({ state }: Pick<BatchItem, 'state'>): boolean {
  return state === 'sending' || state === 'in_doubt' || state === 'accepted'
}

function judgeRow(invoiceId: string, row: ResultRow, wasSentBefore: boolean): Verdict | null {
  if (provesIssue(row, wasSentBefore)) return { invoiceId, to: 'issued' }
  const refusal = { code: row.code ?? `BUR-${row.status}`, message: row.message }
  switch (row.status) {
    case 'issued':
    case 'repeated':
    case 'held':
      return wasSentBefore ? null : { invoiceId, to: 'needs_person', refusal }
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
): Promise<readonly WrittenEvent[] | null> {
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
): Promise<readonly WrittenEvent[]> {
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
  const lease = { owner: deps.owner, until: after(at, deps.leaseMs) }
  const [events] = await Promise.all([
    endOrders(deps, tx, batch.unit, orders, parts, { at, lease }),
    settleResources(deps, tx, batch, byId, verdicts),
  ])
  return events.map((event) => ({ ...event, attempts: 1, isReplay: false }))
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
    to: { state: 'reserved' as const, cause },
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

function sumQuota(items: readonly BatchItem[]): Amount {
  return fen(items.reduce((sum, item) => sum + item.quotaAmount, 0n))
}
