/** Takes up orders that wait for nothing any more and are to be mapped again, with the bytes of their message. */
import type pg from 'pg'
import type { ParkedOrder } from '../../../connector/issuing/ports.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { run, type Statement, toTimestamp } from '../statement.js'

const CLAIM_WOKEN: Statement = {
  name: 'orders.claim_woken',
  text: `
    with picked as (
      select id from orders
      where due_at <= $1 and (leased_until is null or leased_until <= now())
      order by due_at limit $3 for update skip locked
    ), claimed as (
      update orders o
      set attempts = o.attempts + 1,
        due_at = $1::timestamptz + $2 * interval '1 millisecond',
        leased_until = now() + $2 * interval '1 millisecond'
      where o.id = any(array(select id from picked))
      returning o.*
    )
    select c.id, c.order_key, c.revision, c.source, c.business_type, c.order_no, m.body, c.received_at,
      c.message_id, c.correlation_id, c.traceparent, c.attempts
    from claimed c join inbox_messages m on m.id = c.inbox_id
    order by c.received_at, c.id`,
}

interface WokenRow {
  id: string
  order_key: string
  revision: number
  source: string
  business_type: string
  order_no: string | null
  body: Buffer
  received_at: Instant
  message_id: string | null
  correlation_id: string | null
  traceparent: string | null
  attempts: number
}

export async function claimWokenOrders(
  pool: pg.Pool,
  options: { now: Instant; leaseMs: number; limit: number },
): Promise<readonly ParkedOrder[]> {
  const rows = await run<WokenRow>(pool, CLAIM_WOKEN, [toTimestamp(options.now), options.leaseMs, options.limit])
  return rows.map((row) => ({
    id: row.id,
    orderKey: row.order_key,
    revision: row.revision,
    source: row.source,
    businessType: row.business_type,
    orderNo: row.order_no,
    body: row.body,
    receivedAt: row.received_at,
    messageId: row.message_id,
    correlationId: row.correlation_id,
    traceparent: row.traceparent,
    attempts: row.attempts,
  }))
}
