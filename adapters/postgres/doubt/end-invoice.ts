/** Ends an invoice by hand, or turns an end round; with the number held or not, as the end says. */
import type { DoubtStore } from '../../../connector/issuing/doubt-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { Defect } from '../../../connector/kernel/never.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'

const END_INVOICE: Statement = {
  name: 'doubts.end_invoice',
  text: `
    with ended as (
      update invoices
      set state = $3, refusal = nullif($4::jsonb, 'null'), is_number_held = $3 = 'issued', finished_at = $5
      where id = $1 and state = $2
      returning id
    ), noted as (
      insert into transitions (entity, entity_ids, from_state, to_state, cause, at)
      select 'invoice', array[id], $2::text, $3::text, 'by_hand', $5::timestamptz from ended
    )
    select count(*)::integer as count from ended`,
}

/** Errors: Defect when it is in another state, although it was locked in this one. */
export async function endInvoice(tx: Tx, end: Parameters<DoubtStore['endInvoice']>[1]): Promise<void> {
  const values = [end.invoiceId, end.from, end.to, toJson(end.refusal), toTimestamp(end.at)]
  const [ended] = await run<{ count: number }>(clientOf(tx), END_INVOICE, values)
  if (ended?.count !== 1) throw new Defect(`invoice ${end.invoiceId} is not in ${end.from} any more`)
}
