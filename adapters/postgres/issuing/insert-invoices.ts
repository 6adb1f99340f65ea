/** Inserts approved invoices with their canonical contents; ready at once unless they are parked. */
import type { NewInvoice } from '../../../connector/issuing/ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { formatAmount } from '../../../connector/kernel/amount.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'
import { packTexts } from '../wide-texts.js'

const INSERT_INVOICES: Statement = {
  name: 'invoices.insert',
  text: `
    with incoming as materialized (
      select * from json_to_recordset($1) as r(id uuid, order_id uuid, split_no integer, using_unit_id uuid,
        park_cause text, kind text, buyer_name text, buyer_tax_no text, net_amount numeric, tax_amount numeric,
        gross_amount numeric, quota_amount numeric, content_sha256 text, created_at timestamptz,
        at integer, length integer)
    ), inserted as (
      insert into invoices (id, order_id, split_no, using_unit_id, state, park_cause, parked_at, kind, buyer_name,
        buyer_tax_no, net_amount, tax_amount, gross_amount, quota_amount, content_sha256, created_at)
      select id, order_id, split_no, using_unit_id, 'draft', park_cause,
        case when park_cause is not null then created_at end, kind, buyer_name,
        buyer_tax_no, net_amount, tax_amount, gross_amount, quota_amount, content_sha256, created_at
      from incoming
      returning id, park_cause, created_at
    ), contents as (
      insert into invoice_contents (invoice_id, content)
      select id, convert_from(substring($2::bytea from at for length), 'UTF8') from incoming
    )
    insert into transitions (entity, entity_ids, to_state, cause, at)
    select 'invoice', array_agg(id), 'draft', park_cause, max(created_at) from inserted group by park_cause`,
}

export async function insertInvoices(tx: Tx, invoices: readonly NewInvoice[]): Promise<void> {
  if (invoices.length === 0) return
  const contents = packTexts(invoices.map((invoice) => invoice.content))
  const rows = invoices.map((invoice, index) => ({
    id: invoice.id,
    order_id: invoice.orderId,
    split_no: invoice.splitNo,
    using_unit_id: invoice.usingUnitId,
    park_cause: invoice.parkCause,
    kind: invoice.kind,
    buyer_name: invoice.buyerName,
    buyer_tax_no: invoice.buyerTaxNo,
    net_amount: formatAmount(invoice.netAmount),
    tax_amount: formatAmount(invoice.taxAmount),
    gross_amount: formatAmount(invoice.grossAmount),
    quota_amount: formatAmount(invoice.quotaAmount),
    content_sha256: invoice.contentSha256,
    created_at: toTimestamp(invoice.createdAt),
    ...contents.slices[index],
  }))
  await run(clientOf(tx), INSERT_INVOICES, [toJson(rows), contents.bytes])
}
