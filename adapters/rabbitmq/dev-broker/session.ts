/** One client of the dev broker: handshake, channels, deliveries, confirms, and the ways in which they end. */
import type { Socket } from 'node:net'
import { type Consumer, type Message, type Queue, Refusal, type VirtualHost } from './virtual-host.js'
import * as wire from './wire.js'

const LOGIN = '\0guest\0guest'
/** RabbitMQ's defaults. */
const TUNING = { channelMax: 2047, frameMax: wire.FRAME_BYTE_COUNT_MAX, heartbeat: 60 }
const BODY_BYTE_COUNT_MAX = 128 * 1024 * 1024
const CAPABILITIES = ['publisher_confirms', 'basic.nack', 'consumer_cancel_notify', 'connection.blocked']
const SERVER = {
  product: 'leqi dev broker',
  capabilities: Object.fromEntries([...CAPABILITIES, 'authentication_failure_close'].map((name) => [name, true])),
}
const HEARTBEAT = wire.encodeFrame(wire.FRAME.heartbeat, 0, Buffer.alloc(0))

interface Subscription extends Consumer {
  queue: Queue
  unackedCount: number
}

interface Unacked {
  message: Message
  queue: Queue
  subscription: Subscription | null
}

type Outcome = 'done' | 'again' | 'dead'

class Channel {
  readonly number: number
  isClosing = false
  isConfirming = false
  prefetchCount = 0
  lastDeliveryTag = 0
  lastPublishTag = 0
  readonly subscriptions = new Map<string, Subscription>()
  readonly unacked = new Map<number, Unacked>()
  /** The message whose content is arriving. */
  incoming: { to: wire.Arguments; header: Buffer; parts: Buffer[]; missingByteCount: number } | null = null

  constructor(number: number) {
    this.number = number
  }

  set(change: { isConfirming?: boolean; prefetchCount?: number }): wire.Table {
    Object.assign(this, change)
    return {}
  }
}

export class Session {
  readonly #socket: Socket
  readonly #host: VirtualHost
  readonly #read = wire.makeFrameReader((type, channel, payload) => this.#onFrame(type, channel, payload))
  readonly #channels = new Map<number, Channel>()
  /** What a client may ask of a channel; the answer is the arguments of the method's `Ok`, or null when it has none. */
  readonly #methods: Record<string, (channel: Channel, args: wire.Arguments) => wire.Table | null> = {
    ChannelClose: (channel) => this.#release(channel),
    ConfirmSelect: (channel) => channel.set({ isConfirming: true }),
    ExchangeDeclare: (_, args) => this.#host.declareExchange(args),
    ExchangeDelete: (_, args) => this.#host.deleteExchange(args),
    QueueDeclare: (_, args) => this.#declareQueue(args),
    QueueBind: (_, args) => this.#host.bind(args),
    QueuePurge: (_, args) => ({ messageCount: this.#host.queue(args.queue).ready.splice(0).length }),
    QueueDelete: (_, args) => ({ messageCount: this.#host.deleteQueue(args.queue) }),
    BasicQos: (channel, { prefetchCount }) => channel.set({ prefetchCount }),
    BasicConsume: (channel, args) => this.#consume(channel, this.#host.queue(args.queue), args),
    BasicCancel: (channel, args) => this.#unsubscribe(channel, args.consumerTag),
    BasicPublish: (channel, args) => this.#expectContent(channel, args),
    BasicGet: (channel, args) => this.#get(channel, this.#host.queue(args.queue), args),
    BasicAck: (channel, args) => this.#settle(channel, args, 'done'),
    BasicNack: (channel, args) => this.#settle(channel, args, args.requeue ? 'again' : 'dead'),
    BasicReject: (channel, args) => this.#settle(channel, args, args.requeue ? 'again' : 'dead'),
  }
  #heart: NodeJS.Timeout | undefined
  #quietBeatCount = 0
  #isSilent = false
  #nameCount = 0

  constructor(socket: Socket, host: VirtualHost) {
    this.#socket = socket.setNoDelay(true)
    this.#host = host
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#end())
  }

  /** Ends the connection with a word to the client, as an operator's forced close does. */
  refuse({ replyCode, message }: Refusal): void {
    this.#send('ConnectionClose', 0, { replyCode, replyText: message.slice(0, 250), classId: 0, methodId: 0 })
    this.#end()
    this.#socket.removeAllListeners('data').resume().end()
  }

  /** From now on nothing is read or written while the socket stays open: a link that died without a word. */
  goSilent(): void {
    this.#isSilent = true
  }

  setBlocked(reason: string | null): void {
    if (reason === null) this.#send('ConnectionUnblocked', 0, {})
    else this.#send('ConnectionBlocked', 0, { reason })
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    if (this.#isSilent) return
    this.#quietBeatCount = 0
    this.#socket.cork()
    try {
      this.#read(chunk)
    } catch (error) {
      this.refuse(error instanceof Refusal ? error : new Refusal(501, `FRAME_ERROR - ${error}`))
    }
    this.#socket.uncork()
  }

  #onFrame(type: number, number: number, payload: Buffer): void {
    const channel = this.#channels.get(number)
    if (type === wire.FRAME.greeting) this.#send('ConnectionStart', 0, { serverProperties: SERVER })
    else if (type === wire.FRAME.header && channel?.incoming) {
      channel.incoming.header = Buffer.from(payload)
      channel.incoming.missingByteCount = wire.bodySizeOf(payload)
      this.#onContent(channel, channel.incoming)
    } else if (type === wire.FRAME.body && channel?.incoming) {
      // A copy, because a part of a big read would keep all of it in memory.
      channel.incoming.parts.push(Buffer.from(payload))
      channel.incoming.missingByteCount -= payload.length
      this.#onContent(channel, channel.incoming)
    } else if (type === wire.FRAME.method) {
      const { id, name, args } = wire.decodeMethod(payload)
      if (number === 0) this.#onConnectionMethod(name, args)
      else if (name === 'ChannelCloseOk') this.#channels.delete(number)
      else if (name === 'ChannelOpen') {
        this.#channels.set(number, new Channel(number))
        this.#send('ChannelOpenOk', number, {})
      } else if (channel === undefined) throw new Refusal(504, `CHANNEL_ERROR - no channel ${number}`)
      else this.#guard(channel, id, () => this.#onMethod(channel, name, args))
    }
  }

  #onConnectionMethod(name: string, args: wire.Arguments): void {
    if (name === 'ConnectionStartOk') {
      if (args.response.toString() !== LOGIN) throw new Refusal(403, 'ACCESS_REFUSED - Login was refused')
      this.#send('ConnectionTune', 0, TUNING)
    } else if (name === 'ConnectionTuneOk' && args.heartbeat > 0) {
      this.#heart = setInterval(() => this.#beat(), (args.heartbeat * 1000) / 2)
    } else if (name === 'ConnectionOpen') {
      if (args.virtualHost !== '/') throw new Refusal(530, `NOT_ALLOWED - vhost ${args.virtualHost} not found`)
      this.#send('ConnectionOpenOk', 0, {})
    } else if (name === 'ConnectionClose') {
      this.#end()
      this.#send('ConnectionCloseOk', 0, {})
      this.#socket.end()
    }
  }

  /** Twice per agreed interval; a client that was quiet for two intervals is gone. */
  #beat(): void {
    this.#quietBeatCount += 1
    if (this.#quietBeatCount > 4 && !this.#isSilent) this.#socket.destroy()
    else this.#write(HEARTBEAT)
  }

  /** A refusal closes the channel; what is not implemented ends the connection. */
  #guard(channel: Channel, id: number, work: () => void): void {
    if (channel.isClosing) return
    try {
      work()
    } catch (error) {
      if (!(error instanceof Refusal) || error.replyCode === 540) throw error
      this.#release(channel)
      channel.isClosing = true
      const [classId, methodId] = [id >>> 16, id & 0xffff]
      const replyText = error.message.slice(0, 250)
      this.#send('ChannelClose', channel.number, { replyCode: error.replyCode, replyText, classId, methodId })
    }
  }

  #onMethod(channel: Channel, name: string, args: wire.Arguments): void {
    const method = this.#methods[name]
    if (method === undefined) throw new Refusal(540, `NOT_IMPLEMENTED - ${name}`)
    const answer = method(channel, args)
    if (answer !== null) this.#send(`${name}Ok`, channel.number, answer)
    if (name === 'ChannelClose') this.#channels.delete(channel.number)
  }

  #declareQueue(args: wire.Arguments): wire.Table {
    const queue = this.#host.declareQueue(args.queue || this.#makeName('gen'), args, args.exclusive ? this : null)
    return { queue: queue.name, messageCount: queue.ready.length, consumerCount: queue.consumers.length }
  }

  #consume(channel: Channel, queue: Queue, { consumerTag, noAck }: wire.Arguments): null {
    const tag = consumerTag || this.#makeName('ctag')
    const { prefetchCount } = channel
    const subscription: Subscription = {
      queue,
      unackedCount: 0,
      hasRoom: () => prefetchCount === 0 || subscription.unackedCount < prefetchCount,
      deliver: (message) => {
        const fields = this.#handOut(channel, noAck, { message, queue, subscription })
        this.#sendMessage(channel, 'BasicDeliver', message, { ...fields, consumerTag: tag })
      },
      cancel: () => this.#send('BasicCancel', channel.number, { consumerTag: tag }),
    }
    channel.subscriptions.set(tag, subscription)
    this.#send('BasicConsumeOk', channel.number, { consumerTag: tag })
    queue.consumers.push(subscription)
    queue.serve()
    return null
  }

  #get(channel: Channel, queue: Queue, { noAck }: wire.Arguments): null {
    const message = queue.ready.shift()
    if (message === undefined) this.#send('BasicGetEmpty', channel.number, {})
    else {
      const fields = this.#handOut(channel, noAck, { message, queue, subscription: null })
      this.#sendMessage(channel, 'BasicGetOk', message, { ...fields, messageCount: queue.ready.length })
    }
    return null
  }

  #handOut(channel: Channel, noAck: boolean, unacked: Unacked): wire.Table {
    channel.lastDeliveryTag += 1
    if (!noAck) channel.unacked.set(channel.lastDeliveryTag, unacked)
    if (!noAck && unacked.subscription !== null) unacked.subscription.unackedCount += 1
    return { deliveryTag: channel.lastDeliveryTag, redelivered: unacked.message.returnCount > 0 }
  }

  #settle(channel: Channel, { deliveryTag, multiple }: wire.Arguments, how: Outcome): null {
    if (!multiple && !channel.unacked.has(deliveryTag)) {
      throw new Refusal(406, `PRECONDITION_FAILED - unknown delivery tag ${deliveryTag}`)
    }
    const isMeant = (tag: number) => deliveryTag === 0 || tag <= deliveryTag
    this.#finish(channel, multiple ? [...channel.unacked.keys()].filter(isMeant) : [deliveryTag], how)
    return null
  }

  #finish(channel: Channel, tags: number[], how: Outcome): void {
    const queues = new Set<Queue>()
    // Backwards, so that what goes to the front of its queue again stands there in its old order.
    for (const tag of tags.reverse()) {
      const unacked = channel.unacked.get(tag)
      if (unacked === undefined) continue
      channel.unacked.delete(tag)
      queues.add(unacked.queue)
      if (unacked.subscription !== null) unacked.subscription.unackedCount -= 1
      if (how === 'again') this.#host.takeBack(unacked.queue, unacked.message)
      if (how === 'dead') this.#host.bury(unacked.queue, unacked.message, 'rejected')
    }
    for (const queue of queues) queue.serve()
  }

  #expectContent(channel: Channel, to: wire.Arguments): null {
    channel.incoming = { to, header: Buffer.alloc(0), parts: [], missingByteCount: 0 }
    return null
  }

  #onContent(channel: Channel, { to, header, parts, missingByteCount }: NonNullable<Channel['incoming']>): void {
    if (missingByteCount > BODY_BYTE_COUNT_MAX) throw new Refusal(501, 'FRAME_ERROR - message too large')
    if (missingByteCount > 0) return
    channel.incoming = null
    const message = { exchange: to.exchange, routingKey: to.routingKey, header, parts, returnCount: 0 }
    this.#guard(channel, 0, () => {
      const queues = this.#host.route(to.exchange, to.routingKey)
      const isReturned = queues.length === 0 && to.mandatory
      if (isReturned) this.#sendMessage(channel, 'BasicReturn', message, { replyCode: 312, replyText: 'NO_ROUTE' })
      const isRejected = queues.some((queue) => queue.isFull)
      if (!isRejected) for (const queue of queues) queue.push({ ...message })
      if (!channel.isConfirming) return
      channel.lastPublishTag += 1
      this.#send(isRejected ? 'BasicNack' : 'BasicAck', channel.number, { deliveryTag: channel.lastPublishTag })
    })
  }

  #unsubscribe(channel: Channel, tag: string): wire.Table {
    const subscription = channel.subscriptions.get(tag)
    channel.subscriptions.delete(tag)
    const queue = subscription?.queue
    if (queue !== undefined) queue.consumers = queue.consumers.filter((each) => each !== subscription)
    return { consumerTag: tag }
  }

  #release(channel: Channel): wire.Table {
    for (const tag of channel.subscriptions.keys()) this.#unsubscribe(channel, tag)
    this.#finish(channel, [...channel.unacked.keys()], 'again')
    return {}
  }

  #end(): void {
    clearInterval(this.#heart)
    for (const channel of this.#channels.values()) this.#release(channel)
    this.#channels.clear()
    this.#host.deleteQueuesOf(this)
  }

  #send(name: string, channel: number, fields: wire.Table): void {
    this.#write(wire.encodeMethod(name, channel, fields))
  }

  #sendMessage(channel: Channel, name: string, message: Message, fields: wire.Table): void {
    this.#send(name, channel.number, { ...fields, exchange: message.exchange, routingKey: message.routingKey })
    this.#write(wire.encodeFrame(wire.FRAME.header, channel.number, message.header))
    for (const part of message.parts) this.#write(wire.encodeFrame(wire.FRAME.body, channel.number, part))
  }

  #write(bytes: Buffer): void {
    if (!this.#isSilent && this.#socket.writable) this.#socket.write(bytes)
  }

  #makeName(kind: string): string {
    this.#nameCount += 1
    return `amq.${kind}-${this.#socket.remotePort}-${this.#nameCount}`
  }
}
