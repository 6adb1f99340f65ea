/**
 * The order system of a chaos run: it has the broker's promises and nothing else. It publishes until it has a confirm, so
 * it may say a thing twice; it keeps its results in a queue of its own and notes every copy that arrives.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import amqp, { type ChannelModel, type ConfirmChannel, type ConsumeMessage } from 'amqplib'
import { declareTopology, toTopology } from '../../adapters/rabbitmq/topology.js'
import type { ResultMessage } from '../../connector/result/result.js'

const RECONNECT_REST_MS = 300
/** Longest wait for a confirm before the message is said again; the broker may be blocked for a while. */
const CONFIRM_MS_MAX = 15_000

interface Outgoing {
  messageId: string
  businessType: string
  body: object
}

/** One result by its id, with every copy that the connector published; those that the broker repeated are not its own. */
export interface Told {
  result: ResultMessage
  bodies: Set<string>
  copyCount: number
  firstAt: number
}

export interface ChaosOrderSystem {
  /** Resolves when the broker has confirmed it. */
  publish(message: Outgoing): Promise<void>
  told: ReadonlyMap<string, Told>
  /** Messages that wait in the order queue. */
  waitingCount(): Promise<number>
  close(): Promise<void>
}

interface Line {
  model: ChannelModel
  publisher: ConfirmChannel
}

/** `say` hears of every copy beyond the first. */
export async function openChaosOrderSystem(
  url: string,
  prefix: string,
  say: (text: string) => void,
): Promise<ChaosOrderSystem> {
  const topology = toTopology(prefix)
  const told = new Map<string, Told>()
  let isClosing = false
  let line: Promise<Line> = connect()

  async function connect(): Promise<Line> {
    for (;;) {
      try {
        const model = await amqp.connect(url, { noDelay: true, timeout: 5_000 })
        // A break is told by 'close'; unheard, the error would end the process.
        model.on('error', () => undefined)
        model.once('close', () => {
          if (!isClosing) line = connect()
        })
        await declareTopology(model, topology)
        const publisher = await model.createConfirmChannel()
        publisher.on('error', () => undefined)
        const consumer = await model.createChannel()
        consumer.on('error', () => undefined)
        const { queue } = await consumer.assertQueue(`${prefix}chaos.results`, {
          durable: true,
          arguments: { 'x-queue-type': 'quorum' },
        })
        await consumer.bindQueue(queue, topology.resultExchange, 'result.#')
        await consumer.prefetch(500)
        await consumer.consume(queue, (message) => {
          if (message === null) return
          note(message)
          consumer.ack(message)
        })
        return { model, publisher }
      } catch (error) {
        if (isClosing) throw error
        await sleep(RECONNECT_REST_MS)
      }
    }
  }

  function note({ content, properties, fields }: ConsumeMessage): void {
    const id = String(properties.messageId)
    const body = content.toString('utf8')
    const known = told.get(id)
    if (known === undefined) {
      // The connector's own message, whose shape its tests hold to the schema.
      const result = JSON.parse(body) as ResultMessage
      told.set(id, { result, bodies: new Set([body]), copyCount: 1, firstAt: performance.now() })
      return
    }
    known.bodies.add(body)
    if (fields.redelivered) return
    known.copyCount += 1
    say(`copy of ${id} ${Math.round(performance.now() - known.firstAt)} ms after the first`)
  }

  async function publishOnce({ messageId, businessType, body }: Outgoing): Promise<boolean> {
    const { publisher } = await line
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), CONFIRM_MS_MAX)
      const end = (isConfirmed: boolean) => {
        clearTimeout(timer)
        resolve(isConfirmed)
      }
      try {
        publisher.publish(
          topology.orderExchange,
          `order.${businessType}`,
          Buffer.from(JSON.stringify(body)),
          { persistent: true, contentType: 'application/json', messageId },
          (error) => end(error === null),
        )
      } catch {
        // The channel is closed: the next line will take it.
        end(false)
      }
    })
  }

  await line
  return {
    told,
    async publish(message) {
      while (!(await publishOnce(message))) await sleep(RECONNECT_REST_MS)
    },
    async waitingCount() {
      const { model } = await line
      const channel = await model.createChannel()
      const { messageCount } = await channel.checkQueue(topology.orderQueue)
      await channel.close()
      return messageCount
    },
    async close() {
      isClosing = true
      const { model } = await line
      await model.close()
    },
  }
}
