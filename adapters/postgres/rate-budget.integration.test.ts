import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { v7 } from 'uuid'
import { addUnit, withSchema } from '../../connector/testing/database.js'
import { makeRateBudget } from './rate-budget.js'

const CAPABILITY = '202007'

async function setup(t: TestContext, ratePerSecond: number) {
  const { pool } = await withSchema(t)
  const { direct } = await addUnit(pool, { direct: { ratePerSecond } })
  const budget = makeRateBudget(pool)
  /** Moves the clock of the budget instead of waiting. */
  const pass = (seconds: number) =>
    pool.query(
      `update rate_budgets set next_free_at = next_free_at - $1 * interval '1 second',
         slowed_at = slowed_at - $1 * interval '1 second'`,
      [seconds],
    )
  return { pool, budget, unit: direct.id, pass }
}

const HOUR_MS = 3_600_000

test('a block is granted, then nothing until its share of the rate has passed', async (t) => {
  const { budget, unit, pass } = await setup(t, 10)

  const first = await budget.take(unit, CAPABILITY, 5)
  await pass(-3_600)
  const early = await budget.take(unit, CAPABILITY, 5)
  await pass(3_601)
  const late = await budget.take(unit, CAPABILITY, 99)

  assert.deepEqual(first, { granted: 5, waitMs: 0 })
  assert.equal(early.granted, 0)
  assert.ok(early.waitMs > HOUR_MS - 60_000 && early.waitMs <= HOUR_MS + 500)
  assert.equal(late.granted, 10, 'at most ten at a time')
})

test('thirty-two askers at once get one block, whoever they are', async (t) => {
  const { pool, budget, unit } = await setup(t, 1)
  await budget.take(unit, CAPABILITY, 1)
  // So slow that one permit is worth most of a minute: the test cannot outlast it.
  await pool.query(
    "update rate_budgets set slow_factor = 0.02, slowed_at = now(), next_free_at = now() - interval '1 h'",
  )

  const answers = await Promise.all(Array.from({ length: 32 }, () => budget.take(unit, CAPABILITY, 2)))

  assert.deepEqual(answers.map(({ granted }) => granted).sort(), [...Array.from({ length: 31 }, () => 0), 1])
  assert.ok(answers.every(({ granted, waitMs }) => granted > 0 || waitMs > 0))
})

test('time that passed unused is not saved up', async (t) => {
  const { pool, budget, unit, pass } = await setup(t, 2)
  await budget.take(unit, CAPABILITY, 1)
  await pass(3_600)

  const block = await budget.take(unit, CAPABILITY, 4)

  const { rows } = await pool.query('select next_free_at > now() - interval \'1 minute\' as "isNear" from rate_budgets')
  assert.equal(block.granted, 4)
  assert.deepEqual(rows, [{ isNear: true }])
})

test('units and capabilities do not share their rates', async (t) => {
  const { pool, budget, unit } = await setup(t, 1)
  const other = await addUnit(pool, { direct: { ratePerSecond: 1 } })
  await budget.take(unit, CAPABILITY, 2)

  assert.equal((await budget.take(unit, '203067', 1)).granted, 1)
  assert.equal((await budget.take(other.direct.id, CAPABILITY, 1)).granted, 1)
  await assert.rejects(budget.take(v7(), CAPABILITY, 1), { name: 'Defect' })
})

test('a complaint halves the rate once, and it comes back by a tenth a minute', async (t) => {
  const { budget, unit, pass } = await setup(t, 3)
  // A block is worth two seconds, so its size tells the rate.
  const takeBlock = async () => {
    await pass(10)
    return (await budget.take(unit, CAPABILITY, 10)).granted
  }

  await budget.take(unit, CAPABILITY, 1)
  const full = await takeBlock()
  await Promise.all(Array.from({ length: 8 }, () => budget.slowDown(unit, CAPABILITY, null)))
  const halved = await takeBlock()
  await pass(120)
  const recovering = await takeBlock()
  await pass(180)
  const recovered = await takeBlock()
  await pass(36_000)
  const later = await takeBlock()

  assert.deepEqual([full, halved, recovering, recovered, later], [6, 3, 4, 6, 6])
})

test('a complaint that names a rate is obeyed by all replicas when it is lower than the half', async (t) => {
  const { pool, budget, unit, pass } = await setup(t, 5)
  await budget.take(unit, CAPABILITY, 1)
  await budget.slowDown(unit, CAPABILITY, 1)
  await pass(10)
  // Another replica: two seconds' worth of one call a second.
  const named = await makeRateBudget(pool).take(unit, CAPABILITY, 10)
  await pass(60)
  await budget.slowDown(unit, CAPABILITY, 100)
  await pass(10)
  const halved = await budget.take(unit, CAPABILITY, 10)

  assert.deepEqual([named.granted, halved.granted], [2, 1])
})
