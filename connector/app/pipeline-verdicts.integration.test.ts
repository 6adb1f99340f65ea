/**
 * What the bureau says, and what it keeps to itself: parts of a split order, refusals, lost and odd answers. A number
 * carries one content until the bureau has spoken; nobody is told more than is certain.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Pipeline, startPipeline } from '../testing/pipeline.js'
import { assertAgreement, sumYuan } from '../testing/pipeline-agreement.js'
import { addSeller, plainMapping, SELLERS, TAX_CODES } from '../testing/pipeline-settings.js'
import { aPlainItem, aPlainOrder, type PlainOrder } from '../testing/plain-orders.js'

type Control = Pipeline['simulator']['control']
type Fault = Parameters<Control['faultNext']>[0]

const UPLOAD = 'QDFPSC'
const QUERY = 'CXQDFPSCJG'
/** A connection whose answer is lost is cut after this; the bureau's would stay silent for a minute. */
const LOST_HOLD_MS = 30
const DAY_MS = 24 * 60 * 60 * 1000

const pipeline = await startPipeline(
  { after },
  {
    simulator: { faultTiming: { lostHoldMs: LOST_HOLD_MS, lateMs: 50, dripMs: 5, dripBytes: 64 } },
    settings: (settings, write) => {
      addSeller(settings, SELLERS.property, { maxNetPerInvoice: '1000.00' })
      const sellers = { plain: SELLERS.sales, split: SELLERS.property }
      for (const [code, { taxNo }] of Object.entries(sellers)) {
        const mapping = write(`${code}.yaml`, plainMapping(code))
        settings.businessTypes.push({ code, name: `业务 ${code}`, seller: taxNo, mapping })
      }
    },
  },
)
const { control } = pipeline.simulator

test('an order above the ceiling becomes several invoices and one final result that adds up to the fen', async () => {
  const items = [
    aPlainItem({ amount: '2599.99', quantity: 7 }),
    aPlainItem({ name: '画册', amount: '700.01', taxCode: TAX_CODES.book, rate: '0.09' }),
  ]
  const order = aPlainOrder({ items, discount: '10.01', total: '3289.99' })
  await publish('split', order)

  const { result } = await pipeline.nextResult(order.no)
  const { invoices } = result
  assert.equal(result.status, 'issued')
  assert.deepEqual(
    invoices.map(({ splitNo, status }) => `${splitNo} ${status}`),
    ['1 issued', '2 issued', '3 issued'],
  )
  assert.equal(sumYuan(invoices.map(({ grossAmount }) => grossAmount)), '3289.99')
  assert.ok(invoices.every(({ netAmount }) => Number(netAmount) <= 1000))
  assert.equal(new Set(invoices.map(({ invoiceNumber }) => invoiceNumber)).size, invoices.length)
})

test('one part refused: partly issued, the final says which part and why', async () => {
  const order = aPlainOrder({ items: [aPlainItem({ amount: '2260.00' })], remark: '分票之一被拒' })
  control.forceVerdict({ match: { remark: '分票之一被拒' }, status: '02', message: '购买方已注销' })
  await publish('split', order)

  const { result } = await pipeline.nextResult(order.no)
  assert.equal(result.status, 'partly_issued')
  assert.deepEqual(
    result.invoices.map(({ status, invoiceNumber }) => [status, invoiceNumber === null]),
    [
      ['failed', true],
      ['issued', false],
    ],
  )
  assert.equal(sumYuan(result.invoices.map(({ grossAmount }) => grossAmount)), '2260.00')
  assert.deepEqual(
    result.failure?.faults.map(({ code, path, message }) => ({ code, path, message })),
    [{ code: 'BUR-02', path: '/invoices/0', message: '购买方已注销' }],
  )
})

test('refused for good: failed with the bureau’s reason, and the number serves a later invoice', async () => {
  const [refused, later] = [aPlainOrder({ remark: '全部被拒' }), aPlainOrder()]
  control.forceVerdict({ match: { remark: '全部被拒' }, status: '02', message: '购买方信息有误' })
  await publish('plain', refused)
  const { result } = await pipeline.nextResult(refused.no)
  await publish('plain', later)
  const { result: next } = await pipeline.nextResult(later.no)

  assert.deepEqual(
    [result.status, result.failure?.code, result.failure?.message],
    ['failed', 'BUR-02', '购买方信息有误'],
  )
  assert.match(result.failure?.messageEn ?? '', /the tax bureau/)
  const [first] = (await latest(refused.no)).invoices
  assert.deepEqual([first?.state, first?.number], ['rejected', next.invoices[0]?.invoiceNumber])
})

test('a call refused for one of eight: only that one fails, the seven are issued', async () => {
  const orders = Array.from({ length: 8 }, (_, index) =>
    aPlainOrder(index === 5 ? { buyer: { name: '示例涉案有限公司' } } : {}),
  )
  control.forceVerdict({
    match: { buyerName: '示例涉案' },
    status: 'refuse-call',
    message: '购买方名称不合规',
    times: 4,
  })
  await pipeline.stop()
  await publish('plain', ...orders)
  await pipeline.start()

  const results = await Promise.all(orders.map(({ no }) => pipeline.nextResult(no)))
  assert.deepEqual(
    results.map(({ result }) => result.status),
    orders.map((_, index) => (index === 5 ? 'failed' : 'issued')),
  )
  assert.equal(results[5]?.result.failure?.message, '购买方名称不合规')
  const batches = await pipeline.view.batches()
  const sizes = batches
    .filter(({ state }) => ['divided', 'refused'].includes(state))
    .map(({ state, size }) => `${size} ${state}`)
  assert.deepEqual(sizes, ['8 divided', '4 divided', '2 divided', '1 refused'])
})

const LOST: readonly [what: string, fault: Omit<Fault, 'service'>][] = [
  ['lost after it was stored', { kind: 'lost-after' }],
  ['lost before it arrived', { kind: 'lost-before' }],
  ['cut off, stored', { kind: 'connection-reset', isProcessed: true }],
  ['cut off, not stored', { kind: 'connection-reset', isProcessed: false }],
  ['garbage', { kind: 'garbage', isProcessed: true }],
  ['half an envelope', { kind: 'not-json', isProcessed: true }],
  ['without Data', { kind: 'no-data', isProcessed: true }],
  ['no base64', { kind: 'bad-base64', isProcessed: true }],
  ['of a wrong last block', { kind: 'bad-padding', isProcessed: false }],
  ['a proxy’s page', { kind: 'html', isProcessed: true }],
  ['a platform fault', { kind: 'code-500', isProcessed: true }],
  ['a code that no document lists', { kind: 'unknown-code', isProcessed: true }],
  ['sealed with another key', { kind: 'wrong-key' }],
]

for (const [what, fault] of LOST) {
  test(`an upload’s answer is ${what}: in doubt, then the same number and bytes, issued once`, async () => {
    const order = aPlainOrder()
    control.faultNext({ ...fault, service: UPLOAD })
    await publish('plain', order)
    const { invoices } = await pipeline.orderThat(order.no, 'to be in doubt', (each) => isInState(each, 'in_doubt'))
    const before = await batchOf(invoices[0]?.batchId)
    await makeDue(before.id)

    const { result } = await pipeline.nextResult(order.no)
    const after = await batchOf(before.id)
    assert.equal(result.status, 'issued')
    assert.equal(result.invoices[0]?.invoiceNumber, invoices[0]?.number)
    assert.deepEqual([after.attempts, after.frozenSha256], [2, before.frozenSha256])
  })
}

test('in doubt and then refused for good: failed, for the bureau has said so of this number', async () => {
  const order = aPlainOrder({ remark: '二次上传被拒' })
  control.faultNext({ kind: 'lost-before', service: UPLOAD })
  control.forceVerdict({ match: { remark: '二次上传被拒' }, status: '02', message: '购买方信息有误' })
  await publish('plain', order)
  const { invoices } = await pipeline.orderThat(order.no, 'to be in doubt', (each) => isInState(each, 'in_doubt'))
  await makeDue((await batchOf(invoices[0]?.batchId)).id)

  assert.equal((await pipeline.nextResult(order.no)).result.status, 'failed')
})

test('an upload that is answered with the receipt of another: in doubt, sent again, issued once', async () => {
  const [first, swapped] = [aPlainOrder(), aPlainOrder()]
  await publish('plain', first)
  await pipeline.nextResult(first.no)
  control.faultNext({ kind: 'swapped-answer', service: UPLOAD })
  await publish('plain', swapped)
  const { invoices } = await pipeline.orderThat(swapped.no, 'to be in doubt', (each) => isInState(each, 'in_doubt'))
  await makeDue((await batchOf(invoices[0]?.batchId)).id)

  const { result } = await pipeline.nextResult(swapped.no)
  assert.deepEqual([result.status, result.invoices[0]?.invoiceNumber], ['issued', invoices[0]?.number])
})

const ODD_QUERIES: readonly Fault['kind'][] = [
  ...(['lost-after', 'late', 'slow-drip', 'connection-reset', 'garbage', 'html', 'wrong-key'] as const),
  ...(['code-500', 'code-5001', 'code-minus-1', 'unknown-code'] as const),
  ...(['unknown-number', 'half-list', 'swapped-answer'] as const),
]

for (const kind of ODD_QUERIES) {
  test(`a query answered by ${kind} changes nothing: the next one tells`, async () => {
    const order = aPlainOrder({ items: [aPlainItem({ amount: '1500.00' })] })
    control.faultNext({ kind, service: QUERY })
    await publish('split', order)

    const { result } = await pipeline.nextResult(order.no)
    assert.deepEqual([result.status, result.invoices.length], ['issued', 2])
  })
}

test('a verdict that is pending for several queries is waited for', async () => {
  control.setSettings({ verdictDelay: { minMs: 250, maxMs: 250, hiddenMs: 100 } })
  const order = aPlainOrder()
  await publish('plain', order)
  const { result } = await pipeline.nextResult(order.no)
  control.setSettings({ verdictDelay: { minMs: 0, maxMs: 0, hiddenMs: 0 } })

  assert.equal(result.status, 'issued')
  const [invoice] = (await latest(order.no)).invoices
  const { polls, attempts } = await batchOf(invoice?.batchId)
  assert.ok(polls >= 3, `${polls} polls`)
  assert.equal(attempts, 1)
})

test('parts of one batch whose verdicts come at different times are each told once, with their order', async () => {
  control.setSettings({ verdictDelay: { minMs: 0, maxMs: 300, hiddenMs: 0 } })
  const orders = Array.from({ length: 12 }, () => aPlainOrder())
  await publish('plain', ...orders)
  const results = await Promise.all(orders.map(({ no }) => pipeline.nextResult(no)))
  control.setSettings({ verdictDelay: { minMs: 0, maxMs: 0, hiddenMs: 0 } })

  assert.ok(results.every(({ result }) => result.status === 'issued'))
})

test('refused for a cause that passes: nobody is told, and the same number and bytes are issued when it has passed', async () => {
  const order = aPlainOrder({ remark: '风险期间' })
  control.forceVerdict({ match: { remark: '风险期间' }, status: '02', message: '当前纳税人为风险纳税人，不允许开票' })
  await publish('plain', order)
  const { invoices } = await pipeline.orderThat(order.no, 'to be set aside', (each) => isInState(each, 'reserved'))
  const before = await batchOf(invoices[0]?.batchId)
  assert.deepEqual([before.parkCause, before.size], ['seller_blocked', 1])
  // A day passes, and the connector asks the bureau about the seller again.
  await pipeline.sql(
    `with aged as (
       update using_units set risk = risk || jsonb_build_object('fetchedAt', (risk->>'fetchedAt')::bigint - $2::bigint)
       where tax_no = $1
     ), raised as (update settings_revision set revision = revision + 1)
     select pg_notify($3, 'settings')`,
    [SELLERS.sales.taxNo, DAY_MS, `${pipeline.schema}_work`],
  )

  const { result } = await pipeline.nextResult(order.no)
  const after = await batchOf(before.id)
  assert.deepEqual([result.status, result.invoices[0]?.invoiceNumber], ['issued', invoices[0]?.number])
  assert.equal(after.frozenSha256, before.frozenSha256)
})

test('every fault that a test asked for was met', () => {
  const { faults } = control.counters()
  const asked = [...LOST.map(([, { kind }]) => kind), ...ODD_QUERIES]
  assert.deepEqual(
    asked.filter((kind) => faults[kind] === undefined),
    [],
  )
})

test('the audit is clean, and the bureau and the order system say the same', () => assertAgreement(pipeline))

async function publish(businessType: 'plain' | 'split', ...orders: readonly PlainOrder[]): Promise<void> {
  await pipeline.orderSystem.publish(...orders.map((body) => ({ businessType, body })))
}

function isInState(order: Awaited<ReturnType<typeof latest>>, state: string): boolean {
  return order.invoices.length > 0 && order.invoices.every((invoice) => invoice.state === state)
}

async function latest(orderNo: string) {
  const found = (await pipeline.view.orders()).findLast((order) => order.orderNo === orderNo)
  assert.ok(found !== undefined, `order ${orderNo} is not there`)
  return found
}

async function batchOf(id: string | null | undefined) {
  const found = (await pipeline.view.batches()).find((batch) => batch.id === id)
  assert.ok(found !== undefined, `batch ${id} is not there`)
  return found
}

/** The time of doubt is over. */
async function makeDue(batchId: string): Promise<void> {
  await pipeline.sql(`update upload_batches set due_at = now() where id = $1 and state = 'in_doubt'`, [batchId])
  await pipeline.sql('select pg_notify($1, $2)', [`${pipeline.schema}_work`, 'batches'])
}
