/**
 * The way of orders through the memory, step by step as the stations go it, for tests of the memory itself: receive,
 * grant, reserve, send, accept, settle, publish. Every row is complete and true, so that an audit finds nothing.
 */
import { v7 } from 'uuid'
import type { BatchItem, FrozenItem, NewBatch } from '../issuing/batch-ports.js'
import type { Hold } from '../issuing/held.js'
import type {
  IssuingStore,
  NewEvent,
  NewInboxMessage,
  NewInvoice,
  NewOrder,
  OrderInProgress,
  OrderPart,
} from '../issuing/ports.js'
import { orderEnd } from '../issuing/states.js'
import type { Tx } from '../issuing/transaction.js'
import { type Amount, amount, fen } from '../kernel/amount.js'
import { sha256 } from '../kernel/digest.js'
import type { InvoiceNumber } from '../kernel/ids.js'
import { after, type Instant, instant, type TaxPeriod, taxPeriodOf } from '../kernel/time.js'
import { buildFinalResult, routingKeyOf } from '../result/result.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'

export const LEASE_MS = 15_000

/** The present to the millisecond: leases run by the database's clock, so a story cannot live in another year. */
export function now(): Instant {
  return instant(Date.now())
}

/** A hold that is never lost. */
export function aHold(): Hold {
  const signal = new AbortController().signal
  return { signal, sinceMs: 0, isTrusted: () => true, extend: (statement) => statement(), release: () => undefined }
}

export function aMessage(changes: Partial<NewInboxMessage> = {}): NewInboxMessage {
  const body = changes.body ?? Buffer.from(JSON.stringify({ order: v7(), note: '示例订单' }))
  return {
    id: v7(),
    queue: 'leqi.orders',
    businessType: 'shop',
    source: 'default',
    messageId: v7(),
    correlationId: null,
    traceparent: null,
    isRedelivered: false,
    bodySha256: sha256(body),
    receivedAt: now(),
    disposition: 'accepted',
    orderId: null,
    faults: [],
    parkCause: null,
    ...changes,
    body,
  }
}

export function anOrder(changes: Partial<NewOrder> = {}): NewOrder {
  const orderNo = changes.orderNo ?? v7()
  return {
    id: v7(),
    orderKey: `shop/default/${orderNo}`,
    revision: 1,
    source: 'default',
    businessType: 'shop',
    inboxId: v7(),
    usingUnitId: null,
    mappingVersionId: v7(),
    letter: 'blue',
    state: 'mapped',
    parkCause: null,
    faults: [],
    warnings: [],
    messageId: null,
    correlationId: null,
    traceparent: null,
    grossAmount: amount('113.00'),
    invoiceCount: 1,
    eventSeq: 0,
    receivedAt: now(),
    fills: '{}',
    ...changes,
    orderNo,
  }
}

export function anInvoice(order: Pick<NewOrder, 'id'>, unit: UsingUnit, changes: Partial<NewInvoice> = {}): NewInvoice {
  const id = changes.id ?? v7()
  const content = changes.content ?? JSON.stringify({ id, buyer: '某某有限公司', lines: ['咖啡杯', '茶杯'] })
  return {
    orderId: order.id,
    splitNo: 1,
    usingUnitId: unit.id,
    kind: 'ordinary',
    buyerName: '某某有限公司',
    buyerTaxNo: '91310115MA1K00023E',
    netAmount: amount('100.00'),
    taxAmount: amount('13.00'),
    grossAmount: amount('113.00'),
    quotaAmount: amount('100.00'),
    contentSha256: sha256(content),
    createdAt: now(),
    parkCause: null,
    ...changes,
    id,
    content,
  }
}

export interface Frozen {
  id: string
  fence: bigint
  items: readonly FrozenItem[]
}

/** The stations of one unit. */
export function makeStory(
  store: IssuingStore,
  unit: UsingUnit,
  owner = 'worker-1',
  delivery: NewEvent['delivery'] = 'amqp',
) {
  const period: TaxPeriod = taxPeriodOf(now())
  const year = 2000 + Number(period.slice(2, 4))

  /** Orders of `partCount` invoices each, with their messages, as one transaction. */
  async function receive(count: number, { partCount = 1, parkCause = null as NewInvoice['parkCause'] } = {}) {
    const orders = Array.from({ length: count }, () =>
      anOrder({ usingUnitId: unit.id, invoiceCount: partCount, grossAmount: fen(11_300n * BigInt(partCount)) }),
    )
    const messages = orders.map((order) => aMessage({ id: order.inboxId, orderId: order.id }))
    const invoices = orders.flatMap((order) =>
      Array.from({ length: partCount }, (_, index) => anInvoice(order, unit, { splitNo: index + 1, parkCause })),
    )
    await store.database.transaction('other', async (tx) => {
      await store.orders.insert(tx, orders)
      await store.orders.insertInvoices(tx, invoices)
      await store.inbox.insert(tx, messages)
    })
    return { orders, invoices }
  }

  /** Claims a segment of `count` numbers that no other story has, through its move. */
  async function grantNumbers(count: number): Promise<{ first: InvoiceNumber; last: InvoiceNumber }> {
    const move = await makeMove('number_claim', count, null)
    const start = BigInt(`${String(year).slice(2)}${randomDigits(12)}000001`)
    // A made-up range in the bureau's form.
    const [first, last] = [start, start + BigInt(count - 1)].map((each) => each.toString() as InvoiceNumber)
    if (first === undefined || last === undefined) throw new Error('a segment has two ends')
    await store.database.transaction('other', async (tx) => {
      await store.moves.finish(tx, { ...move, to: 'granted', dueAt: null, answer: { kind: 'granted' }, at: now() })
      const id = v7()
      await store.numbers.addSegment(tx, { id, usingUnitId: unit.id, moveId: move.id, year, first, last, size: count })
    })
    return { first, last }
  }

  async function grantQuota(yuan: string): Promise<void> {
    const move = await makeMove('quota_download', null, amount(yuan))
    const entry = { amount: amount(yuan), moveId: move.id, validFrom: null, validTo: null }
    await store.database.transaction('other', async (tx) => {
      await store.moves.finish(tx, { ...move, to: 'granted', dueAt: null, answer: { kind: 'granted' }, at: now() })
      await store.quota.creditDownload(tx, unit.id, period, entry)
    })
  }

  async function makeMove(kind: 'number_claim' | 'quota_download', numberCount: number | null, sum: Amount | null) {
    const id = v7()
    const move = { id, usingUnitId: unit.id, kind, serial: v7(), numberCount, amount: sum, period }
    await store.moves.plan(move)
    const held = await store.moves.claimDue({ lease: { owner, ms: LEASE_MS }, limit: 1_000, resting: [] })
    const own = held.find((each) => each.id === id)
    if (own === undefined) throw new Error('the move was not claimed')
    return { id, fence: own.fence }
  }

  /** Numbers, quota, frozen bytes for what is ready and fits; null when nothing is. */
  function reserve(limit = 100): Promise<Frozen | null> {
    return store.database.transaction('other', async (tx) => {
      const ready = await store.batches.lockReady(tx, unit.id, limit)
      if (ready.length === 0) return null
      const quota = await store.quota.lock(tx, unit.id, period)
      const numbers = await store.numbers.take(tx, unit.id, year, ready.length)
      const chosen = ready.slice(0, numbers.length)
      const sum = fen(chosen.reduce((total, invoice) => total + invoice.quotaAmount, 0n))
      if (chosen.length === 0 || quota === null || quota.availableAmount < sum) throw new Error('short')
      const contents = await store.batches.loadContents(
        tx,
        chosen.map((invoice) => invoice.id),
      )
      const items = chosen.map((invoice, index): FrozenItem => {
        const taken = numbers[index]
        if (taken === undefined) throw new Error('fewer numbers than invoices')
        const frozen = `${taken.invoiceNumber} ${contents.get(invoice.id)}`
        return { invoiceId: invoice.id, ...taken, frozen, frozenSha256: sha256(frozen) }
      })
      const batch = makeBatch(items)
      await store.batches.freeze(tx, batch)
      await store.orders.markInProgress(tx, [...new Set(chosen.map((invoice) => invoice.orderId))])
      await store.quota.reserve(tx, unit.id, period, { amount: sum, batchId: batch.id })
      return { id: batch.id, fence: 1n, items }
    })
  }

  function makeBatch(items: readonly FrozenItem[]): NewBatch {
    const at = now()
    return {
      id: v7(),
      usingUnitId: unit.id,
      parentId: null,
      sellerName: unit.name,
      frozenSha256: hashItems(items),
      period,
      issuedAt: at,
      items,
      lease: { owner, until: after(at, LEASE_MS) },
      createdAt: at,
    }
  }

  /** Opens an attempt and returns its id; null when the fence was lost. */
  async function send(batch: { id: string; fence: bigint }): Promise<string | null> {
    const attemptId = v7()
    const startedAt = now()
    const attempt = { ...batch, attemptId, startedAt, deadlineAt: after(startedAt, 60_000), leaseMs: LEASE_MS }
    const opened = await store.database.transaction('other', (tx) => store.batches.openAttempt(tx, attempt))
    return opened === null ? null : attemptId
  }

  /** Closes the attempt as accepted and moves the batch on; false when the fence was lost. */
  async function accept(batch: { id: string; fence: bigint }, attemptId: string, receiptNo = v7()): Promise<boolean> {
    const at = now()
    const { id, fence } = batch
    const accepted = { id, fence, attemptId, receiptNo, requestId: null, at, dueAt: at }
    return (await store.database.transaction('other', (tx) => store.batches.accept(tx, accepted))) === 'accepted'
  }

  async function closeAttempt(tx: Tx, id: string, outcome: 'in_doubt' | 'refused'): Promise<void> {
    const rest = { leftProcess: true, receiptNo: null, requestId: null, answer: null, finishedAt: now() }
    await store.batches.closeAttempt(tx, { id, outcome, ...rest })
  }

  /** Verdicts for all open items: issued, but refused for those that `isRefused` names. */
  function settle(batch: { id: string; fence: bigint }, isRefused: (item: BatchItem) => boolean = () => false) {
    const at = now()
    return store.database.transaction('other', async (tx) => {
      const items = await store.batches.loadItems(tx, batch.id)
      const change = {
        from: ['accepted' as const],
        to: 'settled' as const,
        dueAt: null,
        release: true,
        openCount: 0,
        at,
      }
      if (!(await store.batches.move(tx, { ...batch, ...change }))) return null
      await store.batches.settleInvoices(
        tx,
        batch.id,
        items.map((item) => {
          const refusal = isRefused(item) ? { code: 'BUR-02', message: '上传失败', messageEn: 'refused' } : null
          return { invoiceId: item.invoiceId, to: refusal === null ? 'issued' : 'rejected', refusal, at }
        }),
      )
      const events = await finishOrders(tx, items, at)
      const refused = items.filter(isRefused)
      const settledAmount = sumQuota(items.filter((item) => !isRefused(item)))
      await settleQuota(tx, batch.id, settledAmount, sumQuota(refused))
      await store.numbers.giveBack(tx, refused, null)
      return events
    })
  }

  function settleQuota(tx: Tx, batchId: string, settled: bigint, released: bigint): Promise<void> {
    const entry = { settledAmount: fen(settled), releasedAmount: fen(released), batchId }
    return store.quota.settle(tx, unit.id, period, entry)
  }

  async function finishOrders(tx: Tx, items: readonly BatchItem[], at: Instant): Promise<NewEvent[]> {
    const counts = new Map<string, number>()
    for (const { orderId } of items) counts.set(orderId, (counts.get(orderId) ?? 0) + 1)
    const closed = [...counts].map(([orderId, count]) => ({ orderId, count }))
    const done = (await store.orders.closeParts(tx, closed)).filter((order) => order.openCount === 0)
    const parts = await store.orders.loadParts(
      tx,
      done.map((order) => order.id),
    )
    const ends = done.map((order) =>
      makeFinal(
        unit,
        order,
        parts.filter((part) => part.orderId === order.id),
        at,
        delivery,
      ),
    )
    await store.orders.finish(
      tx,
      ends.map(({ state, event }) => ({ orderId: event.orderId, state, eventSeq: event.seq, at })),
    )
    const events = ends.map(({ event }) => event)
    await store.outbox.insert(tx, events)
    return events
  }

  /** The whole way of what is ready; returns the final events. */
  async function issueReady(isRefused: (item: BatchItem) => boolean = () => false): Promise<NewEvent[]> {
    const batch = await reserve()
    if (batch === null) return []
    const attemptId = await send(batch)
    if (attemptId === null || !(await accept(batch, attemptId))) throw new Error('the fence was lost')
    const events = (await settle(batch, isRefused)) ?? []
    await store.outbox.markPublished(
      events.map(({ id }) => ({ id, attempts: 1 })),
      now(),
    )
    return events
  }

  return {
    unit,
    owner,
    period,
    year,
    receive,
    grantNumbers,
    grantQuota,
    reserve,
    send,
    accept,
    closeAttempt,
    settle,
    settleQuota,
    issueReady,
  }
}

export type Story = ReturnType<typeof makeStory>

export function hashItems(items: readonly { frozenSha256: string }[]): string {
  return sha256(items.map((item) => item.frozenSha256).join(''))
}

function makeFinal(
  unit: UsingUnit,
  order: OrderInProgress,
  parts: readonly OrderPart[],
  at: Instant,
  delivery: NewEvent['delivery'],
) {
  const rejectedCount = parts.filter((part) => part.state === 'rejected').length
  const state = orderEnd({ issuedCount: parts.length - rejectedCount, rejectedCount })
  const [id, seq] = [v7(), order.eventSeq + 1]
  const result = buildFinalResult(
    order,
    { id, seq, at, status: state },
    parts.map((part) => ({
      ...part,
      isIssued: part.state === 'issued',
      seller: { taxNo: unit.taxNo, name: part.sellerName ?? unit.name },
      buyer: { taxNo: part.buyerTaxNo, name: part.buyerName },
      refusal: part.refusal === null ? null : { ...part.refusal, path: '' },
    })),
  )
  const body = JSON.stringify(result)
  const event: NewEvent = {
    id,
    orderId: order.id,
    seq,
    kind: 'final',
    corrects: null,
    routingKey: routingKeyOf(result),
    correlationId: null,
    traceparent: null,
    body,
    bodySha256: sha256(body),
    createdAt: at,
    businessType: order.businessType,
    delivery,
    lease: delivery === 'callback' ? null : { owner: 'worker-1', until: after(at, LEASE_MS) },
  }
  return { state, event }
}

function sumQuota(items: readonly BatchItem[]): Amount {
  return fen(items.reduce((sum, item) => sum + item.quotaAmount, 0n))
}

function randomDigits(count: number): string {
  return Array.from({ length: count }, () => Math.floor(Math.random() * 10)).join('')
}
