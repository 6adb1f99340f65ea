/** Pending → published, after the broker confirmed and did not return the message (P6). */
import type pg from 'pg'
import type { Instant } from '../../../connector/kernel/time.js'
import { run, type Statement, toPlainArray, toTimestamp } from '../statement.js'

const MARK_PUBLISHED: Statement = {
  name: 'outbox.mark_published',
  text: `
    with published as (
      update outbox_events
      set state = 'published', confirmed_at = $2, due_at = null, leased_by = null, leased_until = null
      where id = any($1::uuid[]) and state = 'pending'
      returning id
    )
    insert into transitions (entity, entity_ids, from_state, to_state, at)
    select 'event', array_agg(id), 'pending', 'published', $2 from published having count(*) > 0`,
}

export async function markPublished(pool: pg.Pool, ids: readonly string[], at: Instant): Promise<void> {
  if (ids.length === 0) return
  await run(pool, MARK_PUBLISHED, [toPlainArray(ids), toTimestamp(at)])
}
