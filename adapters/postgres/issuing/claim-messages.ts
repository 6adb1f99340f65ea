/** Takes up stored messages that are still undecided, each for one worker alone. */
import type pg from 'pg'
import type { StoredMessage } from '../../../connector/issuing/ports.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { run, type Statement, toTimestamp } from '../statement.js'

const CLAIM_MESSAGES: Statement = {
  name: 'inbox.claim',
  text: `
    with picked as (
      select id from inbox_messages
      where due_at <= $1 and (leased_until is null or leased_until <= now())
      order by due_at limit $3 for update skip locked
    ), claimed as (
      update inbox_messages m
      set attempts = m.attempts + 1,
        due_at = $1::timestamptz + $2 * interval '1 millisecond',
        leased_until = now() + $2 * interval '1 millisecond'
      where m.id = any(array(select id from picked))
      returning m.*
    )
    select id, queue, business_type, source, message_id, correlation_id, traceparent, is_redelivered,
      body, body_sha256, received_at, attempts
    from claimed order by received_at, id`,
}

interface MessageRow {
  id: string
  queue: string
  business_type: string
  source: string
  message_id: string | null
  correlation_id: string | null
  traceparent: string | null
  is_redelivered: boolean
  body: Buffer
  body_sha256: string
  received_at: Instant
  attempts: number
}

export async function claimMessages(
  pool: pg.Pool,
  options: { now: Instant; leaseMs: number; limit: number },
): Promise<readonly StoredMessage[]> {
  const rows = await run<MessageRow>(pool, CLAIM_MESSAGES, [toTimestamp(options.now), options.leaseMs, options.limit])
  return rows.map((row) => ({
    id: row.id,
    queue: row.queue,
    businessType: row.business_type,
    source: row.source,
    messageId: row.message_id,
    correlationId: row.correlation_id,
    traceparent: row.traceparent,
    isRedelivered: row.is_redelivered,
    body: row.body,
    bodySha256: row.body_sha256,
    receivedAt: row.received_at,
    attempts: row.attempts,
  }))
}
