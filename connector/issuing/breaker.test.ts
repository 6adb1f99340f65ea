import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { instant } from '../kernel/time.js'
import { countCall, isBroken, NO_CALLS, type RecentCalls } from './breaker.js'

interface Call {
  isFailure: boolean
  /** Milliseconds after the call before. */
  pauseMs: number
}

const call = (isFailure: boolean, pauseMs = 10): Call => ({ isFailure, pauseMs })
const calls = fc.array(
  fc.record({ isFailure: fc.boolean(), pauseMs: fc.oneof(fc.nat(50), fc.nat(2_000), fc.nat(60_000)) }),
  { maxLength: 120 },
)

function replay(list: readonly Call[]): { recent: RecentCalls; told: { at: number; isFailure: boolean }[] } {
  let at = 1_000_000
  let recent = NO_CALLS
  const told = []
  for (const { isFailure, pauseMs } of list) {
    at += pauseMs
    recent = countCall(recent, isFailure, instant(at))
    told.push({ at, isFailure })
  }
  return { recent, told }
}

const repeat = (count: number, make: (index: number) => Call) =>
  Array.from({ length: count }, (_, index) => make(index))

test('five failures in a row break it, four do not, and one answer starts anew', () => {
  assert.equal(isBroken(replay(repeat(4, () => call(true))).recent), false)
  assert.equal(isBroken(replay(repeat(5, () => call(true))).recent), true)
  const interrupted = [...repeat(4, () => call(true)), call(false), ...repeat(4, () => call(true))]
  assert.equal(isBroken(replay(interrupted).recent), false)
})

test('half of twenty within thirty seconds breaks it, fewer do not, and older ones are forgotten', () => {
  const alternating = (count: number, pauseMs: number) => repeat(count, (index) => call(index % 2 === 0, pauseMs))
  assert.equal(isBroken(replay(alternating(20, 100)).recent), true)
  assert.equal(isBroken(replay(alternating(19, 100)).recent), false)
  assert.equal(isBroken(replay(alternating(20, 3_000)).recent), false)
  const oneInThree = repeat(60, (index) => call(index % 3 === 0, 100))
  assert.equal(isBroken(replay(oneInThree).recent), false)
})

test('whatever happens, it is broken exactly when the calls of about thirty seconds say so', () => {
  fc.assert(
    fc.property(calls, (list) => {
      const { recent, told } = replay(list)
      const now = told.at(-1)?.at ?? 0
      const row = told.length - 1 - told.findLastIndex(({ isFailure }) => !isFailure)
      const says = (windowMs: number) => {
        const within = told.filter(({ at }) => now - at < windowMs)
        const failureCount = within.filter(({ isFailure }) => isFailure).length
        return within.length >= 20 && failureCount * 2 >= within.length
      }
      const inARow = row >= 5
      // Calls are counted by the second, so the edge of the window is as wide as that.
      const verdicts = new Set([29_000, 29_250, 29_500, 29_750, 30_000].map(says))
      if (inARow) assert.equal(isBroken(recent), true)
      else if (verdicts.size === 1) assert.equal(isBroken(recent), verdicts.has(true))
    }),
    { numRuns: 500 },
  )
})

test('what is remembered stays small, also when the clock goes back', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 10_000_000 }), { maxLength: 300 }), (instants) => {
      let recent = NO_CALLS
      for (const at of instants) recent = countCall(recent, false, instant(at))
      assert.ok(recent.slices.length <= 30)
      assert.equal(isBroken(recent), false)
    }),
  )
})
