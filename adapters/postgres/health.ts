/** What the readiness page shows of the database: what waits and why, results that are not out, how each unit stands. */
import type pg from 'pg'
import type { RestoreGround } from '../../connector/issuing/restore-ports.js'
import { type Amount, amount } from '../../connector/kernel/amount.js'
import { run, type Statement } from './statement.js'

const PARKED: Statement = {
  name: 'health.parked',
  text: `select 'inbox' as entity, park_cause as cause, count(*)::int as count, min(parked_at) as oldest_at
           from inbox_messages where disposition is null and park_cause is not null group by park_cause
         union all
         select 'order', park_cause, count(*)::int, min(parked_at)
           from orders where state = 'received' and park_cause is not null and park_cause <> 'discarded'
           group by park_cause
         union all
         select 'invoice', park_cause, count(*)::int, min(parked_at)
           from invoices where state = 'draft' and park_cause is not null group by park_cause
         union all
         select 'batch', park_cause, count(*)::int, min(created_at)
           from upload_batches where park_cause is not null group by park_cause`,
}

const RESULTS: Statement = {
  name: 'health.results',
  text: `select count(*)::int as pending_count, count(unroutable_at)::int as unroutable_count,
                min(created_at) as oldest_at
           from outbox_events where due_at is not null`,
}

const CALLBACKS: Statement = {
  name: 'health.callbacks',
  text: `select count(*) filter (where state <> 'exhausted')::int as pending_count,
                count(*) filter (where state = 'exhausted')::int as exhausted_count,
                min(created_at) filter (where state <> 'exhausted') as oldest_at
           from callback_deliveries where state <> 'delivered'`,
}

const DISABLED_ENDPOINTS: Statement = {
  name: 'health.disabled_endpoints',
  text: `select business_type, disabled_for as cause, disabled_at
           from callback_endpoints where disabled_for is not null order by business_type limit 200`,
}

/** How each unit stands. Units: $1 the year and $2 the period of the running month in China. */
export const UNIT_STANDING = `
  select u.tax_no, u.name, u.verified_at is not null as is_verified, s.number_warning_count, s.quota_download_amount,
    coalesce((select sum(n.size - n.next_offset + n.returned_count)::int from number_segments n
       where n.using_unit_id = u.id and n.state = 'active' and n.year = $1), 0) as free_number_count,
    q.period, q.available_amount, q.downloaded_amount - q.returned_amount - q.expired_amount as granted_amount,
    r.state as restore_state, o.ground as restore_ground, o.detected_at as restored_at
  from using_units u
  join issuing_settings s on s.using_unit_id = u.id
  left join credit_quotas q on q.using_unit_id = u.id and q.period = $2
  left join restore_units r on r.using_unit_id = u.id and r.state <> 'released'
  left join restores o on o.id = r.restore_id`

const UNITS: Statement = {
  name: 'health.units',
  text: `
    select tax_no, name, is_verified, number_warning_count, free_number_count, period,
      available_amount::text as available_amount, restore_state, restore_ground, restored_at
    from (${UNIT_STANDING}) standing order by tax_no limit 200`,
}

export interface StoreHealth {
  parked: readonly {
    entity: 'inbox' | 'order' | 'invoice' | 'batch'
    cause: string
    count: number
    oldestAt: string | null
  }[]
  results: { pendingCount: number; unroutableCount: number; oldestPendingAt: string | null }
  callbacks: {
    pendingCount: number
    exhaustedCount: number
    oldestPendingAt: string | null
    disabledEndpoints: readonly { businessType: string; cause: 'gone' | 'failing'; since: string }[]
  }
  units: readonly {
    taxNo: string
    name: string
    isVerified: boolean
    freeNumberCount: number
    numberWarningCount: number
    quota: { period: string; availableAmount: Amount } | null
    /** Non-null: held back until it is compared with the bureau, because the database is an older copy. */
    restored: { state: 'reconciling' | 'held'; ground: RestoreGround; since: string } | null
  }[]
}

interface ParkedRow {
  entity: 'inbox' | 'order' | 'invoice' | 'batch'
  cause: string
  count: number
  oldest_at: number | null
}

interface CallbackRow {
  pending_count: number
  exhausted_count: number
  oldest_at: number | null
}

interface UnitRow {
  tax_no: string
  name: string
  is_verified: boolean
  number_warning_count: number
  free_number_count: number
  period: string | null
  available_amount: string | null
  restore_state: 'reconciling' | 'held' | null
  restore_ground: RestoreGround | null
  restored_at: number | null
}

interface EndpointRow {
  business_type: string
  cause: 'gone' | 'failing'
  disabled_at: number
}

/** Units: `year` and `period` of the running month in China. */
export async function loadHealth(pool: pg.Pool, now: { year: number; period: string }): Promise<StoreHealth> {
  const [parked, [results], [callbacks], endpoints, units] = await Promise.all([
    run<ParkedRow>(pool, PARKED, []),
    run<{ pending_count: number; unroutable_count: number; oldest_at: number | null }>(pool, RESULTS, []),
    run<CallbackRow>(pool, CALLBACKS, []),
    run<EndpointRow>(pool, DISABLED_ENDPOINTS, []),
    run<UnitRow>(pool, UNITS, [now.year, now.period]),
  ])
  return {
    parked: parked.map(({ oldest_at, ...row }) => ({ ...row, oldestAt: toUtc(oldest_at) })),
    results: {
      pendingCount: results?.pending_count ?? 0,
      unroutableCount: results?.unroutable_count ?? 0,
      oldestPendingAt: toUtc(results?.oldest_at ?? null),
    },
    callbacks: {
      pendingCount: callbacks?.pending_count ?? 0,
      exhaustedCount: callbacks?.exhausted_count ?? 0,
      oldestPendingAt: toUtc(callbacks?.oldest_at ?? null),
      disabledEndpoints: endpoints.map(({ business_type, cause, disabled_at }) => ({
        businessType: business_type,
        cause,
        since: new Date(disabled_at).toISOString(),
      })),
    },
    units: units.map(toUnit),
  }
}

function toUnit(row: UnitRow): StoreHealth['units'][number] {
  const { period, available_amount, restore_state, restore_ground, restored_at } = row
  return {
    taxNo: row.tax_no,
    name: row.name,
    isVerified: row.is_verified,
    freeNumberCount: row.free_number_count,
    numberWarningCount: row.number_warning_count,
    quota: period === null || available_amount === null ? null : { period, availableAmount: amount(available_amount) },
    restored:
      restore_state === null || restore_ground === null || restored_at === null
        ? null
        : { state: restore_state, ground: restore_ground, since: new Date(restored_at).toISOString() },
  }
}

function toUtc(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString()
}
