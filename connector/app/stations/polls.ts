/** Asking for verdicts: so many questions at once, each under the lease of its batch. */
import pLimit from 'p-limit'
import type { HeldBatch } from '../../issuing/batch-ports.js'
import { poll } from '../../issuing/poll.js'
import type { Results } from './results.js'
import type { Stage } from './stage.js'

/** Polls under way at once. */
const POLL_COUNT_MAX = 8

export interface Polls {
  pollDue(): Promise<number>
}

export function makePolls(stage: Stage, results: Results): Polls {
  const { deps, holds, stopping } = stage
  const polls = pLimit(POLL_COUNT_MAX)

  async function pollDue(): Promise<number> {
    const freeCount = POLL_COUNT_MAX - polls.activeCount - polls.pendingCount
    if (stopping.aborted || freeCount <= 0 || deps.channel.isClockWrong()) return 0
    const sinceMs = deps.timers.elapsedMs()
    const batches = await deps.store.batches.claimDue({
      lease: { owner: deps.owner, ms: deps.leaseMs },
      states: ['accepted'],
      limit: freeCount,
    })
    for (const batch of batches) pollSoon(batch, sinceMs)
    // Fewer than asked for: the rest of each unit's share has its turn when a hand is free, what is due later its own kick.
    return batches.length === freeCount ? freeCount : 0
  }

  function pollSoon(batch: HeldBatch, sinceMs: number): void {
    const unit = deps.directory().unit(batch.usingUnitId)
    if (unit === null) return
    const hold = holds.take('batches', [batch], sinceMs)
    stage.spawn('poll', async () => {
      try {
        const { delayMs, events } = await polls(() => poll({ ...deps, report: stage.report }, batch, unit, hold))
        if (events.length > 0) results.publishSoon(events, hold.sinceMs)
        if (delayMs !== null) stage.kickIn('poll', delayMs)
      } finally {
        hold.release()
        // There is a free hand again, and a due batch that was just being renewed was stepped over.
        stage.kick('poll')
      }
    })
  }

  return { pollDue }
}
