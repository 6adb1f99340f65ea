/** The page for scrapers after known events, and what must never stand on it. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { DEFAULT_KEY } from '../../adapters/leqi/simulator/default-world.js'
import { SERVICES } from '../../adapters/leqi/wire.js'
import { startPipeline } from '../testing/pipeline.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainOrder } from '../testing/plain-orders.js'

const TOKEN = 'scraper-token-of-this-test'
const BUYER = '示例秘密采购有限公司'

const pipeline = await startPipeline(
  { after },
  {
    settings: ({ businessTypes }, write) => {
      const mapping = write('teapots.yaml', plainMapping('teapots'))
      businessTypes.push({ code: 'teapots', name: '茶壶订单', seller: SELLERS.sales.taxNo, mapping })
    },
  },
)

/** The sample of a metric, labels included; null: not on the page. */
function sample(page: string, name: string): number | null {
  const line = page.split('\n').find((each) => each.startsWith(`${name} `))
  return line === undefined ? null : Number(line.slice(name.length))
}

test('after an issued order and a parked message the page tells both, and names nobody', async () => {
  const order = aPlainOrder({ buyer: { name: BUYER } })
  await pipeline.orderSystem.publish({ businessType: 'teapots', body: order, messageId: 'teapot-message-1' })
  const { result } = await pipeline.nextResult(order.no)
  assert.equal(result.status, 'issued')
  await pipeline.orderSystem.publish({ businessType: 'unheard-of', body: aPlainOrder(), messageId: 'teapot-message-2' })
  await pipeline.settledMessage('teapot-message-2')

  const page = await pipeline.until('the page to tell what is parked', async () => {
    const text = await pipeline.metrics()
    return sample(text, 'leqi_parked{entity="inbox",cause="mapping_missing"}') === 1 ? text : null
  })

  const units = (await pipeline.readiness()).units
  assert.equal(sample(page, 'leqi_database_up'), 1)
  assert.equal(sample(page, 'leqi_ready'), 1)
  assert.equal(sample(page, 'leqi_units'), units.length)
  assert.equal(
    sample(page, 'leqi_numbers_free'),
    units.reduce((sum, unit) => sum + unit.freeNumberCount, 0),
  )
  const uploads = `leqi_bureau_call_duration_seconds_count{service="${SERVICES.upload}",outcome="answered"}`
  assert.equal(sample(page, uploads), 1)
  const steps = ['received_to_reserved', 'reserved_to_accepted', 'accepted_to_settled', 'settled_to_published']
  for (const step of steps) {
    assert.equal(sample(page, `leqi_step_duration_seconds_count{step="${step}"}`), 1, step)
  }
  assert.equal(sample(page, 'leqi_messages_total{disposition="accepted"}'), 1)
  assert.equal(sample(page, 'leqi_messages_total{disposition="waiting"}'), 1)
  assert.equal(sample(page, 'leqi_invoices_total{verdict="issued"}'), 1)
  assert.equal(sample(page, 'leqi_results_published_total'), 1)
  const [stored] = await pipeline.sql<{ available: string }>(
    'select sum(available_amount) as available from credit_quotas',
  )
  assert.equal(sample(page, 'leqi_quota_available_yuan'), Number(stored?.available))

  const [invoice] = await pipeline.sql<{ invoice_number: string }>('select invoice_number from invoices')
  const keys = Object.entries(pipeline.env).filter(([name]) => /KEY|URL|TOKEN/.test(name))
  const planted = [
    order.no,
    BUYER,
    SELLERS.sales.taxNo,
    SELLERS.sales.name,
    DEFAULT_KEY,
    'teapot',
    '茶壶',
    'unheard-of',
  ]
  for (const text of [...planted, invoice?.invoice_number ?? 'no invoice', ...keys.map(([, value]) => value)]) {
    assert.ok(!page.includes(text), `the page tells ${text}`)
  }
})

test('with a token set, a scraper without it is refused', async () => {
  const { connector } = await pipeline.startReplica({ LEQI_METRICS_TOKEN: TOKEN })
  const url = `${connector.address()}/metrics`
  const [without, withIt] = await Promise.all([
    fetch(url),
    fetch(url, { headers: { authorization: `Bearer ${TOKEN}` } }),
  ])

  assert.deepEqual([without.status, withIt.status], [401, 200])
  assert.ok(!(await withIt.text()).includes(TOKEN))
  assert.ok(pipeline.log.every((line) => !line.includes(TOKEN)))
  await without.text()
})
