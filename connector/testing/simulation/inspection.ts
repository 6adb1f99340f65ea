/** Looks at a whole world: whether it is at rest, how long it may sleep, and whether its end is a good one. */
import { taxPeriodOf } from '../../kernel/time.js'
import { IN, type Schema } from '../memory/schema.js'
import type { Index } from '../memory/table.js'
import type { Office } from './office.js'
import { Violation, type Watch } from './watch.js'

/** Leases are renewed this often: nobody may sleep longer while one is held. */
const RENEWAL_MS = 4_000
/** The world never sleeps longer than this at a time. */
const NAP_MS_MAX = 10 * 60_000
const SECOND_MS = 1_000

/** Whether nothing waits in any queue. */
export function isAtRest({ indexes }: Schema): boolean {
  const { inboxDue, inboxParked, ordersDue, ordersParked, invoicesReady, invoicesParked } = indexes
  const { batchesDue, batchesParked, eventsDue, movesDue } = indexes
  const queues = [inboxDue, inboxParked, ordersDue, ordersParked, invoicesReady, invoicesParked, batchesDue]
  return [...queues, batchesParked, eventsDue, movesDue].every((index) => sizeOf(index as Index<{ id: string }>) === 0)
}

/** Until when nothing is due, so that timers may fire late. */
export function quietUntil(schema: Schema, now: number): number {
  const { indexes } = schema
  let until = now + (sizeOf(indexes.invoicesReady) > 0 ? RENEWAL_MS : NAP_MS_MAX)
  const queues = [
    { table: schema.inbox, index: indexes.inboxDue },
    { table: schema.orders, index: indexes.ordersDue },
    { table: schema.batches, index: indexes.batchesDue },
    { table: schema.events, index: indexes.eventsDue },
    { table: schema.moves, index: indexes.movesDue },
  ]
  for (const { table, index } of queues) {
    for (const id of index.ids.get(IN) ?? []) {
      const row = table.get(null, id)
      if (row === null || row.dueAt === null) continue
      if (row.leasedUntil !== null && row.leasedUntil > now) until = Math.min(until, now + RENEWAL_MS)
      else until = Math.min(until, Math.max(row.dueAt, now + SECOND_MS))
    }
  }
  return until
}

/** What is wrong with the end of a world; `isLate`: it should have come to its end long ago. */
export function inspect(schema: Schema, watch: Watch, office: Office, isLate: false): Violation | null
export function inspect(schema: Schema, watch: Watch, office: Office, isLate: true): Violation
export function inspect(schema: Schema, watch: Watch, office: Office, isLate: boolean): Violation | null {
  if (isLate) return findLate(schema)
  return findUntold(schema, watch) ?? findLostNumber(schema) ?? findDisagreement(schema, office)
}

function findLate({ inbox, orders, invoices, batches, events, moves }: Schema): Violation {
  const late = [
    ...[...inbox.all()].filter(({ disposition }) => disposition === null).map(({ id }) => id),
    ...[...orders.all()].filter(({ finishedAt }) => finishedAt === null).map(({ id }) => id),
    ...[...invoices.all()].filter(({ finishedAt }) => finishedAt === null).map(({ id }) => id),
    ...[...batches.all()].filter(({ dueAt, parkCause }) => dueAt !== null || parkCause !== null).map(({ id }) => id),
    ...[...events.all()].filter(({ state }) => state === 'pending').map(({ id }) => id),
    ...[...moves.all()].filter(({ dueAt }) => dueAt !== null).map(({ id }) => id),
  ]
  return new Violation('I14', `${late.length} things have not come to their end`, late)
}

/** I14, I7: every order has ended or waits for a person, and its result was told. */
function findUntold({ orders, invoices, incidents, indexes }: Schema, watch: Watch): Violation | null {
  const contradicted = new Set([...incidents.all()].flatMap(({ incident }) => incident.invoiceId ?? []))
  for (const order of orders.all()) {
    if (order.finishedAt !== null) {
      if (!watch.hasTold(order.id))
        return new Violation('I7', `order ${order.orderNo} ended and nobody was told`, [order.id])
      continue
    }
    const parts = invoices.under(null, indexes.invoicesByOrder, order.id)
    const isHeld = parts.some(({ id, state }) => state === 'needs_person' || contradicted.has(id))
    if (!isHeld) return new Violation('I14', `order ${order.orderNo} is ${order.state} for ever`, [order.id])
  }
  return null
}

/** I4: every number that was handed out is somebody's, free again, or burned. */
function findLostNumber({ segments, invoices }: Schema): Violation | null {
  const used = new Set<string>()
  for (const { invoiceNumber, isNumberHeld } of invoices.all()) {
    if (invoiceNumber !== null && isNumberHeld) used.add(invoiceNumber)
  }
  for (const segment of segments.all()) {
    const known = new Set([...segment.returned.map(({ invoiceNumber }) => invoiceNumber), ...segment.burned])
    const first = BigInt(segment.first)
    for (let offset = 0; offset < segment.nextOffset; offset += 1) {
      const number = (first + BigInt(offset)).toString()
      const isUsed = used.has(number)
      if (!isUsed && !known.has(number as never)) return new Violation('I4', `number ${number} is nobody's`, [number])
      if (isUsed && known.has(number as never))
        return new Violation('I4', `number ${number} is used and free`, [number])
    }
  }
  return null
}

/** I2, I6, I9: the bureau's book and ours say the same, invoice by invoice and fen by fen. */
function findDisagreement({ invoices, quotas }: Schema, office: Office): Violation | null {
  const used = new Map<string, bigint>()
  const numbered = [...invoices.all()].filter(({ isNumberHeld }) => isNumberHeld)
  const byNumber = new Map(numbered.map((row) => [row.invoiceNumber as string | null, row]))
  let isOpen = false
  for (const held of office.held.values()) {
    const row = byNumber.get(held.number)
    if (row?.state === 'needs_person') isOpen = true
    else if (row?.state !== 'issued' || row.contentSha256 !== held.content) {
      return new Violation('I9', `the bureau holds ${held.number}, and we say ${row?.state}`, [row?.id ?? held.number])
    }
    const key = `${row.usingUnitId} ${taxPeriodOf(held.issuedAt)}`
    used.set(key, (used.get(key) ?? 0n) + BigInt(held.quota))
  }
  for (const { id, settledAmount } of isOpen ? [] : quotas.all()) {
    if (settledAmount !== (used.get(id) ?? 0n))
      return new Violation('I6', `quota ${id} differs from the bureau's`, [id])
  }
  return null
}

function sizeOf(index: Index<never> | Index<{ id: string }>): number {
  let size = 0
  for (const ids of index.ids.values()) size += ids.size
  return size
}
