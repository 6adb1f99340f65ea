/** Lets what waits go on: see `adapters/postgres/issuing/wake.ts`, whose three ways these are. */
import type { OrderStore, WakeFilter, Woken } from '../../issuing/ports.js'
import { notAfter } from './inbox.js'
import { note } from './note.js'
import { pickOldest } from './queue.js'
import { availableOf, IN, type InvoiceRow, type Schema } from './schema.js'
import type { Session } from './server.js'
import type { Transaction } from './table.js'

type Waking = Omit<WakeFilter, 'goesOn'> & {
  /** Only what was parked before. */
  untilSeq?: number
  /** Looked at longest ago first, instead of oldest first. */
  isSweep?: boolean
}

export function makeWaking(schema: Schema, session: Session): Pick<OrderStore, 'wake' | 'wakeOn' | 'sweep'> {
  const { wakings, indexes } = schema

  function goOnLater(tx: Transaction, { causes, usingUnitId, businessType }: WakeFilter): void {
    const id = [causes.join(','), usingUnitId ?? '', businessType ?? ''].join(' ')
    const untilSeq = schema.nextSeq()
    const turn = wakings.lock(tx, id)?.turn ?? schema.nextSeq()
    const which = { ...(usingUnitId && { usingUnitId }), ...(businessType && { businessType }) }
    wakings.put(tx, { id, causes, ...which, untilSeq, turn, isOver: false })
  }

  return {
    wake: (tx, filter) =>
      session.run(tx, 'wake', (own) => {
        const woken = { ...wakeRows(schema, session, own, filter), batches: wakeBatches(schema, session, own, filter) }
        if (filter.goesOn === true && hasMore(woken, filter.limit)) goOnLater(own, filter)
        return woken
      }),
    wakeOn: (tx, limit) =>
      session.run(tx, 'wakings.go_on', (own) => {
        const isFree = ({ id }: { id: string }) => !wakings.isLocked(own, id)
        const [next] = wakings
          .under(own, indexes.wakingsOpen, IN)
          .filter(isFree)
          .sort((a, b) => a.turn - b.turn)
        if (next === undefined) return null
        const woken = wakeRows(schema, session, own, { ...next, limit })
        wakings.put(own, { ...next, turn: schema.nextSeq(), isOver: !hasMore(woken, limit) })
        return { ...woken, batches: 0 }
      }),
    sweep: (tx, causes, limit) =>
      session.run(tx, 'sweep', (own) => ({
        ...wakeRows(schema, session, own, { causes, limit, isSweep: true }),
        batches: wakeBatches(schema, session, own, { causes, limit }),
      })),
  }
}

function hasMore({ inbox, orders, invoices }: Omit<Woken, 'batches'>, limit: number): boolean {
  return [inbox, orders, invoices].includes(limit)
}

function wakeRows(schema: Schema, session: Session, tx: Transaction, waking: Waking): Omit<Woken, 'batches'> {
  const { inbox, orders, invoices, indexes } = schema
  const { causes, usingUnitId, businessType, limit, untilSeq, isSweep = false } = waking
  const isDue = ({ parkedSeq }: { parkedSeq: number | null }) => untilSeq === undefined || (parkedSeq ?? 0) <= untilSeq
  const isOfUnit = (row: { usingUnitId: string | null }) => usingUnitId === undefined || row.usingUnitId === usingUnitId
  const isOfType = (row: { businessType: string }) => businessType === undefined || row.businessType === businessType
  const pick = { keys: causes, limit }

  const messages = pickOldest(tx, inbox, indexes.inboxParked, {
    ...pick,
    ageOf: (row) => (isSweep ? (row.parkedSeq ?? 0) : row.receivedAt),
    isWanted: (row) => isDue(row) && isOfType(row) && isOfUnit({ usingUnitId: schema.unitOfType(row.businessType) }),
  })
  for (const row of messages) {
    inbox.put(tx, {
      ...row,
      parkCause: null,
      parkedSeq: null,
      dueAt: notAfter(row.receivedAt, session.server.clock.now()),
      leasedUntil: null,
    })
    note(session, tx, 'inbox', row.id, 'stored', 'stored', { cause: 'woken' })
  }
  const waiting = pickOldest(tx, orders, indexes.ordersParked, {
    ...pick,
    ageOf: (row) => (isSweep ? (row.parkedSeq ?? 0) : row.receivedAt),
    isWanted: (row) => isDue(row) && isOfType(row) && (row.usingUnitId === null || isOfUnit(row)),
  })
  for (const row of waiting) {
    orders.put(tx, {
      ...row,
      parkCause: null,
      parkedSeq: null,
      dueAt: notAfter(row.receivedAt, session.server.clock.now()),
      leasedUntil: null,
    })
    note(session, tx, 'order', row.id, 'received', 'received', { cause: 'woken' })
  }
  const isOfOrderType = (row: InvoiceRow) => {
    const order = businessType === undefined ? null : orders.get(tx, row.orderId)
    return order === null || isOfType(order)
  }
  const drafts = pickOldest(tx, invoices, indexes.invoicesParked, {
    ...pick,
    ageOf: (row) => (isSweep ? (row.parkedSeq ?? 0) : row.id),
    isWanted: (row) => isDue(row) && isOfUnit(row) && isOfOrderType(row) && canSupply(schema, tx, row),
  })
  for (const row of drafts) {
    invoices.put(tx, { ...row, parkCause: null, parkedSeq: null })
    note(session, tx, 'invoice', row.id, 'draft', 'draft', { cause: 'woken' })
  }
  return { inbox: messages.length, orders: waiting.length, invoices: drafts.length }
}

/** A batch belongs to a unit, not to a business type. */
function wakeBatches(schema: Schema, session: Session, tx: Transaction, filter: WakeFilter): number {
  const { batches, indexes } = schema
  const { causes, usingUnitId, businessType, limit } = filter
  const rows = pickOldest(tx, batches, indexes.batchesParked, {
    ...{ keys: causes, limit, ageOf: (row) => row.createdAt },
    isWanted: (row) => businessType === undefined && (usingUnitId === undefined || row.usingUnitId === usingUnitId),
  })
  for (const row of rows) {
    batches.put(tx, {
      ...row,
      parkCause: null,
      dueAt: notAfter(row.createdAt, session.server.clock.now()),
      leasedBy: null,
      leasedUntil: null,
    })
    note(session, tx, 'batch', row.id, row.state, row.state, { cause: 'woken', fence: row.fence })
  }
  return rows.length
}

/** Whether the unit has what the invoice waits for. The latest period is the running one, or the last it issued in. */
function canSupply(schema: Schema, tx: Transaction, row: InvoiceRow): boolean {
  const { quotas, segments, indexes } = schema
  if (row.parkCause === 'quota_empty') {
    const [latest] = quotas
      .under(tx, indexes.quotasByUnit, row.usingUnitId)
      .sort((a, b) => (a.period < b.period ? 1 : -1))
    return latest !== undefined && row.quotaAmount <= availableOf(latest)
  }
  if (row.parkCause !== 'number_pool_empty') return true
  const own = segments.under(tx, indexes.segmentsOfUnit, row.usingUnitId)
  return own.some((each) => each.nextOffset < each.size || each.returned.length > 0)
}
