/**
 * Whether our clock agrees with the bureau's, by the `Date` of its answers. Pure.
 *
 * A wrong clock would print wrong issue dates, so nothing is frozen before the first comparison, and nothing is sent
 * while the two are more than five minutes apart. One comparison lasts: how far our clock was moved since is told by
 * the monotonic clock, so a correction counts at once, and so does a jump.
 */
import type { Instant } from '../kernel/time.js'

const SKEW_MS_MAX = 5 * 60_000

/** Our clock when an answer came, and what the bureau's said. */
export interface Comparison {
  ours: Instant
  bureaus: Instant
  elapsedMs: number
}

/** Units: milliseconds by which our clock is ahead. */
export function skewMs(comparison: Comparison, now: Instant, elapsedMs: number): number {
  const bureausNow = comparison.bureaus + (elapsedMs - comparison.elapsedMs)
  return Math.round(now - bureausNow)
}

export function isTooFar(skew: number): boolean {
  return Math.abs(skew) > SKEW_MS_MAX
}
