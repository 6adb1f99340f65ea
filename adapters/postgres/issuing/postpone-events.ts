/** Lets events that could not be published be tried again later. */
import type pg from 'pg'
import type { OutboxStore } from '../../../connector/issuing/ports.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'

const POSTPONE_EVENTS: Statement = {
  name: 'outbox.postpone',
  text: `
    with incoming as materialized (
      select * from json_to_recordset($1) as r(id uuid, due_at timestamptz, is_unroutable boolean)
    )
    update outbox_events e
    set due_at = p.due_at,
      leased_by = null,
      leased_until = null,
      unroutable_at = case when p.is_unroutable then coalesce(e.unroutable_at, now()) end
    from incoming p
    where e.id = any(array(select id from incoming)) and e.id = p.id and e.state = 'pending'`,
}

export async function postponeEvents(pool: pg.Pool, events: Parameters<OutboxStore['postpone']>[0]): Promise<void> {
  if (events.length === 0) return
  const rows = events.map(({ id, dueAt, isUnroutable }) => ({
    id,
    due_at: toTimestamp(dueAt),
    is_unroutable: isUnroutable,
  }))
  await run(pool, POSTPONE_EVENTS, [toJson(rows)])
}
