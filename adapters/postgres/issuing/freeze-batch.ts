/** Freezes numbers and bytes of a batch before the first byte leaves (P2, P3; design D4). */
import type { NewBatch } from '../../../connector/issuing/batch-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { Defect } from '../../../connector/kernel/never.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'
import { packTexts } from '../wide-texts.js'

// $1 batch, $2 items, $3 their bytes. The lease lasts as long as asked, counted by the database's clock.
const FREEZE_BATCH: Statement = {
  name: 'batches.freeze',
  text: `
    with batch as materialized (
      select * from json_to_record($1) as b(id uuid, using_unit_id uuid, parent_id uuid, size integer,
        seller_name text, frozen_sha256 text, period text, issued_at timestamptz, leased_by text,
        lease_ms double precision, created_at timestamptz)
    ), incoming as materialized (
      select * from json_to_recordset($2) as r(position integer, invoice_id uuid, invoice_number text,
        segment_id uuid, frozen_sha256 text, at integer, length integer)
    ), inserted as (
      insert into upload_batches (id, using_unit_id, parent_id, state, size, open_count, seller_name, frozen_sha256,
        due_at, leased_by, leased_until, created_at)
      select id, using_unit_id, parent_id, 'sending', size, size, seller_name, frozen_sha256,
        now() + lease_ms * interval '1 millisecond', leased_by, now() + lease_ms * interval '1 millisecond', created_at
      from batch returning id, fence
    ), items as (
      insert into upload_items (batch_id, position, invoice_id, invoice_number, segment_id, frozen, frozen_sha256)
      select b.id, r.position, r.invoice_id, r.invoice_number, r.segment_id,
        convert_from(substring($3::bytea from r.at for r.length), 'UTF8'), r.frozen_sha256
      from batch b cross join incoming r
    ), frozen as (
      update invoices i
      set state = 'sending', invoice_number = r.invoice_number, segment_id = r.segment_id, period = b.period,
        issued_at = b.issued_at, batch_id = b.id
      from batch b cross join incoming r
      where i.id = any(array(select invoice_id from incoming)) and i.id = r.invoice_id
        and i.state = 'draft' and i.park_cause is null
      returning i.id
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, fence)
      select 'batch', array[id], null, 'sending', fence from inserted
      union all
      select 'invoice', array_agg(id), 'draft', 'sending', 0 from frozen having count(*) > 0
    )
    select count(*)::integer as count from frozen`,
}

/** Errors: Defect when an invoice is not ready any more, although its row was locked. */
export async function freezeBatch(tx: Tx, batch: NewBatch): Promise<void> {
  const texts = packTexts(batch.items.map((item) => item.frozen))
  const head = {
    id: batch.id,
    using_unit_id: batch.usingUnitId,
    parent_id: batch.parentId,
    size: batch.items.length,
    seller_name: batch.sellerName,
    frozen_sha256: batch.frozenSha256,
    period: batch.period,
    issued_at: toTimestamp(batch.issuedAt),
    leased_by: batch.lease.owner,
    lease_ms: batch.lease.until - batch.createdAt,
    created_at: toTimestamp(batch.createdAt),
  }
  const items = batch.items.map((item, position) => ({
    position,
    invoice_id: item.invoiceId,
    invoice_number: item.invoiceNumber,
    segment_id: item.segmentId,
    frozen_sha256: item.frozenSha256,
    ...texts.slices[position],
  }))
  const values = [toJson(head), toJson(items), texts.bytes]
  const [frozen] = await run<{ count: number }>(clientOf(tx), FREEZE_BATCH, values)
  if (frozen?.count !== batch.items.length) throw new Defect(`batch ${batch.id}: an invoice was no longer ready`)
}
