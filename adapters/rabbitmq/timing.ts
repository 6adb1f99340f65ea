/** Time for the adapter: pauses and ticks, injected so that tests need not wait; deadlines; the one backoff schedule. */

export interface Timers {
  /** Resolves after a time, or at once when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>
  /** Calls `tick` every so often until the returned function is called. */
  every(ms: number, tick: () => void): () => void
}

export const systemTimers: Timers = {
  wait: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      signal.addEventListener('abort', end)
    }),
  every: (ms, tick) => {
    const timer = setInterval(tick, ms)
    return () => clearInterval(timer)
  },
}

/** Random numbers in [0, 1). */
export type Random = () => number

const FIRST_DELAY_MS = 500
/** Doublings counted; more would only overflow. */
const DOUBLING_COUNT_MAX = 20

/**
 * Full jitter: anything between nothing and the ceiling, so that replicas do not come back all at once.
 *
 *   failure   1     2    3    4    5    6     7 …
 *   ceiling   0.5   1    2    4    8    16    30 s (reconnecting, never gives up)
 *   ceiling   0.5   1    2    4    8    15    15 s (storing, never gives up)
 */
export function toPauseMs(failureCount: number, ceilingMs: number, random: Random): number {
  const doublings = Math.min(Math.max(failureCount - 1, 0), DOUBLING_COUNT_MAX)
  return Math.round(Math.min(FIRST_DELAY_MS * 2 ** doublings, ceilingMs) * random())
}

/** The result of `work`, or an error when it takes longer than `ms`; what comes later is ignored. */
export function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms} ms`)), ms)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
