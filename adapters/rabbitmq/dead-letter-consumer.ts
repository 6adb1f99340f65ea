/** What the broker gave up on, from `leqi.dead` to the dead store of the connector, with the broker's reason. */
import type { ConsumeMessage } from 'amqplib'
import type { Delivery } from '../../connector/issuing/ports.js'
import { type Instant, instant } from '../../connector/kernel/time.js'
import { type BatchConsumer, type ConsumerOptions, makeBatchConsumer } from './batch-consumer.js'
import { toDelivery, toText } from './delivery.js'

export interface DeadLetter extends Delivery {
  /** `delivery_limit`, `rejected`, `expired`, `maxlen`; null for a message that somebody put here by hand. */
  reason: string | null
  /** The queue it died in. */
  diedIn: string | null
  /** To the second. */
  diedAt: Instant | null
}

export interface DeadLetterConsumerOptions extends ConsumerOptions {
  /** Stores a batch; resolves when it is committed. A redelivered message comes alone. */
  handle: (batch: readonly DeadLetter[]) => Promise<void>
}

/** Nothing is ever given back: behind the dead letters there is no other queue that would catch it. */
export function makeDeadLetterConsumer(options: DeadLetterConsumerOptions): BatchConsumer {
  return makeBatchConsumer({
    ...options,
    decode: (message) => toDeadLetter(message, options.queue),
    prepare: (batch) => Promise.resolve(() => options.handle(batch)),
    givesBack: false,
  })
}

/** Shape: the youngest entry of `x-death`, which RabbitMQ keeps first. Errors: none, what is missing is null. */
export function toDeadLetter(message: ConsumeMessage, queue: string): DeadLetter {
  const headers: Record<string, unknown> = message.properties.headers ?? {}
  const deaths: unknown = Object.hasOwn(headers, 'x-death') ? headers['x-death'] : null
  const death: unknown = Array.isArray(deaths) ? deaths[0] : null
  return {
    ...toDelivery(message, queue),
    // Whoever publishes here by hand may have written them: one that cannot be stored would never leave the queue.
    reason: toText(readOwn(death, 'reason')),
    diedIn: toText(readOwn(death, 'queue')),
    diedAt: toInstant(readOwn(death, 'time')),
  }
}

function readOwn(table: unknown, name: string): unknown {
  return typeof table === 'object' && table !== null ? Object.getOwnPropertyDescriptor(table, name)?.value : undefined
}

/** amqplib reads a timestamp as a marked count of seconds. */
function toInstant(timestamp: unknown): Instant | null {
  const seconds = readOwn(timestamp, 'value')
  return typeof seconds === 'number' && Number.isSafeInteger(seconds * 1000) ? instant(seconds * 1000) : null
}
