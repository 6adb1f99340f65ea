/**
 * The connector is a process of its own here, and is killed without warning (SIGKILL) while it works.
 *
 * Whatever the moment, the next start carries on: every order is issued exactly once, is told exactly once (copies are
 * byte-identical), and the bureau's own book says the same. What a dead process held comes back when its leases end.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ResultMessage } from '../result/result.js'
import { makeConnectorProcess } from '../testing/connector-process.js'
import { type Pipeline, startPipeline } from '../testing/pipeline.js'
import { assertAgreement, sumYuan } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS, type Settings } from '../testing/pipeline-settings.js'
import { aPlainItem, aPlainOrder, type PlainOrder } from '../testing/plain-orders.js'

const ORDER_COUNT = 2_000
/** One start after another: orders published before it, results seen when it is killed, orders published just then. */
const DEATHS = [
  { beforeCount: 600, killedAt: 200, thenCount: 200 },
  { beforeCount: 400, killedAt: 700, thenCount: 200 },
  { beforeCount: 400, killedAt: 1_200, thenCount: 200 },
]
/** Every so many orders one becomes two invoices, and one is published twice. */
const SPLIT_EVERY = 20
const REPEATED_EVERY = 50
/** Longest rest of work that a dead process held: its leases, a sweep, and the work itself. */
const RESUMED_MS_MAX = 60_000

test('killed three times in the middle of 2,000 orders, it issues each of them exactly once', async (t) => {
  const { pipeline, connector } = await setup(t)
  const orders = Array.from({ length: ORDER_COUNT }, (_, index) => makeOrder(index))
  const waiting = [...orders]

  for (const { beforeCount, killedAt, thenCount } of DEATHS) {
    await publish(pipeline, waiting.splice(0, beforeCount))
    await seeOrders(pipeline, killedAt)
    const publishing = publish(pipeline, waiting.splice(0, thenCount))
    await connector.kill()
    await publishing
    assert.ok(countTold(pipeline) < ORDER_COUNT - waiting.length, 'nothing was under way any more')
    t.diagnostic(await describeRest(pipeline))
    await connector.start(pipeline.env)
  }
  await seeOrders(pipeline, ORDER_COUNT)

  await assertIssuedOnce(pipeline, orders)
  await assertAgreement(pipeline)
})

/** A pipeline whose connector runs as a process of its own, selling plainly. */
async function setup(t: TestContext) {
  const connector = makeConnectorProcess(t)
  const pipeline = await startPipeline(t, {
    settings: sellPlainly,
    simulator: { verdictDelay: { minMs: 100, maxMs: 100, hiddenMs: 0 } },
    env: { LOG_LEVEL: 'info' },
  })
  await pipeline.stop()
  await connector.start(pipeline.env)
  return { pipeline, connector }
}

function sellPlainly(settings: Settings, write: (name: string, text: string) => string): void {
  const { directUnits, businessTypes, issuing } = settings
  for (const unit of directUnits) unit.poll = { firstMs: 50, maxMs: 500 }
  for (const unit of issuing) unit.maxLinesPerInvoice = 2
  businessTypes.push({
    code: 'plain',
    name: '直述订单',
    seller: SELLERS.sales.taxNo,
    mapping: write('plain.yaml', plainMapping('plain')),
  })
}

/** Amounts differ, so that no invoice could stand in for another; some orders have more lines than fit on one invoice. */
function makeOrder(index: number): PlainOrder {
  const lineCount = index % SPLIT_EVERY === 0 ? 3 : 1
  const items = Array.from({ length: lineCount }, (_, line) =>
    aPlainItem({ amount: toYuan(10_000 + index * 3 + line) }),
  )
  return aPlainOrder({ no: `K-${index}`, items })
}

function toYuan(fen: number): string {
  return `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`
}

function publish({ orderSystem }: Pipeline, orders: readonly PlainOrder[]): Promise<unknown> {
  const bodies = orders.flatMap((order, index) => (index % REPEATED_EVERY === 0 ? [order, order] : [order]))
  return orderSystem.publish(...bodies.map((body) => ({ businessType: 'plain', body })))
}

function countTold({ orderSystem }: Pipeline): number {
  return new Set(orderSystem.received.map(({ result }) => result.orderNo)).size
}

function seeOrders(pipeline: Pipeline, count: number): Promise<true> {
  return pipeline.until(
    `results of ${count} orders`,
    () => (countTold(pipeline) >= count ? true : null),
    RESUMED_MS_MAX,
  )
}

/** What lay where when the process died. */
async function describeRest({ sql }: Pipeline): Promise<string> {
  const rows = await sql<{ what: string }>(`
    select 'batches ' || state || ' ' || count(*) as what from upload_batches group by state
    union all select 'orders ' || state || ' ' || count(*) from orders group by state
    union all select 'results ' || state || ' ' || count(*) from outbox_events group by state
    union all select 'messages ' || coalesce(disposition, 'stored') || ' ' || count(*) from inbox_messages
      group by disposition`)
  return rows.map(({ what }) => what).join(', ')
}

async function assertIssuedOnce(pipeline: Pipeline, orders: readonly PlainOrder[]): Promise<void> {
  const stored = await pipeline.view.orders()
  assert.deepEqual(stored.map(({ orderNo }) => orderNo).sort(), orders.map(({ no }) => no).sort())
  assert.deepEqual([...new Set(stored.map(({ state }) => state))], ['issued'])

  const told = new Map<string, Map<string, ResultMessage>>()
  for (const { result, body } of pipeline.orderSystem.received) {
    const copies = told.get(result.orderNo ?? '') ?? new Map()
    told.set(result.orderNo ?? '', copies.set(body, result))
  }
  for (const { no, items } of orders) {
    const [result, ...others] = told.get(no)?.values() ?? []
    assert.deepEqual(others, [], `order ${no} was told in several ways`)
    assert.deepEqual([result?.status, result?.final, result?.seq], ['issued', true, 1], `order ${no}`)
    const grosses = result?.invoices.map(({ grossAmount }) => grossAmount) ?? []
    assert.equal(sumYuan(grosses), sumYuan(items.map(({ amount }) => String(amount))), `order ${no}`)
  }
}
