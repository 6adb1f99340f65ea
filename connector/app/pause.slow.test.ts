/**
 * A process that stands still for longer than a lease (SIGSTOP) and then goes on does no harm: another replica has taken
 * over what it held, and whatever it believes about it comes too late.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeConnectorProcess } from '../testing/connector-process.js'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainOrder } from '../testing/plain-orders.js'

const ORDER_COUNT = 1_500
const LATE_COUNT = 50
const WAIT_MS_MAX = 90_000

test('stopped with batches in its hands and continued when they were finished, it changes nothing', async (t) => {
  const [sleeper, other] = [makeConnectorProcess(t), makeConnectorProcess(t)]
  const pipeline = await startPipeline(t, {
    simulator: { verdictDelay: { minMs: 100, maxMs: 400, hiddenMs: 0 } },
    env: { LOG_LEVEL: 'info' },
    settings: ({ businessTypes }, write) => {
      const mapping = write('plain.yaml', plainMapping('plain'))
      businessTypes.push({ code: 'plain', name: '直述订单', seller: SELLERS.sales.taxNo, mapping })
    },
  })
  await pipeline.stop()
  await sleeper.start(pipeline.env)
  const publish = (count: number) =>
    pipeline.orderSystem.publish(
      ...Array.from({ length: count }, () => ({ businessType: 'plain', body: aPlainOrder() })),
    )
  const untilTold = (count: number) =>
    pipeline.until(
      `${count} results`,
      () => (new Set(pipeline.orderSystem.received.map(({ result }) => result.orderNo)).size >= count ? true : null),
      WAIT_MS_MAX,
    )

  const publishing = publish(ORDER_COUNT)
  const held = await pipeline.until('the sleeper to stand still with batches in its hands', async () => {
    sleeper.pause()
    const rows = await pipeline.sql<{ id: string; fence: string }>(
      'select id, fence from upload_batches where leased_until > now() and leased_by like $1',
      [`%/${sleeper.pid()}/%`],
    )
    if (rows.length > 0) return rows
    sleeper.goOn()
    return null
  })
  await other.start(pipeline.env)
  await publishing
  await untilTold(ORDER_COUNT)
  const before = await pipeline.sql('select id, state, fence from upload_batches order by id')
  sleeper.goOn()
  await publish(LATE_COUNT)
  await untilTold(ORDER_COUNT + LATE_COUNT)
  // Its own connections have gone meanwhile: it stops when it has found that out, with all that it believed to hold.
  assert.equal(await sleeper.stop(), 0)

  const after = await pipeline.sql('select id, state, fence from upload_batches order by id')
  assert.deepEqual(after.slice(0, before.length), before)
  for (const { id, fence } of held) {
    const taken = before.find((row) => row.id === id)
    assert.ok(taken !== undefined && BigInt(taken.fence) > BigInt(fence), 'another worker took it over')
  }
  await assertAgreement(pipeline)
})
