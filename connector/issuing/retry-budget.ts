/**
 * How many retries the way to the bureau may carry: a fifth of the first tries, so that trouble is never multiplied.
 *
 * Each replica counts its own, so the share holds for all of them together. A quiet replica has hardly any first tries
 * and may still retry: ten at once and one a second. What is out of budget is tried later, never given up.
 */
import type { Clock, Instant } from '../kernel/time.js'

/** First tries that pay for one retry. */
const FIRST_TRIES_PER_RETRY = 5
/** Retries that first tries may save up. */
const EARNED_MAX = 20
const SPARE_MAX = 10
const SPARE_PER_SECOND = 1

export interface RetryBudget {
  /** A first try of a call over this way. */
  countFirst(way: string): void
  /** Whether a retry may be made now; then it is paid for. */
  take(way: string): boolean
}

interface Purse {
  /** First tries that paid for no retry yet. */
  firstCount: number
  spare: number
  spareAt: Instant
}

export function makeRetryBudget(clock: Clock): RetryBudget {
  const purses = new Map<string, Purse>()

  function purseOf(way: string): Purse {
    const now = clock.now()
    const purse = purses.get(way) ?? { firstCount: 0, spare: SPARE_MAX, spareAt: now }
    const seconds = Math.max(now - purse.spareAt, 0) / 1_000
    purse.spare = Math.min(purse.spare + seconds * SPARE_PER_SECOND, SPARE_MAX)
    purse.spareAt = now
    purses.set(way, purse)
    return purse
  }

  return {
    countFirst(way) {
      const purse = purseOf(way)
      purse.firstCount = Math.min(purse.firstCount + 1, EARNED_MAX * FIRST_TRIES_PER_RETRY)
    },
    take(way) {
      const purse = purseOf(way)
      if (purse.firstCount >= FIRST_TRIES_PER_RETRY) purse.firstCount -= FIRST_TRIES_PER_RETRY
      else if (purse.spare >= 1) purse.spare -= 1
      else return false
      return true
    },
  }
}
