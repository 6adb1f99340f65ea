/**
 * Locks orders by id and subtracts the parts that ended. Where none is left open nothing is written yet: `finish`,
 * which the caller runs for exactly these orders, writes the count together with the end, one update instead of two.
 */
import type { OrderInProgress } from '../../../connector/issuing/ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { Defect } from '../../../connector/kernel/never.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson } from '../statement.js'
import { type OrderRow, toOrderInProgress } from './order-row.js'

const CLOSE_PARTS: Statement = {
  name: 'orders.close_parts',
  text: `
    with incoming as materialized (
      select * from json_to_recordset($1) as r(id uuid, count integer)
    ), closed as materialized (
      select o.id, o.order_key, o.source, o.business_type, o.order_no, o.letter, o.invoice_count,
        o.open_count - c.count as open_count, o.event_seq, o.message_id, o.correlation_id, o.traceparent, o.using_unit_id
      from orders o join incoming c on c.id = o.id
      where o.id = any(array(select id from incoming)) and o.state = 'in_progress'
      order by o.id
      for update of o
    ), reduced as (
      update orders o set open_count = c.open_count
      from closed c
      where o.id = any(array(select id from closed where open_count <> 0)) and o.id = c.id
    )
    select c.*, (select f.warnings from order_fills f where f.order_id = c.id) as warnings from closed c order by c.id`,
}

export async function closeOrderParts(
  tx: Tx,
  closed: readonly { orderId: string; count: number }[],
): Promise<readonly OrderInProgress[]> {
  if (closed.length === 0) return []
  const counts = closed.map(({ orderId, count }) => ({ id: orderId, count }))
  const rows = await run<OrderRow>(clientOf(tx), CLOSE_PARTS, [toJson(counts)])
  if (rows.length !== closed.length) throw new Defect('parts of an order ended that is not in progress')
  return rows.map(toOrderInProgress)
}
