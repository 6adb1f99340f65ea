/**
 * What `/readyz` tells, put together from the memory, the doors and the phase of the process. Asking it costs the database
 * one question at a time, however often the page is asked and however long the database is silent.
 */
import type { StoreHealth } from '../../adapters/postgres/health.js'
import type { HealthReport, HealthSource } from '../../openapi/health.js'
import type { Channel } from '../issuing/channel.js'
import type { Stop } from '../issuing/channel-ports.js'
import type { Directory } from '../issuing/directory.js'
import type { IntakeStop } from '../issuing/pressure.js'
import { formatAmount } from '../kernel/amount.js'
import { type Clock, chinaYear, type Instant, type Timers, taxPeriodOf, utcRfc3339 } from '../kernel/time.js'
import type { Doors } from './doors.js'
import type { IntakeValve } from './intake-valve.js'
import type { Service } from './lifecycle.js'
import type { StoringWatch } from './storing-watch.js'

/** A database that is silent for longer counts as down; less than what the page itself may take. */
export const LOAD_MS_MAX = 1_500

export type Health = HealthSource & Service & { setDraining(): void }

export interface HealthDeps {
  /** Units: year and period of the running month in China. */
  load: (now: { year: number; period: string }) => Promise<StoreHealth>
  directory: () => Pick<Directory, 'directUnits' | 'unit'>
  doors: { readonly [D in 'inward' | 'outward' | 'publisher' | 'orders']: Pick<Doors[D], 'status'> }
  channel: Pick<Channel, 'stops' | 'clockFaults'>
  valve: Pick<IntakeValve, 'status'>
  storing: Pick<StoringWatch, 'status'>
  clock: Clock
  timers: Timers
}

export function makeHealth(deps: HealthDeps): Health {
  const { doors, channel, directory } = deps
  let phase: HealthReport['phase'] = 'starting'
  const database = makeWitness(deps)
  const setDraining = () => {
    phase = 'draining'
  }
  const nameOf = (directUnitId: string) =>
    directory().directUnits.find(({ id }) => id === directUnitId)?.leqiId ?? directUnitId
  const nameUnits = ({ directUnitId, usingUnitId }: Stop) => {
    const unit = usingUnitId === null ? null : directory().unit(usingUnitId)
    return { directUnit: nameOf(directUnitId), taxNo: unit?.taxNo ?? null }
  }
  return {
    setDraining,
    start: () => {
      phase = 'running'
      return Promise.resolve()
    },
    stop: () => Promise.resolve(setDraining()),
    async read() {
      const stored = await database.ask()
      return {
        phase,
        dependencies: {
          database: database.health(),
          'orders in': toLinkHealth(doors.inward.status()),
          intake: toIntakeHealth(deps.valve.status(), doors.orders.status()),
          'results out': toOutwardHealth(doors.outward.status(), doors.publisher.status()),
        },
        parked: stored === null ? null : [...stored.parked],
        results: stored === null ? null : stored.results,
        callbacks: stored === null ? null : toCallbacks(stored.callbacks),
        units: stored === null ? null : stored.units.map(toUnit),
        stops: channel.stops().map((stop) => ({ ...nameUnits(stop), ...toStop(stop) })),
        clockFaults: channel
          .clockFaults()
          .map(({ directUnitId, skewMs }) => ({ directUnit: nameOf(directUnitId), skewMs, message: tellSkew(skewMs) })),
      }
    },
  }
}

type DependencyHealth = HealthReport['dependencies'][string]

function toCallbacks({ disabledEndpoints, ...counts }: StoreHealth['callbacks']) {
  return { ...counts, disabledEndpoints: [...disabledEndpoints] }
}

function toUnit({ quota, ...unit }: StoreHealth['units'][number]) {
  return { ...unit, quota: quota && { period: quota.period, availableAmount: formatAmount(quota.availableAmount) } }
}

function toStop({ cause, code, message, since, probeAt }: Stop) {
  return { cause, code, message, since: utcRfc3339(since), nextLookAt: utcRfc3339(probeAt) }
}

function tellSkew(skewMs: number): string {
  const seconds = Math.round(Math.abs(skewMs) / 1_000)
  return `本机时钟比税局${skewMs > 0 ? '快' : '慢'}${seconds}秒，已停止发送；校准时钟后自动恢复`
}

/** A broker that blocks us takes nothing, though the connection stands. */
function toLinkHealth(link: ReturnType<Doors['inward']['status']>): DependencyHealth {
  return toDependency(link.state === 'connected', link)
}

/** The connection may stand while the exchange is gone or publishing to it is forbidden. */
function toOutwardHealth(
  link: ReturnType<Doors['outward']['status']>,
  channel: ReturnType<Doors['publisher']['status']>,
): DependencyHealth {
  return link.state === 'connected' ? toDependency(channel.state === 'open', channel) : toLinkHealth(link)
}

const INTAKE_STOPS: Record<IntakeStop, string> = {
  too_many_waiting: '未完成的消息、订单与发票达到 LEQI_WAITING_LIMIT，停止接收订单；降到 80% 后自动继续',
  database_nearly_full: '数据库用到 LEQI_DB_SIZE_LIMIT_MB 的 85%，停止接收订单；降到 80% 后自动继续',
}

/** Down while back-pressure has shut it, and while what was taken cannot be stored. */
function toIntakeHealth(
  shut: ReturnType<IntakeValve['status']>,
  consumer: ReturnType<Doors['orders']['status']>,
): DependencyHealth {
  if (shut === null) return toDependency(consumer.state === 'consuming', consumer)
  return toDependency(false, { since: shut.since, lastError: `${shut.stop}: ${INTAKE_STOPS[shut.stop]}` })
}

function toDependency(isUp: boolean, { since, lastError }: { since: Instant; lastError: string | null }) {
  return { isUp, since: utcRfc3339(since), lastError: isUp ? null : lastError }
}

/** Remembers since when the database answers or does not. */
function makeWitness({ load, storing, clock, timers }: HealthDeps) {
  let answer: { isUp: boolean; since: Instant; lastError: string | null } = {
    isUp: true,
    since: clock.now(),
    lastError: null,
  }
  let asking: Promise<StoreHealth> | null = null

  function turn(isUp: boolean, lastError: string | null): void {
    answer = { isUp, since: answer.isUp === isUp ? answer.since : clock.now(), lastError }
  }

  function askOnce(): Promise<StoreHealth> {
    const now = clock.now()
    asking ??= load({ year: chinaYear(now), period: taxPeriodOf(now) }).finally(() => {
      asking = null
    })
    return asking
  }

  return {
    /** null: it cannot be asked. */
    async ask(): Promise<StoreHealth | null> {
      try {
        const stored = await within(LOAD_MS_MAX, askOnce(), timers)
        turn(true, null)
        return stored
      } catch (error) {
        turn(false, error instanceof Error ? error.message : String(error))
        return null
      }
    },
    /** One that answers and stores nothing is of no use either. */
    health(): DependencyHealth {
      const refusal = answer.isUp ? storing.status() : null
      return refusal === null ? toDependency(answer.isUp, answer) : toDependency(false, refusal)
    },
  }
}

/** Errors: that of the work, or that it took too long. */
export function within<T>(ms: number, work: Promise<T>, timers: Timers): Promise<T> {
  return new Promise((resolve, reject) => {
    const callOff = timers.after(ms, () => reject(new Error(`no answer within ${ms} ms`)))
    work.then(resolve, reject).finally(callOff)
  })
}
