/** The order system of an end-to-end test: publishes orders with confirms, and keeps every result as it arrived. */
import { randomUUID } from 'node:crypto'
import amqp, { type ConsumeMessage } from 'amqplib'
import { Value } from 'typebox/value'
import { ResultMessage } from '../result/result.js'

/** An order in the sender's own shape: bytes, text, or what becomes JSON. */
interface OutgoingMessage {
  businessType: string
  body: Buffer | string | object
  messageId?: string
  correlationId?: string
  headers?: Record<string, unknown>
  /** Further properties of AMQP, which the connector must not believe. */
  properties?: { replyTo?: string; contentEncoding?: string; contentType?: string; userId?: string }
}

export interface IncomingResult {
  /** The bytes, as text. */
  body: string
  result: ResultMessage
  messageId: string | null
  correlationId: string | null
  traceparent: string | null
  contentType: string | null
  isPersistent: boolean
  routingKey: string
}

export interface OrderSystem {
  /** Publishes in one breath and resolves when the broker has confirmed all; their message ids. */
  publish(...messages: readonly OutgoingMessage[]): Promise<readonly string[]>
  /** Every result so far, in the order of arrival. */
  received: readonly IncomingResult[]
  /** Makes the queue that results need; none is there before. */
  bindResults(): Promise<void>
  /** Takes one message from the order queue, as a consumer that dies with it would; it goes back to the queue. */
  takeAndDie(): Promise<void>
  /** Takes one message from the order queue and refuses it for good, as the broker does with what nobody takes. */
  refuseOne(): Promise<void>
  close(): Promise<void>
}

const PERSISTENT = 2

export async function openOrderSystem(url: string, namePrefix: string): Promise<OrderSystem> {
  const connection = await amqp.connect(url, { noDelay: true })
  const publisher = await connection.createConfirmChannel()
  const received: IncomingResult[] = []
  return {
    received,
    async publish(...messages) {
      const named = messages.map((message) => ({ ...message, messageId: message.messageId ?? randomUUID() }))
      for (const { businessType, body, messageId, correlationId, headers = {}, properties } of named) {
        publisher.publish(`${namePrefix}leqi.orders`, `order.${businessType}`, toBytes(body), {
          persistent: true,
          contentType: 'application/json',
          headers,
          messageId,
          ...properties,
          ...(correlationId !== undefined && { correlationId }),
        })
      }
      await publisher.waitForConfirms()
      return named.map(({ messageId }) => messageId)
    },
    async bindResults() {
      const channel = await connection.createChannel()
      const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true })
      await channel.bindQueue(queue, `${namePrefix}leqi.results`, 'result.#')
      const take = (message: ConsumeMessage | null) => message !== null && received.push(toResult(message))
      await channel.consume(queue, take, { noAck: true })
    },
    async takeAndDie() {
      const dying = await amqp.connect(url, { noDelay: true })
      const channel = await dying.createChannel()
      await channel.prefetch(1)
      await new Promise<void>((resolve, reject) => {
        channel.consume(`${namePrefix}leqi.orders`, () => resolve(), { noAck: false }).catch(reject)
      })
      await dying.close()
    },
    async refuseOne() {
      const channel = await connection.createChannel()
      const message = await channel.get(`${namePrefix}leqi.orders`, { noAck: false })
      if (message === false) throw new Error('the order queue is empty')
      channel.nack(message, false, false)
      await channel.close()
    },
    close: () => connection.close(),
  }
}

function toBytes(body: OutgoingMessage['body']): Buffer {
  if (Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Errors: a result that is not what the contract promises. */
function toResult({ content, fields, properties }: ConsumeMessage): IncomingResult {
  const body = content.toString('utf8')
  const headers: Record<string, unknown> = properties.headers ?? {}
  return {
    body,
    result: Value.Parse(ResultMessage, JSON.parse(body)),
    messageId: toText(properties.messageId),
    correlationId: toText(properties.correlationId),
    traceparent: toText(headers.traceparent),
    contentType: toText(properties.contentType),
    isPersistent: properties.deliveryMode === PERSISTENT,
    routingKey: fields.routingKey,
  }
}

function toText(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
