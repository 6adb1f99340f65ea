/** What people decide about a restore. */
import type { RestoreProposal } from '../../../connector/issuing/restore-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

const LOAD_PROPOSAL: Statement = {
  name: 'restores.load_proposal',
  text: `
    select id, subject, detail->>'usingUnitId' as using_unit_id, detail->>'restoreId' as restore_id, reason, actor
    from actions where id = $1 and kind = 'restore.propose'`,
}

const EXCLUDE_ORDERS: Statement = {
  name: 'restores.exclude',
  text: `
    with kept as (
      update invoices i set park_cause = 'manual_hold'
      from orders o
      where o.order_key = any($1::text[]) and i.order_id = o.id and i.state = 'draft' and i.park_cause = 'restored'
      returning i.id, o.order_key
    ), noted as (
      insert into transitions (entity, entity_ids, from_state, to_state, cause)
      select 'invoice', array_agg(id), 'draft', 'draft', 'manual_hold' from kept having count(*) > 0
    )
    select distinct order_key from kept order by 1`,
}

export async function loadProposal(tx: Tx, id: bigint): Promise<RestoreProposal | null> {
  const [row] = await run<{
    id: string
    subject: string
    using_unit_id: UsingUnitId
    restore_id: string
    reason: string
    actor: string
  }>(clientOf(tx), LOAD_PROPOSAL, [id])
  if (row === undefined) return null
  const { subject: taxNo, using_unit_id: usingUnitId, restore_id: restoreId, reason, actor: by } = row
  return { id: BigInt(row.id), taxNo, usingUnitId, restoreId, reason, by }
}

export async function excludeOrders(tx: Tx, orderKeys: readonly string[]): Promise<readonly string[]> {
  const rows = await run<{ order_key: string }>(clientOf(tx), EXCLUDE_ORDERS, [[...orderKeys]])
  return rows.map((row) => row.order_key)
}
