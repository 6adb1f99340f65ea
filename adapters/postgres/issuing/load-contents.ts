/** The canonical texts of invoices, by invoice. */
import type { BatchStore } from '../../../connector/issuing/batch-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement, toPlainArray } from '../statement.js'

const LOAD_CONTENTS: Statement = {
  name: 'invoices.load_contents',
  text: `select invoice_id, content from invoice_contents where invoice_id = any($1::uuid[])`,
}

export async function loadContents(
  tx: Tx,
  invoiceIds: Parameters<BatchStore['loadContents']>[1],
): Promise<ReadonlyMap<string, string>> {
  if (invoiceIds.length === 0) return new Map()
  const values = [toPlainArray(invoiceIds)]
  const rows = await run<{ invoice_id: string; content: string }>(clientOf(tx), LOAD_CONTENTS, values)
  return new Map(rows.map((row) => [row.invoice_id, row.content]))
}
