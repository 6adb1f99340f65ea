/** Dead letters as rows: messages and orders that only a person moves on, and what they came with. */
import type pg from 'pg'
import {
  type DeadLetter,
  type DeadLetterStore,
  LETTER_CAUSES,
  type LetterContent,
  type LetterFilter,
  type LetterGroup,
} from '../../../connector/dead-letters/ports.js'
import type { Fault, ParkCause } from '../../../connector/kernel/fault.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { run, type Statement, toPlainArray, toTimestamp } from '../statement.js'

/**
 * `chosen`: the letters that a filter names. $1 causes of letters, $2 states, $3 code, $4 cause, $5 business type,
 * $6 source, $7 id; null does not narrow.
 */
export const CHOSEN = `
  letters as (
    select 'message' as kind, m.id, coalesce(m.disposition, 'parked') as state, m.park_cause as cause, m.faults,
      m.source, m.business_type, null as order_no, null as order_key, m.message_id, m.id as inbox_id, m.received_at,
      m.released_at
    from inbox_messages m
    where m.disposition in ('dead', 'discarded') or m.park_cause = any($1::text[])
    union all
    select 'order', o.id, case o.park_cause when 'discarded' then 'discarded' else 'parked' end, o.park_cause, o.faults,
      o.source, o.business_type, o.order_no, o.order_key, o.message_id, o.inbox_id, o.received_at, o.released_at
    from orders o
    where o.park_cause = any($1::text[])
  ), chosen as (
    select * from (select l.*, coalesce(l.faults->0->>'code', 'none') as code from letters l) l
    where state = any($2::text[])
      and ($3::text is null or code = $3)
      and ($4::text is null or cause = $4)
      and ($5::text is null or business_type = $5)
      and ($6::text is null or source = $6)
      and ($7::text is null or id::text = $7)
  )`

const GROUPS: Statement = {
  name: 'letters.groups',
  text: `
    with ${CHOSEN}
    select state, cause, code, business_type, count(*)::integer as count, min(received_at) as oldest_at,
      max(received_at) as newest_at
    from chosen group by state, cause, code, business_type
    order by count desc, state, cause, code, business_type limit $8`,
}

const PAGE: Statement = {
  name: 'letters.page',
  text: `
    with ${CHOSEN}
    select * from chosen
    where $9::timestamptz is null or (received_at, id) > ($9::timestamptz, $10::uuid)
    order by received_at, id limit $8`,
}

const LOAD_CONTENTS: Statement = {
  name: 'letters.contents',
  text: `
    select id, body, body_sha256, queue, correlation_id, traceparent from inbox_messages where id = any($1::uuid[])`,
}

/** Parameters $1 to $7 of `CHOSEN`. */
export function toFilterValues({ states, code, cause, businessType, source, id }: LetterFilter): unknown[] {
  const causes = toPlainArray([...LETTER_CAUSES, 'discarded'])
  return [causes, toPlainArray(states), code, cause, businessType, source, id]
}

export async function loadGroups(pool: pg.Pool, filter: LetterFilter, limit: number): Promise<readonly LetterGroup[]> {
  const rows = await run<{
    state: LetterGroup['state']
    cause: ParkCause | null
    code: string
    business_type: string
    count: number
    oldest_at: Instant
    newest_at: Instant
  }>(pool, GROUPS, [...toFilterValues(filter), limit])
  return rows.map((row) => ({
    state: row.state,
    cause: row.cause,
    code: row.code,
    businessType: row.business_type,
    count: row.count,
    oldestAt: row.oldest_at,
    newestAt: row.newest_at,
  }))
}

interface LetterRow {
  kind: DeadLetter['kind']
  id: string
  state: DeadLetter['state']
  cause: ParkCause | null
  code: string
  faults: readonly Fault[] | null
  source: string
  business_type: string
  order_no: string | null
  order_key: string | null
  message_id: string | null
  inbox_id: string
  received_at: Instant
}

export async function loadPage(
  pool: pg.Pool,
  filter: LetterFilter,
  { limit, after }: Parameters<DeadLetterStore['page']>[1],
): Promise<readonly DeadLetter[]> {
  const place = after === null ? [null, null] : [toTimestamp(after.receivedAt), after.id]
  const rows = await run<LetterRow>(pool, PAGE, [...toFilterValues(filter), limit, ...place])
  return rows.map((row) => ({
    kind: row.kind,
    id: row.id,
    state: row.state,
    cause: row.cause,
    code: row.code,
    faults: row.faults ?? [],
    source: row.source,
    businessType: row.business_type,
    orderNo: row.order_no,
    orderKey: row.order_key,
    messageId: row.message_id,
    inboxId: row.inbox_id,
    receivedAt: row.received_at,
  }))
}

export async function loadContents(pool: pg.Pool, inboxIds: readonly string[]): Promise<readonly LetterContent[]> {
  const rows = await run<{
    id: string
    body: Buffer
    body_sha256: string
    queue: string
    correlation_id: string | null
    traceparent: string | null
  }>(pool, LOAD_CONTENTS, [toPlainArray(inboxIds)])
  return rows.map((row) => ({
    inboxId: row.id,
    body: row.body,
    bodySha256: row.body_sha256,
    queue: row.queue,
    correlationId: row.correlation_id,
    traceparent: row.traceparent,
  }))
}
