/** Orders and their invoices: created once by their key, mapped again, ended once. */
import type {
  NewInvoice,
  NewOrder,
  OrderAdvance,
  OrderInProgress,
  OrderPart,
  OrderStore,
  ParkedOrder,
} from '../../issuing/ports.js'
import { Defect } from '../../kernel/never.js'
import type { Instant } from '../../kernel/time.js'
import { notAfter } from './inbox.js'
import { note } from './note.js'
import { claimFairly, leaseFrom } from './queue.js'
import type { InvoiceRow, OrderRow, Schema } from './schema.js'
import type { Session } from './server.js'
import type { Transaction } from './table.js'
import { makeWaking } from './wake.js'

export function makeOrders(schema: Schema, session: Session): OrderStore {
  const { inbox, orders, invoices, indexes } = schema

  function insertOrder(tx: Transaction, order: NewOrder): boolean {
    const row = toOrderRow(schema, order, session.server.clock.now())
    if (orders.conflicts(tx, row)) return false
    orders.insert(tx, row)
    note(session, tx, 'order', row.id, null, row.state, { cause: row.parkCause })
    return true
  }

  return {
    insert: (tx, given) =>
      session.run(tx, 'orders.insert', (own) => {
        // In the order of their keys: two replicas with the same orders wait for each other instead of deadlocking.
        const sorted = [...given].sort((a, b) => compareKeys(a, b))
        return new Set(sorted.filter((order) => insertOrder(own, order)).map(({ id }) => id))
      }),
    loadLatest: (tx, orderKeys) =>
      session.run(tx, 'orders.load_latest', (own) =>
        [...new Set(orderKeys)].flatMap((key) => {
          const [latest] = orders.under(own, indexes.ordersByKey, key).sort((a, b) => b.revision - a.revision)
          if (latest === undefined) return []
          const { id, orderKey, revision, state, mappingVersionId, inboxId } = latest
          const bodySha256 = inbox.get(own, inboxId)?.bodySha256 ?? null
          return [{ id, orderKey, revision, state, mappingVersionId, bodySha256 }]
        }),
      ),
    loadBody: (tx, orderId) =>
      session.run(tx, 'orders.load_body', (own) => {
        const order = orders.get(own, orderId)
        return order === null ? null : (inbox.get(own, order.inboxId)?.body ?? null)
      }),
    loadMappingVersion: (tx, versionId) =>
      session.run(tx, 'orders.load_mapping_version', () => schema.mappingOf(versionId)),
    insertInvoices: (tx, given) =>
      session.run(tx, 'invoices.insert', (own) => {
        for (const invoice of given) {
          invoices.insert(own, toInvoiceRow(schema, invoice))
          note(session, own, 'invoice', invoice.id, null, 'draft', { cause: invoice.parkCause })
        }
      }),
    claimWoken: ({ leaseMs, limit, suspects }) =>
      session.alone('orders.claim_woken', (tx) => {
        const dbNow = session.server.clock.now()
        const rows = claimFairly(tx, orders, indexes.ordersDue, {
          dbNow,
          limit,
          ownerOf: (row) => row.businessType,
          isWanted: (row) => suspects === undefined || row.attempts > 0 === suspects,
        })
        const claimed = rows.map((row) => {
          const taken = { ...leaseFrom(dbNow, leaseMs), fence: row.fence + 1n }
          const next = { ...row, ...taken }
          orders.put(tx, next)
          return next
        })
        return claimed
          .sort((a, b) => a.receivedAt - b.receivedAt)
          .flatMap((row): ParkedOrder[] => {
            const message = inbox.get(tx, row.inboxId)
            return message === null ? [] : [toParked(row, message.body)]
          })
      }),
    begin: (held) =>
      session.alone('orders.begin', (tx) => {
        for (const { id, fence } of held) {
          const row = orders.lock(tx, id)
          if (row === null || row.fence !== fence || row.leasedUntil === null) continue
          orders.put(tx, { ...row, attempts: row.attempts + 1 })
        }
      }),
    putBack: (held) =>
      session.alone('orders.put_back', (tx) => {
        for (const { id, fence } of held) {
          const row = orders.lock(tx, id)
          if (row === null || row.fence !== fence || row.leasedUntil === null || row.dueAt === null) continue
          const dueAt = session.server.clock.now()
          orders.put(tx, { ...row, attempts: Math.max(row.attempts - 1, 0), leasedUntil: null, dueAt })
        }
      }),
    advanceReceived: (tx, advances) =>
      session.run(tx, 'orders.advance', (own) => {
        const isAdvanced = (advance: OrderAdvance): boolean => {
          const row = orders.lock(own, advance.id)
          if (row === null || row.fence !== advance.fence) return false
          if (row.state !== 'received' || row.parkCause !== null) return false
          const isWaiting = advance.state === 'received' && advance.parkCause === null
          orders.put(own, {
            ...row,
            ...pickAdvance(advance),
            usingUnitId: advance.usingUnitId ?? row.usingUnitId,
            openCount: advance.invoiceCount,
            attempts: 0,
            dueAt: isWaiting ? row.dueAt : null,
            leasedUntil: null,
            parkedSeq: advance.parkCause === null ? null : schema.nextSeq(),
            finishedAt: advance.state === 'rejected' ? session.server.clock.now() : null,
          })
          note(session, own, 'order', row.id, 'received', advance.state, { cause: advance.parkCause })
          return true
        }
        return new Set(advances.filter(isAdvanced).map(({ id }) => id))
      }),
    markInProgress: (tx, orderIds) =>
      session.run(tx, 'orders.mark_in_progress', (own) => {
        for (const id of [...orderIds].sort()) {
          const row = orders.get(own, id)
          if (row?.state !== 'mapped') continue
          const locked = orders.lock(own, id)
          if (locked?.state !== 'mapped') continue
          orders.put(own, { ...locked, state: 'in_progress' })
          note(session, own, 'order', id, 'mapped', 'in_progress')
        }
      }),
    closeParts: (tx, closed) =>
      session.run(tx, 'orders.close_parts', (own) => {
        const sorted = [...closed].sort((a, b) => (a.orderId < b.orderId ? -1 : 1))
        const rows = sorted.flatMap(({ orderId }) => {
          const row = orders.lock(own, orderId)
          return row?.state === 'in_progress' ? [row] : []
        })
        if (rows.length !== closed.length) throw new Defect('parts of an order ended that is not in progress')
        return rows.map((row, index): OrderInProgress => {
          const openCount = row.openCount - (sorted[index]?.count ?? 0)
          if (openCount !== 0) orders.put(own, { ...row, openCount })
          return toInProgress({ ...row, openCount })
        })
      }),
    finish: (tx, ends) =>
      session.run(tx, 'orders.finish', (own) => {
        for (const { orderId, state, eventSeq, at } of ends) {
          const row = orders.lock(own, orderId)
          if (row?.state !== 'in_progress') throw new Defect('an order ended that is not in progress')
          orders.put(own, { ...row, state, eventSeq, openCount: 0, finishedAt: at })
          note(session, own, 'order', orderId, 'in_progress', state)
        }
      }),
    loadParts: (tx, orderIds) =>
      session.run(tx, 'orders.load_parts', (own) =>
        [...new Set(orderIds)].sort().flatMap((orderId) =>
          invoices
            .under(own, indexes.invoicesByOrder, orderId)
            .sort((a, b) => a.splitNo - b.splitNo)
            .map((row) => toPart(row, schema.batches.get(own, row.batchId ?? '')?.sellerName ?? null)),
        ),
      ),
    ...makeWaking(schema, session),
  }
}

function compareKeys(a: NewOrder, b: NewOrder): number {
  if (a.orderKey === b.orderKey) return a.revision - b.revision
  return a.orderKey < b.orderKey ? -1 : 1
}

function toOrderRow(schema: Schema, order: NewOrder, dbNow: Instant): OrderRow {
  const isWaiting = order.state === 'received' && order.parkCause === null
  return {
    ...order,
    openCount: order.invoiceCount,
    attempts: 0,
    fence: 0n,
    dueAt: isWaiting ? notAfter(order.receivedAt, dbNow) : null,
    leasedUntil: null,
    parkedSeq: order.parkCause === null ? null : schema.nextSeq(),
    finishedAt: order.state === 'rejected' ? order.receivedAt : null,
  }
}

function toInvoiceRow(schema: Schema, invoice: NewInvoice): InvoiceRow {
  return {
    ...invoice,
    state: 'draft',
    invoiceNumber: null,
    isNumberHeld: true,
    segmentId: null,
    period: null,
    issuedAt: null,
    batchId: null,
    refusal: null,
    parkedSeq: invoice.parkCause === null ? null : schema.nextSeq(),
    finishedAt: null,
  }
}

function pickAdvance(advance: OrderAdvance) {
  const { state, parkCause, faults, warnings, letter, mappingVersionId, grossAmount, invoiceCount, eventSeq, fills } =
    advance
  return { state, parkCause, faults, warnings, letter, mappingVersionId, grossAmount, invoiceCount, eventSeq, fills }
}

function toParked(row: OrderRow, body: Buffer): ParkedOrder {
  const { id, orderKey, revision, source, businessType, orderNo, receivedAt, messageId, correlationId, traceparent } =
    row
  return {
    id,
    orderKey,
    revision,
    source,
    businessType,
    orderNo,
    body,
    receivedAt,
    messageId,
    correlationId,
    traceparent,
    attempts: row.attempts,
    fence: row.fence,
  }
}

function toInProgress(row: OrderRow): OrderInProgress {
  if (row.usingUnitId === null) throw new Defect(`order ${row.id} is in progress without a seller`)
  const { id, orderKey, source, businessType, orderNo, letter, invoiceCount, openCount, eventSeq } = row
  const { warnings, messageId, correlationId, traceparent, usingUnitId } = row
  return {
    ...{ id, orderKey, source, businessType, orderNo, letter, invoiceCount, openCount, eventSeq },
    ...{ warnings, messageId, correlationId, traceparent, usingUnitId },
  }
}

function toPart(row: InvoiceRow, sellerName: string | null): OrderPart {
  const { id: invoiceId, orderId, splitNo, state, kind, invoiceNumber, issuedAt, refusal } = row
  const { netAmount, taxAmount, grossAmount, buyerName, buyerTaxNo } = row
  return {
    ...{ invoiceId, orderId, splitNo, state, kind, invoiceNumber, issuedAt, refusal, sellerName },
    ...{ netAmount, taxAmount, grossAmount, buyerName, buyerTaxNo },
  }
}
