/** Takes up pending events that are due and first in line of their order. */
import type pg from 'pg'
import type { OutboxStore, PendingEvent } from '../../../connector/issuing/ports.js'
import { run, type Statement, toTimestamp } from '../statement.js'

// $1 now, $2 owner, $3 lease in ms, $4 limit
const CLAIM_EVENTS: Statement = {
  name: 'outbox.claim_due',
  text: `
    with picked as (
      select e.id from outbox_events e
      where e.due_at <= $1 and (e.leased_until is null or e.leased_until <= now())
        and (
          select earlier.id from outbox_events earlier
          where earlier.order_id = e.order_id and earlier.seq < e.seq and earlier.state = 'pending' limit 1) is null
      order by e.due_at limit $4 for update of e skip locked
    ), claimed as (
      update outbox_events e
      set attempts = e.attempts + 1,
        leased_by = $2,
        leased_until = now() + $3 * interval '1 millisecond',
        due_at = $1::timestamptz + $3 * interval '1 millisecond'
      where e.id = any(array(select id from picked))
      returning e.*
    )
    select id, order_id, seq, routing_key, correlation_id, traceparent, body, attempts
    from claimed order by created_at, order_id, seq`,
}

interface EventRow {
  id: string
  order_id: string
  seq: number
  routing_key: string
  correlation_id: string | null
  traceparent: string | null
  body: string
  attempts: number
}

export async function claimDueEvents(
  pool: pg.Pool,
  options: Parameters<OutboxStore['claimDue']>[0],
): Promise<readonly PendingEvent[]> {
  const values = [toTimestamp(options.now), options.lease.owner, options.lease.ms, options.limit]
  const rows = await run<EventRow>(pool, CLAIM_EVENTS, values)
  return rows.map((row) => ({
    id: row.id,
    orderId: row.order_id,
    seq: row.seq,
    routingKey: row.routing_key,
    correlationId: row.correlation_id,
    traceparent: row.traceparent,
    body: row.body,
    attempts: row.attempts,
  }))
}
