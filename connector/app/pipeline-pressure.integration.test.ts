/** Back-pressure: with too much unfinished, orders stay with the broker until enough is finished; none is lost. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import amqp from 'amqplib'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainOrder } from '../testing/plain-orders.js'

const WAITING_LIMIT = 5

const pipeline = await startPipeline({ after }, { env: { LEQI_WAITING_LIMIT: String(WAITING_LIMIT) } })

test('intake stops at the limit, says so, and goes on by itself when enough has ended', async () => {
  const orders = Array.from({ length: WAITING_LIMIT + 3 }, () => aPlainOrder())
  const publish = (some: typeof orders) =>
    pipeline.orderSystem.publish(...some.map((body) => ({ businessType: 'unheard-of', body })))
  await publish(orders.slice(0, WAITING_LIMIT))
  await pipeline.until('intake to stop', async () => ((await readIntake()).isUp ? null : true))
  const { status } = await pipeline.readiness()
  const { lastError } = await readIntake()
  const consumers = await countConsumers()
  await publish(orders.slice(WAITING_LIMIT))

  const queued = await countMessages()
  await pipeline.apply(
    ({ businessTypes }, write) => {
      const mapping = write('unheard-of.yaml', plainMapping('unheard-of'))
      businessTypes.push({ code: 'unheard-of', name: '新业务', seller: SELLERS.sales.taxNo, mapping })
    },
    ['--offline'],
  )
  for (const order of orders) assert.equal((await pipeline.nextResult(order.no)).result.status, 'issued')

  assert.deepEqual([status, consumers, queued], ['not_ready', 0, 3])
  assert.match(lastError ?? '', /^too_many_waiting: /)
  assert.deepEqual(await readIntake(), { isUp: true, lastError: null })
  await assertAgreement(pipeline)
})

async function readIntake() {
  const { dependencies } = await pipeline.readiness()
  const { isUp, lastError } = dependencies.intake ?? assert.fail('intake is not told')
  return { isUp, lastError }
}

async function checkQueue() {
  const connection = await amqp.connect(pipeline.env.AMQP_URL ?? '')
  const channel = await connection.createChannel()
  const found = await channel.checkQueue(`${pipeline.env.LEQI_NAME_PREFIX}leqi.orders`)
  await connection.close()
  return found
}

async function countConsumers(): Promise<number> {
  return (await checkQueue()).consumerCount
}

/** The broker counts confirmed messages a moment later. */
function countMessages(): Promise<number> {
  return pipeline.until('the broker to count three', async () => {
    const { messageCount } = await checkQueue()
    return messageCount === 3 ? messageCount : null
  })
}
