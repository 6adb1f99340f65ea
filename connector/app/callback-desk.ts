/**
 * The desk of HTTP callbacks: takes deliveries up, has them attempted side by side, writes down together what ended
 * together. It stands beside the engine, so that receivers that answer slowly keep nobody else waiting.
 *
 * The lease outlives every attempt, so nothing needs renewing; a worker that hangs longer loses by the fence, and the
 * receiver may see the same result twice, with the same id and bytes.
 */
import { attemptDelivery, concludeAttempts, type DeliverDeps } from '../issuing/deliver.js'
import type { ConcludedAttempt, HeldDelivery } from '../issuing/delivery-ports.js'
import type { Timers } from '../kernel/time.js'
import type { Service } from './lifecycle.js'
import { makeStation, type Station } from './station.js'

/** Attempts under way at once in this process. */
const HAND_COUNT = 128
/** Attempts under way at one endpoint: what a small receiver can take. */
const ENDPOINT_CAP = 8
/** Longer than an attempt may take; a dead worker's deliveries are taken up again after it. */
const LEASE_MS = 18_000
/** The net under lost kicks, and under leases and breakers that ran out. */
const REST_MS_MAX = 1_000

export interface CallbackDeskDeps extends Omit<DeliverDeps, 'report'> {
  timers: Timers
  owner: string
  log: (event: string, fields: Record<string, unknown>, level: 'debug' | 'warn' | 'error') => void
}

export type CallbackDesk = Service & Pick<Station, 'kick'>

export function makeCallbackDesk(deps: CallbackDeskDeps): CallbackDesk {
  const deliverDeps: DeliverDeps = {
    ...deps,
    report: (report) => deps.log(report.event, { ...report }, report.event === 'callback.attempted' ? 'debug' : 'warn'),
  }
  const underWay = new Set<Promise<void>>()
  let ended: ConcludedAttempt[] = []
  let concluding: Promise<void> | null = null

  async function takeUp(): Promise<number> {
    const limit = HAND_COUNT - underWay.size
    if (limit <= 0) return 0
    const lease = { owner: deps.owner, ms: LEASE_MS }
    const held = await deps.deliveries.claimDue({ lease, endpointCap: ENDPOINT_CAP, limit })
    for (const each of held) start(each)
    return held.length
  }

  function start(held: HeldDelivery): void {
    const attempt = attemptDelivery(deliverDeps, held)
      .then((concluded) => {
        ended.push(concluded)
        concluding ??= concludeAll()
        return concluding
      })
      .catch((error: unknown) => deps.log('callback.failed', { endpoint: held.endpoint, error }, 'error'))
      .finally(() => {
        underWay.delete(attempt)
        // There is a free hand again, and the order's next result may go out.
        station.kick()
      })
    underWay.add(attempt)
  }

  /**
   * Whatever ends while others are being written down goes with the next round. What cannot be written down is delivered
   * again when its lease has run out.
   */
  async function concludeAll(): Promise<void> {
    while (ended.length > 0) {
      const round = ended
      ended = []
      try {
        const dueAt = await concludeAttempts(deliverDeps, round)
        if (dueAt !== null) station.kickIn(dueAt - deps.clock.now())
      } catch (error) {
        deps.log('callback.unrecorded', { count: round.length, error }, 'error')
      }
    }
    concluding = null
  }

  const station = makeStation({
    name: 'callbacks',
    restMsMax: REST_MS_MAX,
    timers: deps.timers,
    run: takeUp,
    onError: (name, error) => deps.log('station.failed', { station: name, error }, 'error'),
  })

  return {
    kick: station.kick,
    start: station.start,
    async stop() {
      await station.stop()
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }
}
