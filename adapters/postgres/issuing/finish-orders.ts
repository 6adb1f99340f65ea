/** Ends orders of which no part is open any more; the final event is written in the same transaction. */
import type { OrderStore } from '../../../connector/issuing/ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { Defect } from '../../../connector/kernel/never.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'

const FINISH_ORDERS: Statement = {
  name: 'orders.finish',
  text: `
    with incoming as materialized (
      select * from json_to_recordset($1) as r(id uuid, state text, event_seq integer, at timestamptz)
    ), finished as (
      update orders o
      set state = e.state, event_seq = e.event_seq, open_count = 0, finished_at = e.at
      from incoming e
      where o.id = any(array(select id from incoming)) and o.id = e.id and o.state = 'in_progress'
      returning o.id, o.state, o.finished_at
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, at)
      select 'order', array_agg(id), 'in_progress', state, max(finished_at) from finished group by state
    )
    select count(*)::integer as count from finished`,
}

/** Errors: Defect when one of them has ended before; the caller's transaction must not commit. */
export async function finishOrders(tx: Tx, ends: Parameters<OrderStore['finish']>[1]): Promise<void> {
  if (ends.length === 0) return
  const rows = ends.map(({ orderId, state, eventSeq, at }) => ({
    id: orderId,
    state,
    event_seq: eventSeq,
    at: toTimestamp(at),
  }))
  const [finished] = await run<{ count: number }>(clientOf(tx), FINISH_ORDERS, [toJson(rows)])
  if (finished?.count !== ends.length) throw new Defect('an order ended that is not in progress')
}
