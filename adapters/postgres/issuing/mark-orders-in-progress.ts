/** mapped → in_progress; orders that another part brought there already stay as they are. */
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement, toPlainArray } from '../statement.js'

const MARK_IN_PROGRESS: Statement = {
  name: 'orders.mark_in_progress',
  text: `
    with marked as (
      update orders set state = 'in_progress' where id = any($1::uuid[]) and state = 'mapped' returning id
    )
    insert into transitions (entity, entity_ids, from_state, to_state)
    select 'order', array_agg(id), 'mapped', 'in_progress' from marked having count(*) > 0`,
}

export async function markOrdersInProgress(tx: Tx, orderIds: readonly string[]): Promise<void> {
  if (orderIds.length === 0) return
  await run(clientOf(tx), MARK_IN_PROGRESS, [toPlainArray(orderIds)])
}
