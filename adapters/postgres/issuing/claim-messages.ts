/** Takes up stored messages that are still undecided, each for one worker alone. */
import type pg from 'pg'
import type { InboxStore, StoredMessage } from '../../../connector/issuing/ports.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { run, type Statement } from '../statement.js'
import { fairPick } from './fair-pick.js'

const PICK = fairPick({
  table: 'inbox_messages',
  owner: 'business_type',
  isWanted: '($3::boolean is null or (r.attempts > 0 or r.is_redelivered) = $3::boolean)',
  limit: '$2',
})

// $1 lease in ms, $2 limit, $3 suspects or null
const CLAIM_MESSAGES: Statement = {
  name: 'inbox.claim',
  text: `${PICK}, claimed as (
      update inbox_messages m
      set fence = m.fence + 1,
        due_at = now() + $1 * interval '1 millisecond',
        leased_until = now() + $1 * interval '1 millisecond'
      where m.id = any(array(select id from picked))
      returning m.*
    )
    select id, queue, business_type, source, message_id, correlation_id, traceparent, is_redelivered,
      body, body_sha256, received_at, attempts, fence
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
  fence: string
}

export async function claimMessages(
  pool: pg.Pool,
  options: Parameters<InboxStore['claim']>[0],
): Promise<readonly StoredMessage[]> {
  const { leaseMs, limit, suspects } = options
  const rows = await run<MessageRow>(pool, CLAIM_MESSAGES, [leaseMs, limit, suspects ?? null])
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
    fence: BigInt(row.fence),
  }))
}
