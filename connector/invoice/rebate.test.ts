import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Choices, holdForAll } from '../testing/choices.js'
import { type RebateBearer, spreadRebate } from './rebate.js'

const bearer = (weight: bigint, more: Partial<RebateBearer> = {}): RebateBearer => ({
  weight,
  capacity: weight,
  rate: 130_000n,
  content: () => '',
  ...more,
})

test('shares are in proportion to the lines, cents left over go to the largest fractions', () => {
  assert.deepEqual(spreadRebate(5000n, [bearer(9900n), bearer(5990n), bearer(12800n)]), [1725n, 1044n, 2231n])
})

test('equal fractions: the larger line takes the cent', () => {
  assert.deepEqual(spreadRebate(2n, [bearer(100n), bearer(300n)]), [0n, 2n])
})

test('equal lines: the higher rate takes the cent, then the content that comes first', () => {
  assert.deepEqual(spreadRebate(1n, [bearer(100n, { rate: 60_000n }), bearer(100n)]), [0n, 1n])
  const named = (content: string) => bearer(100n, { content: () => content })
  assert.deepEqual(spreadRebate(1n, [named('b'), named('a'), named('c')]), [0n, 1n, 0n])
})

test('a share greater than what is left of its line is cut and the rest passed on', () => {
  assert.deepEqual(spreadRebate(60n, [bearer(100n, { capacity: 10n }), bearer(100n)]), [10n, 50n])
  assert.deepEqual(spreadRebate(90n, [bearer(100n, { capacity: 10n }), bearer(100n, { capacity: 30n }), bearer(50n)]), [
    10n,
    30n,
    50n,
  ])
})

test('a rebate that takes everything takes every line whole', () => {
  assert.deepEqual(spreadRebate(111n, [bearer(100n), bearer(10n), bearer(1n), bearer(5n, { capacity: 0n })]), [
    100n,
    10n,
    1n,
    0n,
  ])
})

test('no rebate, no shares', () => {
  assert.deepEqual(spreadRebate(0n, [bearer(100n)]), [0n])
  assert.deepEqual(spreadRebate(0n, []), [])
})

test('shares add up, stay within their lines, and do not depend on the order of the lines', () => {
  holdForAll(100_000, randomSpread, ({ rebate, bearers }) => {
    const shares = spreadRebate(rebate, bearers)
    assert.equal(
      shares.reduce((sum, share) => sum + share, 0n),
      rebate,
    )
    assert.ok(shares.every((share, index) => share >= 0n && share <= (bearers[index]?.capacity ?? 0n)))
    const reversed = spreadRebate(rebate, bearers.toReversed()).reverse()
    assert.equal(contentsOf(bearers, reversed), contentsOf(bearers, shares))
  })
})

function contentsOf(bearers: readonly RebateBearer[], shares: readonly bigint[]): string {
  const rows = bearers.map(({ weight, capacity, rate, content }, index) =>
    [weight, capacity, rate, content(), shares[index]].join(' '),
  )
  return rows.sort().join()
}

function randomSpread(choices: Choices): { rebate: bigint; bearers: RebateBearer[] } {
  const bearers = Array.from({ length: 1 + choices.upTo(7) }, () => {
    const weight = BigInt(1 + choices.upTo(choices.upTo(1) === 0 ? 5 : 100_000))
    const own = choices.upTo(2) === 0 ? (weight * BigInt(choices.upTo(10))) / 10n : 0n
    const content = String(choices.upTo(1))
    // What ties must show all that differs: an own discount is part of a line's content.
    return bearer(weight, { capacity: weight - own, rate: BigInt(choices.upTo(1)), content: () => `${content} ${own}` })
  })
  const capacity = bearers.reduce((sum, each) => sum + each.capacity, 0n)
  return { rebate: (capacity * BigInt(choices.upTo(1_000))) / 1_000n, bearers }
}
