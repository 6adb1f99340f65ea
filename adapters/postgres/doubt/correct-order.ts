/** An order that was told and has another end: what it was told, and the state that is true. */
import type { DoubtStore } from '../../../connector/issuing/doubt-ports.js'
import type { OrderInProgress } from '../../../connector/issuing/ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { Defect } from '../../../connector/kernel/never.js'
import { clientOf } from '../database.js'
import { type OrderRow, toOrderInProgress } from '../issuing/order-row.js'
import { run, type Statement, toTimestamp } from '../statement.js'

const LOAD_TOLD: Statement = {
  name: 'doubts.load_told',
  text: `
    select o.id, o.order_key, o.source, o.business_type, o.order_no, o.letter, o.invoice_count, o.open_count, o.event_seq,
      o.message_id, o.correlation_id, o.traceparent, o.using_unit_id, e.id as final_event_id,
      (select f.warnings from order_fills f where f.order_id = o.id) as warnings
    from orders o join outbox_events e on e.order_id = o.id and e.kind = 'final'
    where o.id = $1`,
}

const CORRECT_ORDER: Statement = {
  name: 'doubts.correct_order',
  text: `
    with before as materialized (
      select id, state from orders where id = $1 and state in ('issued', 'partly_issued', 'failed') for update
    ), corrected as (
      update orders o set state = $2, event_seq = $3 from before b where o.id = b.id returning o.id
    ), noted as (
      insert into transitions (entity, entity_ids, from_state, to_state, cause, at)
      select 'order', array[id], state, $2::text, 'correction', $4::timestamptz from before where state <> $2
    )
    select count(*)::integer as count from corrected`,
}

interface ToldRow extends OrderRow {
  final_event_id: string
}

export async function loadTold(tx: Tx, orderId: string): Promise<(OrderInProgress & { finalEventId: string }) | null> {
  const [row] = await run<ToldRow>(clientOf(tx), LOAD_TOLD, [orderId])
  return row === undefined ? null : { ...toOrderInProgress(row), finalEventId: row.final_event_id }
}

/** Errors: Defect when the order has not ended. */
export async function correctOrder(tx: Tx, order: Parameters<DoubtStore['correctOrder']>[1]): Promise<void> {
  const values = [order.orderId, order.state, order.eventSeq, toTimestamp(order.at)]
  const [corrected] = await run<{ count: number }>(clientOf(tx), CORRECT_ORDER, values)
  if (corrected?.count !== 1) throw new Defect(`order ${order.orderId} was corrected before it ended`)
}
