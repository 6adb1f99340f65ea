/**
 * The rate budget that all replicas share: one row per direct unit and capability, moved on by the database's clock.
 *
 * `next_free_at` is when the calls granted so far will have used up their share of the rate. While it lies ahead nobody
 * gets a permit; once it is reached, a block of permits moves it on by their number × the time of one call. Time that
 * passed unused is not saved up beyond the lateness of an asker, so no second sees more than the rate plus one block.
 * A rate refusal halves the rate, or takes the figure that it names when that is less; a tenth of the full rate comes
 * back each minute.
 *
 * | minutes after a first refusal | share of the rate |
 * | --- | --- |
 * | 0 | 0.5 |
 * | 1 | 0.6 |
 * | 5 | 1 |
 */
import type pg from 'pg'
import type { RateBudget } from '../../connector/issuing/rate-budget.js'
import { Defect } from '../../connector/kernel/never.js'
import { run, type Statement } from './statement.js'

/** Permits of one answer; they are good for two seconds. */
const BLOCK_COUNT_MAX = 10
/** A block must be usable within the life of its permits. */
const BLOCK_SECONDS_MAX = 2
/** Slowest rate, however often the bureau complains: the unit must find out that it is over. */
const SLOW_FACTOR_MIN = 0.02
const RECOVERY_PER_MINUTE = 0.1
/** An asker that comes this late loses nothing; without it the rate would never quite be reached. */
const LATENESS_SECONDS = 0.05
/** Refusals of calls that were on their way together are one complaint. */
const SLOWED_AGAIN_SECONDS = 5

/** Share of the full rate now, of a row called `b`. */
const SHARE = `least(1, b.slow_factor
  + ${RECOVERY_PER_MINUTE} * coalesce(extract(epoch from clock_timestamp() - b.slowed_at) / 60, 0)::double precision)`

// $1 direct unit, $2 capability, $3 permits. The row's lock makes it exact; a loser of the race sees the winner's row.
const TAKE_PERMITS: Statement = {
  name: 'rate_budget.take',
  text: `
    with unit as (
      select id::text as id, rate_per_second from direct_units where id = $1::uuid
    ), asked as (
      select b.slow_factor, u.id, u.rate_per_second * coalesce(${SHARE}, 1) as rate
      from unit u left join rate_budgets b on b.direct_unit = u.id and b.capability = $2
    ), block as (
      select id, rate, least($3, ${BLOCK_COUNT_MAX}, greatest(1, floor(rate * ${BLOCK_SECONDS_MAX})))::integer as count
      from asked
    ), taken as (
      insert into rate_budgets as b (direct_unit, capability, next_free_at)
      select id, $2, clock_timestamp() + count / rate * interval '1 second' from block
      on conflict (direct_unit, capability) do update
      set next_free_at = greatest(b.next_free_at, clock_timestamp() - ${LATENESS_SECONDS} * interval '1 second')
        + (select count / rate from block) * interval '1 second'
      where b.next_free_at <= clock_timestamp()
      returning 1
    )
    select case when exists (select from taken) then k.count else 0 end as granted,
      greatest(1, ceil(1000 * extract(epoch from coalesce(b.next_free_at - clock_timestamp(), interval '0'))))::integer
        as wait_ms
    from block k left join rate_budgets b on b.direct_unit = k.id and b.capability = $2`,
}

// $1 direct unit, $2 capability, $3 calls a second that the bureau named, or null.
const SLOW_DOWN: Statement = {
  name: 'rate_budget.slow_down',
  text: `
    with named as (
      select id::text as id, least(1, $3::double precision / rate_per_second) as share
      from direct_units where id = $1::uuid
    )
    insert into rate_budgets as b (direct_unit, capability, next_free_at, slow_factor, slowed_at)
    select id, $2, clock_timestamp(), greatest(${SLOW_FACTOR_MIN}, least(0.5, share)), clock_timestamp() from named
    on conflict (direct_unit, capability) do update
    set slow_factor = greatest(${SLOW_FACTOR_MIN}, least(${SHARE} / 2, (select share from named))),
      slowed_at = clock_timestamp()
    where b.slowed_at is null or b.slowed_at < clock_timestamp() - ${SLOWED_AGAIN_SECONDS} * interval '1 second'`,
}

/** Source: Leqi access guide V2.006, rate control; the rate itself is the direct unit's setting. */
export function makeRateBudget(pool: pg.Pool): RateBudget {
  return {
    async take(unit, capability, permits) {
      const values = [unit, capability, permits]
      const [answer] = await run<{ granted: number; wait_ms: number }>(pool, TAKE_PERMITS, values)
      if (answer === undefined) throw new Defect('a rate budget of a direct unit that is not in the settings')
      return { granted: answer.granted, waitMs: answer.granted > 0 ? 0 : answer.wait_ms }
    },
    async slowDown(unit, capability, perSecondMax) {
      await run(pool, SLOW_DOWN, [unit, capability, perSecondMax])
    },
  }
}
