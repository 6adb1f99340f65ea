/** Waiting and waking: nothing that is parked is taken up, and what is woken goes on in the order of age. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instant } from '../../kernel/time.js'
import { aMessage, anOrder, makeStory, now } from '../story.js'
import type { OpenStore } from './issuing-store.js'

const LEASE = { leaseMs: 60_000, limit: 100 }

export function proveWaking(open: OpenStore): void {
  test('what waits for a cause is woken oldest first, in slices, and taken up in that order', async (t) => {
    const { store, addUnit } = await open(t)
    const unit = await addUnit()
    const start = now()
    const orders = [5, 4, 3, 2, 1].map((age) =>
      anOrder({
        state: 'received',
        parkCause: 'catalogue_missing',
        usingUnitId: unit.id,
        invoiceCount: 0,
        receivedAt: instant(start - age * 1_000),
      }),
    )
    const messages = orders.map((order) => aMessage({ id: order.inboxId, orderId: order.id }))
    await store.database.transaction(async (tx) => {
      await store.inbox.insert(tx, messages)
      await store.orders.insert(tx, [...orders].reverse())
    })
    const wake = () =>
      store.database.transaction((tx) => store.orders.wake(tx, { causes: ['catalogue_missing'], limit: 2 }))

    const asleep = await store.orders.claimWoken({ now: start, ...LEASE })
    const counts = [await wake(), await wake()]
    const awake = await store.orders.claimWoken({ now: start, ...LEASE })

    assert.deepEqual(asleep, [])
    assert.deepEqual(counts, [
      { inbox: 0, orders: 2, invoices: 0, batches: 0 },
      { inbox: 0, orders: 2, invoices: 0, batches: 0 },
    ])
    assert.deepEqual(
      awake.map(({ id }) => id),
      orders.slice(0, 4).map(({ id }) => id),
    )
  })

  test('waking one business type leaves the others asleep', async (t) => {
    const { store } = await open(t)
    const parked = ['shop', 'market'].map((businessType) =>
      aMessage({ businessType, disposition: null, parkCause: 'mapping_missing' }),
    )
    await store.database.transaction((tx) => store.inbox.insert(tx, parked))

    const filter = { causes: ['mapping_missing' as const], businessType: 'market', limit: 10 }
    const woken = await store.database.transaction((tx) => store.orders.wake(tx, filter))
    const taken = await store.inbox.claim({ now: now(), ...LEASE })

    assert.equal(woken.inbox, 1)
    assert.deepEqual(
      taken.map(({ id }) => id),
      [parked[1]?.id],
    )
  })

  test('invoices of one unit are woken without those of another', async (t) => {
    const { store, addUnit } = await open(t)
    const [first, second] = [makeStory(store, await addUnit()), makeStory(store, await addUnit())]
    for (const story of [first, second]) await story.receive(3, { parkCause: 'quota_empty' })
    const quotaShort = await store.quota.shortAmount(first.unit.id)

    const filter = {
      causes: ['quota_empty' as const, 'number_pool_empty' as const],
      usingUnitId: first.unit.id,
      limit: 2,
    }
    const woken = await store.database.transaction((tx) => store.orders.wake(tx, filter))

    assert.equal(quotaShort, 30_000n)
    assert.deepEqual(woken, { inbox: 0, orders: 0, invoices: 2, batches: 0 })
    assert.equal(await store.batches.countParked(first.unit.id, 'quota_empty'), 1)
    assert.equal(await store.batches.countParked(second.unit.id, 'quota_empty'), 3)
    assert.deepEqual(await store.batches.unitsWithReadyInvoices(10), [first.unit.id])
  })

  test('two wakers at once wake each row once', async (t) => {
    const { store, addUnit } = await open(t)
    const story = makeStory(store, await addUnit())
    await story.receive(60, { parkCause: 'number_pool_empty' })
    const filter = { causes: ['number_pool_empty' as const], limit: 20 }

    const counts = await Promise.all(
      Array.from({ length: 4 }, () => store.database.transaction((tx) => store.orders.wake(tx, filter))),
    )
    const rest = await store.database.transaction((tx) => store.orders.wake(tx, filter))

    const woken = counts.reduce((sum, { invoices }) => sum + invoices, 0) + rest.invoices
    assert.equal(woken + (await store.batches.countParked(story.unit.id, 'number_pool_empty')), 60)
    assert.ok(woken <= 60 && woken >= 20)
  })

  test('a parked batch is due again once its cause is gone', async (t) => {
    const { store, addUnit } = await open(t)
    const story = makeStory(store, await addUnit())
    await story.receive(1)
    await story.grantNumbers(1)
    await story.grantQuota('1000.00')
    const batch = await story.reserve()
    assert.ok(batch !== null)
    const change = { from: ['sending' as const], to: 'reserved' as const, parkCause: 'unit_key_fault' as const }
    await store.database.transaction((tx) =>
      store.batches.move(tx, { ...batch, ...change, dueAt: now(), release: true, at: now() }),
    )
    const claim = () =>
      store.batches.claimDue({ now: now(), lease: { owner: 'w', ms: 60_000 }, states: ['reserved'], limit: 10 })

    const asleep = await claim()
    const filter = { causes: ['unit_key_fault' as const], usingUnitId: story.unit.id, limit: 10 }
    const woken = await store.database.transaction((tx) => store.orders.wake(tx, filter))
    const awake = await claim()

    assert.deepEqual(asleep, [])
    assert.equal(woken.batches, 1)
    assert.deepEqual(
      awake.map(({ id, fence }) => ({ id, fence })),
      [{ id: batch.id, fence: 2n }],
    )
  })
}
