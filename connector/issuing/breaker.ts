/**
 * Whether the way to the bureau is broken, judged from the calls that this process made over it lately. Pure.
 *
 * Broken   five failures in a row, or at least half of at least twenty calls within thirty seconds
 * Failure  the bureau was not reached, or did not answer as a bureau; a refusal of any kind is an answer
 *
 * Being open, and the one read that may close it again, are a stop in the database: `channel.ts`, `probe.ts`.
 */
import type { Instant } from '../kernel/time.js'

const WINDOW_MS = 30_000
/** Calls are counted by the second. */
const SLICE_MS = 1_000
const CALL_COUNT_MIN = 20
const FAILURE_SHARE = 0.5
const FAILURES_IN_A_ROW = 5

interface Slice {
  second: number
  callCount: number
  failureCount: number
}

/** What is remembered of the calls of one channel: at most one slice a second. */
export interface RecentCalls {
  slices: readonly Slice[]
  failuresInARow: number
}

export const NO_CALLS: RecentCalls = { slices: [], failuresInARow: 0 }

/** Counts one call. A clock that went back only makes the memory shorter. */
export function countCall(recent: RecentCalls, isFailure: boolean, now: Instant): RecentCalls {
  const second = Math.floor(now / SLICE_MS)
  const kept = recent.slices.filter((slice) => slice.second > second - WINDOW_MS / SLICE_MS && slice.second <= second)
  const last = kept.at(-1)
  const slice = last?.second === second ? last : { second, callCount: 0, failureCount: 0 }
  const counted = {
    second,
    callCount: slice.callCount + 1,
    failureCount: slice.failureCount + (isFailure ? 1 : 0),
  }
  return {
    slices: [...(slice === last ? kept.slice(0, -1) : kept), counted],
    failuresInARow: isFailure ? recent.failuresInARow + 1 : 0,
  }
}

export function isBroken({ slices, failuresInARow }: RecentCalls): boolean {
  if (failuresInARow >= FAILURES_IN_A_ROW) return true
  const callCount = slices.reduce((sum, slice) => sum + slice.callCount, 0)
  const failureCount = slices.reduce((sum, slice) => sum + slice.failureCount, 0)
  return callCount >= CALL_COUNT_MIN && failureCount >= callCount * FAILURE_SHARE
}
