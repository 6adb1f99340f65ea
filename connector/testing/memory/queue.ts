/**
 * Queues: rows that are due and in nobody's hands, oldest first, stepping over what another transaction has. Due times and
 * leases run by the clock of the database; what a caller wants later is kept as its distance from the caller's own.
 */
import type { Held } from '../../issuing/transaction.js'
import { after, type Instant } from '../../kernel/time.js'
import { IN } from './schema.js'
import type { Index, Table, Transaction } from './table.js'

interface QueueRow {
  id: string
  dueAt: Instant | null
  leasedUntil: Instant | null
}

export function claimOldest<R extends QueueRow>(
  tx: Transaction,
  table: Table<R>,
  queue: Index<R>,
  options: { dbNow: Instant; limit: number; isWanted?: (row: R) => boolean },
): R[] {
  const { dbNow, limit, isWanted = () => true } = options
  const rows = table
    .under(tx, queue, IN)
    .filter(
      (row) =>
        row.dueAt !== null &&
        row.dueAt <= dbNow &&
        (row.leasedUntil === null || row.leasedUntil <= dbNow) &&
        !table.isLocked(tx, row.id) &&
        isWanted(row),
    )
    .sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0))
  return rows.slice(0, limit)
}

/** All owners the same share, of each the oldest; with more owners than `limit`, those who wait longest have their turn. */
export function claimFairly<R extends QueueRow>(
  tx: Transaction,
  table: Table<R>,
  queue: Index<R>,
  options: Parameters<typeof claimOldest<R>>[3] & { ownerOf: (row: R) => string },
): R[] {
  const owners = new Map<string, R[]>()
  for (const row of claimOldest(tx, table, queue, { ...options, limit: Number.POSITIVE_INFINITY })) {
    const own = owners.get(options.ownerOf(row))
    if (own === undefined) owners.set(options.ownerOf(row), [row])
    else own.push(row)
  }
  const turns = [...owners.values()].slice(0, options.limit)
  const share = Math.max(1, Math.floor(options.limit / turns.length))
  return turns.flatMap((own) => own.slice(0, share))
}

/** A lease from now on, and the return to the queue at its end. */
export function leaseFrom(dbNow: Instant, ms: number) {
  return { dueAt: after(dbNow, ms), leasedUntil: after(dbNow, ms) }
}

/** The caller's `dueAt`, as far from the database's present as from the caller's `at`. */
export function dueFrom(dbNow: Instant, dueAt: Instant | null, at: Instant): Instant | null {
  return dueAt === null ? null : after(dbNow, dueAt - at)
}

export function renewHeld<R extends QueueRow>(
  tx: Transaction,
  table: Table<R>,
  held: readonly Held[],
  lease: ReturnType<typeof leaseFrom>,
  fenceOf: (row: R) => bigint,
): ReadonlySet<string> {
  const renewed = held.filter(({ id, fence }) => {
    const row = table.lock(tx, id)
    if (row === null || fenceOf(row) !== fence || row.leasedUntil === null) return false
    table.put(tx, { ...row, ...lease })
    return true
  })
  return new Set(renewed.map(({ id }) => id))
}

/** The oldest rows under one of several keys that nobody has locked. */
export function pickOldest<R extends { id: string }>(
  tx: Transaction,
  table: Table<R>,
  index: Index<R>,
  options: {
    keys: readonly string[]
    limit: number
    ageOf: (row: R) => number | string
    isWanted: (row: R) => boolean
  },
): R[] {
  const { keys, limit, ageOf, isWanted } = options
  const rows = keys
    .flatMap((key) => table.under(tx, index, key))
    .filter((row) => !table.isLocked(tx, row.id) && isWanted(row))
  return rows.sort((a, b) => compare(ageOf(a), ageOf(b))).slice(0, limit)
}

function compare(a: number | string, b: number | string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
