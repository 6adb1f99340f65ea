/**
 * Pending → published, after the broker confirmed and did not return the message (P6). The number of its attempts is the
 * fence of an event: it rises whenever one is taken up.
 */
import type pg from 'pg'
import type { OutboxStore } from '../../../connector/issuing/ports.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { run, type Statement, toPlainArray, toTimestamp } from '../statement.js'

const MARK_PUBLISHED: Statement = {
  name: 'outbox.mark_published',
  text: `
    with published as (
      update outbox_events e
      set state = 'published', confirmed_at = coalesce(confirmed_at, $3), due_at = null, leased_by = null,
        leased_until = null
      from unnest($1::uuid[], $2::integer[]) as held(id, fence)
      where e.id = any($1::uuid[]) and e.id = held.id and e.attempts = held.fence and e.state = 'pending'
      returning e.id
    )
    insert into transitions (entity, entity_ids, from_state, to_state, at)
    select 'event', array_agg(id), 'pending', 'published', $3 from published having count(*) > 0`,
}

export async function markPublished(
  pool: pg.Pool,
  events: Parameters<OutboxStore['markPublished']>[0],
  at: Instant,
): Promise<void> {
  if (events.length === 0) return
  const ids = toPlainArray(events.map(({ id }) => id))
  const fences = toPlainArray(events.map(({ attempts }) => attempts))
  await run(pool, MARK_PUBLISHED, [ids, fences, toTimestamp(at)])
}
