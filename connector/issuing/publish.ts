/**
 * Publishes pending events and marks each published only after the broker confirmed it and did not return it (P6).
 * A copy that is published twice carries the same id and the same bytes.
 */
import { after, type Clock, type Instant } from '../kernel/time.js'
import { publishDelayMs, type Random } from './backoff.js'
import type { OutboxStore, PendingEvent, PublishOutcome, ResultPublisher } from './ports.js'

export interface PublishDeps {
  outbox: OutboxStore
  publisher: ResultPublisher
  clock: Clock
  random: Random
  report: (report: PublishReport) => void
}

interface PublishReport {
  event: 'results.published'
  count: number
  confirmedCount: number
  unroutableCount: number
  durationMs: number
}

/** Publishes events that this worker holds a lease on; returns when the earliest failed one is due again, or null. */
export async function publish(deps: PublishDeps, events: readonly PendingEvent[]): Promise<Instant | null> {
  const startedAt = deps.clock.now()
  const outcomes = await deps.publisher.publish(events)
  const at = deps.clock.now()
  const confirmed: string[] = []
  const postponed: { id: string; dueAt: Instant; isUnroutable: boolean }[] = []
  for (const [index, event] of events.entries()) {
    const outcome: PublishOutcome = outcomes[index] ?? 'lost'
    if (outcome === 'confirmed') confirmed.push(event.id)
    else {
      const dueAt = after(at, publishDelayMs(event.attempts, deps.random))
      postponed.push({ id: event.id, dueAt, isUnroutable: outcome === 'unroutable' })
    }
  }
  if (confirmed.length > 0) await deps.outbox.markPublished(confirmed, at)
  if (postponed.length > 0) await deps.outbox.postpone(postponed)
  deps.report({
    event: 'results.published',
    count: events.length,
    confirmedCount: confirmed.length,
    unroutableCount: postponed.filter((each) => each.isUnroutable).length,
    durationMs: at - startedAt,
  })
  return postponed.reduce<Instant | null>((first, { dueAt }) => (first === null || dueAt < first ? dueAt : first), null)
}
