/** Results on their way out: those just written go at once, those left over when they are due. */
import type { PendingEvent } from '../../issuing/ports.js'
import { publish } from '../../issuing/publish.js'
import type { WrittenEvent } from '../../issuing/settle.js'
import type { Stage } from './stage.js'

/** Events published in one go: what a process that dies before it has marked them leaves to be published twice. */
const EVENT_COUNT_MAX = 20

export interface Results {
  /** Publishes what a statement that began at `sinceMs` wrote and leased to us. */
  publishSoon(events: readonly WrittenEvent[], sinceMs: number): void
  publishDue(): Promise<number>
}

export function makeResults(stage: Stage): Results {
  const { deps, holds, stopping } = stage

  async function publishDue(): Promise<number> {
    if (stopping.aborted) return 0
    const sinceMs = deps.timers.elapsedMs()
    const lease = { owner: deps.owner, ms: deps.leaseMs }
    const events = await deps.store.outbox.claimDue({ lease, limit: EVENT_COUNT_MAX })
    if (events.length > 0) await publishAll(events, sinceMs)
    return events.length
  }

  async function publishAll(events: readonly PendingEvent[], sinceMs: number): Promise<void> {
    const held = events.map(({ id, attempts }) => ({ id, fence: BigInt(attempts) }))
    const hold = holds.take('outbox', held, sinceMs)
    try {
      const delayMs = await publish({ ...deps, ...deps.store, report: stage.report }, events, hold)
      if (delayMs !== null) stage.kickIn('outbox', delayMs)
    } finally {
      hold.release()
    }
  }

  return {
    publishDue,
    publishSoon(events, sinceMs) {
      if (events.some(({ delivery }) => delivery !== 'amqp')) deps.callbacks.kick()
      const published = events.filter(({ delivery }) => delivery !== 'callback')
      if (published.length > 0) stage.spawn('publish', () => publishAll(published, sinceMs))
    },
  }
}
