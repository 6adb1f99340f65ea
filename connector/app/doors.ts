/** The doorway for messages: orders in, results out, dead letters in; one connection for each direction. */
import type { BatchConsumer } from '../../adapters/rabbitmq/batch-consumer.js'
import { type BrokerConnection, makeConnection } from '../../adapters/rabbitmq/connection.js'
import { type DeadLetter, makeDeadLetterConsumer } from '../../adapters/rabbitmq/dead-letter-consumer.js'
import { makeOrderConsumer } from '../../adapters/rabbitmq/order-consumer.js'
import { type LastingResultPublisher, makeResultPublisher } from '../../adapters/rabbitmq/result-publisher.js'
import { declareTopology, toTopology } from '../../adapters/rabbitmq/topology.js'
import { systemClock } from '../../adapters/system/clock.js'
import type { Logger } from '../../adapters/system/logger.js'
import type { Delivery } from '../issuing/ports.js'
import type { ConfigWith } from './config.js'
import type { NamedService } from './lifecycle.js'

export interface Doors {
  inward: BrokerConnection
  outward: BrokerConnection
  publisher: LastingResultPublisher
  orders: BatchConsumer
  /** Connections and the publisher: up before the engine. */
  links: readonly NamedService[]
  /** Consumers: the last to start and the first to stop. */
  consumers: readonly NamedService[]
}

export interface DoorHandlers {
  /** Prepares a batch; what it resolves to stores the batch. */
  onOrders: (batch: readonly Delivery[]) => Promise<() => Promise<void>>
  onDeadLetters: (batch: readonly DeadLetter[]) => Promise<void>
  /** How long intake stands still after a batch could not be stored. */
  pauseMsAfter: (error: unknown, failureCount: number) => number
}

export function makeDoors(config: ConfigWith<'amqpUrl'>, log: Logger, handlers: DoorHandlers): Doors {
  const topology = toTopology(config.namePrefix)
  const shared = { clock: systemClock, log, random: Math.random }
  const connect = (name: string) =>
    makeConnection({
      ...shared,
      url: config.amqpUrl.reveal(),
      name: `leqi-connector ${name}`,
      ca: config.caPem,
      prepare: (model) => declareTopology(model, topology),
    })
  const inward = connect('in')
  const outward = connect('out')
  const publisher = makeResultPublisher({
    ...shared,
    connection: outward,
    exchange: topology.resultExchange,
    appId: 'leqi-connector',
  })
  const orders = makeOrderConsumer({
    ...shared,
    connection: inward,
    queue: topology.orderQueue,
    prepare: handlers.onOrders,
    pauseMsAfter: handlers.pauseMsAfter,
  })
  const deadLetters = makeDeadLetterConsumer({
    ...shared,
    connection: inward,
    queue: topology.deadQueue,
    handle: handlers.onDeadLetters,
    pauseMsAfter: handlers.pauseMsAfter,
  })
  return {
    inward,
    outward,
    publisher,
    orders,
    links: [
      { name: 'connection out', service: outward },
      { name: 'result publisher', service: publisher },
      { name: 'connection in', service: inward },
    ],
    consumers: [
      { name: 'dead-letter consumer', service: deadLetters },
      { name: 'order consumer', service: orders },
    ],
  }
}
