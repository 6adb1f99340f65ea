/** What the readiness page shows of the database is what stands there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v7 } from 'uuid'
import { instant } from '../../connector/kernel/time.js'
import { addEndpoint, addUnit, withSchema } from '../../connector/testing/database.js'
import { loadHealth } from './health.js'
import { makeRestoreStore } from './restore/restore-store.js'

const MONTH = { year: 2026, period: '2026-11' }
const AT = instant(Date.UTC(2026, 10, 22, 8))
const NOON = '2026-11-22T12:00:00.000Z'

test('a restored unit is told while it waits, whoever it waits for; one that was released, or came later, is not', async (t) => {
  const { pool, store } = await withSchema(t)
  const restores = makeRestoreStore(pool, 0)
  const [asked, held, released] = [await addUnit(pool), await addUnit(pool), await addUnit(pool)]
  await store.database.transaction('other', async (tx) => {
    // An earlier one that nobody finished: it is over with the next.
    await restores.begin(tx, { id: v7(), ground: 'operator', detail: {}, at: AT })
  })
  await store.database.transaction('other', async (tx) => {
    const restoreId = v7()
    await restores.begin(tx, { id: restoreId, ground: 'other_timeline', detail: {}, at: AT })
    const round = { cleanRounds: 0, findings: null, dueInMs: null }
    await restores.record(tx, { usingUnitId: held.id, restoreId }, { ...round, state: 'held' })
    await restores.record(tx, { usingUnitId: released.id, restoreId }, { ...round, state: 'released' })
  })
  const later = await addUnit(pool)

  const { units } = await loadHealth(pool, MONTH)

  const restored = new Map(units.map((unit) => [unit.taxNo, unit.restored]))
  const since = new Date(AT).toISOString()
  assert.equal(units.length, 4)
  assert.deepEqual(restored.get(asked.taxNo), { state: 'reconciling', ground: 'other_timeline', since })
  assert.deepEqual(restored.get(held.taxNo), { state: 'held', ground: 'other_timeline', since })
  assert.deepEqual([restored.get(released.taxNo), restored.get(later.taxNo)], [null, null])
})

test('callbacks that did not arrive are counted, those given up apart, and endpoints that are switched off are named', async (t) => {
  const { pool } = await withSchema(t)
  const unit = await addUnit(pool)
  for (const code of ['shop', 'closed']) await addEndpoint(pool, unit, code)
  assert.deepEqual((await loadHealth(pool, MONTH)).callbacks, {
    pendingCount: 0,
    exhaustedCount: 0,
    oldestPendingAt: null,
    disabledEndpoints: [],
  })
  for (const [state, createdAt] of [
    ['delivered', '2026-11-22T09:00:00Z'],
    ['exhausted', '2026-11-22T10:00:00Z'],
    ['retrying', '2026-11-22T12:00:00Z'],
    ['pending', '2026-11-22T13:00:00Z'],
  ]) {
    await pool.query(
      `insert into callback_deliveries (event_id, endpoint, order_id, seq, state, due_at, created_at, delivered_at)
       values ($1, 'shop', $2, 1, $3, case when $3 in ('pending', 'retrying') then now() end, $4,
         case when $3 = 'delivered' then now() end)`,
      [v7(), v7(), state, createdAt],
    )
  }
  await pool.query(
    `update callback_endpoints set disabled_for = 'gone', disabled_at = $1 where business_type = 'closed'`,
    [NOON],
  )

  assert.deepEqual((await loadHealth(pool, MONTH)).callbacks, {
    pendingCount: 2,
    exhaustedCount: 1,
    oldestPendingAt: NOON,
    disabledEndpoints: [{ businessType: 'closed', cause: 'gone', since: NOON }],
  })
})
