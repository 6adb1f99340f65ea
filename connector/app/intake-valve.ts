/**
 * Shuts the intake when the memory is too full and opens it again (back-pressure, `issuing/pressure.ts`). Shut means that
 * the consumer is cancelled at the broker: what it holds is still stored, nothing more comes. While the database cannot
 * be asked, the valve stays as it is: the consumer itself holds what it cannot store.
 */
import { type IntakeStop, judgePressure, type Pressure, type PressureLimits } from '../issuing/pressure.js'
import type { Clock, Instant, Timers } from '../kernel/time.js'
import type { Service } from './lifecycle.js'
import { makeStation } from './station.js'

/** Between two looks. A consumer takes some thousand messages meanwhile; the limits leave room for more. */
const LOOK_REST_MS = 2_000

interface IntakeValveDeps {
  load: () => Promise<Pressure>
  limits: PressureLimits
  consumer: { pause(): Promise<void>; resume(): Promise<void> }
  clock: Clock
  timers: Timers
  log: {
    info: (fields: object, event: string) => void
    warn: (fields: object, event: string) => void
    error: (fields: object, event: string) => void
  }
}

export interface IntakeValve extends Service {
  /** Why and since when intake is shut; null when it is open. */
  status(): { stop: IntakeStop; since: Instant } | null
}

export function makeIntakeValve({ load, limits, consumer, clock, timers, log }: IntakeValveDeps): IntakeValve {
  let shut: { stop: IntakeStop; since: Instant } | null = null

  async function look(): Promise<number> {
    const pressure = await load()
    const stop = judgePressure(pressure, limits, shut !== null)
    if (stop !== null && shut === null) {
      shut = { stop, since: clock.now() }
      log.warn({ ...pressure, ...limits, stop }, 'intake.shut')
      await consumer.pause()
    } else if (stop === null && shut !== null) {
      log.info({ ...pressure, ...limits, since: shut.since }, 'intake.opened')
      shut = null
      await consumer.resume()
    } else if (stop !== null && shut !== null) {
      shut = { ...shut, stop }
    }
    return 0
  }

  const onError = (_name: string, error: unknown) => log.error({ error }, 'intake.unjudged')
  const station = makeStation({ name: 'intake', restMsMax: LOOK_REST_MS, run: look, timers, onError })
  return { start: station.start, stop: station.stop, status: () => shut }
}
