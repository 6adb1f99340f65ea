/**
 * How long to wait before the next try. Every schedule of the product stands here (reliability: retries).
 *
 *   in doubt             15 s, 60 s, 5 min, 15 min, then every 30 min; a person after 24 h
 *   unseen result        5 min, 10 min, 20 min … up to 12 h, then the same bytes again
 *   never sent           1 s × 2ⁿ up to 60 s, full jitter
 *   poll                 first × 1, 1.5, 2.5, 4, 6.5, 10, then doubling up to the longest pause
 *   publish              0.5 s × 2ⁿ up to 30 s, full jitter
 *   within a call        three tries, 0.3 s × 2ⁿ, doubled at random: only what surely did nothing, and reads
 *   rate refusal         5 min, or `Retry-After` between 1 s and 10 min; then the whole channel goes on
 *   bureau unreachable   a read after 15, 30, 60, 120, 120 … s; an alert after 24 h
 *   unit or key refused  a read every 5 min
 *   clock                a read every 10 s until our clock is compared with the bureau's and right
 *   transaction          20 ms × 2ⁿ up to 2 s, full jitter, 8 times (deadlock, serialisation, lock)
 *   callback             12 tries; the jitter only adds, so that the span stays as promised
 *   store away           0.5 s × 2ⁿ up to 15 s, full jitter; store full: between 5 and 25 s
 *
 *     try        1   2     3     4     5      6      7      8      9      10     11      12
 *     after      0   5 s   30 s  2 m   10 m   30 m   1 h    3 h    6 h    12 h   12 h    12 h
 *     together   0   5 s   35 s  2½ m  12½ m  42½ m  1¾ h   4¾ h   10¾ h  22¾ h  34¾ h   46¾ h, then exhausted
 */

/** Random numbers in [0, 1), injected so that a simulation repeats itself. */
export type Random = () => number

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

const DOUBT_DELAYS_MS = [15 * SECOND_MS, MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS]
const DOUBT_DELAY_MS_MAX = 30 * MINUTE_MS
/** After this long in doubt a person looks at it; number and quota stay reserved. */
export const DOUBT_MS_MAX = 24 * HOUR_MS

/** Pause after each failed try of a callback; after the last there is none, and no further try by itself. */
const CALLBACK_DELAYS_MS = [
  ...[5 * SECOND_MS, 30 * SECOND_MS, 2 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS],
  ...[HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS, 12 * HOUR_MS, 12 * HOUR_MS],
]
/** Share of a pause that chance may add to it. */
const CALLBACK_JITTER = 0.1
/** What a receiver may ask for by `Retry-After`. */
const RETRY_AFTER_MS_MIN = SECOND_MS
const RETRY_AFTER_MS_MAX = 10 * MINUTE_MS

const POLL_FACTORS = [1, 1.5, 2.5, 4, 6.5, 10]

/** How long the bureau keeps the result of an upload. Source: Leqi base capability, result query, 12 h. */
export const RESULT_WINDOW_MS = 12 * HOUR_MS

/** Tries within one call, by the adapter. */
export const CALL_TRIES = { countMax: 3, delayMs: 0.3 * SECOND_MS, delayMsMax: 3 * SECOND_MS } as const

/** The bureau asks for five minutes after a rate refusal. Source: access guide, rate control. */
const RATE_PAUSE_MS = 5 * MINUTE_MS
/** Bounds of a `Retry-After` that a proxy or gateway may dictate. */
const RATE_PAUSE_MS_MIN = SECOND_MS
const RATE_PAUSE_MS_MAX = 10 * MINUTE_MS

const UNREACHABLE_PROBE_MS = 15 * SECOND_MS
const UNREACHABLE_PROBE_MS_MAX = 2 * MINUTE_MS
/** A channel that is stopped for longer than this is told once more. */
export const STOPPED_MS_MAX = 24 * HOUR_MS
/** What a person must mend is asked about this often; nobody tells when a block is lifted. */
export const MENDED_PROBE_MS = 5 * MINUTE_MS
/** Until our clock is known to be right. */
export const CLOCK_PROBE_MS = 10 * SECOND_MS

/** Repeats of one transaction before its error is told. */
export const TRANSACTION_RETRY_COUNT_MAX = 8

/** First wait for a result that the bureau does not know of, before the same bytes are uploaded again. */
const UNSEEN_RESULT_MS = 5 * MINUTE_MS

/** Doubled with each upload, so that a bureau that is merely slow is not asked in vain for ever. */
export function unseenResultMs(attempts: number): number {
  return Math.min(UNSEEN_RESULT_MS * 2 ** Math.min(Math.max(attempts - 1, 0), 20), RESULT_WINDOW_MS)
}

export function doubtDelayMs(attempts: number): number {
  return DOUBT_DELAYS_MS[attempts - 1] ?? DOUBT_DELAY_MS_MAX
}

export function neverSentDelayMs(attempts: number, random: Random): number {
  return fullJitter(SECOND_MS, 60 * SECOND_MS, attempts, random)
}

export function publishDelayMs(attempts: number, random: Random): number {
  return fullJitter(0.5 * SECOND_MS, 30 * SECOND_MS, attempts, random)
}

/** Pause after the n-th try; never shorter than the receiver asked for within its limits. null: that was the last. */
export function callbackDelayMs(tryNo: number, retryAfterMs: number | null, random: Random): number | null {
  const delayMs = CALLBACK_DELAYS_MS[tryNo - 1]
  if (delayMs === undefined) return null
  const spreadMs = Math.round(delayMs * (1 + CALLBACK_JITTER * random()))
  if (retryAfterMs === null) return spreadMs
  return Math.max(spreadMs, Math.min(Math.max(retryAfterMs, RETRY_AFTER_MS_MIN), RETRY_AFTER_MS_MAX))
}

/**
 * Rest of whoever found that nothing can be stored: the database does not answer, or its disk is full. Below the 30 s
 * within which everything goes on once there is room again.
 */
export function storeDelayMs(trouble: 'away' | 'full', failures: number, random: Random): number {
  if (trouble === 'full') return Math.round((5 + 20 * random()) * SECOND_MS)
  return fullJitter(0.5 * SECOND_MS, 15 * SECOND_MS, failures, random)
}

export function pollDelayMs(polls: number, plan: { firstMs: number; maxMs: number }): number {
  const last = POLL_FACTORS.length - 1
  const factor = POLL_FACTORS[polls] ?? (POLL_FACTORS[last] ?? 1) * 2 ** Math.min(polls - last, 20)
  return Math.min(plan.firstMs * factor, plan.maxMs)
}

/** Units: `retryAfter` as in the header, whole seconds; null or anything else: the bureau's own pause. */
export function ratePauseMs(retryAfter: string | null): number {
  const seconds = retryAfter !== null && /^\d{1,6}$/.test(retryAfter.trim()) ? Number(retryAfter) : null
  if (seconds === null) return RATE_PAUSE_MS
  return Math.min(Math.max(seconds * SECOND_MS, RATE_PAUSE_MS_MIN), RATE_PAUSE_MS_MAX)
}

/** Until a bureau that cannot be reached is asked again, after so many questions in vain. */
export function unreachableProbeDelayMs(failedProbes: number): number {
  return Math.min(UNREACHABLE_PROBE_MS * 2 ** Math.min(failedProbes, 20), UNREACHABLE_PROBE_MS_MAX)
}

/** `retry` counts from 1. Anything from nothing to the whole step: those who collided must not meet again. */
export function transactionDelayMs(retry: number, random: Random): number {
  return Math.round(Math.min(20 * 2 ** (retry - 1), 2 * SECOND_MS) * random())
}

/** A random wait between a tenth of the step and the whole of it: spread, but never at once. */
function fullJitter(firstMs: number, maxMs: number, attempts: number, random: Random): number {
  const ceiling = Math.min(firstMs * 2 ** Math.min(Math.max(attempts - 1, 0), 20), maxMs)
  return Math.round(ceiling * (0.1 + 0.9 * random()))
}

/** After a restore: pause between two rounds of questions, and after one that the bureau did not answer. */
export const RESTORE_ROUND_MS = 60 * SECOND_MS
export const RESTORE_UNREACHED_MS = 30 * SECOND_MS
/** First round: no upload of an older process (60 s) is under way any more, and what it stored can be read (60 s). */
export const RESTORE_GRACE_MS = 2 * MINUTE_MS
