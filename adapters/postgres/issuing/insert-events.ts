/** Writes results to the outbox, with their final ids and bytes (P5). */
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
        body_sha256, attempts, due_at, leased_by, leased_until, created_at)
      select id, order_id, seq, kind, corrects, routing_key, correlation_id, traceparent,
        convert_from(substring($2::bytea from at for length), 'UTF8'), body_sha256,
        case when lease_ms is null then 0 else 1 end,
        created_at + coalesce(lease_ms, 0) * interval '1 millisecond',
        leased_by, now() + lease_ms * interval '1 millisecond', created_at
      from json_to_recordset($1) as r(id uuid, order_id uuid, seq integer, kind text, corrects uuid, routing_key text,
        correlation_id text, traceparent text, body_sha256 text, leased_by text, lease_ms double precision,
        created_at timestamptz, at integer, length integer)
      returning id, created_at
    )
    insert into transitions (entity, entity_ids, to_state, at)
    select 'event', array_agg(id), 'pending', max(created_at) from inserted having count(*) > 0`,
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
    leased_by: event.lease?.owner,
    lease_ms: event.lease === null ? undefined : event.lease.until - event.createdAt,
    created_at: toTimestamp(event.createdAt),
    ...bodies.slices[index],
  }))
  await run(clientOf(tx), INSERT_EVENTS, [toJson(rows), bodies.bytes])
}
