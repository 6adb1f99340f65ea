/** The health of callback endpoints: read under a lock, judged by the heart, written back. */
import type { DeliveryStore } from '../../../connector/issuing/delivery-ports.js'
import type { EndpointHealth } from '../../../connector/issuing/endpoint-health.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { assert } from '../../../connector/kernel/never.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toNullableTimestamp, toTimestamp } from '../statement.js'

/** Of callback_endpoints `e`. */
export const HEALTH_COLUMNS = `
  e.business_type, e.disabled_for, e.failing_since, e.failure_count, e.window_since, e.window_count,
  e.window_failure_count, e.open_until, e.opening_count`

const LOCK_ENDPOINTS: Statement = {
  name: 'deliveries.lock_endpoints',
  text: `
    select ${HEALTH_COLUMNS}
    from callback_endpoints e where e.business_type = any($1::text[]) order by e.business_type for update`,
}

const READ_CLOCK: Statement = { name: 'deliveries.clock', text: 'select clock_timestamp() as at' }

const SAVE_ENDPOINTS: Statement = {
  name: 'deliveries.save_endpoints',
  text: `
    with incoming as materialized (
      select * from json_to_recordset($1) as r(business_type text, disabled_for text, failing_since timestamptz,
        failure_count integer, window_since timestamptz, window_count integer, window_failure_count integer,
        open_until timestamptz, opening_count integer)
    )
    update callback_endpoints e
    set disabled_for = i.disabled_for,
      disabled_at = case when i.disabled_for is not null then coalesce(e.disabled_at, now()) end,
      failing_since = i.failing_since,
      failure_count = i.failure_count,
      window_since = i.window_since,
      window_count = i.window_count,
      window_failure_count = i.window_failure_count,
      open_until = i.open_until,
      opening_count = i.opening_count
    from incoming i
    where e.business_type = any(array(select business_type from incoming)) and e.business_type = i.business_type`,
}

export interface EndpointRow {
  business_type: string
  disabled_for: EndpointHealth['disabledFor']
  failing_since: Instant | null
  failure_count: number
  window_since: Instant
  window_count: number
  window_failure_count: number
  open_until: Instant | null
  opening_count: number
}

export async function lockEndpoints(tx: Tx, codes: readonly string[]): ReturnType<DeliveryStore['lockEndpoints']> {
  const client = clientOf(tx)
  const [rows, [clock]] = await Promise.all([
    run<EndpointRow>(client, LOCK_ENDPOINTS, [codes]),
    run<{ at: Instant }>(client, READ_CLOCK, []),
  ])
  assert(clock !== undefined, 'a select without a table answered no row')
  return { endpoints: new Map(rows.map((row) => [row.business_type, toHealth(row)])), now: clock.at }
}

export async function saveEndpoints(tx: Tx, endpoints: ReadonlyMap<string, EndpointHealth>): Promise<void> {
  if (endpoints.size === 0) return
  const rows = [...endpoints].map(([code, health]) => ({
    business_type: code,
    disabled_for: health.disabledFor,
    failing_since: toNullableTimestamp(health.failingSince),
    failure_count: health.failureCount,
    window_since: toTimestamp(health.window.since),
    window_count: health.window.count,
    window_failure_count: health.window.failureCount,
    open_until: toNullableTimestamp(health.openUntil),
    opening_count: health.openingCount,
  }))
  await run(clientOf(tx), SAVE_ENDPOINTS, [toJson(rows)])
}

export function toHealth(row: EndpointRow): EndpointHealth {
  return {
    disabledFor: row.disabled_for,
    failingSince: row.failing_since,
    failureCount: row.failure_count,
    window: { since: row.window_since, count: row.window_count, failureCount: row.window_failure_count },
    openUntil: row.open_until,
    openingCount: row.opening_count,
  }
}
