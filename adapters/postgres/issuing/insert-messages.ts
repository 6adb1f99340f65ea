/** Stores messages with their raw bytes and, where known, how they ended (P0, P1). */
import type { NewInboxMessage } from '../../../connector/issuing/ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'
import { packTexts } from '../wide-texts.js'

const INSERT_MESSAGES: Statement = {
  name: 'inbox.insert',
  text: `
    with stored as (
      insert into inbox_messages (id, queue, business_type, source, message_id, correlation_id, traceparent,
        is_redelivered, body, body_sha256, received_at, disposition, order_id, faults, park_cause, parked_at, due_at)
      select id, queue, business_type, source, message_id, correlation_id, traceparent,
        is_redelivered, substring($2::bytea from at for length), body_sha256, received_at, disposition, order_id,
        faults, park_cause,
        case when park_cause is not null then received_at end,
        case when disposition is null and park_cause is null then least(received_at, now()) end
      from json_to_recordset($1) as r(id uuid, queue text, business_type text, source text, message_id text,
        correlation_id text, traceparent text, is_redelivered boolean, at integer, length integer, body_sha256 text,
        received_at timestamptz, disposition text, order_id uuid, faults jsonb, park_cause text)
      -- The answer to an earlier COMMIT of the same messages may have been lost: what it stored stays as it is.
      on conflict (id) do nothing
      returning id, disposition, park_cause, received_at
    )
    insert into transitions (entity, entity_ids, to_state, cause, at)
    select 'inbox', array_agg(id), coalesce(disposition, 'stored'), park_cause, max(received_at)
    from stored group by disposition, park_cause`,
}

export async function insertMessages(tx: Tx, messages: readonly NewInboxMessage[]): Promise<void> {
  if (messages.length === 0) return
  const bodies = packTexts(messages.map((message) => message.body))
  const rows = messages.map((message, index) => ({
    id: message.id,
    queue: message.queue,
    business_type: message.businessType,
    source: message.source,
    message_id: message.messageId,
    correlation_id: message.correlationId,
    traceparent: message.traceparent,
    is_redelivered: message.isRedelivered,
    ...bodies.slices[index],
    body_sha256: message.bodySha256,
    received_at: toTimestamp(message.receivedAt),
    disposition: message.disposition,
    order_id: message.orderId,
    faults: message.faults.length === 0 ? undefined : message.faults,
    park_cause: message.parkCause,
  }))
  await run(clientOf(tx), INSERT_MESSAGES, [toJson(rows), bodies.bytes])
}
