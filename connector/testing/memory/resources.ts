/** Numbers, quota and the moves that fetch them. Who changes a segment or a quota holds its row until the end. */
import type {
  HeldMove,
  MoveStore,
  NumberStore,
  QuotaState,
  QuotaStore,
  TakenNumber,
} from '../../issuing/supply-ports.js'
import { amount, fen } from '../../kernel/amount.js'
import type { InvoiceNumber, UsingUnitId } from '../../kernel/ids.js'
import { Defect } from '../../kernel/never.js'
import type { TaxPeriod } from '../../kernel/time.js'
import { note } from './note.js'
import { claimOldest, dueFrom, leaseFrom, renewHeld } from './queue.js'
import { availableOf, type MoveRow, type QuotaRow, quotaId, type Schema, type SegmentRow } from './schema.js'
import type { Session } from './server.js'
import { ServerRefusal, type Transaction } from './table.js'

const NUMBER_DIGIT_COUNT = 20

export function makeNumbers(schema: Schema, session: Session): NumberStore {
  const { segments, indexes } = schema

  function segmentsOf(tx: Transaction | null, usingUnitId: UsingUnitId, year: number): SegmentRow[] {
    return segments.under(tx, indexes.segmentsByUnit, `${usingUnitId} ${year}`).sort((a, b) => a.seq - b.seq)
  }

  function stockOf(tx: Transaction | null, usingUnitId: UsingUnitId, year: number) {
    const active = segmentsOf(tx, usingUnitId, year).filter((row) => freeCountOf(row) > 0)
    return {
      freeCount: active.reduce((sum, row) => sum + freeCountOf(row), 0),
      grantedCount: active.reduce((sum, row) => sum + row.size, 0),
    }
  }

  return {
    stock: (tx, usingUnitId, year) =>
      tx === null
        ? session.read('numbers.stock', () => stockOf(null, usingUnitId, year))
        : session.run(tx, 'numbers.stock', (own) => stockOf(own, usingUnitId, year)),
    take: (tx, usingUnitId, year, count) =>
      session.run(tx, 'numbers.take', (own) => {
        const ids = segmentsOf(own, usingUnitId, year).map(({ id }) => id)
        const rows = ids.flatMap((id) => segments.lock(own, id) ?? [])
        const free = rows.flatMap((row) => row.returned.map((each) => ({ ...each, segmentId: row.id })))
        const reused = free.sort((a, b) => a.seq - b.seq).slice(0, count)
        const taken: TakenNumber[] = reused.map(({ invoiceNumber, segmentId }) => ({ invoiceNumber, segmentId }))
        for (const row of rows) {
          const freshCount = Math.min(row.size - row.nextOffset, count - taken.length)
          const isReused = (invoiceNumber: string) => reused.some((each) => each.invoiceNumber === invoiceNumber)
          const returned = row.returned.filter(({ invoiceNumber }) => !isReused(invoiceNumber))
          if (freshCount === 0 && returned.length === row.returned.length) continue
          taken.push(...listNumbers(row, freshCount))
          segments.put(own, { ...row, nextOffset: row.nextOffset + freshCount, returned })
        }
        return taken
      }),
    giveBack: (tx, numbers, burnedReason) =>
      session.run(tx, 'numbers.give_back', (own) => {
        for (const { segmentId, invoiceNumber, invoiceId } of numbers) {
          const row = segments.lock(own, segmentId)
          if (row === null || !schema.frozen.has(`${invoiceId} ${invoiceNumber}`)) {
            throw new Defect('a number was given back that was never frozen')
          }
          if (row.returned.some((each) => each.invoiceNumber === invoiceNumber)) {
            throw new ServerRefusal('23505', `number ${invoiceNumber} is free already`)
          }
          const returned = { invoiceNumber, seq: schema.nextSeq() }
          segments.put(
            own,
            burnedReason === null
              ? { ...row, returned: [...row.returned, returned] }
              : { ...row, burned: [...row.burned, invoiceNumber] },
          )
        }
      }),
    addSegment: (tx, segment) =>
      session.run(tx, 'numbers.add_segment', (own) => {
        for (const other of segments.all()) {
          const isSameMove = other.moveId === segment.moveId
          if (isSameMove && other.first === segment.first && other.last === segment.last) return 'added'
          if (isSameMove || (segment.first <= other.last && other.first <= segment.last)) return 'overlaps'
        }
        segments.put(own, { ...segment, nextOffset: 0, returned: [], burned: [], seq: schema.nextSeq() })
        return 'added'
      }),
  }
}

function freeCountOf(row: SegmentRow): number {
  return row.size - row.nextOffset + row.returned.length
}

function listNumbers(row: SegmentRow, count: number): TakenNumber[] {
  const start = BigInt(row.first) + BigInt(row.nextOffset)
  return Array.from({ length: count }, (_, index) => {
    const digits = (start + BigInt(index)).toString().padStart(NUMBER_DIGIT_COUNT, '0')
    // A number of a granted segment.
    return { invoiceNumber: digits as InvoiceNumber, segmentId: row.id }
  })
}

export function makeQuota(schema: Schema, session: Session): QuotaStore {
  const { quotas, invoices, indexes } = schema

  function find(tx: Transaction | null, usingUnitId: UsingUnitId, period: TaxPeriod): QuotaState | null {
    const row = quotas.get(tx, quotaId(usingUnitId, period))
    return row === null ? null : toState(row)
  }

  /** Parked for want of quota, the oldest first. */
  function waitingOf(tx: Transaction | null, usingUnitId: UsingUnitId) {
    const rows = invoices.under(tx, indexes.invoicesParked, 'quota_empty')
    return rows.filter((row) => row.usingUnitId === usingUnitId).sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  return {
    load: (tx, usingUnitId, period) =>
      tx === null
        ? session.read('quota.load', () => find(null, usingUnitId, period))
        : session.run(tx, 'quota.load', (own) => find(own, usingUnitId, period)),
    lock: (tx, usingUnitId, period) =>
      session.run(tx, 'quota.lock', (own) => {
        const row = quotas.lock(own, quotaId(usingUnitId, period))
        if (row === null) return null
        const first = waitingOf(own, usingUnitId).find(
          ({ quotaAmount }) => quotaAmount <= (row.monthTotal ?? quotaAmount),
        )
        if (first === undefined) return { ...toState(row), firstInLine: null }
        const { id, quotaAmount, createdAt } = first
        return { ...toState(row), firstInLine: { id, quotaAmount, createdAt } }
      }),
    reserve: (tx, usingUnitId, period, entry) =>
      session.run(tx, 'quota.reserve', (own) => {
        const row = quotas.lock(own, quotaId(usingUnitId, period))
        if (row === null || availableOf(row) < entry.amount) return false
        quotas.put(own, {
          ...row,
          reservedAmount: fen(row.reservedAmount + entry.amount),
          commitSeq: row.commitSeq + 1,
        })
        return true
      }),
    settle: (tx, usingUnitId, period, { settledAmount, releasedAmount }) =>
      session.run(tx, 'quota.settle', (own) => {
        const row = quotas.lock(own, quotaId(usingUnitId, period))
        if (row === null) throw new Defect(`quota settled in ${period}, where none was reserved`)
        quotas.put(own, {
          ...row,
          reservedAmount: fen(row.reservedAmount - settledAmount - releasedAmount),
          settledAmount: fen(row.settledAmount + settledAmount),
          commitSeq: row.commitSeq + 2,
        })
      }),
    creditDownload: (tx, usingUnitId, period, entry) =>
      session.run(tx, 'quota.credit_download', (own) => {
        const id = quotaId(usingUnitId, period)
        const row = quotas.lock(own, id) ?? emptyQuota(id, usingUnitId, period)
        quotas.put(own, {
          ...row,
          downloadedAmount: fen(row.downloadedAmount + entry.amount),
          validFrom: entry.validFrom ?? row.validFrom,
          validTo: entry.validTo ?? row.validTo,
          commitSeq: row.commitSeq + 1,
        })
      }),
    recordBureau: (usingUnitId, period, quota, at) =>
      session.alone('quota.record_bureau', (tx) => {
        const id = quotaId(usingUnitId, period)
        const row = quotas.lock(tx, id) ?? emptyQuota(id, usingUnitId, period)
        if (row.bureauAt !== null && row.bureauAt > at) return
        quotas.put(tx, { ...row, monthTotal: monthTotalOf(quota), bureauAt: at })
      }),
    shortAmount: (usingUnitId) =>
      session.read('quota.short_amount', () =>
        fen(waitingOf(null, usingUnitId).reduce((sum, { quotaAmount }) => sum + quotaAmount, 0n)),
      ),
  }
}

function emptyQuota(id: string, usingUnitId: UsingUnitId, period: TaxPeriod): QuotaRow {
  return {
    ...{ id, usingUnitId, period, validFrom: null, validTo: null, monthTotal: null, bureauAt: null, commitSeq: 0 },
    ...{ downloadedAmount: fen(0n), reservedAmount: fen(0n), settledAmount: fen(0n) },
  }
}

/** What is told of a quota is kept as it came; of it only the total of the month is ever looked at. */
function monthTotalOf(quota: unknown): bigint | null {
  if (typeof quota !== 'object' || quota === null || !('monthTotal' in quota)) return null
  const { monthTotal } = quota
  if (typeof monthTotal === 'string') return amount(monthTotal)
  return typeof monthTotal === 'bigint' ? monthTotal : null
}

function toState(row: QuotaRow): QuotaState {
  const { period, validFrom, validTo } = row
  return { period, availableAmount: availableOf(row), validFrom, validTo }
}

export function makeMoves(schema: Schema, session: Session): MoveStore {
  const { moves, indexes } = schema
  return {
    plan: (move) =>
      session.alone('moves.plan', (tx) => {
        const createdAt = session.server.clock.now()
        const own = { leasedUntil: null, answer: null, attempts: 0, fence: 0n, createdAt }
        const row: MoveRow = { ...move, ...own, state: 'planned', dueAt: createdAt }
        if (moves.conflicts(tx, row)) return null
        moves.put(tx, row)
        note(session, tx, 'move', row.id, null, 'planned')
        return { id: row.id }
      }),
    claimDue: ({ lease, limit, resting }) =>
      session.alone('moves.claim_due', (tx) => {
        const dbNow = session.server.clock.now()
        const isWanted = ({ usingUnitId }: MoveRow) => !resting.includes(usingUnitId)
        const rows = claimOldest(tx, moves, indexes.movesDue, { dbNow, limit, isWanted })
        const claimed = rows.map((row): MoveRow => {
          const held = { ...leaseFrom(dbNow, lease.ms), fence: row.fence + 1n }
          const next: MoveRow = { ...row, ...held, state: 'sent', attempts: row.attempts + 1 }
          moves.put(tx, next)
          if (row.state !== 'sent') note(session, tx, 'move', row.id, row.state, 'sent', { fence: next.fence })
          return next
        })
        return claimed.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)).map(toHeld)
      }),
    renewLeases: (held, leaseMs) =>
      session.alone('moves.renew_leases', (tx) =>
        renewHeld(tx, moves, held, leaseFrom(session.server.clock.now(), leaseMs), ({ fence }) => fence),
      ),
    finish: (tx, { id, fence, to, dueAt, answer, at }) =>
      session.run(tx, 'moves.finish', (own) => {
        const row = moves.lock(own, id)
        if (row === null || row.fence !== fence || row.state !== 'sent') return false
        const isClosed = to === 'granted' || to === 'refused'
        const later = dueFrom(session.server.clock.now(), dueAt, at) ?? row.dueAt
        moves.put(own, { ...row, state: to, dueAt: isClosed ? null : later, leasedUntil: null, answer })
        if (to !== 'sent') note(session, own, 'move', id, 'sent', to, { fence })
        return true
      }),
  }
}

function toHeld(row: MoveRow): HeldMove {
  const { id, usingUnitId, kind, serial, numberCount, amount, period, state, attempts, fence } = row
  return { id, usingUnitId, kind, serial, numberCount, amount, period, state, attempts, fence }
}
