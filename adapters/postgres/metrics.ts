/** What the metrics page tells of the database beyond the readiness page: sums over units, doubts, what waits for people. */
import type pg from 'pg'
import { UNIT_STANDING } from './health.js'
import { run, type Statement } from './statement.js'

/** Dead letters are counted up to here, so that counting never costs more. */
const DEAD_LETTER_COUNT_MAX = 100_000

// Quota is a decimal of yuan; the page tells levels, for which a double is exact enough. Nothing is decided by it.
const FIGURES: Statement = {
  name: 'metrics.figures',
  text: `
    with standing as materialized (${UNIT_STANDING}),
    doubts as (
      select doubt_since from upload_batches where due_at is not null and state = 'in_doubt'
      union all
      select doubt_since from upload_batches where park_cause is not null and state = 'in_doubt'
    )
    select
      (select count(*)::int from standing) as unit_count,
      (select coalesce(sum(free_number_count), 0)::float8 from standing) as free_number_count,
      (select min(free_number_count)::float8 from standing where is_verified) as free_number_count_min,
      (select count(*)::int from standing where is_verified and free_number_count < number_warning_count)
        as number_short_unit_count,
      (select coalesce(sum(available_amount), 0)::float8 from standing) as available_quota,
      (select min(available_amount / nullif(granted_amount, 0))::float8 from standing where is_verified)
        as available_quota_share_min,
      (select count(*)::int from standing where is_verified and coalesce(available_amount, 0) * 2 < quota_download_amount)
        as quota_short_unit_count,
      (select count(*)::int from standing where restore_state = 'held') as held_unit_count,
      (select count(*)::int from doubts) as doubt_count,
      (select extract(epoch from now() - min(doubt_since))::float8 from doubts) as oldest_doubt_seconds,
      (select count(*)::int from (
        select from inbox_messages where disposition in ('dead', 'discarded') and disposition = 'dead' limit $3
      ) dead) as dead_letter_count,
      (select count(*)::int from callback_endpoints where open_until > now() and disabled_for is null)
        as open_callback_breaker_count`,
}

const INCIDENTS: Statement = {
  name: 'metrics.incidents',
  text: 'select kind, count(*)::int as count from incidents where closed_at is null group by kind',
}

export interface StoreFigures {
  unitCount: number
  /** Free numbers of all units; of the verified unit that has the fewest; units below their warning. */
  numbers: { freeCount: number; freeCountMin: number | null; shortUnitCount: number }
  /**
   * Yuan of all units; the smallest share of what a unit downloaded this month that it has still available (0–1); units
   * with less than half of a download available.
   */
  quota: { availableYuan: number; availableShareMin: number | null; shortUnitCount: number }
  heldUnitCount: number
  doubts: { count: number; oldestSeconds: number | null }
  /** What waits for a person, by kind of incident. */
  incidents: readonly { kind: string; count: number }[]
  /** Counted up to 100,000. */
  deadLetterCount: number
  openCallbackBreakerCount: number
}

interface FigureRow {
  unit_count: number
  free_number_count: number
  free_number_count_min: number | null
  number_short_unit_count: number
  available_quota: number
  available_quota_share_min: number | null
  quota_short_unit_count: number
  held_unit_count: number
  doubt_count: number
  oldest_doubt_seconds: number | null
  dead_letter_count: number
  open_callback_breaker_count: number
}

/** Units: `year` and `period` of the running month in China. */
export async function loadFigures(pool: pg.Pool, now: { year: number; period: string }): Promise<StoreFigures> {
  const [[row], incidents] = await Promise.all([
    run<FigureRow>(pool, FIGURES, [now.year, now.period, DEAD_LETTER_COUNT_MAX]),
    run<{ kind: string; count: number }>(pool, INCIDENTS, []),
  ])
  if (row === undefined) throw new Error('a question without a table was answered with no row')
  return {
    unitCount: row.unit_count,
    numbers: {
      freeCount: row.free_number_count,
      freeCountMin: row.free_number_count_min,
      shortUnitCount: row.number_short_unit_count,
    },
    quota: {
      availableYuan: row.available_quota,
      availableShareMin: row.available_quota_share_min,
      shortUnitCount: row.quota_short_unit_count,
    },
    heldUnitCount: row.held_unit_count,
    doubts: { count: row.doubt_count, oldestSeconds: row.oldest_doubt_seconds },
    incidents,
    deadLetterCount: row.dead_letter_count,
    openCallbackBreakerCount: row.open_callback_breaker_count,
  }
}
