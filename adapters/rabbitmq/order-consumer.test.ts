/** An order consumer at a broker that does not answer: what cannot be asked of a real one. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { type TestContext, test } from 'node:test'
import type { Channel, ChannelModel } from 'amqplib'
import { instant } from '../../connector/kernel/time.js'
import type { BrokerConnection } from './connection.js'
import { makeOrderConsumer } from './order-consumer.js'

const NOW = instant(Date.UTC(2026, 10, 22, 4))
const ignore = () => undefined
const never = () => new Promise<never>(ignore)

/** A consumer at a broker that takes consumers on as long as `answers` says. */
function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const broker = { answers: true, channelCount: 0 }
  const openChannel = async () => {
    broker.channelCount += 1
    const consume = async () => (broker.answers ? { consumerTag: `tag ${broker.channelCount}` } : never())
    const emitter = new EventEmitter()
    const nothing = async () => ({})
    // Only what the consumer asks of a channel.
    return Object.assign(emitter, { prefetch: nothing, cancel: nothing, close: nothing, consume }) as unknown as Channel
  }
  // Only what a lasting channel asks of a connection.
  const model = { createChannel: openChannel } as unknown as ChannelModel
  const connection: BrokerConnection = {
    start: async () => undefined,
    stop: async () => undefined,
    status: () => ({ state: 'connected', since: NOW, lastError: null }),
    prepare: async () => undefined,
    onLink: (listener) => {
      listener({ model, signal: new AbortController().signal })
      return ignore
    },
  }
  const consumer = makeOrderConsumer({
    connection,
    queue: 'q',
    prepare: async () => async () => undefined,
    clock: { now: () => NOW },
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    random: () => 0,
    timers: { wait: async () => undefined, every: () => ignore },
  })
  const settle = async () => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  return { broker, consumer, settle, tick: (ms: number) => t.mock.timers.tick(ms) }
}

test('a broker that does not take the consumer on again: it is not told as consuming, and asked anew in the end', async (t) => {
  const { broker, consumer, settle, tick } = setUp(t)
  await consumer.start()
  assert.equal(consumer.status().state, 'consuming')
  await consumer.pause()
  assert.equal(consumer.status().state, 'paused')

  broker.answers = false
  const resuming = consumer.resume()
  await settle()
  assert.equal(consumer.status().state, 'opening')

  broker.answers = true
  tick(10_000)
  await resuming
  await settle()
  assert.deepEqual([consumer.status().state, broker.channelCount], ['consuming', 2])
})
