/** Writes the bureau's verdicts about invoices of a batch that are still open (P5). */
import type { BatchStore } from '../../../connector/issuing/batch-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'

// The states before are read first, for the log; they hold, because the caller has moved the batch and so locked it.
const SETTLE_INVOICES: Statement = {
  name: 'invoices.settle',
  text: `
    with incoming as materialized (
      select * from json_to_recordset($1) as r(id uuid, to_state text, refusal jsonb, at timestamptz)
    ), before as materialized (
      select id, state from invoices
      where id = any(array(select id from incoming)) and batch_id = $2 and state in ('accepted', 'sending', 'in_doubt')
    ), known as materialized (
      select array_agg(id) as ids, array_agg(state) as states from before
    ), settled as (
      update invoices i
      set state = v.to_state,
        refusal = v.refusal,
        is_number_held = v.to_state <> 'rejected',
        finished_at = case when v.to_state <> 'needs_person' then v.at end
      from incoming v
      where i.id = any(array(select id from before)) and i.id = v.id
        and i.batch_id = $2 and i.state in ('accepted', 'sending', 'in_doubt')
      returning i.id, i.state as to_state, v.at
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, at)
      select 'invoice', array_agg(s.id), k.states[array_position(k.ids, s.id)], s.to_state, max(s.at)
      from settled s cross join known k group by 3, 4
    )
    select id from settled`,
}

export async function settleInvoices(
  tx: Tx,
  batchId: string,
  verdicts: Parameters<BatchStore['settleInvoices']>[2],
): Promise<ReadonlySet<string>> {
  if (verdicts.length === 0) return new Set()
  const rows = verdicts.map((verdict) => ({
    id: verdict.invoiceId,
    to_state: verdict.to,
    refusal: verdict.refusal ?? undefined,
    at: toTimestamp(verdict.at),
  }))
  const settled = await run<{ id: string }>(clientOf(tx), SETTLE_INVOICES, [toJson(rows), batchId])
  return new Set(settled.map(({ id }) => id))
}
