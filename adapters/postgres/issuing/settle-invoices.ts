/** Writes the bureau's verdicts about invoices of a batch that are still open (P5). */
import type { BatchStore, Tx } from '../../../connector/issuing/ports.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'

// Joined with itself to learn the state before; a row that changed in between no longer matches and stays untouched.
const SETTLE_INVOICES: Statement = {
  name: 'invoices.settle',
  text: `
    with incoming as materialized (
      select * from json_to_recordset($1) as r(id uuid, to_state text, refusal jsonb, at timestamptz)
    ), settled as (
      update invoices i
      set state = v.to_state,
        refusal = v.refusal,
        is_number_held = v.to_state <> 'rejected',
        finished_at = case when v.to_state <> 'needs_person' then v.at end
      from incoming v join invoices before on before.id = v.id
      where before.id = any(array(select id from incoming)) and i.id = any(array(select id from incoming))
        and i.id = before.id and i.state = before.state and i.batch_id = $2
        and before.state in ('accepted', 'sending', 'in_doubt')
      returning i.id, before.state as from_state, i.state as to_state, v.at
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, at)
      select 'invoice', array_agg(id), from_state, to_state, max(at) from settled group by from_state, to_state
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
