/**
 * When time alone next gives somebody something to do. A leased batch or move counts from the end of its lease: until
 * then its holder looks after it. An event behind an unpublished earlier one of its order waits for that one.
 */
import type pg from 'pg'
import type { Instant } from '../../../connector/kernel/time.js'
import { run, type Statement } from '../statement.js'

const NEXT_DUE_AT: Statement = {
  name: 'next_due_at',
  text: `
    select least(
      (select due_at from upload_batches where due_at is not null and (leased_until is null or leased_until <= now())
       order by due_at limit 1),
      (select min(greatest(due_at, leased_until)) from upload_batches where leased_until > now() and due_at is not null),
      (select min(case when leased_until > now() then greatest(due_at, leased_until) else due_at end)
       from bureau_moves where due_at is not null),
      (select due_at from outbox_events e
       where due_at is not null and (
         select earlier.id from outbox_events earlier
         where earlier.order_id = e.order_id and earlier.seq < e.seq and earlier.state = 'pending' limit 1) is null
       order by due_at limit 1)
    ) as due_at`,
}

export async function loadNextDueAt(pool: pg.Pool): Promise<Instant | null> {
  const [row] = await run<{ due_at: Instant | null }>(pool, NEXT_DUE_AT, [])
  return row?.due_at ?? null
}
