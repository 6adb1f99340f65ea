/** Warnings rest beside the order, in the row of what was filled; its result must show them all the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withSchema } from '../../../connector/testing/database.js'
import { anOrder } from '../../../connector/testing/story.js'

const WARNINGS = [
  {
    code: 'L-149',
    path: '/buyer/isPerson',
    message: '已标记购买方为自然人',
    messageEn: 'a “person”',
    cure: 'sender' as const,
  },
]

test('an order that ends tells what its sender was warned of, and nothing where there was nothing', async (t) => {
  const { store } = await withSchema(t)
  const [warned, bare] = [anOrder({ warnings: WARNINGS }), anOrder({ fills: null })]

  const ended = await store.database.transaction('other', async (tx) => {
    await store.orders.insert(tx, [warned, bare])
    await store.orders.markInProgress(tx, [warned.id, bare.id])
    return store.orders.closeParts(
      tx,
      [warned, bare].map(({ id }) => ({ orderId: id, count: 1 })),
    )
  })

  const warningsOf = new Map(ended.map(({ id, warnings }) => [id, warnings]))
  assert.deepEqual(warningsOf.get(warned.id), WARNINGS)
  assert.deepEqual(warningsOf.get(bare.id), [])
})

test('mapping an order again replaces its warnings', async (t) => {
  const { store } = await withSchema(t)
  const order = anOrder({ state: 'received', parkCause: 'mapping_fault', warnings: [], fills: null })

  const [ended] = await store.database.transaction('other', async (tx) => {
    await store.orders.insert(tx, [order])
    await store.orders.wake(tx, { causes: ['mapping_fault'], limit: 1 })
    const mapped = { ...order, state: 'mapped' as const, parkCause: null, warnings: WARNINGS, fills: '{}', fence: 0n }
    assert.deepEqual(await store.orders.advanceReceived(tx, [mapped]), new Set([order.id]))
    await store.orders.markInProgress(tx, [order.id])
    return store.orders.closeParts(tx, [{ orderId: order.id, count: 1 }])
  })

  assert.deepEqual(ended?.warnings, WARNINGS)
})
