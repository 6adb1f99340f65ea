/**
 * A station: one loop that does one kind of work until there is none, then rests until it is kicked, something it was
 * told of becomes due, or its longest rest is over. Kicks during a run are not lost. An error is told and waited out,
 * never fatal. Rests are counted by a clock that never jumps, so that setting the one on the wall changes nothing.
 */
import type { Timers } from '../kernel/time.js'
import type { Service } from './lifecycle.js'

/** Rest after an error: short enough to recover quickly, long enough not to spin. */
const ERROR_REST_MS = 500
/** Instants remembered at once, one for each thing that waits; what comes on top waits for the longest rest at most. */
const DUE_COUNT_MAX = 1_000

export interface Station extends Service {
  /** There may be something to do now. */
  kick(): void
  /** There will be something to do in so many milliseconds. */
  kickIn(ms: number): void
}

export interface StationOptions {
  name: string
  timers: Timers
  /** Longest rest: the net under lost kicks. */
  restMsMax: number
  /** One round of work; resolves to how much it found. It is called again at once while it finds something. */
  run: () => Promise<number>
  onError: (name: string, error: unknown) => void
  /** Rest after so many errors in a row, in ms; half a second when left out. A kick ends it. */
  errorRestMs?: (error: unknown, failureCount: number) => number
}

export function makeStation(options: StationOptions): Station {
  let isRunning = false
  let isKicked = false
  const dueAts = new Set<number>()
  let wakeUp: (() => void) | null = null
  let loop: Promise<void> = Promise.resolve()

  const kick = () => {
    isKicked = true
    wakeUp?.()
  }

  async function rest(ms: number): Promise<void> {
    if (isKicked || !isRunning) return
    await new Promise<void>((resolve) => {
      const callOff = options.timers.after(ms, resolve)
      wakeUp = () => {
        callOff()
        resolve()
      }
    })
    wakeUp = null
  }

  async function work(): Promise<void> {
    let failureCount = 0
    while (isRunning) {
      isKicked = false
      forget(dueAts, options.timers.elapsedMs())
      try {
        const found = await options.run()
        failureCount = 0
        if (found > 0) continue
        await rest(restMs(dueAts, options))
      } catch (error) {
        options.onError(options.name, error)
        failureCount += 1
        await rest(options.errorRestMs?.(error, failureCount) ?? ERROR_REST_MS)
      }
    }
  }

  return {
    kick,
    kickIn(ms) {
      const at = options.timers.elapsedMs() + ms
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

function restMs(dueAts: ReadonlySet<number>, { timers, restMsMax }: StationOptions): number {
  return Math.min(Math.max(firstOf(dueAts) - timers.elapsedMs(), 0), restMsMax)
}

function forget(dueAts: Set<number>, now: number): void {
  for (const at of dueAts) if (at <= now) dueAts.delete(at)
}

function firstOf(dueAts: ReadonlySet<number>): number {
  let first = Number.POSITIVE_INFINITY
  for (const at of dueAts) if (at < first) first = at
  return first
}
