/**
 * Bad input, each between two good neighbours published in the same breath: it ends as a recorded disposition with code,
 * place and message in both languages, its sender is told whenever an order could be read, and the neighbours are issued.
 * All of it comes at once, so that good and bad share batches.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import amqp from 'amqplib'
import type { Fault } from '../kernel/fault.js'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS, type Settings } from '../testing/pipeline-settings.js'
import { aPlainItem, aPlainOrder } from '../testing/plain-orders.js'

const MEGABYTE = 1024 * 1024
const PLAIN = 'plain'

interface BadInput {
  what: string
  body: Buffer | string | object
  headers?: Record<string, unknown>
  properties?: { contentEncoding: string }
  code: string
  path?: string
}

/** Nobody can read them: they end in the dead store, and nobody can be told. */
const UNREADABLE: readonly BadInput[] = [
  { what: 'an empty message', body: '', code: 'MSG-empty' },
  { what: 'a truncated message', body: '{"no":"T-1","items":[{"na', code: 'MSG-json' },
  { what: 'a message that is no JSON', body: '<order no="1"/>', code: 'MSG-json' },
  { what: 'a message that is no UTF-8', body: Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d]), code: 'MSG-utf8' },
  { what: 'a message of half a character', body: '{"no":"\\ud83d"}', code: 'MSG-utf8' },
  { what: 'a message of more than 4 MB', body: `{"no":"${'x'.repeat(4 * MEGABYTE)}"}`, code: 'MSG-size' },
  { what: 'a message of 40 levels', body: `${'['.repeat(40)}${']'.repeat(40)}`, code: 'MSG-depth' },
  { what: 'a message of 300,000 items', body: `[${'0,'.repeat(300_000)}0]`, code: 'MSG-count' },
  {
    what: 'a gzip message',
    body: gzipSync(JSON.stringify(aPlainOrder())),
    properties: { contentEncoding: 'gzip' },
    code: 'MSG-utf8',
  },
  {
    what: 'a broken gzip message that claims to be plain JSON',
    body: gzipSync(JSON.stringify(aPlainOrder())).subarray(0, 40),
    code: 'MSG-utf8',
  },
  { what: 'a source with a NUL', body: aPlainOrder(), headers: { source: 'web\u0000shop' }, code: 'MSG-source' },
  { what: 'a source of 300 characters', body: aPlainOrder(), headers: { source: 'x'.repeat(300) }, code: 'MSG-source' },
  {
    what: 'a business type with a NUL',
    body: aPlainOrder(),
    headers: { 'business-type': 'plain\u0000' },
    code: 'MSG-business-type',
  },
  {
    what: 'a business type of 300 characters',
    body: aPlainOrder(),
    headers: { 'business-type': 'x'.repeat(300) },
    code: 'MSG-business-type',
  },
]

/** Readable, but not even an order number can be taken from them. */
const NAMELESS: readonly BadInput[] = [
  {
    what: 'a message with a key twice',
    body: '{"no":"D-1","no":"D-2","items":[]}',
    code: 'MSG-duplicate-key',
    path: '/no',
  },
  {
    what: 'a message with __proto__',
    body: '{"no":"D-3","__proto__":{"kind":"专票"}}',
    code: 'MSG-key',
    path: '/__proto__',
  },
  {
    what: 'a message with a constructor',
    body: aPlainOrder({ buyer: { constructor: { name: '示例' } } }),
    code: 'MSG-key',
    path: '/buyer/constructor',
  },
  {
    what: 'an order number with a NUL',
    body: aPlainOrder({ no: 'N\u00001' }),
    code: 'ORD-characters',
    path: '/no',
  },
  { what: 'an order without a number', body: { items: [aPlainItem()] }, code: 'ORD-shape', path: '/no' },
  { what: 'an order whose number is a list', body: aPlainOrder({ no: ['1'] }), code: 'ORD-shape', path: '/no' },
  { what: 'a message that is null', body: 'null', code: 'ORD-shape' },
  { what: 'a message that is a list', body: '[{"no":"D-4"}]', code: 'ORD-shape' },
  {
    what: 'an order number of 200 characters',
    body: aPlainOrder({ no: 'N'.repeat(200) }),
    code: 'ORD-number',
    path: '/no',
  },
]

/** The order is wrong: its sender gets one result that says where. */
const WRONG: readonly BadInput[] = [
  withAmount('an amount with an exponent', '1e3', 'ORD-amount', '/items/0/amount'),
  withAmount('an amount with a separator', '1,000.00', 'ORD-amount', '/items/0/amount'),
  withAmount('an amount in full-width digits', '１２８.００', 'ORD-amount', '/items/0/amount'),
  withAmount('an amount with three decimals', '12.345', 'ORD-amount', '/items/0/amount'),
  withAmount('an amount that is not a number', 'NaN', 'ORD-amount', '/items/0/amount'),
  withAmount('an amount with the artefact of a float', '113.00000000000001', 'ORD-amount', '/items/0/amount'),
  {
    what: 'a JSON number with the artefact of a float',
    body: JSON.stringify(aPlainOrder()).replace('"113.00"', '113.00000000000001'),
    code: 'ORD-amount',
    path: '/items/0/amount',
  },
  withItem('a rate with a percent sign', { rate: '13%' }, 'ORD-amount', '/items/0/rate'),
  withItem('a rate of thirteen hundred percent', { rate: '13' }, 'L-63', '/lines/0/taxRate'),
  withItem('a name with a NUL', { name: '陶\u0000瓷杯' }, 'ORD-characters', '/items/0/name'),
  withItem('a name with an escape character', { name: '陶\u001b瓷杯' }, 'ORD-characters', '/items/0/name'),
  withItem('a name of 700 characters', { name: '杯'.repeat(700) }, 'L-56', '/lines/0/name'),
  {
    what: 'a negative line beside a positive one',
    body: aPlainOrder({ items: [aPlainItem(), aPlainItem({ amount: '-13.00' })] }),
    code: 'INV-amount',
    path: '/lines/1/amount',
  },
  withAmount('a negative amount', '-113.00', 'INV-amount', '/lines/0/amount'),
  withAmount('an amount of forty digits', '9'.repeat(40), 'L-25', '/lines/0/amount'),
  {
    what: 'an exponent in a JSON number',
    body: JSON.stringify(aPlainOrder()).replace('"113.00"', '1.13e2'),
    code: 'ORD-amount',
    path: '/items/0/amount',
  },
  {
    what: 'a total that is not the sum',
    body: aPlainOrder({ total: '113.01' }),
    code: 'ORD-total',
    path: '/expectedGross',
  },
  {
    what: 'a discount above the order',
    body: aPlainOrder({ discount: '113.01' }),
    code: 'INV-order-discount',
    path: '/orderDiscount',
  },
  withItem('a quantity of nothing', { quantity: 0 }, 'INV-quantity', '/lines/0/quantity'),
  {
    what: 'a bad tax number',
    body: aPlainOrder({ buyer: { name: '示例远方商贸有限公司', taxNo: '9131' } }),
    code: 'L-38',
    path: '/buyer/taxNo',
  },
  withItem('an unknown tax code', { taxCode: '1999999999999999999' }, 'L-58', '/lines/0/taxCode'),
  withItem('an expired rate', { rate: '0.17' }, 'L-63', '/lines/0/taxRate'),
  { what: 'a foreign currency', body: aPlainOrder({ currency: 'USD' }), code: 'ORD-currency', path: '/currency' },
  { what: 'an order without items', body: aPlainOrder({ items: [] }), code: 'L-54', path: '/lines' },
  {
    what: 'an order of 20,001 items',
    body: aPlainOrder({ items: Array.from({ length: 20_001 }, () => ({ name: '杯', amount: 1 })) }),
    code: 'ORD-shape',
    path: '/items',
  },
]

const pipeline = await startPipeline({ after }, { settings: sellPlainly })

describe('bad input, each with its neighbours', { concurrency: true }, () => {
  for (const input of UNREADABLE) {
    test(`${input.what} is recorded as dead, and nobody is told`, async () => {
      const { message, resultCount } = await publishBetweenNeighbours(input)
      assert.equal(message.disposition, 'dead')
      assertTold(message.faults, input)
      assert.equal(resultCount, 0)
    })
  }

  for (const input of NAMELESS) {
    test(`${input.what} is rejected with one result without order number, however often it comes`, async () => {
      const { message, messageId } = await publishBetweenNeighbours(input)
      const { result } = await pipeline.nextResultWhere(
        `of ${messageId}`,
        (each) => each.result.messageId === messageId,
      )
      assert.equal(message.disposition, 'rejected')
      assert.deepEqual([result.orderNo, result.status, result.final], [null, 'rejected', true])
      assertTold(result.failure?.faults ?? [], input)

      const again = await publishBetweenNeighbours(input)
      assert.equal(again.message.disposition, 'duplicate')
      assert.equal(again.resultCount, 0)
    })
  }

  for (const input of WRONG) {
    test(`${input.what} is rejected with one result that says where`, async () => {
      const { message, messageId } = await publishBetweenNeighbours(input)
      const { result } = await pipeline.nextResultWhere(
        `of ${messageId}`,
        (each) => each.result.messageId === messageId,
      )
      assert.equal(message.disposition, 'rejected')
      assert.deepEqual([result.status, result.invoices], ['rejected', []])
      assert.match(result.orderNo ?? '', /^P-/)
      assertTold(message.faults, input)
      assertTold(result.failure?.faults ?? [], input)
    })
  }

  test('a 20-digit order number in a JSON number comes back to the last digit', async () => {
    const body = JSON.stringify(aPlainOrder({ no: 'NUMBER' })).replace('"NUMBER"', '49999999999999999993')
    await pipeline.orderSystem.publish({ businessType: PLAIN, body })

    const { result } = await pipeline.nextResult('49999999999999999993')
    assert.equal(result.status, 'issued')
  })

  test('a trace of 300 characters with a NUL does not keep an order from being issued', async () => {
    const order = aPlainOrder()
    const headers = { traceparent: `\u0000${'t'.repeat(300)}` }
    await pipeline.orderSystem.publish({ businessType: PLAIN, body: order, headers })

    const { result, traceparent } = await pipeline.nextResult(order.no)
    assert.equal(result.status, 'issued')
    assert.equal(
      traceparent,
      `\ufffd${'t'.repeat(252)}`,
      '255 bytes, three of them for what stands in the place of NUL',
    )
  })

  test('a label that lies about an encoding is not believed: the order is what its bytes say', async () => {
    const order = aPlainOrder()
    const properties = { contentEncoding: 'gzip', contentType: 'text/csv' }
    await pipeline.orderSystem.publish({ businessType: PLAIN, body: order, properties })

    assert.equal((await pipeline.nextResult(order.no)).result.status, 'issued')
  })

  test('nothing is sent where a message asks for a reply, and no header changes what becomes of it', async (t) => {
    const connection = await amqp.connect(pipeline.env.AMQP_URL ?? '')
    t.after(() => connection.close())
    const channel = await connection.createChannel()
    const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true })
    const order = aPlainOrder()
    const headers = { 'x-delay': 1, seller: SELLERS.group.taxNo, taxNo: SELLERS.group.taxNo, kind: '专票' }
    await pipeline.orderSystem.publish({ businessType: PLAIN, body: order, headers, properties: { replyTo: queue } })

    const { result } = await pipeline.nextResult(order.no)
    assert.equal(await channel.get(queue), false)
    assert.deepEqual(
      result.invoices.map(({ seller, kind }) => [seller.taxNo, kind]),
      [[SELLERS.sales.taxNo, 'ordinary']],
    )
  })

  test('a tax number with a wrong check digit is issued, and its sender is warned', async () => {
    const order = aPlainOrder({ buyer: { name: '示例远方商贸有限公司', taxNo: '91310115MA1K00023F' } })
    await pipeline.orderSystem.publish({ businessType: PLAIN, body: order })

    const { result } = await pipeline.nextResult(order.no)
    assert.equal(result.status, 'issued')
    assert.ok(result.warnings.some(({ code, path }) => code === 'L-38' && path === '/buyer/taxNo'))
  })

  test('an order that names another seller is issued by the seller of its business type', async () => {
    const order = aPlainOrder({ seller: SELLERS.group.taxNo, unit: SELLERS.group.leqiId })
    await pipeline.orderSystem.publish({ businessType: PLAIN, body: order })

    const { result } = await pipeline.nextResult(order.no)
    assert.deepEqual(
      result.invoices.map(({ seller }) => seller.taxNo),
      [SELLERS.sales.taxNo],
    )
  })

  test('an order of an unknown business type waits, and is issued once the type is configured', async () => {
    const order = aPlainOrder()
    const [messageId = ''] = await pipeline.orderSystem.publish({ businessType: 'latecomer', body: order })
    const { disposition, parkCause, faults } = await pipeline.settledMessage(messageId)
    assert.deepEqual([disposition, parkCause, faults[0]?.code], [null, 'mapping_missing', 'MAP-business-type'])

    await pipeline.apply(({ businessTypes }, write) => {
      const mapping = write('latecomer.yaml', plainMapping('latecomer'))
      businessTypes.push({ code: 'latecomer', name: '后到的业务', seller: SELLERS.sales.taxNo, mapping })
    })
    const { result } = await pipeline.nextResult(order.no)
    assert.deepEqual([result.status, result.messageId], ['issued', messageId])
  })
})

test('the audit is clean, and the bureau and the order system say the same', () => assertAgreement(pipeline))

function sellPlainly({ businessTypes }: Settings, write: (name: string, text: string) => string): void {
  const mapping = write('plain.yaml', plainMapping(PLAIN))
  businessTypes.push({ code: PLAIN, name: '直述订单', seller: SELLERS.sales.taxNo, mapping })
}

/** Publishes a good order, the bad one, and another good one; returns what became of the bad one once both are issued. */
async function publishBetweenNeighbours({ body, headers = {}, properties }: BadInput) {
  const [before, behind] = [aPlainOrder(), aPlainOrder()]
  const [, messageId = ''] = await pipeline.orderSystem.publish(
    { businessType: PLAIN, body: before },
    { businessType: PLAIN, body, headers, ...(properties && { properties }) },
    { businessType: PLAIN, body: behind },
  )
  for (const { no } of [before, behind]) assert.equal((await pipeline.nextResult(no)).result.status, 'issued')
  const message = await pipeline.settledMessage(messageId)
  const resultCount = pipeline.orderSystem.received.filter(({ result }) => result.messageId === messageId).length
  return { message, messageId, resultCount }
}

function assertTold(faults: readonly Pick<Fault, 'code' | 'path' | 'message' | 'messageEn'>[], input: BadInput): void {
  const told = faults.find(({ code }) => code === input.code)
  assert.ok(told !== undefined, `no fault ${input.code} among ${JSON.stringify(faults)}`)
  assert.equal(told.path, input.path ?? '')
  assert.match(told.message, /\p{Script=Han}/u)
  assert.match(told.messageEn, /^[\x20-\x7e×≠–]+$/)
}

function withAmount(what: string, amount: string, code: string, path: string): BadInput {
  return withItem(what, { amount }, code, path)
}

function withItem(what: string, item: Parameters<typeof aPlainItem>[0], code: string, path: string): BadInput {
  return { what, body: aPlainOrder({ items: [aPlainItem(item)] }), code, path }
}
