/** Numbers and quota under way: whatever becomes of an answer, the bureau and the connector end with the same books. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { addSeller, plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainItem, aPlainOrder } from '../testing/plain-orders.js'

const CLAIM = 'QDFPPLFM'
const QUOTA_QUERY = 'CXSXED'
const QUOTA_MOVE = 'XZTHSXED'
/** Few numbers and little quota, so that every few orders ask for more. */
const THRIFTY = { numberWarningCount: 1, numberClaimCount: 3, quotaDownloadAmount: '250.00' }

const pipeline = await startPipeline(
  { after },
  {
    simulator: { faultTiming: { lostHoldMs: 30 } },
    settings: (settings, write) => {
      addSeller(settings, SELLERS.property, THRIFTY)
      const mapping = write('thrifty.yaml', plainMapping('thrifty'))
      settings.businessTypes.push({ code: 'thrifty', name: '节俭', seller: SELLERS.property.taxNo, mapping })
    },
  },
)
const { control } = pipeline.simulator

test('orders use up numbers and quota many times over, and every one is issued', async () => {
  const orders = Array.from({ length: 20 }, () => aPlainOrder())
  await publish(...orders)
  for (const { no } of orders) assert.equal((await pipeline.nextResult(no)).result.status, 'issued')
})

for (const kind of ['lost-after', 'lost-before', 'garbage', 'wrong-key'] as const) {
  test(`a claim and a download answered by ${kind} are asked again under the same serial`, async () => {
    control.faultNext({ kind, service: CLAIM })
    control.faultNext({ kind, service: QUOTA_MOVE })
    const orders = Array.from({ length: 8 }, () => aPlainOrder())
    await publish(...orders)
    for (const { no } of orders) assert.equal((await pipeline.nextResult(no)).result.status, 'issued')

    const moves = await pipeline.sql<{ attempts: number; state: string }>(
      `select attempts, state from bureau_moves where attempts > 1`,
    )
    assert.ok(moves.length > 0 && moves.every(({ state }) => state === 'granted'))
  })
}

test('a question about the quota that is answered by nonsense is asked again', async () => {
  control.faultNext({ kind: 'html', service: QUOTA_QUERY })
  const order = aPlainOrder({ items: [aPlainItem({ amount: '1130.00' })] })
  await publish(order)

  assert.equal((await pipeline.nextResult(order.no)).result.status, 'issued')
})

test('an order beyond what one download brings is downloaded for as a whole', async () => {
  const order = aPlainOrder({ items: [aPlainItem({ amount: '11300.00' })] })
  await publish(order)

  assert.equal((await pipeline.nextResult(order.no)).result.status, 'issued')
})

test('every serial moved something once, and no number was claimed twice', () => {
  const { taxpayers } = control.book()
  const own = taxpayers.find(({ taxNo }) => taxNo === SELLERS.property.taxNo)
  const serials = [...(own?.segments ?? []), ...(own?.moves ?? [])].map(({ serial }) => serial)
  assert.equal(new Set(serials).size, serials.length)
})

test('the audit is clean, and the bureau and the order system say the same', () => assertAgreement(pipeline))

async function publish(...orders: readonly object[]): Promise<void> {
  await pipeline.orderSystem.publish(...orders.map((body) => ({ businessType: 'thrifty', body })))
}
