import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { runAudit } from '../../adapters/postgres/audit/audit.js'
import { after, instant } from '../kernel/time.js'
import { addUnit, withSchema } from '../testing/database.js'
import { makeStory, now } from '../testing/story.js'
import { isFrozenTooLong, isUnsent, withdraw } from './withdraw.js'

const HOUR_MS = 60 * 60 * 1000

/** A unit with two invoices frozen in one batch, whose worker is gone. */
async function setup(t: TestContext) {
  const { store, pool, schema } = await withSchema(t)
  const story = makeStory(store, await addUnit(pool))
  await story.grantNumbers(10)
  await story.grantQuota('1000.00')
  await story.receive(2)
  const frozen = await story.reserve()
  assert.ok(frozen !== null)
  await pool.query(`update upload_batches set leased_until = now(), due_at = now()`)
  const claim = async () => {
    const lease = { owner: 'worker-2', ms: 15_000 }
    const [batch] = await store.batches.claimDue({ lease, states: ['sending'], limit: 1 })
    assert.ok(batch !== undefined)
    return { batch, items: await store.batches.loadItems(null, batch.id) }
  }
  return { store, pool, schema, story, frozen, claim }
}

test('a batch frozen too long ago by a worker that died before it sent anything is numbered anew', async (t) => {
  const { store, pool, schema, story, claim } = await setup(t)
  const { batch, items } = await claim()
  const threeDaysLater = after(now(), 72 * HOUR_MS)
  assert.ok(isUnsent(batch) && isFrozenTooLong(items, threeDaysLater))

  assert.equal(await withdraw({ store, clock: { now: () => threeDaysLater } }, batch, items), true)

  const { rows } = await pool.query('select state, invoice_number from invoices')
  assert.deepEqual(rows, Array(2).fill({ state: 'draft', invoice_number: null }))
  await story.issueReady()
  const { violations, counts } = await runAudit(pool, schema)
  assert.deepEqual(violations, [])
  assert.equal(counts.issuedInvoices, 2)
})

test('a batch of which an attempt was noted may be at the bureau, however long ago', async (t) => {
  const { pool, story, frozen, claim } = await setup(t)
  await story.send(frozen)
  await pool.query(`update upload_batches set leased_until = now(), due_at = now()`)

  const { batch } = await claim()

  assert.equal(isUnsent(batch), false)
})

test('a batch that another worker has taken up meanwhile is not withdrawn', async (t) => {
  const { store, pool, claim } = await setup(t)
  const { batch, items } = await claim()
  await pool.query('update upload_batches set fence = fence + 1')

  assert.equal(await withdraw({ store, clock: { now } }, batch, items), false)
  const { rows } = await pool.query('select distinct state from invoices')
  assert.deepEqual(rows, [{ state: 'sending' }])
})

test('bytes serve for less than two days and not beyond their month', () => {
  const noon = instant(Date.parse('2026-11-30T12:00:00+08:00'))
  const items = [{ issuedAt: noon }]
  assert.equal(isFrozenTooLong(items, after(noon, 11 * HOUR_MS)), false)
  assert.equal(isFrozenTooLong(items, after(noon, 12 * HOUR_MS)), true, 'December in China')
  const middle = [{ issuedAt: instant(Date.parse('2026-11-10T12:00:00+08:00')) }]
  assert.equal(isFrozenTooLong(middle, after(middle[0]?.issuedAt ?? noon, 47 * HOUR_MS)), false)
  assert.equal(isFrozenTooLong(middle, after(middle[0]?.issuedAt ?? noon, 47 * HOUR_MS + 1)), true)
})

test('what was ever in doubt is never taken back, though a later attempt was refused', () => {
  assert.equal(isUnsent({ state: 'reserved', attempts: 2, wasInDoubt: false }), true)
  assert.equal(isUnsent({ state: 'reserved', attempts: 2, wasInDoubt: true }), false)
})
