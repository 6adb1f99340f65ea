/** What the readiness page shows of the database: what waits and why, results that are not out, stock of each unit. */
import type pg from 'pg'
import { type Amount, amount } from '../../connector/kernel/amount.js'
import { run, type Statement } from './statement.js'

const PARKED: Statement = {
  name: 'health.parked',
  text: `select 'inbox' as entity, park_cause as cause, count(*)::int as count, min(parked_at) as oldest_at
           from inbox_messages where disposition is null and park_cause is not null group by park_cause
         union all
         select 'order', park_cause, count(*)::int, min(parked_at)
           from orders where state = 'received' and park_cause is not null group by park_cause
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

const UNITS: Statement = {
  name: 'health.units',
  text: `select u.tax_no, u.name, u.verified_at is not null as is_verified, s.number_warning_count,
                coalesce((select sum(n.size - n.next_offset + n.returned_count)::int from number_segments n
                   where n.using_unit_id = u.id and n.state = 'active' and n.year = $1), 0) as free_number_count,
                q.period, q.available_amount::text as available_amount
           from using_units u
           join issuing_settings s on s.using_unit_id = u.id
           left join credit_quotas q on q.using_unit_id = u.id and q.period = $2
          order by u.tax_no limit 200`,
}

export interface StoreHealth {
  parked: readonly {
    entity: 'inbox' | 'order' | 'invoice' | 'batch'
    cause: string
    count: number
    oldestAt: string | null
  }[]
  results: { pendingCount: number; unroutableCount: number; oldestPendingAt: string | null }
  units: readonly {
    taxNo: string
    name: string
    isVerified: boolean
    freeNumberCount: number
    numberWarningCount: number
    quota: { period: string; availableAmount: Amount } | null
  }[]
}

interface ParkedRow {
  entity: 'inbox' | 'order' | 'invoice' | 'batch'
  cause: string
  count: number
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
}

/** Units: `year` and `period` of the running month in China. */
export async function loadHealth(pool: pg.Pool, now: { year: number; period: string }): Promise<StoreHealth> {
  const [parked, [results], units] = await Promise.all([
    run<ParkedRow>(pool, PARKED, []),
    run<{ pending_count: number; unroutable_count: number; oldest_at: number | null }>(pool, RESULTS, []),
    run<UnitRow>(pool, UNITS, [now.year, now.period]),
  ])
  return {
    parked: parked.map(({ oldest_at, ...row }) => ({ ...row, oldestAt: toUtc(oldest_at) })),
    results: {
      pendingCount: results?.pending_count ?? 0,
      unroutableCount: results?.unroutable_count ?? 0,
      oldestPendingAt: toUtc(results?.oldest_at ?? null),
    },
    units: units.map((row) => ({
      taxNo: row.tax_no,
      name: row.name,
      isVerified: row.is_verified,
      freeNumberCount: row.free_number_count,
      numberWarningCount: row.number_warning_count,
      quota:
        row.period === null || row.available_amount === null
          ? null
          : { period: row.period, availableAmount: amount(row.available_amount) },
    })),
  }
}

function toUtc(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString()
}
