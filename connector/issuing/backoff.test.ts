import assert from 'node:assert/strict'
import { test } from 'node:test'
import { doubtDelayMs, neverSentDelayMs, pollDelayMs, publishDelayMs } from './backoff.js'

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
