/**
 * Calls per second of one (direct unit, capability). Modes of a unit: free; limited, from the first call beyond the
 * limit until the penalty is over. Seconds are real time, for a frozen clock would never begin a new one; the penalty
 * runs on the bureau's clock, so that a test can live through it.
 * Source: Leqi access guide: per second and per direct unit and capability; a violator stays limited for a fixed term.
 */
const WINDOW_MS = 1_000

export interface RateLimit {
  /** Whether one more call is let in. */
  admit(key: string, limits: { perSecond: number; penaltyMs: number }): boolean
}

interface Window {
  startedAtMs: number
  count: number
  /** On the bureau's clock. */
  limitedUntilMs: number
}

export function makeRateLimit(time: { monotonicMs(): number; bureauMs(): number }): RateLimit {
  const windows = new Map<string, Window>()
  return {
    admit(key, { perSecond, penaltyMs }) {
      const window = windows.get(key) ?? { startedAtMs: time.monotonicMs(), count: 0, limitedUntilMs: 0 }
      windows.set(key, window)
      if (time.bureauMs() < window.limitedUntilMs) return false
      const nowMs = time.monotonicMs()
      if (nowMs - window.startedAtMs >= WINDOW_MS) {
        window.startedAtMs = nowMs
        window.count = 0
      }
      window.count += 1
      if (window.count <= perSecond) return true
      window.limitedUntilMs = time.bureauMs() + penaltyMs
      return false
    },
  }
}
