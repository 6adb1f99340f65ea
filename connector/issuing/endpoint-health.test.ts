import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { after, type Instant, instant } from '../kernel/time.js'
import type { AttemptOutcome } from './delivery-ports.js'
import { type EndpointHealth, judgeEndpoint, makeHealthy } from './endpoint-health.js'

const START = instant(Date.UTC(2026, 10, 22, 4))
const SECOND_MS = 1_000
const DAY_MS = 86_400_000

function at(ms: number): Instant {
  return after(START, ms)
}

/** Outcomes one after the other, each so many milliseconds after the one before. */
function live(outcomes: readonly AttemptOutcome[], stepMs: number, from: EndpointHealth = makeHealthy(START)) {
  return outcomes.reduce((health, outcome, index) => judgeEndpoint(health, [outcome], at((index + 1) * stepMs)), from)
}

function times(count: number, outcome: AttemptOutcome): AttemptOutcome[] {
  return Array.from({ length: count }, () => outcome)
}

test('four failures in a row let everything pass, the fifth opens the breaker for 15 s', () => {
  assert.equal(live(times(4, 'failed'), SECOND_MS).openUntil, null)
  assert.equal(live(times(5, 'failed'), SECOND_MS).openUntil, at(20 * SECOND_MS))
})

test('a success in between begins the count anew', () => {
  const outcomes: AttemptOutcome[] = [...times(4, 'failed'), 'delivered', ...times(4, 'failed')]

  assert.equal(live(outcomes, SECOND_MS).openUntil, null)
})

test('half of twenty attempts within 30 s open it, nineteen do not, and slow ones are forgotten', () => {
  const half = Array.from({ length: 20 }, (_, index): AttemptOutcome => (index % 2 === 0 ? 'delivered' : 'failed'))

  assert.notEqual(live(half, SECOND_MS).openUntil, null)
  assert.equal(live(half.slice(0, 19), SECOND_MS).openUntil, null)
  assert.equal(live(half, 3 * SECOND_MS).openUntil, null)
})

test('a failed attempt alone opens it again for twice as long, up to two minutes; a success closes it', () => {
  let health = live(times(5, 'failed'), 0)
  const pauses = [health.openUntil ?? 0]
  let now = START
  for (let count = 0; count < 5; count += 1) {
    now = health.openUntil ?? assert.fail('closed')
    health = judgeEndpoint(health, ['failed'], now)
    pauses.push((health.openUntil ?? 0) - now)
  }

  assert.deepEqual(
    pauses.map((pause, index) => (index === 0 ? pause - START : pause) / SECOND_MS),
    [15, 30, 60, 120, 120, 120],
  )
  const closed = judgeEndpoint(health, ['delivered'], health.openUntil ?? now)
  assert.deepEqual(
    [closed.openUntil, closed.openingCount, closed.failingSince, closed.failureCount],
    [null, 0, null, 0],
  )
})

test('attempts that were under way when it opened do not open it for longer', () => {
  const open = live(times(5, 'failed'), 0)

  assert.equal(judgeEndpoint(open, times(7, 'failed'), at(SECOND_MS)).openUntil, open.openUntil)
})

test('410 switches an endpoint off at once; no success of an attempt under way switches it on', () => {
  const gone = live(['gone'], 0)

  assert.equal(gone.disabledFor, 'gone')
  assert.equal(judgeEndpoint(gone, ['delivered', 'failed'], START).disabledFor, 'gone')
})

test('five days of failures switch it off, fewer days or a handful of failures do not', () => {
  const failing = (count: number, days: number) =>
    live(times(count, 'failed'), (days * DAY_MS) / (count - 1)).disabledFor

  assert.equal(failing(30, 5), 'failing')
  assert.equal(failing(30, 4.9), null)
  assert.equal(failing(11, 9), null)
})

test('whatever happens, an endpoint is open only after failures and never longer than two minutes', () => {
  const outcomes = fc.array(fc.tuple(fc.constantFrom('delivered', 'failed'), fc.integer({ min: 0, max: 200_000 })))
  fc.assert(
    fc.property(outcomes, (steps) => {
      let [health, now] = [makeHealthy(START), START]
      for (const [outcome, ms] of steps) {
        now = after(now, ms)
        health = judgeEndpoint(health, [outcome as AttemptOutcome], now)
        if (outcome === 'delivered') assert.equal(health.openUntil, null)
        assert.ok(health.openUntil === null || (health.failureCount > 0 && health.openUntil - now <= 120 * SECOND_MS))
      }
    }),
  )
})
