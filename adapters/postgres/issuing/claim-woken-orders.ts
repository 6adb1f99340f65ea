/** Takes up orders that wait for nothing any more and are to be mapped again, with the bytes of their message. */
import type pg from 'pg'
import type { OrderStore, ParkedOrder } from '../../../connector/issuing/ports.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { run, type Statement } from '../statement.js'
import { fairPick } from './fair-pick.js'

const PICK = fairPick({
  table: 'orders',
  owner: 'business_type',
  isWanted: '($3::boolean is null or (r.attempts > 0) = $3::boolean)',
  limit: '$2',
})

// $1 lease in ms, $2 limit, $3 suspects or null
const CLAIM_WOKEN: Statement = {
  name: 'orders.claim_woken',
  text: `${PICK}, claimed as (
      update orders o
      set fence = o.fence + 1,
        due_at = now() + $1 * interval '1 millisecond',
        leased_until = now() + $1 * interval '1 millisecond'
      where o.id = any(array(select id from picked))
      returning o.*
    )
    select c.id, c.order_key, c.revision, c.source, c.business_type, c.order_no, m.body, c.received_at,
      c.message_id, c.correlation_id, c.traceparent, c.attempts, c.fence
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
  fence: string
}

export async function claimWokenOrders(
  pool: pg.Pool,
  options: Parameters<OrderStore['claimWoken']>[0],
): Promise<readonly ParkedOrder[]> {
  const { leaseMs, limit, suspects } = options
  const rows = await run<WokenRow>(pool, CLAIM_WOKEN, [leaseMs, limit, suspects ?? null])
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
    fence: BigInt(row.fence),
  }))
}
