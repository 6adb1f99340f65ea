/**
 * A real process is told to stop (SIGTERM) at full load. It ends by itself with 0; nothing is in doubt because of it, no
 * message comes back as redelivered, and the next start issues the rest.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeConnectorProcess } from '../testing/connector-process.js'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainOrder } from '../testing/plain-orders.js'

const ORDER_COUNT = 2_000
const TOLD_AT_STOP = 300
const WAIT_MS_MAX = 90_000

test(`told to stop in the middle of ${ORDER_COUNT} orders, it drains and ends with 0`, async (t) => {
  const connector = makeConnectorProcess(t)
  const pipeline = await startPipeline(t, {
    simulator: { verdictDelay: { minMs: 200, maxMs: 800, hiddenMs: 0 } },
    env: { LOG_LEVEL: 'info' },
    settings: ({ businessTypes }, write) => {
      const mapping = write('plain.yaml', plainMapping('plain'))
      businessTypes.push({ code: 'plain', name: '直述订单', seller: SELLERS.sales.taxNo, mapping })
    },
  })
  await pipeline.stop()
  await connector.start(pipeline.env)
  const told = () => new Set(pipeline.orderSystem.received.map(({ result }) => result.orderNo)).size
  const untilTold = (count: number) =>
    pipeline.until(`${count} results`, () => (told() >= count ? true : null), WAIT_MS_MAX)
  const publishing = pipeline.orderSystem.publish(
    ...Array.from({ length: ORDER_COUNT }, () => ({ businessType: 'plain', body: aPlainOrder() })),
  )

  await untilTold(TOLD_AT_STOP)
  const exitCode = await connector.stop()
  await publishing
  const toldAtStop = told()
  const batches = await pipeline.view.batches()
  const undecided = await pipeline.sql('select id from inbox_messages where disposition is null and park_cause is null')
  t.diagnostic(`${toldAtStop} told, batches ${[...new Set(batches.map(({ state }) => state))].join(', ')}`)

  assert.equal(exitCode, 0)
  assert.ok(toldAtStop < ORDER_COUNT, 'the stop came too late to prove anything')
  assert.deepEqual(
    batches.filter(({ wasInDoubt }) => wasInDoubt),
    [],
  )
  assert.ok(batches.every(({ state, attempts }) => state !== 'sending' || attempts === 0))
  assert.deepEqual(undecided, [])

  await connector.start(pipeline.env)
  await untilTold(ORDER_COUNT)
  const redelivered = await pipeline.sql('select id from inbox_messages where is_redelivered')
  assert.deepEqual(redelivered, [])
  const states = new Set((await pipeline.view.batches()).map(({ state, attempts }) => `${state} ${attempts}`))
  assert.deepEqual([...states], ['settled 1'])
  await assertAgreement(pipeline)
})
