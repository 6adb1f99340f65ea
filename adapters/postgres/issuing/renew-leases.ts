/** Longer leases for what a worker still holds, by the database's clock; each returns to its queue when its lease ends. */
import type pg from 'pg'
import type { Held } from '../../../connector/issuing/transaction.js'
import { run, type Statement, toPlainArray } from '../statement.js'

// $1 ids, $2 fences, $3 lease in ms. A row that was let go has no lease any more, and none is given back.
const renewal = (table: string, fence: string) => `
  update ${table} t
  set leased_until = now() + $3 * interval '1 millisecond',
    due_at = now() + $3 * interval '1 millisecond'
  from unnest($1::uuid[], $2::bigint[]) as held(id, fence)
  where t.id = any($1::uuid[]) and t.id = held.id and t.${fence} = held.fence and t.leased_until is not null
  returning t.id`

const RENEWALS = {
  batches: { name: 'batches.renew_leases', text: renewal('upload_batches', 'fence') },
  moves: { name: 'moves.renew_leases', text: renewal('bureau_moves', 'fence') },
  events: { name: 'outbox.renew_leases', text: renewal('outbox_events', 'attempts') },
} satisfies Record<string, Statement>

export async function renewLeases(
  pool: pg.Pool,
  kind: keyof typeof RENEWALS,
  held: readonly Held[],
  leaseMs: number,
): Promise<ReadonlySet<string>> {
  if (held.length === 0) return new Set()
  const ids = toPlainArray(held.map(({ id }) => id))
  const fences = toPlainArray(held.map(({ fence }) => fence))
  const rows = await run<{ id: string }>(pool, RENEWALS[kind], [ids, fences, leaseMs])
  return new Set(rows.map(({ id }) => id))
}
