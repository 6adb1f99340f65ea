/** Lets ready invoices wait for a cause; nothing was taken for them. */
import type { Tx } from '../../../connector/issuing/transaction.js'
import type { ParkCause } from '../../../connector/kernel/fault.js'
import { clientOf } from '../database.js'
import { run, type Statement, toPlainArray } from '../statement.js'

const PARK_INVOICES: Statement = {
  name: 'invoices.park',
  text: `
    with parked as (
      update invoices set park_cause = $2, parked_at = now()
      where id = any($1::uuid[]) and state = 'draft' and park_cause is null
      returning id
    )
    insert into transitions (entity, entity_ids, from_state, to_state, cause)
    select 'invoice', array_agg(id), 'draft', 'draft', $2 from parked having count(*) > 0`,
}

export async function parkInvoices(tx: Tx, invoiceIds: readonly string[], cause: ParkCause): Promise<void> {
  if (invoiceIds.length === 0) return
  await run(clientOf(tx), PARK_INVOICES, [toPlainArray(invoiceIds), cause])
}
