/** Writes results to the outbox, with their final ids and bytes (P5), and what travels by callback to its endpoint's queue. */
import type { NewEvent } from '../../../connector/issuing/ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'
import { packTexts } from '../wide-texts.js'

// An event with a lease is published by its writer right after the commit: that counts as its first attempt.
const INSERT_EVENTS: Statement = {
  name: 'outbox.insert',
  text: `
    with inserted as (
      insert into outbox_events (id, order_id, seq, kind, corrects, routing_key, correlation_id, traceparent, body,
        body_sha256, state, attempts, due_at, leased_by, leased_until, created_at)
      select id, order_id, seq, kind, corrects, routing_key, correlation_id, traceparent,
        convert_from(substring($2::bytea from at for length), 'UTF8'), body_sha256, state,
        case when lease_ms is null then 0 else 1 end,
        case when state = 'pending' then now() + coalesce(lease_ms, 0) * interval '1 millisecond' end,
        leased_by, now() + lease_ms * interval '1 millisecond', created_at
      from json_to_recordset($1) as r(id uuid, order_id uuid, seq integer, kind text, corrects uuid, routing_key text,
        correlation_id text, traceparent text, body_sha256 text, state text, leased_by text, lease_ms double precision,
        created_at timestamptz, at integer, length integer)
      returning id, state, created_at
    )
    insert into transitions (entity, entity_ids, to_state, at)
    select 'event', array_agg(id), state, max(created_at) from inserted group by state`,
}

// Leaves with the statement above, and only when there is something to deliver: most results take no callback.
const INSERT_DELIVERIES: Statement = {
  name: 'deliveries.insert',
  text: `
    with inserted as (
      insert into callback_deliveries (event_id, endpoint, order_id, seq, due_at, created_at)
      select event_id, endpoint, order_id, seq, now(), created_at
      from json_to_recordset($1) as r(event_id uuid, endpoint text, order_id uuid, seq integer, created_at timestamptz)
      returning event_id, created_at
    )
    insert into transitions (entity, entity_ids, to_state, at)
    select 'delivery', array_agg(event_id), 'pending', max(created_at) from inserted having count(*) > 0`,
}

export async function insertEvents(tx: Tx, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  const bodies = packTexts(events.map((event) => event.body))
  const rows = events.map((event, index) => ({
    id: event.id,
    order_id: event.orderId,
    seq: event.seq,
    kind: event.kind,
    corrects: event.corrects,
    routing_key: event.routingKey,
    correlation_id: event.correlationId,
    traceparent: event.traceparent,
    body_sha256: event.bodySha256,
    state: event.delivery === 'callback' ? 'by_callback' : 'pending',
    leased_by: event.lease?.owner,
    lease_ms: event.lease === null ? undefined : event.lease.until - event.createdAt,
    created_at: toTimestamp(event.createdAt),
    ...bodies.slices[index],
  }))
  const deliveries = events
    .filter(({ delivery }) => delivery !== 'amqp')
    .map((event) => ({
      event_id: event.id,
      endpoint: event.businessType,
      order_id: event.orderId,
      seq: event.seq,
      created_at: toTimestamp(event.createdAt),
    }))
  const client = clientOf(tx)
  await Promise.all([
    run(client, INSERT_EVENTS, [toJson(rows), bodies.bytes]),
    ...(deliveries.length === 0 ? [] : [run(client, INSERT_DELIVERIES, [toJson(deliveries)])]),
  ])
}
