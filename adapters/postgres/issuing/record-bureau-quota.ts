/** Keeps what the bureau last said of a unit's quota (CXSXED), beside our own books and never in them. */
import type pg from 'pg'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import type { Instant, TaxPeriod } from '../../../connector/kernel/time.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'

const RECORD_BUREAU: Statement = {
  name: 'quota.record_bureau',
  text: `
    insert into credit_quotas as q (using_unit_id, period, bureau, bureau_at) values ($1, $2, $3, $4)
    on conflict (using_unit_id, period) do update set bureau = excluded.bureau, bureau_at = excluded.bureau_at
    where q.bureau_at is null or q.bureau_at <= excluded.bureau_at`,
}

export async function recordBureauQuota(
  pool: pg.Pool,
  usingUnitId: UsingUnitId,
  period: TaxPeriod,
  quota: unknown,
  at: Instant,
): Promise<void> {
  await run(pool, RECORD_BUREAU, [usingUnitId, period, toJson(quota), toTimestamp(at)])
}
