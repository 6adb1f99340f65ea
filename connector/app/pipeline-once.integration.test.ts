/** The same order again and again, in every disguise: one invoice, one final result, and a record of each message. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainItem, aPlainOrder } from '../testing/plain-orders.js'

const PLAIN = 'plain'

const pipeline = await startPipeline(
  { after },
  {
    settings: ({ businessTypes }, write) => {
      const mapping = write('plain.yaml', plainMapping(PLAIN))
      businessTypes.push({ code: PLAIN, name: '直述订单', seller: SELLERS.sales.taxNo, mapping })
    },
  },
)

test('the same message twice is one invoice, and the second is a duplicate', async () => {
  const order = aPlainOrder()
  const first = await publish(order)
  const { result } = await pipeline.nextResult(order.no)
  const second = await publish(order)

  assert.equal((await pipeline.settledMessage(second)).disposition, 'duplicate')
  assert.equal(result.messageId, first)
  await assertOnce(order.no, 'issued')
})

test('other key order, white space and number spelling are the same content', async () => {
  const order = aPlainOrder({ total: 113 })
  await publish(order)
  await pipeline.nextResult(order.no)
  const turned = Object.fromEntries(Object.entries(order).reverse())
  const again = await publish(JSON.stringify(turned, null, 4).replace('"total": 113', '"total": 113.00'))

  assert.equal((await pipeline.settledMessage(again)).disposition, 'duplicate')
  await assertOnce(order.no, 'issued')
})

test('a webhook sent again with another updated_at makes the same draft, and nothing happens', async () => {
  const order = aPlainOrder({ updated_at: '2026-11-22T10:00:00+08:00' })
  await publish(order)
  await pipeline.nextResult(order.no)
  const again = await publish({ ...order, updated_at: '2026-11-22T11:30:00+08:00' })

  assert.equal((await pipeline.settledMessage(again)).disposition, 'duplicate')
  await assertOnce(order.no, 'issued')
})

test('another price under the same number is a recorded conflict without effect', async () => {
  const order = aPlainOrder()
  await publish(order)
  await pipeline.nextResult(order.no)
  const other = await publish({ ...order, items: [aPlainItem({ amount: '114.00' })] })

  const { disposition, orderId } = await pipeline.settledMessage(other)
  assert.deepEqual([disposition, orderId], ['conflict', (await latest(order.no)).id])
  await assertOnce(order.no, 'issued')
})

test('a repeat and a conflict in one breath with the order are judged against it', async () => {
  const order = aPlainOrder()
  const other = { ...order, items: [aPlainItem({ amount: '226.00' })] }
  const [, repeat = '', conflict = ''] = await pipeline.orderSystem.publish(
    { businessType: PLAIN, body: order },
    { businessType: PLAIN, body: order },
    { businessType: PLAIN, body: other },
  )

  assert.equal((await pipeline.settledMessage(repeat)).disposition, 'duplicate')
  assert.equal((await pipeline.settledMessage(conflict)).disposition, 'conflict')
  const { result } = await pipeline.nextResult(order.no)
  assert.equal(result.invoices[0]?.grossAmount, '113.00')
  await assertOnce(order.no, 'issued')
})

test('the same number from another source or of another business type is another order', async () => {
  const order = aPlainOrder()
  await pipeline.orderSystem.publish(
    { businessType: PLAIN, body: order },
    { businessType: PLAIN, body: order, headers: { source: 'second-shop' } },
  )

  const results = [await pipeline.nextResult(order.no), await pipeline.nextResult(order.no)]
  assert.deepEqual(results.map(({ result }) => result.source).sort(), ['default', 'second-shop'])
  assert.equal(new Set(results.map(({ result }) => result.invoices[0]?.invoiceNumber)).size, 2)
})

test('a correction after a rejection opens revision 2 with its own single final result', async () => {
  const wrong = aPlainOrder({ total: '100.00' })
  await publish(wrong)
  const rejected = await pipeline.nextResult(wrong.no)
  const corrected = await publish({ ...wrong, total: '113.00' })
  const issued = await pipeline.nextResult(wrong.no)
  const later = await publish({ ...wrong, total: '100.00' })

  assert.deepEqual([rejected.result.status, issued.result.status], ['rejected', 'issued'])
  assert.deepEqual([rejected.result.seq, issued.result.seq, issued.result.messageId], [1, 1, corrected])
  assert.notEqual(rejected.result.eventId, issued.result.eventId)
  assert.equal((await pipeline.settledMessage(later)).disposition, 'conflict')
  assert.deepEqual(
    (await revisions(wrong.no)).map(({ revision, state }) => `${revision} ${state}`),
    ['1 rejected', '2 issued'],
  )
})

test('the same wrong order twice is rejected once', async () => {
  const wrong = aPlainOrder({ total: '100.00' })
  await publish(wrong)
  await pipeline.nextResult(wrong.no)
  const again = await publish(wrong)

  assert.equal((await pipeline.settledMessage(again)).disposition, 'duplicate')
  await assertOnce(wrong.no, 'rejected')
})

test('an unpaid order is ignored and claims nothing; paid, it is issued', async () => {
  const unpaid = aPlainOrder({ status: 'unpaid' })
  const first = await publish(unpaid)
  const { disposition, faults } = await pipeline.settledMessage(first)
  assert.deepEqual([disposition, faults[0]?.code], ['ignored', 'ORD-ignored'])
  assert.match(faults[0]?.message ?? '', /订单尚未付款$/)
  await publish({ ...unpaid, status: 'paid' })

  const { result } = await pipeline.nextResult(unpaid.no)
  assert.equal(result.status, 'issued')
  await assertOnce(unpaid.no, 'issued')
})

test('fifty copies at once, from five connections, are one invoice', async () => {
  const order = aPlainOrder()
  const systems = await Promise.all(Array.from({ length: 5 }, () => pipeline.openOrderSystem()))
  const copies = Array.from({ length: 10 }, () => ({ businessType: PLAIN, body: order }))
  const ids = (await Promise.all(systems.map((system) => system.publish(...copies)))).flat()
  await pipeline.nextResult(order.no)

  const messages = await Promise.all(ids.map((id) => pipeline.settledMessage(id)))
  const dispositions = messages.map(({ disposition }) => disposition).sort()
  assert.deepEqual(dispositions, ['accepted', ...Array.from({ length: 49 }, () => 'duplicate')])
  await assertOnce(order.no, 'issued')
})

test('a message whose consumer died is stored raw, taken alone, and ends once', async () => {
  const [order, neighbour] = [aPlainOrder(), aPlainOrder()]
  await pipeline.stop()
  const id = await publish(order)
  await pipeline.orderSystem.takeAndDie()
  const other = await publish(neighbour)
  await pipeline.start()

  const { result } = await pipeline.nextResult(order.no)
  await pipeline.nextResult(neighbour.no)
  const message = await pipeline.settledMessage(id)
  assert.equal(result.status, 'issued')
  assert.deepEqual([message.isRedelivered, message.attempts, message.disposition], [true, 1, 'accepted'])
  assert.deepEqual((await pipeline.settledMessage(other)).attempts, 0)
  await assertOnce(order.no, 'issued')
})

test('a redelivered message that came before is a duplicate, or rejected like any other', async () => {
  const [known, wrong] = [aPlainOrder(), aPlainOrder({ currency: 'USD' })]
  await publish(known)
  await pipeline.nextResult(known.no)
  await pipeline.stop()
  const again = await publish(known)
  await pipeline.orderSystem.takeAndDie()
  await pipeline.start()
  assert.equal((await pipeline.settledMessage(again)).disposition, 'duplicate')

  await pipeline.stop()
  await publish(wrong)
  await pipeline.orderSystem.takeAndDie()
  await pipeline.start()
  assert.equal((await pipeline.nextResult(wrong.no)).result.status, 'rejected')
  await assertOnce(known.no, 'issued')
  await assertOnce(wrong.no, 'rejected')
})

test('the audit is clean, and the bureau and the order system say the same', () => assertAgreement(pipeline))

async function publish(body: object | string): Promise<string> {
  const [messageId = ''] = await pipeline.orderSystem.publish({ businessType: PLAIN, body })
  return messageId
}

async function revisions(orderNo: string) {
  return (await pipeline.view.orders()).filter((order) => order.orderNo === orderNo)
}

async function latest(orderNo: string) {
  const found = (await revisions(orderNo)).at(-1)
  assert.ok(found !== undefined, `order ${orderNo} is not there`)
  return found
}

/** One revision with one end, at most one invoice, and one result; a later order has passed in between. */
async function assertOnce(orderNo: string, state: 'issued' | 'rejected'): Promise<void> {
  const later = aPlainOrder()
  await publish(later)
  await pipeline.nextResult(later.no)
  const orders = await revisions(orderNo)
  assert.deepEqual(
    orders.map((order) => [order.revision, order.state, order.invoices.length]),
    [[1, state, state === 'issued' ? 1 : 0]],
  )
  const told = pipeline.orderSystem.received.filter(({ result }) => result.orderNo === orderNo)
  assert.deepEqual(
    told.map(({ result }) => result.status),
    [state],
  )
}
