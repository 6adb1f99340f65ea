/** A soft stop in the middle of the work loses nothing and repeats nothing; whoever comes next finishes it. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainOrder } from '../testing/plain-orders.js'

const FIRST_COUNT = 440
/** Published right before each stop, with verdicts that take longer than a stop. */
const LATE_COUNT = 30
const ORDER_COUNT = FIRST_COUNT + 2 * LATE_COUNT
/** A stop comes when so many results are told, another one at twice as many. */
const TOLD_COUNT = 100
const EARLY_VERDICTS = { minMs: 0, maxMs: 800, hiddenMs: 0 }
const LATE_VERDICTS = { minMs: 1_500, maxMs: 2_000, hiddenMs: 0 }
const WAIT_MS_MAX = 20_000

const pipeline = await startPipeline(
  { after },
  {
    simulator: { verdictDelay: EARLY_VERDICTS },
    settings: ({ businessTypes }, write) => {
      const mapping = write('plain.yaml', plainMapping('plain'))
      businessTypes.push({ code: 'plain', name: '直述订单', seller: SELLERS.sales.taxNo, mapping })
    },
  },
)
const { received } = pipeline.orderSystem

test(`stopped twice in the middle of ${ORDER_COUNT} orders, each is issued once`, async () => {
  const orders = Array.from({ length: ORDER_COUNT }, () => aPlainOrder())
  const publish = (from: number, to: number) =>
    pipeline.orderSystem.publish(...orders.slice(from, to).map((body) => ({ businessType: 'plain', body })))
  await publish(0, FIRST_COUNT)
  pipeline.simulator.control.setSettings({ verdictDelay: LATE_VERDICTS })
  for (const round of [0, 1]) {
    await untilTold((round + 1) * TOLD_COUNT)
    const publishedCount = FIRST_COUNT + round * LATE_COUNT
    await publish(publishedCount, publishedCount + LATE_COUNT)
    const stopping = pipeline.stop()
    const { status, phase } = await pipeline.readiness()
    assert.deepEqual([status, phase], ['not_ready', 'draining'])
    assert.deepEqual(await stopping, { failed: [], unfinished: [] })
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
