/** Callback endpoints as people look at them, and their switching on. */
import type pg from 'pg'
import type { EndpointOverview } from '../../../connector/issuing/replay-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { type EndpointRow, HEALTH_COLUMNS, toHealth } from '../deliveries/endpoints.js'
import { run, type Statement } from '../statement.js'

/** Endpoints that one list shows; a deployment has at most as many business types. */
const ENDPOINT_COUNT_MAX = 1_000

const LIST: Statement = {
  name: 'results.endpoints',
  text: `
    select ${HEALTH_COLUMNS}, t.callback_url,
      (select count(*)::integer from callback_deliveries d
        where d.endpoint = e.business_type and d.due_at is not null) as waiting_count,
      (select count(*)::integer from callback_deliveries d
        where d.endpoint = e.business_type and d.state = 'exhausted') as exhausted_count
    from callback_endpoints e join business_types t on t.code = e.business_type
    order by e.business_type limit ${ENDPOINT_COUNT_MAX}`,
}

const ENABLE: Statement = {
  name: 'results.enable_endpoint',
  text: `
    with enabled as (
      update callback_endpoints
      set disabled_for = null, disabled_at = null, failing_since = null, failure_count = 0, window_since = now(),
        window_count = 0, window_failure_count = 0, open_until = null, opening_count = 0
      where business_type = $1
      returning business_type
    ), hurried as (
      update callback_deliveries set due_at = now(), tries = 0
      where endpoint = (select business_type from enabled) and due_at is not null and leased_until is null
    )
    select business_type from enabled`,
}

export async function listEndpoints(pool: pg.Pool): Promise<readonly EndpointOverview[]> {
  const rows = await run<EndpointRow & { callback_url: string | null; waiting_count: number; exhausted_count: number }>(
    pool,
    LIST,
    [],
  )
  return rows.map((row) => ({
    ...toHealth(row),
    businessType: row.business_type,
    url: row.callback_url,
    waitingCount: row.waiting_count,
    exhaustedCount: row.exhausted_count,
  }))
}

export async function enableEndpoint(tx: Tx, businessType: string): Promise<boolean> {
  const rows = await run<{ business_type: string }>(clientOf(tx), ENABLE, [businessType])
  return rows.length > 0
}
