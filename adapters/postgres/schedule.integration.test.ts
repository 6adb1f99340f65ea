/** Slots of scheduled work: one worker at a time, and none is lost with its worker. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { withSchema } from '../../connector/testing/database.js'
import { finishSlot, listAbandonedJobs, renewSlot, takeOverSlot, takeSlot } from './schedule.js'

const LEASE_MS = 15_000

async function setup(t: TestContext) {
  const { pool } = await withSchema(t)
  const { rows } = await pool.query(
    `select (extract(hour from at) * 60 + extract(minute from at))::integer as minute
     from (select now() at time zone 'Asia/Shanghai' as at) china`,
  )
  const minute: number = rows[0].minute
  return { pool, minute, take: (leaseMs = LEASE_MS) => takeSlot(pool, 'audit', leaseMs, minute) }
}

test('of eight replicas one has the slot, and nobody else while it lives', async (t) => {
  const { pool, take } = await setup(t)

  const taken = (await Promise.all(Array.from({ length: 8 }, () => take()))).filter((slot) => slot !== null)

  assert.equal(taken.length, 1)
  assert.deepEqual([await listAbandonedJobs(pool), await takeOverSlot(pool, 'audit', LEASE_MS)], [[], null])
})

test('a slot whose worker has died is taken over by one, and the dead can neither renew nor finish it', async (t) => {
  const { pool, take } = await setup(t)
  const dead = await take(0)
  assert.ok(dead !== null)

  const abandoned = await listAbandonedJobs(pool)
  const heirs = await Promise.all(Array.from({ length: 8 }, () => takeOverSlot(pool, 'audit', LEASE_MS)))
  const [heir, ...others] = heirs.filter((slot) => slot !== null)
  assert.ok(heir !== undefined)

  assert.deepEqual([abandoned, others, heir], [['audit'], [], { ...dead, fence: 2n }])
  assert.deepEqual([await renewSlot(pool, dead, LEASE_MS), await finishSlot(pool, dead)], [false, false])
  assert.deepEqual([await renewSlot(pool, heir, 0), await finishSlot(pool, heir)], [true, true])
  assert.deepEqual([await listAbandonedJobs(pool), await take()], [[], null], 'what is done is never run again')
})

test('a job that kills its worker three times is left alone', async (t) => {
  const { pool, take } = await setup(t)
  await take(0)
  await takeOverSlot(pool, 'audit', 0)
  await takeOverSlot(pool, 'audit', 0)

  assert.deepEqual([await listAbandonedJobs(pool), await takeOverSlot(pool, 'audit', 0)], [[], null])
})

test('a replica whose clock is wrong takes no slot of another time', async (t) => {
  const { pool, minute } = await setup(t)
  const wrong = [(minute + 30) % (24 * 60), (minute + 12 * 60) % (24 * 60)]

  for (const minuteOfDay of wrong) assert.equal(await takeSlot(pool, 'audit', LEASE_MS, minuteOfDay), null)
})
