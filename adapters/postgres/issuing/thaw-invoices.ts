/** Takes number and batch away from invoices whose frozen bytes are too old to be sent; they are ready to be numbered. */
import type { Tx } from '../../../connector/issuing/transaction.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { clientOf } from '../database.js'
import { run, type Statement, toTimestamp } from '../statement.js'

const THAW_INVOICES: Statement = {
  name: 'invoices.thaw',
  text: `
    with thawed as (
      update invoices
      set state = 'draft', invoice_number = null, segment_id = null, period = null, issued_at = null, batch_id = null
      where id = any(array(select invoice_id from upload_items where batch_id = $1))
        and batch_id = $1 and state = 'reserved'
      returning id
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, at)
      select 'invoice', array_agg(id), 'reserved', 'draft', $2 from thawed having count(*) > 0
    )
    select id from thawed`,
}

export async function thawInvoices(tx: Tx, batchId: string, at: Instant): Promise<ReadonlySet<string>> {
  const thawed = await run<{ id: string }>(clientOf(tx), THAW_INVOICES, [batchId, toTimestamp(at)])
  return new Set(thawed.map(({ id }) => id))
}
