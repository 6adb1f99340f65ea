/** Longer leases for held batches, by the database's clock; the instant of their return to the queue moves along. */
import type pg from 'pg'
import { run, type Statement, toPlainArray } from '../statement.js'

const RENEW_LEASES: Statement = {
  name: 'batches.renew_leases',
  text: `
    update upload_batches b
    set leased_until = now() + $3 * interval '1 millisecond',
      due_at = b.due_at + (now() + $3 * interval '1 millisecond' - b.leased_until)
    from unnest($1::uuid[], $2::bigint[]) as held(id, fence)
    where b.id = any($1::uuid[]) and b.id = held.id and b.fence = held.fence and b.leased_until is not null
    returning b.id`,
}

export async function renewLeases(
  pool: pg.Pool,
  held: readonly { id: string; fence: bigint }[],
  leaseMs: number,
): Promise<ReadonlySet<string>> {
  if (held.length === 0) return new Set()
  const ids = toPlainArray(held.map(({ id }) => id))
  const fences = toPlainArray(held.map(({ fence }) => fence))
  const rows = await run<{ id: string }>(pool, RENEW_LEASES, [ids, fences, leaseMs])
  return new Set(rows.map(({ id }) => id))
}
