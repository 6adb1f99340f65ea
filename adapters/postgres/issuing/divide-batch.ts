/**
 * Divides a batch that the bureau refused as a whole: nothing of that call was stored, so its parts may be sent anew
 * (D14). What an earlier call may have left there is not touched by it: parts of a batch in doubt are in doubt.
 */
import type { BatchStore } from '../../../connector/issuing/batch-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'

const DIVIDE_BATCH: Statement = {
  name: 'batches.divide',
  text: `
    with parent as materialized (
      select id, fence, using_unit_id, seller_name, was_in_doubt, doubt_since,
        case when was_in_doubt then 'in_doubt' else 'reserved' end as part_state
      from upload_batches
      where id = $1 and fence = $2 and state = 'sending' for update
    ), incoming as materialized (
      select * from json_to_recordset($3) as c(id uuid, positions_from integer, positions_to integer,
        frozen_sha256 text, leased_by text, lease_ms double precision)
    ), divided as (
      update upload_batches b
      set state = 'divided', due_at = null, leased_by = null, leased_until = null, open_count = 0, closed_at = $4
      from parent p where b.id = p.id
    ), children as (
      insert into upload_batches (id, using_unit_id, parent_id, state, size, open_count, seller_name, frozen_sha256,
        was_in_doubt, doubt_since, due_at, leased_by, leased_until, created_at)
      select c.id, p.using_unit_id, p.id, p.part_state, c.positions_to - c.positions_from + 1,
        c.positions_to - c.positions_from + 1, p.seller_name, c.frozen_sha256,
        p.was_in_doubt, p.doubt_since, now() + c.lease_ms * interval '1 millisecond', c.leased_by,
        now() + c.lease_ms * interval '1 millisecond', $4
      from parent p cross join incoming c
      returning id, fence, state
    ), items as (
      insert into upload_items (batch_id, position, invoice_id, invoice_number, segment_id, frozen, frozen_sha256)
      select c.id, u.position - c.positions_from, u.invoice_id, u.invoice_number, u.segment_id, u.frozen,
        u.frozen_sha256
      from parent p cross join incoming c
      join upload_items u on u.batch_id = p.id and u.position between c.positions_from and c.positions_to
    ), before as materialized (
      select id, state from invoices
      where id = any(array(select invoice_id from upload_items where batch_id = $1)) and batch_id = $1
        and state in ('sending', 'in_doubt')
    ), handed_on as (
      update invoices i set state = p.part_state, batch_id = c.id
      from parent p cross join incoming c
      join upload_items u on u.batch_id = p.id and u.position between c.positions_from and c.positions_to
      where i.id = any(array(select id from before))
        and i.id = u.invoice_id and i.batch_id = p.id and i.state in ('sending', 'in_doubt')
      returning i.id, i.state as to_state
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, fence, at)
      select 'batch', array[id], 'sending', 'divided', fence, $4::timestamptz from parent
      union all
      select 'batch', array[id], null, state, fence, $4::timestamptz from children
      union all
      select 'invoice', array_agg(h.id), b.state, h.to_state, 0, $4::timestamptz
      from handed_on h join before b on b.id = h.id where b.state <> h.to_state group by b.state, h.to_state
    )
    select (select count(*) from parent)::integer as count`,
}

export async function divideBatch(
  tx: Tx,
  parent: { id: string; fence: bigint },
  children: Parameters<BatchStore['divide']>[2],
  at: Instant,
): Promise<boolean> {
  const rows = children.map((child) => ({
    id: child.id,
    positions_from: child.positionsFrom,
    positions_to: child.positionsTo,
    frozen_sha256: child.frozenSha256,
    leased_by: child.lease.owner,
    lease_ms: child.lease.until - at,
  }))
  const values = [parent.id, parent.fence, toJson(rows), toTimestamp(at)]
  const [divided] = await run<{ count: number }>(clientOf(tx), DIVIDE_BATCH, values)
  return divided?.count === 1
}
