/** All parts of orders as their result shows them. */
import type { InvoiceKind } from '../../../connector/invoice/draft.js'
import type { Refusal } from '../../../connector/issuing/batch-ports.js'
import type { OrderPart } from '../../../connector/issuing/ports.js'
import type { InvoiceState } from '../../../connector/issuing/states.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { amount } from '../../../connector/kernel/amount.js'
import type { InvoiceNumber } from '../../../connector/kernel/ids.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { clientOf } from '../database.js'
import { run, type Statement, toPlainArray } from '../statement.js'

const LOAD_PARTS: Statement = {
  name: 'orders.load_parts',
  text: `
    select i.id, i.order_id, i.split_no, i.state, i.kind, i.invoice_number, i.issued_at, i.net_amount, i.tax_amount,
      i.gross_amount, i.buyer_name, i.buyer_tax_no, i.refusal,
      (select b.seller_name from upload_batches b where b.id = i.batch_id) as seller_name
    from invoices i
    where i.order_id = any($1::uuid[])
    order by i.order_id, i.split_no`,
}

interface PartRow {
  id: string
  order_id: string
  split_no: number
  state: InvoiceState
  kind: InvoiceKind
  invoice_number: InvoiceNumber | null
  issued_at: Instant | null
  net_amount: string
  tax_amount: string
  gross_amount: string
  buyer_name: string
  buyer_tax_no: string | null
  refusal: Refusal | null
  seller_name: string | null
}

export async function loadOrderParts(tx: Tx, orderIds: readonly string[]): Promise<readonly OrderPart[]> {
  if (orderIds.length === 0) return []
  const rows = await run<PartRow>(clientOf(tx), LOAD_PARTS, [toPlainArray(orderIds)])
  return rows.map((row) => ({
    invoiceId: row.id,
    orderId: row.order_id,
    splitNo: row.split_no,
    state: row.state,
    kind: row.kind,
    invoiceNumber: row.invoice_number,
    issuedAt: row.issued_at,
    netAmount: amount(row.net_amount),
    taxAmount: amount(row.tax_amount),
    grossAmount: amount(row.gross_amount),
    buyerName: row.buyer_name,
    buyerTaxNo: row.buyer_tax_no,
    refusal: row.refusal,
    sellerName: row.seller_name,
  }))
}
