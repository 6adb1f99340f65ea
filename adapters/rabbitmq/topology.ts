/**
 * The exchanges and queues of the connector, declared the same way by every replica and on every new connection.
 *
 * Knows: names and arguments as the outside world was promised them. Must not know: what the messages mean.
 * Invariant: declaring never changes what exists. An object of ours with other properties is somebody else's decision;
 * the connector names the difference and refuses to start.
 *
 * `leqi.dead` is declared as a plain quorum queue. RabbitMQ 4 and later gives such a queue a delivery limit of 20 by
 * default and nothing catches what it would drop then, so its consumer never gives a message back; an operator who wants
 * more lifts the limit by a policy, which does not change the declaration.
 */
import type { Channel, ChannelModel } from 'amqplib'
import { BrokerFault } from './broker-fault.js'

/** Times a message may come back undone before the broker gives it up. */
const DELIVERY_LIMIT = 20
const PRECONDITION_FAILED = 406
/** RabbitMQ's sentence for an object that exists with other properties. */
const INEQUIVALENT =
  /inequivalent arg '([^']*)' for (queue|exchange) '([^']*)' in vhost '[^']*': received (.*?) but current is (.*?)"?$/

export interface Topology {
  orderExchange: string
  orderQueue: string
  resultExchange: string
  deadExchange: string
  deadQueue: string
}

/** The names of all objects; `prefix` stands before each, e.g. for several deployments on one broker. */
export function toTopology(prefix: string): Topology {
  return {
    orderExchange: `${prefix}leqi.orders`,
    orderQueue: `${prefix}leqi.orders`,
    resultExchange: `${prefix}leqi.results`,
    deadExchange: `${prefix}leqi.dead`,
    deadQueue: `${prefix}leqi.dead`,
  }
}

/**
 * Declares what is missing. The connector declares no result queue: who wants results binds one.
 * Errors: BrokerFault AMQ-unsuitable, naming the object and what differs.
 */
export async function declareTopology(model: ChannelModel, topology: Topology): Promise<void> {
  const channel = await model.createChannel()
  // The refused declaration rejects with the same error; without a listener the channel would throw it a second time.
  channel.on('error', () => {})
  try {
    await declare(channel, topology)
    await channel.close()
  } catch (error) {
    throw toUnsuitable(error) ?? error
  }
}

async function declare(channel: Channel, topology: Topology): Promise<void> {
  await channel.assertExchange(topology.deadExchange, 'fanout', { durable: true })
  await channel.assertQueue(topology.deadQueue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  await channel.bindQueue(topology.deadQueue, topology.deadExchange, '')
  await channel.assertExchange(topology.orderExchange, 'topic', { durable: true })
  await channel.assertQueue(topology.orderQueue, {
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-dead-letter-exchange': topology.deadExchange,
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
      'x-delivery-limit': DELIVERY_LIMIT,
    },
  })
  await channel.bindQueue(topology.orderQueue, topology.orderExchange, 'order.#')
  await channel.assertExchange(topology.resultExchange, 'topic', { durable: true })
}

function toUnsuitable(error: unknown): BrokerFault | null {
  if (!(error instanceof Error) || !('code' in error) || error.code !== PRECONDITION_FAILED) return null
  const match = INEQUIVALENT.exec(error.message)
  const [, property, kind, name, wanted, found] = match ?? []
  const object = kind === 'exchange' ? `交换机 ${name}` : `队列 ${name}`
  return new BrokerFault(
    'AMQ-unsuitable',
    match === null
      ? {
          message: `RabbitMQ 拒绝声明：${error.message}`,
          messageEn: `RabbitMQ refuses a declaration: ${error.message}`,
        }
      : {
          message: `RabbitMQ 上已有的${object}不符合要求：${property} 应为 ${wanted}，现为 ${found}`,
          messageEn: `the existing ${kind} ${name} is unsuitable: ${property} must be ${wanted} but is ${found}`,
        },
    error,
  )
}
