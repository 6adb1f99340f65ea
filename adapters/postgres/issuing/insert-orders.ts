/** Inserts orders that are new by key and revision, with their fills and warnings. */
import type { NewOrder } from '../../../connector/issuing/ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { formatAmount } from '../../../connector/kernel/amount.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'
import { packTexts } from '../wide-texts.js'

// Inserted in the order of their keys: two replicas with the same orders wait for each other instead of deadlocking.
const INSERT_ORDERS: Statement = {
  name: 'orders.insert',
  text: `
    with incoming as materialized (
      select * from json_to_recordset($1) as r(id uuid, order_key text, revision integer, source text,
        business_type text, order_no text, inbox_id uuid, using_unit_id uuid, mapping_version_id uuid,
        letter text, state text, park_cause text, faults jsonb,
        message_id text, correlation_id text, traceparent text, gross_amount numeric, invoice_count integer,
        event_seq integer, received_at timestamptz, at integer, fills_length integer, warnings_length integer)
    ), inserted as (
      insert into orders (id, order_key, revision, source, business_type, order_no, inbox_id, using_unit_id,
        mapping_version_id, letter, state, park_cause, parked_at, faults,
        message_id, correlation_id, traceparent, gross_amount, invoice_count, open_count, event_seq, due_at,
        received_at, finished_at)
      select id, order_key, revision, source, business_type, order_no, inbox_id, using_unit_id,
        mapping_version_id, letter, state, park_cause,
        case when park_cause is not null then received_at end, faults,
        message_id, correlation_id, traceparent, gross_amount, invoice_count, invoice_count, event_seq,
        case when state = 'received' and park_cause is null then least(received_at, now()) end,
        received_at, case when state = 'rejected' then received_at end
      from incoming order by order_key, revision
      on conflict (order_key, revision) do nothing
      returning id, state, park_cause, received_at
    ), filled as (
      insert into order_fills (order_id, fills, warnings)
      select i.id, nullif(convert_from(substring($2::bytea from r.at for r.fills_length), 'UTF8'), ''),
        nullif(convert_from(substring($2::bytea from r.at + r.fills_length for r.warnings_length), 'UTF8'), '')
      from inserted i join incoming r on r.id = i.id where r.fills_length + r.warnings_length > 0
    ), moved as (
      insert into transitions (entity, entity_ids, to_state, cause, at)
      select 'order', array_agg(id), state, park_cause, max(received_at) from inserted group by state, park_cause
    )
    select id from inserted`,
}

export async function insertOrders(tx: Tx, orders: readonly NewOrder[]): Promise<ReadonlySet<string>> {
  if (orders.length === 0) return new Set()
  // Two texts of each order, side by side; an empty one stands for none.
  const texts = packTexts(
    orders.flatMap(({ fills, warnings }) => [fills ?? '', warnings.length === 0 ? '' : toJson(warnings)]),
  )
  const rows = orders.map((order, index) => ({
    id: order.id,
    order_key: order.orderKey,
    revision: order.revision,
    source: order.source,
    business_type: order.businessType,
    order_no: order.orderNo,
    inbox_id: order.inboxId,
    using_unit_id: order.usingUnitId,
    mapping_version_id: order.mappingVersionId,
    letter: order.letter,
    state: order.state,
    park_cause: order.parkCause,
    faults: order.faults.length === 0 ? undefined : order.faults,
    message_id: order.messageId,
    correlation_id: order.correlationId,
    traceparent: order.traceparent,
    gross_amount: order.grossAmount === null ? null : formatAmount(order.grossAmount),
    invoice_count: order.invoiceCount,
    event_seq: order.eventSeq,
    received_at: toTimestamp(order.receivedAt),
    at: texts.slices[index * 2]?.at,
    fills_length: texts.slices[index * 2]?.length,
    warnings_length: texts.slices[index * 2 + 1]?.length,
  }))
  const inserted = await run<{ id: string }>(clientOf(tx), INSERT_ORDERS, [toJson(rows), texts.bytes])
  return new Set(inserted.map(({ id }) => id))
}
