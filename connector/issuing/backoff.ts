/**
 * How long to wait before the next try. Every schedule of the story stands here (reliability: retries).
 *
 *   in doubt      15 s, 60 s, 5 min, 15 min, then every 30 min; a person after 24 h
 *   never sent    1 s × 2ⁿ up to 60 s, full jitter
 *   poll          first × 1, 1.5, 2.5, 4, 6.5, 10, then doubling up to the longest pause
 *   publish       0.5 s × 2ⁿ up to 30 s, full jitter
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

const POLL_FACTORS = [1, 1.5, 2.5, 4, 6.5, 10]

/** How long the bureau keeps the result of an upload. Source: Leqi base capability, result query, 12 h. */
export const RESULT_WINDOW_MS = 12 * HOUR_MS

export function doubtDelayMs(attempts: number): number {
  return DOUBT_DELAYS_MS[attempts - 1] ?? DOUBT_DELAY_MS_MAX
}

export function neverSentDelayMs(attempts: number, random: Random): number {
  return fullJitter(SECOND_MS, 60 * SECOND_MS, attempts, random)
}

export function publishDelayMs(attempts: number, random: Random): number {
  return fullJitter(0.5 * SECOND_MS, 30 * SECOND_MS, attempts, random)
}

export function pollDelayMs(polls: number, plan: { firstMs: number; maxMs: number }): number {
  const last = POLL_FACTORS.length - 1
  const factor = POLL_FACTORS[polls] ?? (POLL_FACTORS[last] ?? 1) * 2 ** Math.min(polls - last, 20)
  return Math.min(plan.firstMs * factor, plan.maxMs)
}

/** A random wait between a tenth of the step and the whole of it: spread, but never at once. */
function fullJitter(firstMs: number, maxMs: number, attempts: number, random: Random): number {
  const ceiling = Math.min(firstMs * 2 ** Math.min(Math.max(attempts - 1, 0), 20), maxMs)
  return Math.round(ceiling * (0.1 + 0.9 * random()))
}
