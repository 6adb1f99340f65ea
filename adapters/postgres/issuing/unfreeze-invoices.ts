/** Takes number and batch away from invoices that the bureau refused for a cause that time cures; they wait for it. */
import type { Tx } from '../../../connector/issuing/ports.js'
import type { ParkCause } from '../../../connector/kernel/fault.js'
import { clientOf } from '../database.js'
import { run, type Statement, toPlainArray } from '../statement.js'

const UNFREEZE_INVOICES: Statement = {
  name: 'invoices.unfreeze',
  text: `
    with unfrozen as (
      update invoices i
      set state = 'draft', park_cause = $3, parked_at = now(), invoice_number = null, segment_id = null,
        period = null, issued_at = null, batch_id = null
      from invoices before
      where before.id = any($1::uuid[]) and before.state in ('accepted', 'sending', 'reserved')
        and i.id = before.id and i.state = before.state and i.batch_id = $2
      returning i.id, before.state as from_state
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, cause)
      select 'invoice', array_agg(id), from_state, 'draft', $3 from unfrozen group by from_state
    )
    select id from unfrozen`,
}

export async function unfreezeInvoices(
  tx: Tx,
  batchId: string,
  invoiceIds: readonly string[],
  cause: ParkCause,
): Promise<ReadonlySet<string>> {
  if (invoiceIds.length === 0) return new Set()
  const values = [toPlainArray(invoiceIds), batchId, cause]
  const unfrozen = await run<{ id: string }>(clientOf(tx), UNFREEZE_INVOICES, values)
  return new Set(unfrozen.map(({ id }) => id))
}
