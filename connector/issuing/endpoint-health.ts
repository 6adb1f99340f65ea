/**
 * The health of one callback endpoint: its breaker, and whether it is used at all. Pure; kept in the memory, so that all
 * workers see the same and a restart forgets nothing.
 *
 *   closed     everything that is due goes out
 *   open       entered by 5 failures in a row, or when of at least 20 attempts within 30 s half failed; nothing goes out.
 *              15 s at first, then twice as long each time, 120 s at most
 *   half open  entered when that time is over: one attempt alone; a success closes, a failure opens again
 *   disabled   entered by 410, or by 5 days of failures and a whole schedule of them without one success; left only by hand
 */
import { after, type Instant } from '../kernel/time.js'
import type { AttemptOutcome } from './delivery-ports.js'

const FAILURES_IN_A_ROW_MAX = 5
const WINDOW_MS = 30_000
const WINDOW_COUNT_MIN = 20
const WINDOW_FAILED_SHARE_MAX = 0.5
const OPEN_MS = 15_000
const OPEN_MS_MAX = 120_000
/** An endpoint that fails this long is switched off; source: reliability, callbacks. */
const FAILING_MS_MAX = 5 * 24 * 60 * 60 * 1000
/** And not for a handful of failures with days of silence between them. */
const FAILING_COUNT_MIN = 12

export interface EndpointHealth {
  /** Why it is switched off; null: it is used. */
  disabledFor: 'gone' | 'failing' | null
  /** First failure since the last success. */
  failingSince: Instant | null
  /** Failures since the last success. */
  failureCount: number
  /** Attempts of late, for the share that fails. */
  window: { since: Instant; count: number; failureCount: number }
  /** Non-null: the breaker is open until then and half open after it. */
  openUntil: Instant | null
  /** How often it opened since the last success. */
  openingCount: number
}

/** An endpoint of which nothing bad is known. */
export function makeHealthy(now: Instant): EndpointHealth {
  return {
    disabledFor: null,
    failingSince: null,
    failureCount: 0,
    window: { since: now, count: 0, failureCount: 0 },
    openUntil: null,
    openingCount: 0,
  }
}

/** What an endpoint is after attempts, in the order in which they ended. */
export function judgeEndpoint(
  health: EndpointHealth,
  outcomes: readonly AttemptOutcome[],
  now: Instant,
): EndpointHealth {
  return outcomes.reduce((latest, outcome) => judgeOne(latest, outcome, now), health)
}

function judgeOne(health: EndpointHealth, outcome: AttemptOutcome, now: Instant): EndpointHealth {
  const window = slide(health.window, outcome, now)
  if (outcome === 'delivered') return { ...makeHealthy(now), disabledFor: health.disabledFor, window }
  const failed = {
    ...health,
    failingSince: health.failingSince ?? now,
    failureCount: health.failureCount + 1,
    window,
  }
  const disabledFor =
    health.disabledFor ?? (outcome === 'gone' ? 'gone' : isFailingTooLong(failed, now) ? 'failing' : null)
  // Attempts that were under way when it opened say nothing new.
  const isOpen = health.openUntil !== null && health.openUntil > now
  if (isOpen || !isTripped(failed)) return { ...failed, disabledFor }
  const openMs = Math.min(OPEN_MS * 2 ** Math.min(health.openingCount, 20), OPEN_MS_MAX)
  return {
    ...failed,
    disabledFor,
    openUntil: after(now, openMs),
    openingCount: health.openingCount + 1,
    window: { since: now, count: 0, failureCount: 0 },
  }
}

function isTripped({ openUntil, failureCount, window }: EndpointHealth): boolean {
  const isHalfOpen = openUntil !== null
  const isMostlyFailing =
    window.count >= WINDOW_COUNT_MIN && window.failureCount >= window.count * WINDOW_FAILED_SHARE_MAX
  return isHalfOpen || failureCount >= FAILURES_IN_A_ROW_MAX || isMostlyFailing
}

function isFailingTooLong({ failingSince, failureCount }: EndpointHealth, now: Instant): boolean {
  return failingSince !== null && now - failingSince >= FAILING_MS_MAX && failureCount >= FAILING_COUNT_MIN
}

function slide(window: EndpointHealth['window'], outcome: AttemptOutcome, now: Instant): EndpointHealth['window'] {
  const failedCount = outcome === 'delivered' ? 0 : 1
  if (now - window.since > WINDOW_MS) return { since: now, count: 1, failureCount: failedCount }
  return { since: window.since, count: window.count + 1, failureCount: window.failureCount + failedCount }
}
