/** Waiting and waking: nothing that is parked is taken up, and what is woken goes on in the order of age. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tx } from '../../issuing/transaction.js'
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
    await store.database.transaction('other', async (tx) => {
      await store.inbox.insert(tx, messages)
      await store.orders.insert(tx, [...orders].reverse())
    })
    const wake = () =>
      store.database.transaction('other', (tx) => store.orders.wake(tx, { causes: ['catalogue_missing'], limit: 2 }))

    const asleep = await store.orders.claimWoken(LEASE)
    const counts = [await wake(), await wake()]
    const awake = await store.orders.claimWoken(LEASE)

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
    await store.database.transaction('other', (tx) => store.inbox.insert(tx, parked))

    const filter = { causes: ['mapping_missing' as const], businessType: 'market', limit: 10 }
    const woken = await store.database.transaction('other', (tx) => store.orders.wake(tx, filter))
    const taken = await store.inbox.claim(LEASE)

    assert.equal(woken.inbox, 1)
    assert.deepEqual(
      taken.map(({ id }) => id),
      [parked[1]?.id],
    )
  })

  test('invoices of one unit are woken without those of another', async (t) => {
    const { store, addUnit } = await open(t)
    const [first, second] = [makeStory(store, await addUnit()), makeStory(store, await addUnit())]
    for (const story of [first, second]) {
      await story.receive(3, { parkCause: 'quota_empty' })
      await story.grantQuota('1000.00')
    }
    const quotaShort = await store.quota.shortAmount(first.unit.id)

    const filter = {
      causes: ['quota_empty' as const, 'number_pool_empty' as const],
      usingUnitId: first.unit.id,
      limit: 2,
    }
    const woken = await store.database.transaction('other', (tx) => store.orders.wake(tx, filter))

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
    await story.grantNumbers(1)
    const filter = { causes: ['number_pool_empty' as const], limit: 20 }

    const counts = await Promise.all(
      Array.from({ length: 4 }, () => store.database.transaction('other', (tx) => store.orders.wake(tx, filter))),
    )
    const rest = await store.database.transaction('other', (tx) => store.orders.wake(tx, filter))

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
    await store.database.transaction('other', (tx) =>
      store.batches.move(tx, { ...batch, ...change, dueAt: now(), release: true, at: now() }),
    )
    const claim = () => store.batches.claimDue({ lease: { owner: 'w', ms: 60_000 }, states: ['reserved'], limit: 10 })

    const asleep = await claim()
    const filter = { causes: ['unit_key_fault' as const], usingUnitId: story.unit.id, limit: 10 }
    const woken = await store.database.transaction('other', (tx) => store.orders.wake(tx, filter))
    const awake = await claim()

    assert.deepEqual(asleep, [])
    assert.equal(woken.batches, 1)
    assert.deepEqual(
      awake.map(({ id, fence }) => ({ id, fence })),
      [{ id: batch.id, fence: 2n }],
    )
  })

  test('what a waking leaves is woken slice by slice, wakings taking turns, and nothing that was parked later', async (t) => {
    const { store, addUnit } = await open(t)
    const [many, few] = [makeStory(store, await addUnit()), makeStory(store, await addUnit())]
    await many.receive(7, { parkCause: 'seller_blocked' })
    await few.receive(3, { parkCause: 'seller_blocked' })
    const inOne = <T>(work: (tx: Tx) => Promise<T>) => store.database.transaction('other', work)
    const sleepers = () =>
      Promise.all([many, few].map(({ unit }) => store.batches.countParked(unit.id, 'seller_blocked')))

    for (const { unit } of [many, few]) {
      const filter = { causes: ['seller_blocked' as const], usingUnitId: unit.id, limit: 2, goesOn: true }
      await inOne((tx) => store.orders.wake(tx, filter))
    }
    const atFirst = await sleepers()
    await many.receive(1, { parkCause: 'seller_blocked' })
    const slices: (number | undefined)[] = []
    const left: number[][] = []
    for (let woken = await inOne((tx) => store.orders.wakeOn(tx, 2)); woken !== null; ) {
      slices.push(woken.invoices)
      left.push(await sleepers())
      woken = await inOne((tx) => store.orders.wakeOn(tx, 2))
    }

    assert.deepEqual(atFirst, [5, 1])
    assert.deepEqual(left, [
      [4, 1],
      [4, 0],
      [2, 0],
      [1, 0],
    ])
    assert.deepEqual(slices, [2, 1, 2, 1])
  })

  test('an invoice stays asleep as long as its unit has too little quota for it, or no number', async (t) => {
    const { store, addUnit } = await open(t)
    const story = makeStory(store, await addUnit())
    // 100.00 of quota each.
    await story.receive(2, { parkCause: 'quota_empty' })
    await story.receive(1, { parkCause: 'number_pool_empty' })
    const filter = { causes: ['quota_empty' as const, 'number_pool_empty' as const], limit: 10 }
    const wake = () => store.database.transaction('other', (tx) => store.orders.wake(tx, filter))

    const without = await wake()
    await story.grantQuota('99.99')
    const tooLittle = await wake()
    await story.grantQuota('0.01')
    const enough = await wake()
    await story.grantNumbers(1)
    const numbered = await wake()

    assert.deepEqual(
      [without, tooLittle, enough, numbered].map(({ invoices }) => invoices),
      [0, 0, 2, 1],
    )
  })

  test('a sweep gives every sleeper its turn, however many there are', async (t) => {
    const { store, addUnit } = await open(t)
    const story = makeStory(store, await addUnit())
    const { invoices } = await story.receive(5, { parkCause: 'seller_blocked' })
    const seen = new Set<string>()

    for (let round = 0; round < 3; round += 1) {
      await store.database.transaction('other', (tx) => store.orders.sweep(tx, ['seller_blocked'], 2))
      // Nothing has changed, so they are parked again.
      await store.database.transaction('other', async (tx) => {
        const ids = (await store.batches.lockReady(tx, story.unit.id, 10)).map(({ id }) => id)
        for (const id of ids) seen.add(id)
        await store.batches.parkInvoices(tx, ids, 'seller_blocked')
      })
    }

    assert.deepEqual([...seen].sort(), invoices.map(({ id }) => id).sort())
  })

  test('a locked quota names the oldest invoice that waits for it and could ever have it', async (t) => {
    const { store, addUnit } = await open(t)
    const story = makeStory(store, await addUnit())
    await story.grantQuota('50.00')
    const lock = () =>
      store.database.transaction(
        'other',
        async (tx) => (await store.quota.lock(tx, story.unit.id, story.period))?.firstInLine,
      )
    const nobody = await lock()
    const { invoices } = await story.receive(2, { parkCause: 'quota_empty' })

    const first = await lock()
    await store.quota.recordBureau(story.unit.id, story.period, { monthTotal: '99.99' }, now())
    const never = await lock()
    await store.quota.recordBureau(story.unit.id, story.period, { monthTotal: '100.00' }, now())

    assert.equal(nobody, null)
    assert.deepEqual([first?.id, first?.quotaAmount], [invoices[0]?.id, 10_000n])
    assert.equal(never, null)
    assert.equal((await lock())?.id, invoices[0]?.id)
  })

  test('one business type with very many woken orders does not hold up the only one of another', async (t) => {
    const { store } = await open(t)
    const flood = Array.from({ length: 30 }, () => anOrder({ state: 'received', invoiceCount: 0 }))
    const only = anOrder({ state: 'received', invoiceCount: 0, businessType: 'market' })
    await store.database.transaction('other', async (tx) => {
      const orders = [...flood, only]
      await store.inbox.insert(
        tx,
        orders.map((order) => aMessage({ id: order.inboxId, orderId: order.id })),
      )
      await store.orders.insert(tx, orders)
    })

    const taken = await store.orders.claimWoken({ leaseMs: 60_000, limit: 10 })

    assert.equal(taken.length, 6)
    assert.ok(taken.some(({ id }) => id === only.id))
  })
}
