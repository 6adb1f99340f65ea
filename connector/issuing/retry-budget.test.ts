import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { after, type Clock, type Instant, instant } from '../kernel/time.js'
import { makeRetryBudget } from './retry-budget.js'

const START = instant(1_000_000)

function setup() {
  const state = { now: START as Instant }
  const clock: Clock = { now: () => state.now }
  const pass = (ms: number) => {
    state.now = after(state.now, ms)
  }
  const replicas = [makeRetryBudget(clock), makeRetryBudget(clock)] as const
  return { replicas, pass, state }
}

const takeAll = (take: () => boolean) => {
  let count = 0
  while (count < 1_000 && take()) count += 1
  return count
}

test('a quiet replica may retry ten times at once and once a second, over each way on its own', () => {
  const { replicas, pass } = setup()
  const [budget] = replicas
  assert.equal(
    takeAll(() => budget.take('a')),
    10,
  )
  pass(3_000)
  assert.equal(
    takeAll(() => budget.take('a')),
    3,
  )
  assert.equal(
    takeAll(() => budget.take('b')),
    10,
  )
})

test('five first tries pay for one retry', () => {
  const [budget] = setup().replicas
  takeAll(() => budget.take('a'))
  for (let count = 0; count < 50; count += 1) budget.countFirst('a')
  assert.equal(
    takeAll(() => budget.take('a')),
    10,
  )
})

test('whatever the replicas do, all retries together stay within a fifth of all first tries and the floor', () => {
  const step = fc.record({ replica: fc.nat(1), act: fc.constantFrom('first', 'retry', 'pass'), ms: fc.nat(5_000) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const { replicas, pass, state } = setup()
      let firstCount = 0
      let retryCount = 0
      for (const { replica, act, ms } of steps) {
        const budget = replicas[replica] ?? replicas[0]
        if (act === 'pass') pass(ms)
        if (act === 'first') {
          budget.countFirst('a')
          firstCount += 1
        }
        if (act === 'retry' && budget.take('a')) retryCount += 1
      }
      const floor = replicas.length * (10 + (state.now - START) / 1_000)
      assert.ok(retryCount <= firstCount * 0.2 + floor, `${retryCount} retries of ${firstCount}`)
    }),
  )
})
