/** The figures of the metrics page are what stands in the database. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v7 } from 'uuid'
import { addUnit, withSchema } from '../../connector/testing/database.js'
import { loadFigures } from './metrics.js'

const MONTH = { year: 2026, period: '2026-11' }

test('an empty house has nothing in doubt, nothing for people and no smallest unit', async (t) => {
  const { pool } = await withSchema(t)
  const figures = await loadFigures(pool, MONTH)

  assert.deepEqual(figures, {
    unitCount: 0,
    numbers: { freeCount: 0, freeCountMin: null, shortUnitCount: 0 },
    quota: { availableYuan: 0, availableShareMin: null, shortUnitCount: 0 },
    heldUnitCount: 0,
    doubts: { count: 0, oldestSeconds: null },
    incidents: [],
    deadLetterCount: 0,
    openCallbackBreakerCount: 0,
  })
})

test('quota is summed over units of this month, and the smallest share and those short are told', async (t) => {
  const { pool } = await withSchema(t)
  const [full, low] = [await addUnit(pool), await addUnit(pool)]
  await pool.query('update using_units set verified_at = now()')
  await pool.query('update issuing_settings set quota_download_amount = 1000')
  await pool.query(
    `insert into credit_quotas (using_unit_id, period, downloaded_amount, settled_amount)
     values ($1, '2026-11', 1000, 100), ($2, '2026-11', 1000, 750), ($2, '2026-10', 5000, 0)`,
    [full.id, low.id],
  )
  const { unitCount, quota } = await loadFigures(pool, MONTH)

  assert.equal(unitCount, 2)
  assert.deepEqual(quota, { availableYuan: 1150, availableShareMin: 0.25, shortUnitCount: 1 })
})

test('dead letters are counted without those a person discarded, incidents while they are open, doubts while they last', async (t) => {
  const { pool } = await withSchema(t)
  const unit = await addUnit(pool)
  for (const disposition of ['dead', 'dead', 'discarded', 'accepted']) {
    await pool.query(
      `insert into inbox_messages (id, queue, business_type, source, is_redelivered, body, body_sha256, received_at,
         disposition) values ($1, 'q', 'shop', 'default', false, '', '', now(), $2)`,
      [v7(), disposition],
    )
  }
  await pool.query(
    `insert into incidents (kind, subject_id, batch_id, first_at, last_at, detail, closed_at)
     values ('doubt_too_long', $1, $1, now(), now(), '{}', null), ('stranger_named', $2, $2, now(), now(), '{}', now())`,
    [v7(), v7()],
  )
  for (const [state, isParked] of [
    ['in_doubt', false],
    ['in_doubt', true],
    ['sending', false],
  ] as const) {
    await pool.query(
      `insert into upload_batches (id, using_unit_id, state, size, open_count, seller_name, frozen_sha256, doubt_since,
         park_cause, due_at, created_at)
       values ($1, $2, $3, 1, 1, '', '', now() - interval '1 hour', case when $4 then 'bureau_unreachable' end,
         case when not $4 then now() end, now())`,
      [v7(), unit.id, state, isParked],
    )
  }
  const { deadLetterCount, incidents, doubts } = await loadFigures(pool, MONTH)

  assert.equal(deadLetterCount, 2)
  assert.deepEqual(incidents, [{ kind: 'doubt_too_long', count: 1 }])
  assert.equal(doubts.count, 2)
  assert.ok(doubts.oldestSeconds !== null && doubts.oldestSeconds >= 3_600)
})
