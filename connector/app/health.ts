/** What `/readyz` tells, put together from the memory, the doors and the phase of the process. */
import { loadHealth } from '../../adapters/postgres/health.js'
import type { HealthReport, HealthSource } from '../../openapi/health.js'
import { formatAmount } from '../kernel/amount.js'
import { type Clock, chinaYear, type Instant, taxPeriodOf, utcRfc3339 } from '../kernel/time.js'
import type { Doors } from './doors.js'
import type { Service } from './lifecycle.js'
import type { Memory } from './memory.js'

export type Health = HealthSource & Service & { setDraining(): void }

export function makeHealth(deps: { memory: Memory; doors: Doors; clock: Clock }): Health {
  let phase: HealthReport['phase'] = 'starting'
  const database = makeWitness(deps.clock)
  const setDraining = () => {
    phase = 'draining'
  }
  return {
    setDraining,
    start: () => {
      phase = 'running'
      return Promise.resolve()
    },
    stop: () => Promise.resolve(setDraining()),
    async read() {
      const now = deps.clock.now()
      const stored = await loadHealth(deps.memory.pool, { year: chinaYear(now), period: taxPeriodOf(now) }).then(
        (health) => database.up(health),
        (error: unknown) => database.down(error),
      )
      return {
        phase,
        dependencies: {
          database: database.health(),
          'orders in': toHealth(deps.doors.inward.status()),
          'results out': toHealth(deps.doors.outward.status()),
        },
        parked: stored === null ? null : [...stored.parked],
        results: stored === null ? null : stored.results,
        units: stored === null ? null : stored.units.map(toUnit),
      }
    },
  }
}

type Stored = Awaited<ReturnType<typeof loadHealth>>

function toUnit({ quota, ...unit }: Stored['units'][number]) {
  return { ...unit, quota: quota && { period: quota.period, availableAmount: formatAmount(quota.availableAmount) } }
}

function toHealth(status: ReturnType<Doors['inward']['status']>): HealthReport['dependencies'][string] {
  return { isUp: status.state === 'connected', since: utcRfc3339(status.since), lastError: status.lastError }
}

/** Remembers since when the database answers or does not. */
function makeWitness(clock: Clock) {
  let isUp = true
  let since: Instant = clock.now()
  let lastError: string | null = null
  const turn = (next: boolean) => {
    if (next !== isUp) since = clock.now()
    isUp = next
  }
  return {
    up(stored: Stored): Stored | null {
      turn(true)
      return stored
    },
    down(error: unknown): Stored | null {
      turn(false)
      lastError = error instanceof Error ? error.message : String(error)
      return null
    },
    health: () => ({ isUp, since: utcRfc3339(since), lastError }),
  }
}
