import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CALL_TRIES,
  callbackDelayMs,
  doubtDelayMs,
  MENDED_PROBE_MS,
  neverSentDelayMs,
  pollDelayMs,
  publishDelayMs,
  ratePauseMs,
  STOPPED_MS_MAX,
  storeDelayMs,
  TRANSACTION_RETRY_COUNT_MAX,
  transactionDelayMs,
  unreachableProbeDelayMs,
} from './backoff.js'

const SECOND_MS = 1000

test('polls on the schedule of the plan and never more seldom than it allows', () => {
  const plan = { firstMs: 10_000, maxMs: 600_000 }
  const delays = Array.from({ length: 12 }, (_, polls) => pollDelayMs(polls, plan) / SECOND_MS)

  assert.deepEqual(delays, [10, 15, 25, 40, 65, 100, 200, 400, 600, 600, 600, 600])
})

test('sends again in doubt after 15 s, 60 s, 5 min, 15 min, then every half hour', () => {
  const delays = [1, 2, 3, 4, 5, 50].map((attempts) => doubtDelayMs(attempts) / SECOND_MS)

  assert.deepEqual(delays, [15, 60, 300, 900, 1800, 1800])
})

test('spreads tries that were never sent, up to a minute, and never tries at once', () => {
  assert.equal(
    neverSentDelayMs(1, () => 1),
    1_000,
  )
  assert.equal(
    neverSentDelayMs(30, () => 1),
    60_000,
  )
  assert.ok(neverSentDelayMs(1, () => 0) >= 100)
  assert.equal(
    publishDelayMs(30, () => 1),
    30_000,
  )
})

test('a callback is tried twelve times over 46 hours and more, whatever chance adds', () => {
  for (const chance of [0, 0.5, 0.999]) {
    const delays = Array.from({ length: 12 }, (_, index) => callbackDelayMs(index + 1, null, () => chance))
    const spanMs = delays.reduce<number>((sum, delayMs) => sum + (delayMs ?? 0), 0)

    assert.deepEqual([delays.indexOf(null), delays.length], [11, 12])
    assert.ok(spanMs >= 46 * 3_600_000 && spanMs <= 52 * 3_600_000)
  }
  const exact = Array.from({ length: 11 }, (_, index) => (callbackDelayMs(index + 1, null, () => 0) ?? 0) / SECOND_MS)
  assert.deepEqual(exact, [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 43_200, 43_200])
})

test('a receiver that asks for a pause gets it, between a second and ten minutes, and never a shorter one than ours', () => {
  const pauseSeconds = (tryNo: number, seconds: number) =>
    (callbackDelayMs(tryNo, seconds * SECOND_MS, () => 0) ?? 0) / SECOND_MS

  assert.deepEqual([pauseSeconds(1, 90), pauseSeconds(1, 0), pauseSeconds(1, 86_400)], [90, 5, 600])
  assert.equal(pauseSeconds(6, 1), 3_600)
  assert.equal(
    callbackDelayMs(12, 60 * SECOND_MS, () => 0),
    null,
  )
})

test('whoever finds the store away waits 0.5 s and doubles to 15 s; whoever finds it full, between 5 and 25 s', () => {
  const most = [1, 2, 3, 4, 5, 6, 60].map((failures) => storeDelayMs('away', failures, () => 1))
  assert.deepEqual(most, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000])
  assert.deepEqual(
    [0, 1].map((random) => storeDelayMs('full', 1, () => random)),
    [5_000, 25_000],
  )
})

test('repeats a transaction eight times after up to 20 ms × 2ⁿ, two seconds at most', () => {
  const retries = Array.from({ length: TRANSACTION_RETRY_COUNT_MAX }, (_, index) => index + 1)

  assert.deepEqual(
    retries.map((retry) => transactionDelayMs(retry, () => 1)),
    [20, 40, 80, 160, 320, 640, 1_280, 2_000],
  )
  assert.equal(
    transactionDelayMs(8, () => 0),
    0,
  )
})

test('pauses five minutes after a rate refusal, or as a gateway asks between one second and ten minutes', () => {
  const pauses = [null, '7', '0', '999999', 'soon', 'Sun, 22 Nov 2026 08:00:00 GMT'].map(
    (header) => ratePauseMs(header) / SECOND_MS,
  )

  assert.deepEqual(pauses, [300, 7, 1, 600, 300, 300])
})

test('looks after a bureau that cannot be reached after 15 s, doubling to two minutes; after a person every five', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 50].map((failed) => unreachableProbeDelayMs(failed) / SECOND_MS),
    [15, 30, 60, 120, 120, 120],
  )
  assert.equal(MENDED_PROBE_MS, 300_000)
  assert.equal(STOPPED_MS_MAX, 24 * 3_600_000)
})

test('tries a call three times within seconds', () => {
  assert.deepEqual(CALL_TRIES, { countMax: 3, delayMs: 300, delayMsMax: 3_000 })
})
