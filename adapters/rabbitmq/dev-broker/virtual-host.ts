/** Exchanges, bindings and queues of the dev broker: where a message goes, how it comes back and how it dies. */
import { type Arguments, changeHeaders, isTable, type Table } from './wire.js'

export interface Message {
  exchange: string
  routingKey: string
  /** Payload of the content header, and of each body frame, as the publisher sent them. */
  header: Buffer
  parts: readonly Buffer[]
  /** How often it came back undone; the delivery limit counts these. */
  returnCount: number
}

export interface Consumer {
  hasRoom(): boolean
  deliver(message: Message): void
  /** The queue is gone. */
  cancel(): void
}

interface Exchange {
  type: string
  bindings: { queue: Queue; routingKey: string; matches: (routingKey: string) => boolean }[]
}

const EXCHANGE_TYPES = ['direct', 'topic', 'fanout']

/** A refusal with a reply code of the protocol. */
export class Refusal extends Error {
  readonly replyCode: number

  constructor(replyCode: number, text: string) {
    super(text)
    this.replyCode = replyCode
  }
}

export class Queue {
  readonly name: string
  readonly arguments: Table
  /** The connection that an exclusive queue dies with. */
  readonly owner: object | null
  ready: Message[] = []
  consumers: Consumer[] = []

  constructor(name: string, queueArguments: Table, owner: object | null) {
    this.name = name
    this.arguments = queueArguments
    this.owner = owner
  }

  get isFull(): boolean {
    const limit = this.arguments['x-max-length']
    return this.arguments['x-overflow'] === 'reject-publish' && typeof limit === 'number' && this.ready.length >= limit
  }

  push(message: Message): void {
    this.ready.push(message)
    this.serve()
  }

  /** Hands out what is ready, in turn to consumers with room. */
  serve(): void {
    for (let misses = 0; this.ready.length > 0 && misses < this.consumers.length; ) {
      const [consumer] = this.consumers.splice(0, 1)
      if (consumer === undefined) return
      this.consumers.push(consumer)
      const message = consumer.hasRoom() ? this.ready.shift() : undefined
      misses = message === undefined ? misses + 1 : 0
      if (message !== undefined) consumer.deliver(message)
    }
  }
}

export class VirtualHost {
  readonly #queues = new Map<string, Queue>()
  readonly #exchanges = new Map<string, Exchange>(EXCHANGE_TYPES.map((type) => [`amq.${type}`, { type, bindings: [] }]))

  declareExchange({ exchange: name, type, passive }: Arguments): Table {
    const found = passive ? this.#exchange(name) : this.#exchanges.get(name)
    if (!passive && !EXCHANGE_TYPES.includes(type)) throw new Refusal(540, `NOT_IMPLEMENTED - exchange type '${type}'`)
    if (found === undefined) this.#exchanges.set(name, { type, bindings: [] })
    else if (!passive && found.type !== type) throw refuseOther('type', `exchange '${name}'`, type, found.type)
    return {}
  }

  deleteExchange({ exchange: name }: Arguments): Table {
    this.#exchanges.delete(name)
    return {}
  }

  declareQueue(name: string, { passive, arguments: wanted }: Arguments, owner: object | null): Queue {
    if (passive) return this.queue(name)
    const queue = this.#queues.get(name) ?? new Queue(name, wanted, owner)
    for (const key of Object.keys({ ...queue.arguments, ...wanted })) {
      const current = queue.arguments[key]
      if (wanted[key] !== current) throw refuseOther(key, `queue '${name}'`, wanted[key], current)
    }
    this.#queues.set(name, queue)
    return queue
  }

  deleteQueue(name: string): number {
    const queue = this.#queues.get(name)
    if (queue === undefined) return 0
    this.#queues.delete(name)
    for (const exchange of this.#exchanges.values()) {
      exchange.bindings = exchange.bindings.filter((binding) => binding.queue !== queue)
    }
    for (const consumer of queue.consumers.splice(0)) consumer.cancel()
    return queue.ready.splice(0).length
  }

  deleteQueuesOf(owner: object): void {
    for (const queue of [...this.#queues.values()]) if (queue.owner === owner) this.deleteQueue(queue.name)
  }

  bind({ queue: name, exchange, routingKey }: Arguments): Table {
    const queue = this.queue(name)
    const { type, bindings } = this.#exchange(exchange)
    const isBound = bindings.some((each) => each.queue === queue && each.routingKey === routingKey)
    if (!isBound) bindings.push({ queue, routingKey, matches: toMatcher(type, routingKey) })
    return {}
  }

  /** The queues that a message goes to, each once. Errors: 404 when there is no such exchange. */
  route(exchange: string, routingKey: string): Queue[] {
    const direct = this.#queues.get(routingKey)
    if (exchange === '') return direct === undefined ? [] : [direct]
    const matching = this.#exchange(exchange).bindings.filter((binding) => binding.matches(routingKey))
    return [...new Set(matching.map((binding) => binding.queue))]
  }

  queue(name: string): Queue {
    const queue = this.#queues.get(name)
    if (queue === undefined) throw new Refusal(404, `NOT_FOUND - no queue '${name}' in vhost '/'`)
    return queue
  }

  /** Takes an undone message back, first in line; one beyond the delivery limit dies. */
  takeBack(queue: Queue, message: Message): void {
    const limit = queue.arguments['x-delivery-limit']
    message.returnCount += 1
    if (typeof limit === 'number' && message.returnCount > limit) this.bury(queue, message, 'delivery_limit')
    else queue.ready.unshift(message)
  }

  /** Sends a message to the dead-letter exchange of its queue; drops it when there is none. */
  bury(queue: Queue, message: Message, reason: 'rejected' | 'delivery_limit'): void {
    const exchange = queue.arguments['x-dead-letter-exchange']
    if (typeof exchange !== 'string' || !this.#exchanges.has(exchange)) return
    const header = changeHeaders(message.header, (headers) => addDeath(headers, queue, message, reason))
    for (const target of this.route(exchange, message.routingKey)) {
      target.push({ ...message, exchange, header, returnCount: 0 })
    }
  }

  #exchange(name: string): Exchange {
    const exchange = this.#exchanges.get(name)
    if (exchange === undefined) throw new Refusal(404, `NOT_FOUND - no exchange '${name}' in vhost '/'`)
    return exchange
  }
}

function toMatcher(type: string, pattern: string): (routingKey: string) => boolean {
  if (type === 'fanout') return () => true
  if (type === 'direct') return (routingKey) => routingKey === pattern
  return (routingKey) => matchesWords(pattern.split('.'), routingKey.split('.'))
}

/** Topic patterns: `*` stands for one word, `#` for any number of words. */
function matchesWords(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return words.length === 0
  if (first !== '#') return words.length > 0 && ['*', words[0]].includes(first) && matchesWords(rest, words.slice(1))
  return matchesWords(rest, words) || (words.length > 0 && matchesWords(pattern, words.slice(1)))
}

function addDeath(headers: Table, queue: Queue, { exchange, routingKey }: Message, reason: string): Table {
  const deaths = Array.isArray(headers['x-death']) ? headers['x-death'].filter(isTable) : []
  const earlier = deaths.find((death) => death.queue === queue.name && death.reason === reason)
  const count = typeof earlier?.count === 'number' ? earlier.count + 1 : 1
  const time = { '!': 'timestamp', value: Math.floor(Date.now() / 1000) }
  const death = { count, reason, queue: queue.name, time, exchange, 'routing-keys': [routingKey] }
  return { ...headers, 'x-death': [death, ...deaths.filter((each) => each !== earlier)] }
}

function refuseOther(key: string, object: string, received: unknown, current: unknown): Refusal {
  const show = (value: unknown) => (value === undefined ? 'none' : `'${value}'`)
  const difference = `received ${show(received)} but current is ${show(current)}`
  return new Refusal(406, `PRECONDITION_FAILED - inequivalent arg '${key}' for ${object} in vhost '/': ${difference}`)
}
