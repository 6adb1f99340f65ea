/** Orders: created once by their key, finished once, whoever is racing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v7 } from 'uuid'
import { amount } from '../../kernel/amount.js'
import { instant } from '../../kernel/time.js'
import { aMessage, anInvoice, anOrder, makeStory, now } from '../story.js'
import type { OpenStore } from './issuing-store.js'

export function proveOrders(open: OpenStore): void {
  test('an order that is inserted twice is created once', async (t) => {
    const { store } = await open(t)
    const order = anOrder()
    const again = anOrder({ orderKey: order.orderKey })

    const first = await store.database.transaction('other', (tx) => store.orders.insert(tx, [order, anOrder()]))
    const second = await store.database.transaction('other', (tx) => store.orders.insert(tx, [again]))
    const [latest] = await store.database.transaction('other', (tx) => store.orders.loadLatest(tx, [order.orderKey]))

    assert.equal(first.size, 2)
    assert.equal(second.size, 0)
    assert.equal(latest?.id, order.id)
  })

  test('the latest revision is the one that counts; unknown keys have none', async (t) => {
    const { store } = await open(t)
    const order = anOrder({ state: 'rejected', invoiceCount: 0 })
    const revision = anOrder({ orderKey: order.orderKey, revision: 2 })
    await store.database.transaction('other', (tx) => store.orders.insert(tx, [order, revision]))

    const keys = [order.orderKey, 'shop/default/none', order.orderKey]
    const latest = await store.database.transaction('other', (tx) => store.orders.loadLatest(tx, keys))

    assert.deepEqual(latest, [
      {
        id: revision.id,
        orderKey: order.orderKey,
        revision: 2,
        state: 'mapped',
        bodySha256: null,
        mappingVersionId: revision.mappingVersionId,
      },
    ])
  })

  test('an order leads back to the bytes it was made of', async (t) => {
    const { store } = await open(t)
    const message = aMessage({ body: Buffer.from('{"orderNo":"中 1"}') })
    const order = anOrder({ inboxId: message.id })
    await store.database.transaction('other', async (tx) => {
      await store.orders.insert(tx, [order])
      await store.inbox.insert(tx, [message])
    })

    const [latest, body, none] = await store.database.transaction('other', async (tx) => [
      (await store.orders.loadLatest(tx, [order.orderKey]))[0],
      await store.orders.loadBody(tx, order.id),
      await store.orders.loadBody(tx, v7()),
    ])

    assert.equal(latest?.bodySha256, message.bodySha256)
    assert.deepEqual([body, none], [message.body, null])
  })

  test('replicas that insert the same orders in opposite order both finish, and each order is created once', async (t) => {
    const { store } = await open(t)
    const orders = Array.from({ length: 50 }, () => anOrder())
    const copies = orders.map((order) => anOrder({ orderKey: order.orderKey })).reverse()

    const created = await Promise.all(
      [orders, copies, orders.map((order) => anOrder({ orderKey: order.orderKey }))].map((batch) =>
        store.database.transaction('other', (tx) => store.orders.insert(tx, batch)),
      ),
    )

    assert.equal(
      created.reduce((sum, { size }) => sum + size, 0),
      orders.length,
    )
  })

  test('an order whose try broke off is a suspect until a try of it ends', async (t) => {
    const { store } = await open(t)
    const orders = [3, 2, 1].map((age) =>
      anOrder({ state: 'received', invoiceCount: 0, receivedAt: instant(now() - age * 1_000) }),
    )
    await store.database.transaction('other', async (tx) => {
      await store.inbox.insert(
        tx,
        orders.map((order) => aMessage({ id: order.inboxId, orderId: order.id })),
      )
      await store.orders.insert(tx, orders)
    })
    /** Taken up and tried, and the worker dies of it. */
    const claim = async (suspects: boolean, limit = 10) => {
      const claimed = await store.orders.claimWoken({ leaseMs: 0, limit, suspects })
      await store.orders.begin(claimed)
      return claimed.map(({ id, attempts, fence }) => [orders.findIndex((order) => order.id === id), attempts, fence])
    }

    const fresh = [await claim(true), await claim(false, 2)]
    const broken = [await claim(false), await claim(true)]
    const [first] = orders
    assert.ok(first !== undefined)
    await store.database.transaction('other', async (tx) => {
      await store.orders.advanceReceived(tx, [{ ...first, parkCause: 'mapping_fault', fence: 2n }])
      await store.orders.wake(tx, { causes: ['mapping_fault'], limit: 1 })
    })

    assert.deepEqual(fresh[0], [])
    assert.deepEqual(fresh[1], [
      [0, 0, 1n],
      [1, 0, 1n],
    ])
    assert.deepEqual(broken[0], [[2, 0, 1n]])
    assert.deepEqual(
      broken[1]?.map(([index, attempts]) => [index, attempts]),
      [
        [0, 1],
        [1, 1],
        [2, 1],
      ],
    )
    assert.deepEqual(await claim(false), [[0, 0, 3n]], 'what waited is no suspect, and its old fences are no good')
  })

  test('what mapping again made of a waiting order is written once', async (t) => {
    const { store, addUnit } = await open(t)
    const unit = await addUnit()
    const order = anOrder({ state: 'received', invoiceCount: 0, grossAmount: null, fills: null, usingUnitId: unit.id })
    await store.database.transaction('other', async (tx) => {
      await store.inbox.insert(tx, [aMessage({ id: order.inboxId, orderId: order.id })])
      await store.orders.insert(tx, [order])
    })
    const [woken] = await store.orders.claimWoken({ leaseMs: 60_000, limit: 1 })

    const advance = { ...order, state: 'mapped' as const, invoiceCount: 1, grossAmount: amount('113.00'), fills: '{}' }
    const write = (fence: bigint) =>
      store.database.transaction('other', (tx) => store.orders.advanceReceived(tx, [{ ...advance, fence }]))
    const stale = await write(0n)
    const written = [await write(1n), await write(1n)]

    assert.deepEqual([woken?.id, woken?.attempts, woken?.orderNo], [order.id, 0, order.orderNo])
    assert.deepEqual(stale, new Set(), 'a stale worker writes nothing')
    assert.deepEqual(written, [new Set([order.id]), new Set()])
    assert.deepEqual(await store.orders.claimWoken({ leaseMs: 60_000, limit: 1 }), [])
  })

  test('of all who close parts of an order at once exactly one sees the last part, in the order of ids', async (t) => {
    const { store, addUnit } = await open(t)
    const story = makeStory(store, await addUnit())
    const { orders } = await story.receive(20, { partCount: 8 })
    await story.grantNumbers(200)
    await story.grantQuota('100000.00')
    await story.reserve(100)
    await story.reserve(100)
    const ids = orders.map(({ id }) => id)

    const closings = await Promise.all(
      Array.from({ length: 8 }, (_, index) => {
        const closed = (index % 2 === 0 ? ids : [...ids].reverse()).map((orderId) => ({ orderId, count: 1 }))
        return store.database.transaction('other', async (tx) => {
          const progress = await store.orders.closeParts(tx, closed)
          const done = progress.filter(({ openCount }) => openCount === 0)
          const ends = done.map(({ id }) => ({ orderId: id, state: 'issued' as const, eventSeq: 1, at: now() }))
          await store.orders.finish(tx, ends)
          return progress
        })
      }),
    )

    for (const progress of closings) {
      assert.deepEqual(
        progress.map(({ id }) => id),
        [...ids].sort(),
      )
    }
    for (const id of ids) {
      const openCounts = closings.map((progress) => progress.find((order) => order.id === id)?.openCount)
      assert.deepEqual(openCounts.sort(), [0, 1, 2, 3, 4, 5, 6, 7])
    }
  })

  test('an order that has ended cannot end again, and nothing of the attempt is kept', async (t) => {
    const { store, addUnit } = await open(t)
    const story = makeStory(store, await addUnit())
    const { orders } = await story.receive(1)
    await story.grantNumbers(10)
    await story.grantQuota('1000.00')
    await story.issueReady()
    const [order] = orders
    assert.ok(order !== undefined)

    await assert.rejects(
      store.database.transaction('other', async (tx) => {
        await store.orders.insert(tx, [anOrder({ orderKey: 'shop/default/side-effect' })])
        await store.orders.finish(tx, [{ orderId: order.id, state: 'failed', eventSeq: 2, at: now() }])
      }),
      { name: 'Defect' },
    )

    const latest = await store.database.transaction('other', (tx) =>
      store.orders.loadLatest(tx, [order.orderKey, 'shop/default/side-effect']),
    )
    assert.deepEqual(
      latest.map(({ state }) => state),
      ['issued'],
    )
  })

  test('the parts of an order are told with number, verdict and the seller as frozen', async (t) => {
    const { store, addUnit } = await open(t)
    const unit = await addUnit()
    const story = makeStory(store, unit)
    const order = anOrder({ invoiceCount: 2, grossAmount: amount('226.00'), usingUnitId: unit.id })
    const invoices = [2, 1].map((splitNo) => anInvoice(order, unit, { splitNo, buyerTaxNo: null }))
    await story.grantNumbers(2)
    await story.grantQuota('1000.00')
    await store.database.transaction('other', async (tx) => {
      await store.orders.insert(tx, [order])
      await store.orders.insertInvoices(tx, invoices)
    })
    await story.issueReady((item) => item.invoiceId === invoices[0]?.id)

    const parts = await store.database.transaction('other', (tx) => store.orders.loadParts(tx, [order.id, v7()]))

    assert.deepEqual(
      parts.map(({ splitNo, state, sellerName, refusal, grossAmount }) => ({
        splitNo,
        state,
        sellerName,
        refusal: refusal?.code ?? null,
        grossAmount,
      })),
      [
        { splitNo: 1, state: 'issued', sellerName: unit.name, refusal: null, grossAmount: amount('113.00') },
        { splitNo: 2, state: 'rejected', sellerName: unit.name, refusal: 'BUR-02', grossAmount: amount('113.00') },
      ],
    )
    assert.match(parts[0]?.invoiceNumber ?? '', /^\d{20}$/)
  })

  test('a mapping version that is not stored is told as absent', async (t) => {
    const { store } = await open(t)

    assert.equal(await store.database.transaction('other', (tx) => store.orders.loadMappingVersion(tx, v7())), null)
  })
}
