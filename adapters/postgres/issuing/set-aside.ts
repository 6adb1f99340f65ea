/**
 * Sets accepted invoices aside in a batch of their own, with the bytes they had: parked, when the bureau refused them for
 * a cause that time cures; in doubt, when they are the rest that nothing is known of. What was ever in doubt stays so: a
 * later `03` may still be our own earlier upload.
 */
import type { BatchStore } from '../../../connector/issuing/batch-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement, toNullableTimestamp, toPlainArray, toTimestamp } from '../statement.js'

// $1 batch, $2 id of the new batch, $3 invoices, $4 cause, $5 instant, $6 state, $7 in doubt since, $8 ms until it is
// due. The hash is that of the items' hashes, as for every batch.
const SET_ASIDE: Statement = {
  name: 'batches.set_aside',
  text: `
    with aside as (
      update invoices set state = $6::text, batch_id = $2
      where id = any($3::uuid[]) and batch_id = $1 and state = 'accepted'
      returning id
    ), items as (
      insert into upload_items (batch_id, position, invoice_id, invoice_number, segment_id, frozen, frozen_sha256)
      select $2, row_number() over (order by u.position) - 1, u.invoice_id, u.invoice_number, u.segment_id, u.frozen,
        u.frozen_sha256
      from upload_items u where u.batch_id = $1 and u.invoice_id in (select id from aside)
      returning position, frozen_sha256
    ), batch as (
      insert into upload_batches (id, using_unit_id, parent_id, state, size, open_count, seller_name, frozen_sha256,
        park_cause, was_in_doubt, doubt_since, due_at, created_at)
      select $2, b.using_unit_id, b.id, $6::text, c.count, c.count, b.seller_name, c.hash, $4::text,
        b.was_in_doubt or $6::text = 'in_doubt', $7::timestamptz,
        now() + $8::double precision * interval '1 millisecond', $5
      from upload_batches b
      cross join (
        select count(*)::integer as count,
          encode(sha256(convert_to(string_agg(frozen_sha256, '' order by position), 'UTF8')), 'hex') as hash
        from items
      ) c
      where b.id = $1 and c.count > 0
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, cause, at)
      select 'invoice', array_agg(id), 'accepted', $6::text, $4::text, $5::timestamptz from aside having count(*) > 0
      union all
      select 'batch', array[$2::uuid], null, $6::text, $4::text, $5::timestamptz from aside having count(*) > 0
    )
    select id from aside`,
}

export async function setAside(
  tx: Tx,
  batchId: string,
  aside: Parameters<BatchStore['setAside']>[2],
): Promise<ReadonlySet<string>> {
  const { to } = aside
  const isParked = to.state === 'reserved'
  const values = [
    batchId,
    aside.id,
    toPlainArray(aside.invoiceIds),
    isParked ? to.cause : null,
    toTimestamp(aside.at),
    to.state,
    toNullableTimestamp(isParked ? null : to.since),
    isParked ? null : to.dueAt - aside.at,
  ]
  const changed = await run<{ id: string }>(clientOf(tx), SET_ASIDE, values)
  return new Set(changed.map(({ id }) => id))
}
