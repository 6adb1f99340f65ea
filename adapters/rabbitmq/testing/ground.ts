/** Own ground on a broker for one test: connections, exchanges and queues under a name of their own, all gone after it. */
import { randomUUID } from 'node:crypto'
import {
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  type ConsumeMessage,
  connect,
  type Options,
} from 'amqplib'

export interface Mailbox {
  consumerTag: string
  /** The next message, also a later one. Errors: when the broker cancels the consumer. */
  next(): Promise<ConsumeMessage>
  take(count: number): Promise<ConsumeMessage[]>
  /** Messages that came and were not asked for yet. */
  leftCount(): number
}

export interface Ground {
  channel: ConfirmChannel
  connect(): Promise<ChannelModel>
  /** A name that no other test uses. */
  name(what: string): string
  declareQueue(queueArguments?: Record<string, unknown>): Promise<string>
  declareExchange(type: string): Promise<string>
  /** Publishes by the default exchange; resolves when confirmed. */
  send(queue: string, ...bodies: readonly string[]): Promise<void>
  /** Everything in a queue; proves at the same time that nothing else comes before a message sent now. */
  drain(queue: string): Promise<string[]>
  /** Notes a queue and an exchange of that name, made by somebody else, for removal. */
  adopt(name: string): void
  close(): Promise<void>
}

/** A quorum queue, as the connector's own. */
const QUORUM = { 'x-queue-type': 'quorum' }
const LAST = 'the last message'

export async function openGround(url: string): Promise<Ground> {
  const prefix = `test.${randomUUID()}.`
  const models: ChannelModel[] = []
  const names = new Set<string>()
  const openConnection = async () => {
    const model = await connect(url, { noDelay: true })
    model.on('error', () => {})
    models.push(model)
    return model
  }
  const channel = await (await openConnection()).createConfirmChannel()
  channel.on('error', () => {})
  const name = (what: string) => `${prefix}${what}${names.size}`
  const send = async (queue: string, ...bodies: readonly string[]) => {
    for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body), { persistent: true })
    await channel.waitForConfirms()
  }
  return {
    channel,
    connect: openConnection,
    name,
    send,
    adopt: (adopted) => names.add(adopted),
    declareQueue: async (queueArguments = QUORUM) => {
      const queue = name('queue')
      names.add(queue)
      await channel.assertQueue(queue, { durable: true, arguments: queueArguments })
      return queue
    },
    declareExchange: async (type) => {
      const exchange = name('exchange')
      names.add(exchange)
      await channel.assertExchange(exchange, type, { durable: true })
      return exchange
    },
    drain: async (queue) => {
      await send(queue, LAST)
      const mailbox = await openMailbox(channel, queue, { noAck: true })
      const bodies: string[] = []
      for (let body = await nextText(mailbox); body !== LAST; body = await nextText(mailbox)) bodies.push(body)
      await channel.cancel(mailbox.consumerTag)
      return bodies
    },
    close: async () => {
      const broom = await (await openConnection()).createChannel()
      for (const each of names) {
        await broom.deleteQueue(each)
        await broom.deleteExchange(each)
      }
      await Promise.all(models.map((model) => model.close().catch(() => {})))
    },
  }
}

export async function openMailbox(channel: Channel, queue: string, options?: Options.Consume): Promise<Mailbox> {
  const came: (ConsumeMessage | null)[] = []
  let wake = () => {}
  const { consumerTag } = await channel.consume(
    queue,
    (message) => {
      came.push(message)
      wake()
    },
    options,
  )
  const next = async () => {
    while (came.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    const message = came.shift()
    if (message === null || message === undefined) throw new Error('the consumer was cancelled')
    return message
  }
  return {
    consumerTag,
    next,
    leftCount: () => came.length,
    take: async (count) => {
      const messages: ConsumeMessage[] = []
      while (messages.length < count) messages.push(await next())
      return messages
    },
  }
}

async function nextText(mailbox: Mailbox): Promise<string> {
  return (await mailbox.next()).content.toString()
}
