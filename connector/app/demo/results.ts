/** Listens to the results of the demo with a queue of its own, as an order system would. */
import amqp from 'amqplib'
import type { ResultMessage } from '../../result/result.js'

export interface ResultListener {
  /** Publishes an order and waits for the broker's confirm. */
  publish(order: { businessType: string; body: Buffer; messageId: string }): Promise<void>
  /** Results so far, in the order of arrival. */
  results: readonly ResultMessage[]
  /** Calls back with each further result. */
  onResult(listener: (result: ResultMessage) => void): void
  close(): Promise<void>
}

export async function openResultListener(url: string, prefix: string): Promise<ResultListener> {
  const connection = await amqp.connect(url, { noDelay: true })
  const publisher = await connection.createConfirmChannel()
  const consumer = await connection.createChannel()
  const { queue } = await consumer.assertQueue('', { exclusive: true, autoDelete: true })
  await consumer.bindQueue(queue, `${prefix}leqi.results`, 'result.#')
  const results: ResultMessage[] = []
  const listeners: ((result: ResultMessage) => void)[] = []
  await consumer.consume(
    queue,
    (message) => {
      if (message === null) return
      // The connector's own message, whose shape its tests hold to the schema.
      const result = JSON.parse(message.content.toString('utf8')) as ResultMessage
      results.push(result)
      for (const listener of listeners) listener(result)
    },
    { noAck: true },
  )
  return {
    results,
    onResult: (listener) => listeners.push(listener),
    async publish({ businessType, body, messageId }) {
      publisher.publish(`${prefix}leqi.orders`, `order.${businessType}`, body, {
        persistent: true,
        contentType: 'application/json',
        messageId,
      })
      await publisher.waitForConfirms()
    },
    close: () => connection.close(),
  }
}

/** Takes the connector's own queues and exchanges away again. */
export async function removeQueues(url: string, prefix: string): Promise<void> {
  const connection = await amqp.connect(url)
  const channel = await connection.createChannel()
  for (const queue of ['leqi.orders', 'leqi.dead']) await channel.deleteQueue(prefix + queue)
  for (const exchange of ['leqi.orders', 'leqi.results', 'leqi.dead']) await channel.deleteExchange(prefix + exchange)
  await connection.close()
}
