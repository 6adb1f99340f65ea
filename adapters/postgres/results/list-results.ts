/** Results with what became of them in each way, the latest first: their ids rise with time. */
import type pg from 'pg'
import type { ResultFilter, ResultOverview } from '../../../connector/issuing/replay-ports.js'
import type { DeliveryState } from '../../../connector/issuing/states.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { run, type Statement } from '../statement.js'
import { MEANT, toValues } from './filter.js'

const LIST: Statement = {
  name: 'results.list',
  text: `
    select e.id, o.business_type, o.order_no, e.seq, e.body::json->>'status' as status, e.created_at, e.state,
      e.unroutable_at is not null as is_unroutable, e.attempts, e.replays, d.state as delivery_state,
      d.attempts as delivery_attempts, d.replays as delivery_replays, d.due_at,
      (select a.code from callback_attempts a where a.event_id = e.id order by a.attempt_no desc limit 1) as code
    ${MEANT}
    order by e.id desc limit $8`,
}

const COUNT: Statement = { name: 'results.count', text: `select count(*)::integer as count ${MEANT}` }

const HAS_GIVEN_UP: Statement = {
  name: 'results.has_given_up',
  text: `select exists (select ${MEANT} and d.state = 'exhausted' and $6 is distinct from 'amqp') as is_found`,
}

interface ResultRow {
  id: string
  business_type: string
  order_no: string | null
  seq: number
  status: string
  created_at: Instant
  state: 'pending' | 'published' | 'by_callback'
  is_unroutable: boolean
  attempts: number
  replays: number
  delivery_state: DeliveryState | null
  delivery_attempts: number
  delivery_replays: number
  due_at: Instant | null
  code: string | null
}

export async function listResults(
  pool: pg.Pool,
  filter: ResultFilter,
  limit: number,
): Promise<readonly ResultOverview[]> {
  const rows = await run<ResultRow>(pool, LIST, [...toValues(filter), limit])
  return rows.map((row) => ({
    eventId: row.id,
    businessType: row.business_type,
    orderNo: row.order_no,
    seq: row.seq,
    status: row.status,
    createdAt: row.created_at,
    amqp:
      row.state === 'by_callback'
        ? null
        : { state: row.state, isUnroutable: row.is_unroutable, attempts: row.attempts, replays: row.replays },
    callback:
      row.delivery_state === null
        ? null
        : {
            state: row.delivery_state,
            attempts: row.delivery_attempts,
            replays: row.delivery_replays,
            dueAt: row.due_at,
            code: row.code,
          },
  }))
}

export async function countResults(pool: pg.Pool, filter: ResultFilter): Promise<number> {
  const [row] = await run<{ count: number }>(pool, COUNT, toValues(filter))
  return row?.count ?? 0
}

export async function hasGivenUp(pool: pg.Pool, filter: ResultFilter): Promise<boolean> {
  const [row] = await run<{ is_found: boolean }>(pool, HAS_GIVEN_UP, toValues(filter))
  return row?.is_found ?? false
}
