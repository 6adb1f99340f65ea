/** The stops of the way to the bureau: few rows, written when something breaks and when it is mended, read by signal. */
import type pg from 'pg'
import type { Stop, StopCause, StopStore } from '../../connector/issuing/channel-ports.js'
import type { SignalBus } from '../../connector/issuing/ports.js'
import type { Database } from '../../connector/issuing/transaction.js'
import type { UsingUnitId } from '../../connector/kernel/ids.js'
import type { Instant } from '../../connector/kernel/time.js'
import { clientOf } from './database.js'
import { run, type Statement } from './statement.js'

/** More stops than this at once are one trouble; the rest is met by the calls themselves. */
const STOP_COUNT_MAX = 1_000

const COLUMNS = `id, direct_unit_id, using_unit_id, cause, code, message, since, probe_at, failed_probes, is_told`

const LOAD: Statement = {
  name: 'stops.load',
  text: `
    select ${COLUMNS} from bureau_stops order by since, id limit ${STOP_COUNT_MAX}`,
}

// $1 direct unit, $2 using unit or null, $3 cause, $4 code, $5 message, $6 ms until the probe. A row that
// was inserted has no xmax yet.
const RAISE: Statement = {
  name: 'stops.raise',
  text: `
    insert into bureau_stops as s (direct_unit_id, using_unit_id, cause, code, message, probe_at)
    values ($1, $2, $3, $4, $5, now() + $6 * interval '1 millisecond')
    on conflict (direct_unit_id, cause, coalesce(using_unit_id, '00000000-0000-0000-0000-000000000000'::uuid))
    do update set probe_at = excluded.probe_at
    where s.cause = 'rate_limited' and s.probe_at < excluded.probe_at
    returning s.xmax = 0 as is_new`,
}

// A stop that somebody is lifting is waited for, and is no stop any more then.
const HOLD: Statement = {
  name: 'stops.hold',
  text: `
    select cause from bureau_stops
    where direct_unit_id = $1 and (using_unit_id is null or using_unit_id = $2)
    order by since, id for key share`,
}

// $1 lease in ms, $2 limit
const CLAIM_DUE: Statement = {
  name: 'stops.claim_due',
  text: `
    with picked as (
      select id from bureau_stops where probe_at <= now() order by probe_at limit $2 for no key update skip locked
    ), claimed as (
      update bureau_stops set probe_at = now() + $1 * interval '1 millisecond'
      where id = any(array(select id from picked)) returning *
    )
    select ${COLUMNS} from claimed order by since, id`,
}

const POSTPONE: Statement = {
  name: 'stops.postpone',
  text: `
    update bureau_stops
    set probe_at = now() + $2 * interval '1 millisecond', failed_probes = failed_probes + 1, is_told = is_told or $3
    where id = $1`,
}

const LIFT: Statement = {
  name: 'stops.lift',
  text: 'delete from bureau_stops where id = $1 returning id',
}

interface StopRow {
  id: string
  direct_unit_id: string
  using_unit_id: UsingUnitId | null
  cause: StopCause
  code: string
  message: string
  since: Instant
  probe_at: Instant
  failed_probes: number
  is_told: boolean
}

export function makeStopStore(pool: pg.Pool, database: Database, signals: SignalBus): StopStore {
  return {
    load: async () => (await run<StopRow>(pool, LOAD, [])).map(toStop),
    raise: (stop) =>
      database.transaction('other', async (tx) => {
        const { directUnitId, usingUnitId, cause, code, message, probeInMs } = stop
        const values = [directUnitId, usingUnitId, cause, code, message, probeInMs]
        const [raised] = await run<{ is_new: boolean }>(clientOf(tx), RAISE, values)
        if (raised === undefined) return false
        await signals.announce(tx, ['stops'])
        return raised.is_new
      }),
    async hold(tx, { direct, id }) {
      const [held] = await run<{ cause: StopCause }>(clientOf(tx), HOLD, [direct.id, id])
      return held?.cause ?? null
    },
    claimDue: async ({ leaseMs, limit }) => (await run<StopRow>(pool, CLAIM_DUE, [leaseMs, limit])).map(toStop),
    async postpone(id, { probeInMs, isTold }) {
      await run(pool, POSTPONE, [id, probeInMs, isTold])
    },
    lift: async (tx, id) => (await run(clientOf(tx), LIFT, [id])).length === 1,
  }
}

function toStop(row: StopRow): Stop {
  return {
    id: row.id,
    directUnitId: row.direct_unit_id,
    usingUnitId: row.using_unit_id,
    cause: row.cause,
    code: row.code,
    message: row.message,
    since: row.since,
    probeAt: row.probe_at,
    failedProbes: row.failed_probes,
    isTold: row.is_told,
  }
}
