/**
 * Publishes pending events and marks each published only after the broker confirmed it and did not return it (P6).
 * A copy that is published twice carries the same id and the same bytes; a worker whose lease is not trusted any more
 * leaves its events to the next one all the same.
 */
import { oldestAge } from '../kernel/ids.js'
import { after, type Clock, type Instant, type Timers } from '../kernel/time.js'
import { publishDelayMs, type Random, storeDelayMs } from './backoff.js'
import type { Hold } from './held.js'
import type { HeldEvent, OutboxStore, PendingEvent, PublishOutcome, ResultPublisher } from './ports.js'
import type { Database } from './transaction.js'

export interface PublishDeps {
  outbox: OutboxStore
  database: Pick<Database, 'isOutage'>
  publisher: ResultPublisher
  clock: Clock
  timers: Pick<Timers, 'after'>
  random: Random
  report: (report: PublishReport) => void
}

interface PublishReport {
  event: 'results.published'
  count: number
  confirmedCount: number
  unroutableCount: number
  durationMs: number
  /** From settled to confirmed, of the one that waited longest; replays apart. null: nothing was confirmed. */
  waitedMs: number | null
}

/** Publishes held events; returns how long to wait until the earliest failed one is due again, or null. */
export async function publish(
  deps: PublishDeps,
  events: readonly PendingEvent[],
  hold: Pick<Hold, 'isTrusted'>,
): Promise<number | null> {
  if (!hold.isTrusted()) return null
  const startedAt = deps.clock.now()
  const outcomes = await deps.publisher.publish(events)
  const at = deps.clock.now()
  const confirmed: HeldEvent[] = []
  const firsts: string[] = []
  const postponed: (HeldEvent & { dueAt: Instant; isUnroutable: boolean })[] = []
  for (const [index, event] of events.entries()) {
    const outcome: PublishOutcome = outcomes[index] ?? 'lost'
    if (outcome === 'confirmed') {
      confirmed.push(event)
      if (!event.isReplay) firsts.push(event.id)
    } else {
      const dueAt = after(at, publishDelayMs(event.attempts, deps.random))
      postponed.push({ id: event.id, attempts: event.attempts, dueAt, isUnroutable: outcome === 'unroutable' })
    }
  }
  if (confirmed.length > 0) await write(deps, hold, () => deps.outbox.markPublished(confirmed, at))
  if (postponed.length > 0) await write(deps, hold, () => deps.outbox.postpone(postponed, at))
  deps.report({
    event: 'results.published',
    count: events.length,
    confirmedCount: confirmed.length,
    unroutableCount: postponed.filter((each) => each.isUnroutable).length,
    durationMs: at - startedAt,
    waitedMs: oldestAge(firsts, at),
  })
  return postponed.length === 0 ? null : Math.min(...postponed.map(({ dueAt }) => dueAt - at))
}

/** What is known of an event outlives a database that is away for a moment: whoever forgot it would publish it again. */
async function write(deps: PublishDeps, hold: Pick<Hold, 'isTrusted'>, statement: () => Promise<void>): Promise<void> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await statement()
    } catch (error) {
      if (!deps.database.isOutage(error) || !hold.isTrusted()) throw error
      const ms = storeDelayMs('away', failures, deps.random)
      await new Promise<void>((resolve) => deps.timers.after(ms, resolve))
    }
  }
}
