/** Locks what two people end by hand: the order first, as everywhere, then the invoice. */
import type { DoubtCase } from '../../../connector/issuing/doubt-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { amount } from '../../../connector/kernel/amount.js'
import type { InvoiceNumber, UsingUnitId } from '../../../connector/kernel/ids.js'
import type { TaxPeriod } from '../../../connector/kernel/time.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

/** The invoice under a number that waits for people: in doubt for too long, or ended and contradicted. */
export const WAITING = `
  i.state = 'needs_person' or (i.state in ('issued', 'rejected') and exists (
    select from incidents n where n.invoice_id = i.id and n.kind = 'verdict_contradicted' and n.closed_at is null))`

const LOCK_ORDER: Statement = {
  name: 'doubts.lock_order',
  text: `
    select o.id from orders o
    where o.id in (select i.order_id from invoices i where i.invoice_number = $1 and (${WAITING}))
    order by o.id for update`,
}

const LOCK_INVOICE: Statement = {
  name: 'doubts.lock_invoice',
  text: `
    select i.id, i.invoice_number, i.segment_id, i.batch_id, i.order_id, i.using_unit_id, i.period, i.quota_amount, i.state,
      (select o.state = 'in_progress' from orders o where o.id = i.order_id) as is_order_open,
      exists (select from invoices other where other.invoice_number = i.invoice_number and other.is_number_held
        and other.id <> i.id) as is_number_elsewhere
    from invoices i where i.invoice_number = $1 and (${WAITING})
    order by i.is_number_held desc, i.id limit 1 for update`,
}

interface CaseRow {
  id: string
  invoice_number: InvoiceNumber
  segment_id: string
  batch_id: string
  order_id: string
  using_unit_id: UsingUnitId
  period: TaxPeriod
  quota_amount: string
  state: DoubtCase['state']
  is_order_open: boolean
  is_number_elsewhere: boolean
}

export async function lockDoubt(tx: Tx, invoiceNumber: string): Promise<DoubtCase | null> {
  const client = clientOf(tx)
  const [, [row]] = await Promise.all([
    run(client, LOCK_ORDER, [invoiceNumber]),
    run<CaseRow>(client, LOCK_INVOICE, [invoiceNumber]),
  ])
  if (row === undefined) return null
  return {
    invoiceId: row.id,
    invoiceNumber: row.invoice_number,
    segmentId: row.segment_id,
    batchId: row.batch_id,
    orderId: row.order_id,
    usingUnitId: row.using_unit_id,
    period: row.period,
    quotaAmount: amount(row.quota_amount),
    state: row.state,
    isOrderOpen: row.is_order_open,
    isNumberElsewhere: row.is_number_elsewhere,
  }
}
