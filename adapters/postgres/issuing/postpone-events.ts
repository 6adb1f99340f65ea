/** Lets held events that could not be published be tried again later, and leaves them. */
import type pg from 'pg'
import type { OutboxStore } from '../../../connector/issuing/ports.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { run, type Statement, toJson } from '../statement.js'

const POSTPONE_EVENTS: Statement = {
  name: 'outbox.postpone',
  text: `
    with incoming as materialized (
      select * from json_to_recordset($1) as r(id uuid, fence integer, delay_ms double precision,
        is_unroutable boolean)
    )
    update outbox_events e
    set due_at = now() + p.delay_ms * interval '1 millisecond',
      leased_by = null,
      leased_until = null,
      unroutable_at = case when p.is_unroutable then coalesce(e.unroutable_at, now()) end
    from incoming p
    where e.id = any(array(select id from incoming)) and e.id = p.id and e.attempts = p.fence
      and e.state = 'pending'`,
}

export async function postponeEvents(
  pool: pg.Pool,
  events: Parameters<OutboxStore['postpone']>[0],
  at: Instant,
): Promise<void> {
  if (events.length === 0) return
  const rows = events.map(({ id, attempts, dueAt, isUnroutable }) => ({
    id,
    fence: attempts,
    delay_ms: dueAt - at,
    is_unroutable: isUnroutable,
  }))
  await run(pool, POSTPONE_EVENTS, [toJson(rows)])
}
