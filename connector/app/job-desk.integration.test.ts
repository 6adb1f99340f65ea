import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withSchema } from '../testing/database.js'
import { runJob } from './job-desk.js'

test('a job whose worker died in its slot is run again, once', async (t) => {
  const { pool, url, schema } = await withSchema(t)
  await pool.query(
    `insert into schedule_slots (job, slot, leased_until) values ('audit', date_trunc('minute', now()), now())`,
  )
  const place = { databaseUrl: url, databaseSchema: schema, minuteOfDay: null }
  const counts: unknown[] = []
  const run = () => runJob('audit', place, async (desk) => counts.push((await desk.audit()).ok))

  await assert.rejects(
    runJob('audit', place, () => Promise.reject(new Error('broken'))),
    /broken/,
  )
  assert.equal(await run(), null, 'its lease has not ended')
  await pool.query('update schedule_slots set leased_until = now()')
  await run()
  await run()

  assert.deepEqual(counts, [true])
  const { rows } = await pool.query('select fence, done_at is not null as is_done from schedule_slots')
  assert.deepEqual(rows, [{ fence: '3', is_done: true }])
})
