/** The items of a batch by position, with the states of their invoices. */
import type pg from 'pg'
import type { BatchItem } from '../../../connector/issuing/batch-ports.js'
import type { InvoiceState } from '../../../connector/issuing/states.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { amount } from '../../../connector/kernel/amount.js'
import type { InvoiceNumber } from '../../../connector/kernel/ids.js'
import type { Instant, TaxPeriod } from '../../../connector/kernel/time.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

// An invoice that left the batch, back to draft or into a part of it, belongs to it no more. One look per item: a join with
// the list of them is planned as a loop that sorts the whole list anew for every item.
const LOAD_ITEMS: Statement = {
  name: 'batches.load_items',
  text: `
    select i.*, u.invoice_number, u.segment_id
    from upload_items u
    cross join lateral (
      select id, order_id, state, period, issued_at, quota_amount from invoices
      where id = u.invoice_id and batch_id = $1 limit 1
    ) i
    where u.batch_id = $1
    order by u.position`,
}

interface ItemRow {
  id: string
  order_id: string
  invoice_number: InvoiceNumber
  state: InvoiceState
  segment_id: string
  period: TaxPeriod
  issued_at: Instant
  quota_amount: string
}

export async function loadBatchItems(pool: pg.Pool, tx: Tx | null, batchId: string): Promise<readonly BatchItem[]> {
  const rows = await run<ItemRow>(tx === null ? pool : clientOf(tx), LOAD_ITEMS, [batchId])
  return rows.map((row) => ({
    invoiceId: row.id,
    orderId: row.order_id,
    invoiceNumber: row.invoice_number,
    state: row.state,
    segmentId: row.segment_id,
    period: row.period,
    issuedAt: row.issued_at,
    quotaAmount: amount(row.quota_amount),
  }))
}
