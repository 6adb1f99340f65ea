/** Takes up pending events that are due and first in line of their order. */
import type pg from 'pg'
import type { OutboxStore, PendingEvent } from '../../../connector/issuing/ports.js'
import { run, type Statement } from '../statement.js'
import { fairPick } from './fair-pick.js'

// The key that an event is routed by names its business type and status: as near to an owner as an event comes.
const PICK = fairPick({
  table: 'outbox_events',
  owner: 'routing_key',
  isWanted: `(
    select earlier.id from outbox_events earlier
    where earlier.order_id = r.order_id and earlier.seq < r.seq and earlier.state = 'pending' limit 1) is null`,
  limit: '$3',
})

// $1 owner, $2 lease in ms, $3 limit
const CLAIM_EVENTS: Statement = {
  name: 'outbox.claim_due',
  text: `${PICK}, claimed as (
      update outbox_events e
      set attempts = e.attempts + 1,
        leased_by = $1,
        leased_until = now() + $2 * interval '1 millisecond',
        due_at = now() + $2 * interval '1 millisecond'
      where e.id = any(array(select id from picked))
      returning e.*
    )
    select id, order_id, seq, routing_key, correlation_id, traceparent, body, attempts, replays
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
  replays: number
}

export async function claimDueEvents(
  pool: pg.Pool,
  options: Parameters<OutboxStore['claimDue']>[0],
): Promise<readonly PendingEvent[]> {
  const values = [options.lease.owner, options.lease.ms, options.limit]
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
    isReplay: row.replays > 0,
  }))
}
