/** Batches in one worker's hands: frozen, sent, accepted, settled; nothing moves without the fence. */
import type { BatchItem, BatchStore, HeldBatch } from '../../issuing/batch-ports.js'
import type { InvoiceState } from '../../issuing/states.js'
import { sha256 } from '../../kernel/digest.js'
import type { UsingUnitId } from '../../kernel/ids.js'
import { Defect } from '../../kernel/never.js'
import type { Instant } from '../../kernel/time.js'
import { note } from './note.js'
import { claimFairly, dueFrom, leaseFrom, renewHeld } from './queue.js'
import { type BatchItemRow, type BatchRow, IN, type InvoiceRow, isFinalBatch, type Schema } from './schema.js'
import type { Session } from './server.js'
import type { Transaction } from './table.js'

/** States that an attempt may be opened from. */
const SENDABLE = ['reserved', 'sending', 'in_doubt']
const OPEN_INVOICE_STATES: readonly InvoiceState[] = ['accepted', 'sending', 'in_doubt']

export function makeBatches(schema: Schema, session: Session): BatchStore {
  const { invoices, batches, attempts, receipts, indexes } = schema
  const dbNow = () => session.server.clock.now()

  function readyOf(tx: Transaction | null, usingUnitId: UsingUnitId): InvoiceRow[] {
    const rows = invoices.under(tx, indexes.invoicesReady, IN).filter((row) => row.usingUnitId === usingUnitId)
    return rows.sort(byId)
  }

  function parkedOf(usingUnitId: UsingUnitId, cause: string): InvoiceRow[] {
    return invoices.under(null, indexes.invoicesParked, cause).filter((row) => row.usingUnitId === usingUnitId)
  }

  /** The invoices that are still in the batch, by position; those named states only. */
  function invoicesOf(tx: Transaction | null, batch: BatchRow, states?: readonly InvoiceState[]): InvoiceRow[] {
    return batch.items.flatMap(({ invoiceId }) => {
      const row = invoices.get(tx, invoiceId)
      return row?.batchId === batch.id && (states?.includes(row.state) ?? true) ? [row] : []
    })
  }

  function moveInvoice(tx: Transaction, row: InvoiceRow, to: InvoiceState, changes: Partial<InvoiceRow> = {}): void {
    invoices.put(tx, { ...row, ...changes, state: to })
    if (row.state !== to) note(session, tx, 'invoice', row.id, row.state, to, {})
  }

  /** The batch, locked, when the fence is still the caller's and the state one of these. */
  function hold(tx: Transaction, id: string, fence: bigint, states: readonly string[]): BatchRow | null {
    const row = batches.lock(tx, id)
    return row !== null && row.fence === fence && states.includes(row.state) ? row : null
  }

  return {
    unitsWithReadyInvoices: (limit, busy = []) =>
      session.read('invoices.units_with_ready', () => {
        const rows = invoices.under(null, indexes.invoicesReady, IN).sort(byId)
        const units = new Set(rows.map((row) => row.usingUnitId))
        return [...units].filter((unitId) => !busy.includes(unitId)).slice(0, limit)
      }),
    lockReady: (tx, usingUnitId, limit) =>
      session.run(tx, 'invoices.lock_ready', (own) => {
        const rows = readyOf(own, usingUnitId).filter((row) => !invoices.isLocked(own, row.id))
        return rows.slice(0, limit).map(({ id, orderId, quotaAmount, contentSha256 }) => {
          invoices.lock(own, id)
          return { id, orderId, quotaAmount, contentSha256 }
        })
      }),
    loadContents: (tx, invoiceIds) =>
      session.run(tx, 'invoices.load_contents', (own) => {
        const rows = invoiceIds.flatMap((id) => invoices.get(own, id) ?? [])
        return new Map(rows.map(({ id, content }) => [id, content]))
      }),
    countParked: (usingUnitId, cause) =>
      session.read('invoices.count_parked', () => parkedOf(usingUnitId, cause).length),
    parkInvoices: (tx, invoiceIds, cause) =>
      session.run(tx, 'invoices.park', (own) => {
        for (const id of invoiceIds) {
          const row = invoices.lock(own, id)
          if (row?.state !== 'draft' || row.parkCause !== null) continue
          invoices.put(own, { ...row, parkCause: cause, parkedSeq: schema.nextSeq() })
          note(session, own, 'invoice', id, 'draft', 'draft', { cause })
        }
      }),
    freeze: (tx, batch) =>
      session.run(tx, 'batches.freeze', (own) => {
        const { lease, items, ...head } = batch
        const row: BatchRow = {
          ...emptyBatch(head.createdAt),
          id: head.id,
          usingUnitId: head.usingUnitId,
          parentId: head.parentId,
          state: 'sending',
          size: items.length,
          openCount: items.length,
          sellerName: head.sellerName,
          frozenSha256: head.frozenSha256,
          ...leaseOf(lease, head.createdAt, dbNow()),
          items: items.map((item) => ({ ...item })),
        }
        batches.insert(own, row)
        note(session, own, 'batch', row.id, null, 'sending', { fence: row.fence })
        for (const { invoiceId, invoiceNumber, segmentId } of items) {
          const invoice = invoices.lock(own, invoiceId)
          if (invoice?.state !== 'draft' || invoice.parkCause !== null) {
            throw new Defect(`batch ${row.id}: an invoice was no longer ready`)
          }
          const { period, issuedAt } = head
          schema.frozen.add(`${invoiceId} ${invoiceNumber}`)
          moveInvoice(own, invoice, 'sending', { invoiceNumber, segmentId, period, issuedAt, batchId: row.id })
        }
      }),
    openAttempt: (tx, { id, fence, attemptId, leaseMs }) =>
      session.run(tx, 'batches.open_attempt', (own) => {
        const known = attempts.get(own, attemptId)
        if (known !== null) return known.fence === fence ? { attemptNo: known.attemptNo } : null
        const row = hold(own, id, fence, SENDABLE)
        if (row === null || row.parkCause !== null) return null
        const attemptNo = row.attempts + 1
        batches.put(own, { ...row, ...leaseFrom(dbNow(), leaseMs), state: 'sending', attempts: attemptNo })
        if (row.state !== 'sending') note(session, own, 'batch', id, row.state, 'sending', { fence })
        attempts.insert(own, {
          id: attemptId,
          batchId: id,
          attemptNo,
          fence,
          outcome: null,
          receiptNo: null,
          finishedAt: null,
        })
        if (row.state === 'reserved') {
          for (const invoice of invoicesOf(own, row, ['reserved'])) moveInvoice(own, invoice, 'sending')
        }
        return { attemptNo }
      }),
    accept: (tx, { id, fence, attemptId, receiptNo, at, dueAt }) =>
      session.run(tx, 'batches.accept', (own) => {
        const row = batches.lock(own, id)
        if (row === null) return 'lost'
        const owner = receipts.lock(own, receiptNo)
        if (owner !== null && owner.batchId !== id) return 'receipt_of_other'
        receipts.put(own, { id: receiptNo, batchId: id })
        const attempt = attempts.lock(own, attemptId)
        if (attempt !== null && attempt.finishedAt === null) {
          attempts.put(own, { ...attempt, outcome: 'accepted', receiptNo, finishedAt: at })
        }
        if (row.fence !== fence || row.state !== 'sending') return 'lost'
        const free = { leasedBy: null, leasedUntil: null }
        const due = { polls: 0, dueAt: dueFrom(dbNow(), dueAt, at) }
        batches.put(own, { ...row, ...free, ...due, state: 'accepted', receiptNo, acceptedAt: at })
        note(session, own, 'batch', id, 'sending', 'accepted', { fence })
        for (const invoice of invoicesOf(own, row, ['sending', 'in_doubt'])) moveInvoice(own, invoice, 'accepted')
        return 'accepted'
      }),
    closeAttempt: (tx, { id, outcome, receiptNo, finishedAt }) =>
      session.run(tx, 'batches.close_attempt', (own) => {
        const row = attempts.lock(own, id)
        if (row !== null && row.finishedAt === null) attempts.put(own, { ...row, outcome, receiptNo, finishedAt })
      }),
    move: (tx, change) =>
      session.run(tx, 'batches.move', (own) => {
        const row = hold(own, change.id, change.fence, change.from)
        if (row === null) return false
        const next = applyMove(row, change, dbNow())
        batches.put(own, next)
        if (row.state !== next.state || next.parkCause !== null) {
          note(session, own, 'batch', row.id, row.state, next.state, { fence: row.fence, cause: next.parkCause })
        }
        const { invoices: along } = change
        if (along === undefined) return true
        for (const invoice of invoicesOf(own, row, along.from)) moveInvoice(own, invoice, along.to)
        return true
      }),
    divide: (tx, parent, children, at) =>
      session.run(tx, 'batches.divide', (own) => {
        const row = hold(own, parent.id, parent.fence, ['sending'])
        if (row === null) return false
        batches.put(own, { ...row, state: 'divided', dueAt: null, leasedBy: null, leasedUntil: null, openCount: 0 })
        note(session, own, 'batch', row.id, 'sending', 'divided', { fence: row.fence })
        const partState = row.wasInDoubt ? 'in_doubt' : 'reserved'
        for (const child of children) {
          const items = row.items.slice(child.positionsFrom, child.positionsTo + 1)
          batches.put(own, {
            ...emptyBatch(at),
            id: child.id,
            usingUnitId: row.usingUnitId,
            parentId: row.id,
            state: partState,
            size: items.length,
            openCount: items.length,
            sellerName: row.sellerName,
            frozenSha256: child.frozenSha256,
            wasInDoubt: row.wasInDoubt,
            doubtSince: row.doubtSince,
            ...leaseOf(child.lease, at, dbNow()),
            items,
          })
          note(session, own, 'batch', child.id, null, partState, { fence: 1n })
          for (const { invoiceId } of items) {
            const invoice = invoices.get(own, invoiceId)
            if (invoice?.batchId !== row.id || !['sending', 'in_doubt'].includes(invoice.state)) continue
            moveInvoice(own, invoice, partState, { batchId: child.id })
          }
        }
        return true
      }),
    claimDue: ({ lease, states, limit }) =>
      session.alone('batches.claim_due', (tx) => {
        const at = dbNow()
        const isWanted = (row: BatchRow) => states.includes(row.state)
        const rows = claimFairly(tx, batches, indexes.batchesDue, {
          dbNow: at,
          limit,
          isWanted,
          ownerOf: (row) => row.usingUnitId,
        })
        const claimed = rows.map((row): BatchRow => {
          const isAbandoned = row.state === 'sending' && row.attempts > 0
          const next: BatchRow = {
            ...row,
            fence: row.fence + 1n,
            leasedBy: lease.owner,
            ...leaseFrom(at, lease.ms),
            wasInDoubt: row.wasInDoubt || isAbandoned,
            doubtSince: row.doubtSince ?? (isAbandoned ? at : null),
          }
          batches.put(tx, next)
          return next
        })
        return claimed.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)).map(toHeld)
      }),
    renewLeases: (held, leaseMs) =>
      session.alone('batches.renew_leases', (tx) =>
        renewHeld(tx, batches, held, leaseFrom(dbNow(), leaseMs), ({ fence }) => fence),
      ),
    letGo: (held) =>
      session.alone('batches.let_go', (tx) => {
        for (const { id, fence } of held) {
          const row = batches.lock(tx, id)
          if (row === null || row.fence !== fence || row.leasedUntil === null) continue
          batches.put(tx, { ...row, leasedBy: null, leasedUntil: null, dueAt: dbNow() })
        }
      }),
    loadItems: (tx, batchId) => {
      const load = (own: Transaction | null) => {
        const batch = batches.get(own, batchId)
        return batch === null ? [] : invoicesOf(own, batch).map((row) => toItem(row, batch.items))
      }
      return tx === null
        ? session.read('batches.load_items', () => load(null))
        : session.run(tx, 'batches.load_items', load)
    },
    loadFrozen: (batchId) =>
      session.read('batches.load_frozen', () =>
        (batches.get(null, batchId)?.items ?? []).map(({ invoiceId, frozen, frozenSha256 }) => ({
          invoiceId,
          frozen,
          frozenSha256,
        })),
      ),
    settleInvoices: (tx, batchId, verdicts) =>
      session.run(tx, 'invoices.settle', (own) => {
        const settled = verdicts.filter(({ invoiceId, to, refusal, at }) => {
          const row = invoices.lock(own, invoiceId)
          if (row?.batchId !== batchId || !OPEN_INVOICE_STATES.includes(row.state)) return false
          const finishedAt = to === 'needs_person' ? null : at
          moveInvoice(own, row, to, { refusal, isNumberHeld: to !== 'rejected', finishedAt })
          return true
        })
        return new Set(settled.map(({ invoiceId }) => invoiceId))
      }),
    setAside: (tx, batchId, { id, invoiceIds, to, at }) =>
      session.run(tx, 'batches.set_aside', (own) => {
        const batch = batches.get(own, batchId)
        if (batch === null) return new Set()
        const rows = invoicesOf(own, batch, ['accepted']).filter((row) => invoiceIds.includes(row.id))
        if (rows.length === 0) return new Set()
        const isAside = new Set(rows.map((row) => row.id))
        const items = batch.items.filter((item) => isAside.has(item.invoiceId))
        batches.put(own, {
          ...emptyBatch(at),
          id,
          usingUnitId: batch.usingUnitId,
          parentId: batch.id,
          state: to.state,
          size: items.length,
          openCount: items.length,
          sellerName: batch.sellerName,
          frozenSha256: sha256(items.map((item) => item.frozenSha256).join('')),
          wasInDoubt: batch.wasInDoubt || to.state === 'in_doubt',
          doubtSince: to.state === 'in_doubt' ? to.since : null,
          dueAt: to.state === 'in_doubt' ? dueFrom(dbNow(), to.dueAt, at) : null,
          parkCause: to.state === 'reserved' ? to.cause : null,
          items,
        })
        note(session, own, 'batch', id, null, to.state, to.state === 'reserved' ? { cause: to.cause } : {})
        for (const row of rows) moveInvoice(own, row, to.state, { batchId: id })
        return isAside
      }),
    thawInvoices: (tx, batchId) =>
      session.run(tx, 'invoices.thaw', (own) => {
        const batch = batches.get(own, batchId)
        const rows = batch === null ? [] : invoicesOf(own, batch, ['reserved'])
        const bare = { invoiceNumber: null, segmentId: null, period: null, issuedAt: null, batchId: null }
        for (const row of rows) moveInvoice(own, row, 'draft', bare)
        return new Set(rows.map((row) => row.id))
      }),
  }
}

function applyMove(row: BatchRow, change: Parameters<BatchStore['move']>[1], dbNow: Instant): BatchRow {
  const parkCause = change.parkCause === undefined ? row.parkCause : change.parkCause
  const isOut = isFinalBatch(change.to) || parkCause !== null
  const isDoubt = change.to === 'in_doubt'
  return {
    ...row,
    state: change.to,
    parkCause,
    dueAt: isOut ? null : (dueFrom(dbNow, change.dueAt, change.at) ?? row.dueAt ?? dbNow),
    leasedBy: change.release ? null : row.leasedBy,
    leasedUntil: change.release ? null : row.leasedUntil,
    polls: change.polls ?? row.polls,
    wasInDoubt: row.wasInDoubt || isDoubt,
    doubtSince: change.doubtSince ?? row.doubtSince ?? (isDoubt ? change.at : null),
    openCount: change.openCount ?? row.openCount,
  }
}

function emptyBatch(createdAt: Instant) {
  return {
    attempts: 0,
    wasInDoubt: false,
    doubtSince: null,
    receiptNo: null,
    acceptedAt: null,
    polls: 0,
    fence: 1n,
    parkCause: null,
    dueAt: null,
    leasedBy: null,
    leasedUntil: null,
    createdAt,
  }
}

/** The lease lasts as long as asked, counted by the clock of the database. */
function leaseOf(lease: { owner: string; until: Instant }, from: Instant, dbNow: Instant) {
  return { leasedBy: lease.owner, ...leaseFrom(dbNow, lease.until - from) }
}

function toHeld(row: BatchRow): HeldBatch {
  const { id, usingUnitId, state, sellerName, attempts, wasInDoubt, doubtSince, receiptNo, acceptedAt } = row
  const { polls, fence, size, openCount } = row
  return {
    ...{ id, usingUnitId, state, sellerName, attempts, wasInDoubt, doubtSince, receiptNo, acceptedAt },
    ...{ polls, fence, size, openCount },
  }
}

function toItem(row: InvoiceRow, items: readonly BatchItemRow[]): BatchItem {
  const item = items.find(({ invoiceId }) => invoiceId === row.id)
  if (item === undefined || row.period === null || row.issuedAt === null) {
    throw new Defect(`invoice ${row.id} is in a batch that never froze it`)
  }
  return {
    invoiceId: row.id,
    orderId: row.orderId,
    invoiceNumber: item.invoiceNumber,
    state: row.state,
    segmentId: item.segmentId,
    period: row.period,
    issuedAt: row.issuedAt,
    quotaAmount: row.quotaAmount,
  }
}

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1
}
