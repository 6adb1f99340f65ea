/** Writes what mapping a waiting order again made of it; its key, revision and message stay as they were. */
import type { OrderAdvance } from '../../../connector/issuing/ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { formatAmount } from '../../../connector/kernel/amount.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson } from '../statement.js'

const ADVANCE_ORDERS: Statement = {
  name: 'orders.advance',
  text: `
    with incoming as materialized (
      select * from json_to_recordset($1) as r(id uuid, state text, park_cause text, faults jsonb, letter text,
        using_unit_id uuid, mapping_version_id uuid, gross_amount numeric, invoice_count integer,
        event_seq integer, fills text, warnings text, fence bigint)
    ), advanced as (
      update orders o
      set state = r.state,
        park_cause = r.park_cause,
        parked_at = case when r.park_cause is not null then now() end,
        faults = r.faults,
        letter = r.letter,
        using_unit_id = coalesce(r.using_unit_id, o.using_unit_id),
        mapping_version_id = r.mapping_version_id,
        gross_amount = r.gross_amount,
        invoice_count = r.invoice_count,
        open_count = r.invoice_count,
        event_seq = r.event_seq,
        -- A try that ended is no try that broke off.
        attempts = 0,
        due_at = case when r.state = 'received' and r.park_cause is null then o.due_at end,
        leased_until = null,
        finished_at = case when r.state = 'rejected' then now() end
      from incoming r
      where o.id = any(array(select id from incoming)) and o.id = r.id and o.fence = r.fence
        and o.state = 'received' and o.park_cause is null
      returning o.id, o.state, o.park_cause
    ), filled as (
      insert into order_fills (order_id, fills, warnings)
      select a.id, r.fills, r.warnings from advanced a join incoming r on r.id = a.id
      where r.fills is not null or r.warnings is not null
      on conflict (order_id) do update set fills = excluded.fills, warnings = excluded.warnings
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, cause)
      select 'order', array_agg(id), 'received', state, park_cause from advanced group by state, park_cause
    )
    select id from advanced`,
}

export async function advanceOrders(tx: Tx, orders: readonly OrderAdvance[]): Promise<ReadonlySet<string>> {
  if (orders.length === 0) return new Set()
  const rows = orders.map((order) => ({
    id: order.id,
    state: order.state,
    park_cause: order.parkCause,
    faults: order.faults.length === 0 ? undefined : order.faults,
    letter: order.letter,
    using_unit_id: order.usingUnitId,
    mapping_version_id: order.mappingVersionId,
    gross_amount: order.grossAmount === null ? null : formatAmount(order.grossAmount),
    invoice_count: order.invoiceCount,
    event_seq: order.eventSeq,
    fills: order.fills,
    warnings: order.warnings.length === 0 ? undefined : toJson(order.warnings),
    fence: order.fence.toString(),
  }))
  const advanced = await run<{ id: string }>(clientOf(tx), ADVANCE_ORDERS, [toJson(rows)])
  return new Set(advanced.map(({ id }) => id))
}
