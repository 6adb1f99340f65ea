/**
 * What this process knows of the way to the bureau: the stops that all replicas share, the calls it made lately, and how
 * far its clock is from the bureau's.
 *
 * Nothing is written or asked for a call that goes well. A failure that breaks the way, closes it or asks for a pause is
 * raised as a stop once; the others learn of it by a signal. Must not know: HTTP, codes, SQL.
 */
import type { Clock, Instant, Timers } from '../kernel/time.js'
import { MENDED_PROBE_MS, unreachableProbeDelayMs } from './backoff.js'
import { countCall, isBroken, NO_CALLS, type RecentCalls } from './breaker.js'
import {
  type ChannelWatch,
  stops as holds,
  type NewStop,
  type Sight,
  type Stop,
  type StoppableUnit,
  type StopStore,
} from './channel-ports.js'
import { type Comparison, isTooFar, skewMs } from './clock-watch.js'
import { makeRetryBudget } from './retry-budget.js'

/** So many answers to questions that nobody can read, and none that can be read between them: the key is wrong. */
const GARBLED_IN_A_ROW = 5

export interface ChannelDeps {
  stops: Pick<StopStore, 'load' | 'raise'>
  clock: Clock
  timers: Pick<Timers, 'elapsedMs'>
  report: (report: ChannelReport) => void
}

export type ChannelReport =
  /** The one alert of a stop. */
  | {
      event: 'channel.stopped'
      directUnitId: string
      usingUnitId: string | null
      cause: string
      code: string
      message: string
    }
  | { event: 'clock.went-wrong'; directUnitId: string; skewMs: number }
  | { event: 'channel.note-failed'; error: unknown }

export interface Channel extends ChannelWatch {
  /** Brings the shared stops up to date; whether one went. */
  renew(): Promise<boolean>
  stops(): readonly Stop[]
  /** Whether dates may be printed for this direct unit's bureau. */
  isClockRight(directUnitId: string): boolean
  /** This process must leave the work to others: its clock agrees with no bureau that it was compared with. */
  isClockWrong(): boolean
  /** Milliseconds that our clock is ahead of a bureau's, where that is too much. */
  clockFaults(): readonly { directUnitId: string; skewMs: number }[]
}

export function makeChannel(deps: ChannelDeps): Channel {
  const retries = makeRetryBudget(deps.clock)
  const recent = new Map<string, RecentCalls>()
  /** Answers to questions that could not be read, since the last one that could; by direct unit. */
  const garbledCounts = new Map<string, number>()
  const comparisons = new Map<string, Comparison>()
  let stops: readonly Stop[] = []

  function skewOf(directUnitId: string): number | null {
    const comparison = comparisons.get(directUnitId)
    return comparison === undefined ? null : skewMs(comparison, deps.clock.now(), deps.timers.elapsedMs())
  }

  function isClockRight(directUnitId: string): boolean {
    const skew = skewOf(directUnitId)
    return skew !== null && !isTooFar(skew)
  }

  function compare(directUnitId: string, bureauDate: Instant | null): void {
    const ours = deps.clock.now()
    const wasRight = isClockRight(directUnitId) || !comparisons.has(directUnitId)
    // A server that tells no time leaves nothing to disagree with.
    const comparison = { ours, bureaus: bureauDate ?? ours, elapsedMs: deps.timers.elapsedMs() }
    comparisons.set(directUnitId, comparison)
    const skew = skewMs(comparison, ours, comparison.elapsedMs)
    if (wasRight && isTooFar(skew)) deps.report({ event: 'clock.went-wrong', directUnitId, skewMs: skew })
  }

  async function raise(stop: NewStop): Promise<void> {
    const { probeInMs: _, ...told } = stop
    const isNew = await deps.stops.raise(stop)
    if (isNew) deps.report({ event: 'channel.stopped', ...told })
    await renew()
  }

  async function renew(): Promise<boolean> {
    const before = stops
    stops = await deps.stops.load()
    const left = new Set(stops.map(({ id }) => id))
    const gone = before.filter(({ id }) => !left.has(id))
    // What was counted before the way was mended says nothing about it now.
    for (const { directUnitId } of gone) recent.delete(directUnitId)
    return gone.length > 0
  }

  async function note({ direct, id }: StoppableUnit, sight: Sight): Promise<void> {
    const stop = { directUnitId: direct.id, usingUnitId: null }
    if (sight.way === 'busy') {
      const { code, message, pauseMs } = sight
      await raise({ ...stop, cause: 'rate_limited', code, message, probeInMs: pauseMs })
    }
    if (sight.way === 'closed') {
      const { cause, code, message, reach } = sight
      const usingUnitId = reach === 'using_unit' ? id : null
      await raise({ ...stop, usingUnitId, cause, code, message, probeInMs: MENDED_PROBE_MS })
    }
    if (sight.way === 'garbled') {
      const count = (garbledCounts.get(direct.id) ?? 0) + 1
      garbledCounts.set(direct.id, count)
      if (count < GARBLED_IN_A_ROW) return
      const { code } = sight
      const message = `税局应答连续${GARBLED_IN_A_ROW}次无法读取，请核对API密钥（${sight.message}）`
      await raise({ ...stop, cause: 'unit_key_fault', code, message, probeInMs: MENDED_PROBE_MS })
      return
    }
    if (sight.way === 'open') garbledCounts.delete(direct.id)
    if (sight.way === 'unclear') return
    const counted = countCall(recent.get(direct.id) ?? NO_CALLS, sight.way === 'broken', deps.clock.now())
    recent.set(direct.id, counted)
    if (sight.way !== 'broken' || !isBroken(counted)) return
    recent.delete(direct.id)
    const { code, message } = sight
    await raise({ ...stop, cause: 'bureau_unreachable', code, message, probeInMs: unreachableProbeDelayMs(0) })
  }

  return {
    renew,
    stops: () => stops,
    isClockRight,
    isClockWrong() {
      const known = [...comparisons.keys()]
      return known.length > 0 && !known.some(isClockRight)
    },
    clockFaults: () =>
      [...comparisons.keys()].flatMap((directUnitId) => {
        const skew = skewOf(directUnitId)
        return skew !== null && isTooFar(skew) ? [{ directUnitId, skewMs: skew }] : []
      }),
    stopOf: (unit) => stops.find((stop) => holds(stop, unit)) ?? null,
    countFirst: ({ direct }) => retries.countFirst(direct.id),
    takeRetry: ({ direct }) => retries.take(direct.id),
    async observe(unit, sight) {
      if (sight.bureauDate !== null || sight.way === 'open') compare(unit.direct.id, sight.bureauDate)
      try {
        await note(unit, sight)
      } catch (error) {
        // The store is down, and says so itself: the next failure raises the stop again.
        deps.report({ event: 'channel.note-failed', error })
      }
    },
  }
}
