/** A soft stop in the middle of the work loses nothing and repeats nothing; whoever comes next finishes it. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainOrder } from '../testing/plain-orders.js'

const ORDER_COUNT = 500
/** Stops come when so many results are told. */
const STOP_COUNTS = [50, 250]
/** Verdicts come one by one for so long, so that there is a middle to stop in. */
const VERDICT_MS_MAX = 1_500
const WAIT_MS_MAX = 20_000

const pipeline = await startPipeline(
  { after },
  {
    simulator: { verdictDelay: { minMs: 0, maxMs: VERDICT_MS_MAX, hiddenMs: 0 } },
    settings: ({ businessTypes }, write) => {
      const mapping = write('plain.yaml', plainMapping('plain'))
      businessTypes.push({ code: 'plain', name: '直述订单', seller: SELLERS.sales.taxNo, mapping })
    },
  },
)
const { received } = pipeline.orderSystem

test(`stopped twice in the middle of ${ORDER_COUNT} orders, each is issued once`, async () => {
  const orders = Array.from({ length: ORDER_COUNT }, () => aPlainOrder())
  await pipeline.orderSystem.publish(...orders.map((body) => ({ businessType: 'plain', body })))
  for (const count of STOP_COUNTS) {
    await untilTold(count)
    assert.deepEqual(await pipeline.stop(), { failed: [], unfinished: [] })
    assert.ok(received.length < ORDER_COUNT, 'the stop came too late to prove anything')
    await pipeline.start()
  }
  await untilTold(ORDER_COUNT)

  assert.deepEqual(received.map(({ result }) => result.orderNo).sort(), orders.map(({ no }) => no).sort())
  assert.ok(received.every(({ result }) => result.status === 'issued'))
})

test('nothing is left in work, parked, or repeated at the bureau', async () => {
  const { parked } = await pipeline.readiness()
  assert.deepEqual(parked, [])
  const states = new Set((await pipeline.view.batches()).map(({ state, attempts }) => `${state} ${attempts}`))
  assert.deepEqual([...states], ['settled 1'])
})

test('the audit is clean, and the bureau and the order system say the same', () => assertAgreement(pipeline))

function untilTold(count: number) {
  return pipeline.until(`${count} results`, () => (received.length >= count ? true : null), WAIT_MS_MAX)
}
