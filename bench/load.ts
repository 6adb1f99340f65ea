/** The load of a benchmark: publishes orders with confirms and notes when each result arrives. */
import { setTimeout as sleep } from 'node:timers/promises'
import amqp from 'amqplib'

/** Orders that may be published and not yet confirmed. */
const CONFIRM_WINDOW_COUNT = 500
/** A run in which no result arrives for this long has failed. */
const SILENCE_MS_MAX = 60_000

export interface Load {
  /** Publishes at most `perSecond` orders a second (as fast as possible when null) and waits for all results. */
  run(orders: readonly { orderNo: string; body: Buffer }[], perSecond: number | null): Promise<LoadFigures>
  close(): Promise<void>
}

export interface LoadFigures {
  count: number
  /** First publish to last result. */
  durationMs: number
  latenciesMs: number[]
  /** Results by status. */
  statuses: Record<string, number>
  /** Results beyond one for each order. */
  extraCount: number
}

interface Run {
  publishedAt: Map<string, number>
  latenciesMs: number[]
  statuses: Record<string, number>
  extraCount: number
  lastResultAt: number
}

export async function openLoad(url: string, names: { prefix: string; businessType: string }): Promise<Load> {
  const connection = await amqp.connect(url, { noDelay: true })
  const channel = await connection.createConfirmChannel()
  const consumer = await connection.createChannel()
  const { queue } = await consumer.assertQueue('', { exclusive: true, autoDelete: true })
  await consumer.bindQueue(queue, `${names.prefix}leqi.results`, `result.${names.businessType}.#`)
  let current: Run | null = null
  await consumer.consume(queue, (message) => message !== null && current !== null && note(current, message), {
    noAck: true,
  })
  return {
    async run(orders, perSecond) {
      const run: Run = { publishedAt: new Map(), latenciesMs: [], statuses: {}, extraCount: 0, lastResultAt: 0 }
      current = run
      const startedAt = performance.now()
      await publishAll(channel, names, run, orders, perSecond)
      await waitForResults(run, orders.length)
      current = null
      return {
        count: orders.length,
        durationMs: run.lastResultAt - startedAt,
        latenciesMs: run.latenciesMs,
        statuses: run.statuses,
        extraCount: run.extraCount,
      }
    },
    close: () => connection.close(),
  }
}

async function publishAll(
  channel: amqp.ConfirmChannel,
  names: { prefix: string; businessType: string },
  run: Run,
  orders: readonly { orderNo: string; body: Buffer }[],
  perSecond: number | null,
): Promise<void> {
  const startedAt = performance.now()
  for (const [index, { orderNo, body }] of orders.entries()) {
    if (index % CONFIRM_WINDOW_COUNT === CONFIRM_WINDOW_COUNT - 1) await channel.waitForConfirms()
    if (perSecond !== null) {
      const aheadMs = (index * 1000) / perSecond - (performance.now() - startedAt)
      if (aheadMs > 2) await sleep(aheadMs)
    }
    run.publishedAt.set(orderNo, performance.now())
    channel.publish(`${names.prefix}leqi.orders`, `order.${names.businessType}`, body, {
      persistent: true,
      contentType: 'application/json',
      messageId: orderNo,
    })
  }
  await channel.waitForConfirms()
}

/** A result comes back with the id of its order message and tells its status in the routing key; its body is not read. */
function note(run: Run, { properties, fields }: amqp.ConsumeMessage): void {
  const orderNo = String(properties.correlationId)
  const status = fields.routingKey.slice(fields.routingKey.lastIndexOf('.') + 1)
  run.lastResultAt = performance.now()
  const publishedAt = run.publishedAt.get(orderNo)
  if (publishedAt === undefined) {
    run.extraCount += 1
    return
  }
  run.publishedAt.delete(orderNo)
  run.latenciesMs.push(run.lastResultAt - publishedAt)
  run.statuses[status] = (run.statuses[status] ?? 0) + 1
}

async function waitForResults(run: Run, count: number): Promise<void> {
  while (run.latenciesMs.length < count) {
    const before = run.latenciesMs.length
    const deadline = performance.now() + SILENCE_MS_MAX
    while (run.latenciesMs.length === before) {
      if (performance.now() > deadline) throw new Error(`no result for ${SILENCE_MS_MAX} ms: ${before} of ${count}`)
      await sleep(5)
    }
  }
}
