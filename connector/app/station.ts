/**
 * A station: one loop that does one kind of work until there is none, then rests until it is kicked, a given instant
 * comes, or its longest rest is over. Kicks during a run are not lost. An error is told and waited out, never fatal.
 */
import type { Clock, Instant } from '../kernel/time.js'
import type { Service } from './lifecycle.js'

/** Rest after an error: short enough to recover quickly, long enough not to spin. */
const ERROR_REST_MS = 500
/** Instants remembered at once, one for each thing that waits; what comes on top waits for the longest rest at most. */
const DUE_COUNT_MAX = 1_000

export interface Station extends Service {
  /** There may be something to do now. */
  kick(): void
  /** There will be something to do at this instant. */
  kickAt(at: Instant): void
}

export interface StationOptions {
  name: string
  clock: Clock
  /** Longest rest: the net under lost kicks. */
  restMsMax: number
  /** One round of work; resolves to how much it found. It is called again at once while it finds something. */
  run: () => Promise<number>
  onError: (name: string, error: unknown) => void
}

export function makeStation(options: StationOptions): Station {
  let isRunning = false
  let isKicked = false
  const dueAts = new Set<Instant>()
  let wakeUp: (() => void) | null = null
  let loop: Promise<void> = Promise.resolve()

  const kick = () => {
    isKicked = true
    wakeUp?.()
  }

  async function rest(ms: number): Promise<void> {
    if (isKicked || !isRunning) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      wakeUp = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    wakeUp = null
  }

  async function work(): Promise<void> {
    while (isRunning) {
      isKicked = false
      forget(dueAts, options.clock.now())
      try {
        if ((await options.run()) > 0) continue
        await rest(restMs(dueAts, options))
      } catch (error) {
        options.onError(options.name, error)
        await rest(ERROR_REST_MS)
      }
    }
  }

  return {
    kick,
    kickAt(at) {
      const isFirst = at < firstOf(dueAts)
      if (dueAts.size < DUE_COUNT_MAX) dueAts.add(at)
      if (isFirst) wakeUp?.()
    },
    start() {
      isRunning = true
      loop = work()
      return Promise.resolve()
    },
    async stop() {
      isRunning = false
      wakeUp?.()
      await loop
    },
  }
}

function restMs(dueAts: ReadonlySet<Instant>, { clock, restMsMax }: StationOptions): number {
  return Math.min(Math.max(firstOf(dueAts) - clock.now(), 0), restMsMax)
}

function forget(dueAts: Set<Instant>, now: Instant): void {
  for (const at of dueAts) if (at <= now) dueAts.delete(at)
}

function firstOf(dueAts: ReadonlySet<Instant>): number {
  let first = Number.POSITIVE_INFINITY
  for (const at of dueAts) if (at < first) first = at
  return first
}
