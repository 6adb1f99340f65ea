/**
 * Writes that the bureau took an upload (P4): its receipt, the batch and its invoices, the attempt. A receipt belongs to
 * the batch that had it first, for ever and within its direct unit; one that another batch had is no proof (design D14),
 * and then nothing else is written.
 */
import type { BatchStore } from '../../../connector/issuing/batch-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { assert } from '../../../connector/kernel/never.js'
import { clientOf } from '../database.js'
import { run, type Statement, toTimestamp } from '../statement.js'

// $1 batch, $2 fence, $3 attempt, $4 receipt, $5 request id, $6 instant, $7 ms until it is due. A stale worker still tells what its
// own attempt was answered, and whose the receipt is; the batch stays with the holder of the fence.
const ACCEPT_BATCH: Statement = {
  name: 'batches.accept',
  text: `
    with batch as materialized (
      select b.id, u.direct_unit_id, b.fence = $2 and b.state = 'sending' as is_held
      from upload_batches b join using_units u on u.id = b.using_unit_id
      where b.id = $1 for update of b
    ), noted_receipt as (
      insert into upload_receipts (direct_unit_id, receipt_no, batch_id) select direct_unit_id, $4, id from batch
      on conflict do nothing returning batch_id
    ), receipt as materialized (
      select exists (select from noted_receipt) or exists (
        select from upload_receipts r join batch b on r.direct_unit_id = b.direct_unit_id and r.batch_id = b.id
        where r.receipt_no = $4) as is_own
    ), closed as (
      update upload_attempts
      set outcome = 'accepted', left_process = true, receipt_no = $4, request_id = $5, answer = null, finished_at = $6
      where id = $3 and finished_at is null and (select is_own from receipt)
    ), accepted as (
      update upload_batches b
      set state = 'accepted', receipt_no = $4, accepted_at = $6, polls = 0, due_at = now() + $7 * interval '1 millisecond',
        leased_by = null, leased_until = null
      where b.id = (select id from batch where is_held) and (select is_own from receipt)
      returning b.id, b.fence
    ), before as materialized (
      select i.id, i.state from invoices i
      where (select is_held from batch) and (select is_own from receipt)
        and i.id = any(array(select invoice_id from upload_items where batch_id = $1))
        and i.batch_id = $1 and i.state in ('sending', 'in_doubt')
    ), moved_invoices as (
      update invoices i set state = 'accepted'
      where i.id = any(array(select id from before)) and i.batch_id = $1 and i.state in ('sending', 'in_doubt')
    ), noted as (
      insert into transitions (entity, entity_ids, from_state, to_state, fence, at)
      select 'batch', array[id], 'sending', 'accepted', fence, $6::timestamptz from accepted
      union all
      select 'invoice', array_agg(id), state, 'accepted', 0, $6::timestamptz from before group by state
    )
    select (select is_own from receipt) as is_own, exists (select from accepted) as is_accepted`,
}

export async function acceptBatch(
  tx: Tx,
  batch: Parameters<BatchStore['accept']>[1],
): Promise<'accepted' | 'receipt_of_other' | 'lost'> {
  const [row] = await run<{ is_own: boolean; is_accepted: boolean }>(clientOf(tx), ACCEPT_BATCH, [
    batch.id,
    batch.fence,
    batch.attemptId,
    batch.receiptNo,
    batch.requestId,
    toTimestamp(batch.at),
    batch.dueAt - batch.at,
  ])
  assert(row !== undefined, 'a select without a table answered no row')
  if (!row.is_own) return 'receipt_of_other'
  return row.is_accepted ? 'accepted' : 'lost'
}
