/**
 * Waiting: what cannot go on yet is parked under a cause, nothing of it is told as failed, and it goes on by itself when
 * the cause is gone. Each test has orders of its own, and a seller where it needs one; so they run side by side.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { ParkCause } from '../kernel/fault.js'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { addChain, addSeller, plainMapping, SELLERS, type Settings, TAX_CODES } from '../testing/pipeline-settings.js'
import { aPlainItem, aPlainOrder, type PlainOrder } from '../testing/plain-orders.js'

/** Business types, one for each test that changes what hangs on it. */
const TYPES = {
  plain: 'sales',
  renumbering: 'sales',
  numbers: 'property',
  quota: 'assets',
  risk: 'group',
  chain: 'chain',
} as const satisfies Record<string, keyof typeof SELLERS>

const WRONG_KEY = 'ffffffffffffffffffffffffffffffff'
/** A supply that was in vain is tried again after 10 s; stations look every 5 s. */
const SUPPLY_MS_MAX = 20_000
/**
 * Once by each apply that calls the bureau, twice by the connector as it starts, about the clock and about the seller;
 * then it leaves the unit alone for minutes.
 */
const PROBE_COUNT_MAX = 4
/** What the mapping cannot place before it is corrected. */
const UNKNOWN_KIND = '收据'

const pipeline = await startPipeline(
  { after },
  {
    prepareBureau: (control) => {
      control.setQuota(SELLERS.assets.taxNo, { total: '50.00' })
      control.setTaxpayer(SELLERS.group.taxNo, { isRisk: true })
    },
    settings: (settings, write) => {
      addSeller(settings, SELLERS.property, { autoClaim: false })
      addSeller(settings, SELLERS.assets)
      addSeller(settings, SELLERS.group)
      addChain(settings, { apiKey: WRONG_KEY })
      addSeller(settings, SELLERS.chain)
      for (const [code, seller] of Object.entries(TYPES)) {
        const mapping = write(`${code}.yaml`, plainMapping(code))
        settings.businessTypes.push({ code, name: `业务 ${code}`, seller: SELLERS[seller].taxNo, mapping })
      }
    },
  },
)

describe('parked and woken', { concurrency: true }, () => {
  test('a product that the catalogue lacks: issued when it is added', async () => {
    const order = aPlainOrder({ items: [{ sku: 'NEW-1', name: '新到茶叶', quantity: 2, amount: '226.00' }] })
    await publish('plain', order)
    const { faults } = await parkedOrder(order, 'catalogue_missing')
    assert.deepEqual(
      faults.map(({ path }) => path),
      ['/lines/0/taxCode', '/lines/0/taxRate', '/lines/0/shortName'],
    )
    await apply(({ products }) => {
      const seller = SELLERS.sales.taxNo
      products.push({ seller, code: 'NEW-1', name: '茶叶', taxCode: TAX_CODES.tea, taxRate: '0.13' })
    })

    await assertIssued(order, '226.00')
  })

  test('a buyer whose tax number is missing: issued when the catalogue has it', async () => {
    const buyer = { code: 'C-9', name: '示例星河科技有限公司' }
    const order = aPlainOrder({ kind: '专票', buyer })
    await publish('plain', order)
    await parkedOrder(order, 'catalogue_missing')
    await apply(({ buyers }) => buyers.push({ seller: SELLERS.sales.taxNo, ...buyer, taxNo: '91310115MA1K00023E' }))

    const { result } = await assertIssued(order, '113.00')
    assert.deepEqual(result.invoices[0]?.buyer, { name: buyer.name, taxNo: '91310115MA1K00023E' })
  })

  test('a mapping that cannot place a value: issued, or rejected, under the corrected version', async () => {
    const good = aPlainOrder({ kind: UNKNOWN_KIND })
    const wrong = aPlainOrder({ kind: UNKNOWN_KIND, total: '112.99' })
    for (const order of [good, wrong]) await publish('plain', order)
    const { faults } = await parkedOrder(good, 'mapping_fault')
    await parkedOrder(wrong, 'mapping_fault')
    assert.deepEqual([faults[0]?.code, faults[0]?.path], ['MAP-lookup', '/kind'])
    const kinds = '{普票: ordinary, 专票: special, 收据: ordinary}'
    await apply((_settings, write) => write('plain.yaml', plainMapping('plain', { version: 2, kinds })))

    await assertIssued(good, '113.00')
    assert.equal((await pipeline.nextResult(wrong.no)).result.status, 'rejected')
  })

  test('a corrected mapping that reads another order number: held for a person, never two orders', async () => {
    const order = aPlainOrder({ kind: UNKNOWN_KIND })
    await publish('renumbering', order)
    await parkedOrder(order, 'mapping_fault')
    const kinds = '{普票: ordinary, 收据: ordinary}'
    const text = plainMapping('renumbering', { version: 2, kinds }).replace('= order.no', '= order.no + "-2"')
    await apply((_settings, write) => write('renumbering.yaml', text))

    const { parkCause } = await pipeline.orderThat(order.no, 'to be held', ({ faults }) =>
      faults.some(({ code }) => code === 'MAP-other-order'),
    )
    assert.equal(parkCause, 'mapping_fault')
    assert.ok((await pipeline.view.orders()).every(({ orderNo }) => orderNo !== `${order.no}-2`))
  })

  test('a business type nobody configured: looked at again and again, never given up, issued in the end', async () => {
    const order = aPlainOrder()
    const [id = ''] = await pipeline.orderSystem.publish({ businessType: 'unheard-of', body: order })
    await pipeline.settledMessage(id)
    for (let round = 1; round <= 5; round += 1) {
      await pipeline.sql(
        `update inbox_messages set park_cause = null, parked_at = null, due_at = received_at where message_id = $1`,
        [id],
      )
      assert.equal((await pipeline.settledMessage(id)).parkCause, 'mapping_missing', `after ${round} looks`)
    }
    await apply(({ businessTypes }, write) => {
      const mapping = write('unheard-of.yaml', plainMapping('unheard-of'))
      businessTypes.push({ code: 'unheard-of', name: '新业务', seller: SELLERS.sales.taxNo, mapping })
    })

    await assertIssued(order, '113.00')
  })

  test('no number left: issued when numbers may be claimed', async () => {
    const order = aPlainOrder()
    await publish('numbers', order)
    await parkedInvoice(order, 'number_pool_empty')
    await pipeline.apply(({ issuing }) => change(issuing, SELLERS.property.taxNo, { autoClaim: true }))

    await assertIssued(order, '113.00')
  })

  test('too little quota: the smaller order goes on, the bigger is issued when the bureau grants more', async () => {
    const [big, small] = [aPlainOrder(), aPlainOrder({ items: [aPlainItem({ amount: '11.30' })] })]
    for (const order of [big, small]) await publish('quota', order)
    await assertIssued(small, '11.30')
    await parkedInvoice(big, 'quota_empty')
    pipeline.simulator.control.setQuota(SELLERS.assets.taxNo, { total: '500.00' })

    await assertIssued(big, '113.00', SUPPLY_MS_MAX)
  })

  test('a seller at risk: issued when the bureau has lifted it', async () => {
    const order = aPlainOrder()
    await publish('risk', order)
    await parkedInvoice(order, 'seller_blocked')
    pipeline.simulator.control.setTaxpayer(SELLERS.group.taxNo, { isRisk: false })
    // Ten minutes pass: what is known of the seller grows old.
    await pipeline.sql(
      `with aged as (
         update using_units set risk = risk || jsonb_build_object('fetchedAt', (risk->>'fetchedAt')::bigint - 600000)
         where tax_no = $1
       ), raised as (update settings_revision set revision = revision + 1)
       select pg_notify($2, 'settings')`,
      [SELLERS.group.taxNo, `${pipeline.schema}_work`],
    )

    await assertIssued(order, '113.00')
  })

  test('a unit that the bureau does not know by its key: issued when the right one is applied', async () => {
    const order = aPlainOrder()
    await publish('chain', order)
    await parkedOrder(order, 'unit_unverified')
    const { exitCode } = await pipeline.apply(({ directUnits }) =>
      change(directUnits, SELLERS.chain.taxNo, { apiKey: '00112233445566778899aabbccddeeff' }),
    )
    assert.equal(exitCode, 0)

    await assertIssued(order, '113.00')
  })
})

test('a unit whose key is wrong is not asked about without end', () => {
  const { platformCodes } = pipeline.simulator.control.counters()
  assert.deepEqual(Object.keys(platformCodes), ['4057'])
  assert.ok((platformCodes['4057'] ?? 0) <= PROBE_COUNT_MAX, JSON.stringify(platformCodes))
})

test('the health page names what still waits, and nothing else', async () => {
  const { parked } = await pipeline.readiness()
  assert.deepEqual(
    parked.map(({ entity, cause, count }) => `${count} ${entity} ${cause}`),
    ['1 order mapping_fault'],
  )
})

test('the audit is clean, and the bureau and the order system say the same', () => assertAgreement(pipeline))

async function publish(businessType: keyof typeof TYPES, order: PlainOrder): Promise<void> {
  await pipeline.orderSystem.publish({ businessType, body: order })
}

/** Settings only; nobody is called. */
async function apply(changes: Parameters<typeof pipeline.apply>[0]): Promise<void> {
  const { exitCode, lines } = await pipeline.apply(changes, ['--offline'])
  assert.equal(exitCode, 0, lines.join('\n'))
}

function change(entries: Settings['issuing'], taxNo: string, changes: Settings['issuing'][number]): void {
  const entry = entries.find((each) => each.taxNo === taxNo)
  assert.ok(entry !== undefined)
  Object.assign(entry, changes)
}

function parkedOrder(order: PlainOrder, cause: ParkCause) {
  return pipeline.orderThat(order.no, `to wait under ${cause}`, ({ parkCause }) => parkCause === cause)
}

function parkedInvoice(order: PlainOrder, cause: ParkCause) {
  return pipeline.orderThat(order.no, `to wait under ${cause}`, ({ invoices }) => invoices[0]?.parkCause === cause)
}

async function assertIssued(order: PlainOrder, gross: string, waitMsMax?: number) {
  const incoming = await pipeline.nextResult(order.no, waitMsMax)
  assert.deepEqual([incoming.result.status, incoming.result.invoices[0]?.grossAmount], ['issued', gross])
  return incoming
}
