/** Locks the oldest ready invoices of a unit, stepping over those that another worker holds. */
import type { ReadyInvoice } from '../../../connector/issuing/batch-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { amount } from '../../../connector/kernel/amount.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

const LOCK_READY: Statement = {
  name: 'invoices.lock_ready',
  text: `
    select id, order_id, quota_amount, content_sha256 from invoices
    where using_unit_id = $1 and invoice_number is null and park_cause is null
    order by id limit $2 for update skip locked`,
}

interface ReadyRow {
  id: string
  order_id: string
  quota_amount: string
  content_sha256: string
}

export async function lockReadyInvoices(
  tx: Tx,
  usingUnitId: UsingUnitId,
  limit: number,
): Promise<readonly ReadyInvoice[]> {
  const rows = await run<ReadyRow>(clientOf(tx), LOCK_READY, [usingUnitId, limit])
  return rows.map((row) => ({
    id: row.id,
    orderId: row.order_id,
    quotaAmount: amount(row.quota_amount),
    contentSha256: row.content_sha256,
  }))
}
