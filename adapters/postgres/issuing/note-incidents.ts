/**
 * Keeps incidents with their evidence; the same one again is counted. A contradicted invoice holds its order's result, and
 * when it counted as refused, its number, should nobody have it yet, is not used again: the bureau may hold it.
 */
import type { NewIncident } from '../../../connector/issuing/incidents.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'

const NOTE_INCIDENTS: Statement = {
  name: 'incidents.note',
  text: `
    with incoming as materialized (
      select * from json_to_recordset($1) as r(kind text, batch_id uuid, invoice_id uuid, at timestamptz, detail jsonb)
    ), noted as (
      insert into incidents (kind, subject_id, batch_id, invoice_id, first_at, last_at, detail)
      select kind, coalesce(invoice_id, batch_id), batch_id, invoice_id, at, at, detail from incoming
      on conflict (kind, subject_id) do update set count = incidents.count + 1, last_at = excluded.last_at
      returning kind, invoice_id, count = 1 as is_new
    ), refused as materialized (
      select i.invoice_number, i.segment_id from noted n join invoices i on i.id = n.invoice_id
      where n.is_new and n.kind = 'verdict_contradicted' and i.state = 'rejected'
    ), segments as materialized (
      select id from number_segments where id in (select segment_id from refused) order by granted_at, id for update
    ), burned as (
      update number_returns r set burned_reason = 'contradicted'
      where r.invoice_number = any(array(select invoice_number from refused))
        and r.segment_id = any(array(select id from segments)) and r.taken_at is null and r.burned_reason is null
      returning r.segment_id
    ), counted as (
      update number_segments s set returned_count = s.returned_count - b.count
      from (select segment_id, count(*)::integer as count from burned group by segment_id) b
      where s.id = b.segment_id
    ), held as (
      update orders o set open_count = o.open_count + h.count
      from (
        select i.order_id, count(*)::integer as count
        from noted n join invoices i on i.id = n.invoice_id
        where n.is_new and n.kind = 'verdict_contradicted' group by i.order_id
      ) h
      where o.id = h.order_id and o.state = 'in_progress'
    )
    select count(*)::integer as count from noted where is_new`,
}

export async function noteIncidents(tx: Tx, incidents: readonly NewIncident[]): Promise<number> {
  if (incidents.length === 0) return 0
  const rows = incidents.map(({ kind, batchId, invoiceId, at, detail }) => ({
    kind,
    batch_id: batchId,
    invoice_id: invoiceId,
    at: toTimestamp(at),
    detail,
  }))
  const [noted] = await run<{ count: number }>(clientOf(tx), NOTE_INCIDENTS, [toJson(rows)])
  return noted?.count ?? 0
}
