/** Closes the incidents of an invoice, and those of its batch once no invoice of the batch waits for a person. */
import type { DoubtStore } from '../../../connector/issuing/doubt-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement, toTimestamp } from '../statement.js'

const CLOSE_INCIDENTS: Statement = {
  name: 'doubts.close_incidents',
  text: `
    with closed as (
      update incidents set closed_at = $3
      where closed_at is null and (
        invoice_id = $1
        or (batch_id = $2 and invoice_id is null and not exists (
          select from invoices i where i.batch_id = $2 and i.id <> $1 and i.state = 'needs_person'
            and i.id in (select invoice_id from upload_items where batch_id = $2))))
      returning kind, invoice_id
    )
    select count(*)::integer as count from closed where kind = 'verdict_contradicted' and invoice_id = $1`,
}

export async function closeIncidents(
  tx: Tx,
  { invoiceId, batchId, at }: Parameters<DoubtStore['closeIncidents']>[1],
): Promise<number> {
  const [row] = await run<{ count: number }>(clientOf(tx), CLOSE_INCIDENTS, [invoiceId, batchId, toTimestamp(at)])
  return row?.count ?? 0
}
