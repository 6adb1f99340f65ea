import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConsumeMessage } from 'amqplib'
import type { PendingEvent } from '../../connector/issuing/ports.js'
import { startDevBroker } from './dev-broker/dev-broker.js'
import { type LastingResultPublisher, makeResultPublisher } from './result-publisher.js'
import { type Bench, openBench } from './testing/adapter.js'
import { describeOnBrokers, TEST_TIMEOUT_MS } from './testing/brokers.js'
import { openMailbox } from './testing/ground.js'
import { startRelay } from './testing/relay.js'

const timeout = TEST_TIMEOUT_MS
const ROUTED = 'result.shop.issued'

interface TestEnd {
  after(end: () => Promise<void>): void
}

function anEvent(id: string, change: Partial<PendingEvent> = {}): PendingEvent {
  const body = `{"eventId":"${id}","名称":"数电发票"}`
  const ids = { id, orderId: `order of ${id}`, correlationId: null, traceparent: null }
  return { ...ids, seq: 1, routingKey: ROUTED, body, attempts: 1, isReplay: false, ...change }
}

function events(count: number): PendingEvent[] {
  return Array.from({ length: count }, (_, index) => anEvent(`e-${index}`))
}

async function openPublisher(bench: Bench, url: string): Promise<LastingResultPublisher> {
  const connection = await bench.connect({ url })
  const publisher = makeResultPublisher({
    ...bench.parts,
    connection,
    exchange: bench.topology.resultExchange,
    appId: 'test',
  })
  bench.defer(() => publisher.stop())
  await publisher.start()
  return publisher
}

await describeOnBrokers((broker) => {
  /** `queue` takes the results of business type `shop`. */
  async function setUp(t: TestEnd) {
    const relay = await startRelay(broker.url)
    const bench = await openBench(broker.url)
    t.after(async () => {
      await bench.close()
      await relay.close()
    })
    const publisher = await openPublisher(bench, relay.url)
    const queue = await bench.ground.declareQueue()
    await bench.ground.channel.bindQueue(queue, bench.topology.resultExchange, 'result.shop.*')
    return { bench, relay, publisher, queue }
  }

  test('confirms what a queue took, with the properties of the contract', { timeout }, async (t) => {
    const { bench, publisher, queue } = await setUp(t)
    const event = anEvent('e-1', { correlationId: 'c-1', traceparent: '00-1-2-03' })
    assert.deepEqual(await publisher.publish([event, anEvent('e-2')]), ['confirmed', 'confirmed'])
    const mailbox = await openMailbox(bench.ground.channel, queue)
    const [first, second] = await mailbox.take(2)
    assert.equal(first?.content.toString(), event.body)
    assert.deepEqual(propertiesOf(first), {
      messageId: 'e-1',
      correlationId: 'c-1',
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      type: 'leqi.result',
      appId: 'test',
      deliveryMode: 2,
      traceparent: '00-1-2-03',
    })
    const ageSeconds = Date.now() / 1000 - first?.properties.timestamp
    assert.ok(ageSeconds >= 0 && ageSeconds < 60, 'the timestamp counts seconds')
    assert.deepEqual([second?.properties.correlationId, second?.properties.headers], [undefined, {}])
  })

  test('confirms many in their order', { timeout }, async (t) => {
    const { bench, publisher, queue } = await setUp(t)
    const many = events(1_000)
    const outcomes = await publisher.publish(many)
    assert.deepEqual(new Set(outcomes), new Set(['confirmed']))
    assert.equal(outcomes.length, many.length)
    assert.deepEqual(
      await bench.ground.drain(queue),
      many.map((event) => event.body),
    )
  })

  test('tells which of a batch no queue wanted', { timeout }, async (t) => {
    const { publisher } = await setUp(t)
    const lonely = { routingKey: 'result.mall.issued' }
    const batch = [
      anEvent('e-1'),
      anEvent('e-2', lonely),
      anEvent('e-3'),
      anEvent('e-4', lonely),
      anEvent('e-4', lonely),
    ]
    const outcomes = await publisher.publish(batch)
    assert.deepEqual(outcomes, ['confirmed', 'unroutable', 'confirmed', 'unroutable', 'unroutable'])
    assert.deepEqual(await publisher.publish([anEvent('e-2')]), ['confirmed'])
  })

  test('tells when a queue refused', { timeout }, async (t) => {
    const { bench, publisher } = await setUp(t)
    const full = { 'x-queue-type': 'quorum', 'x-max-length': 1, 'x-overflow': 'reject-publish' }
    await bench.ground.channel.bindQueue(await bench.ground.declareQueue(full), bench.topology.resultExchange, '#')
    const outcomes = await publisher.publish(events(1_000))
    assert.equal(outcomes.at(0), 'confirmed')
    assert.equal(outcomes.at(-1), 'nacked')
  })

  test('counts as lost what was under way when the link was cut, and publishes again after', { timeout }, async (t) => {
    const { bench, relay, publisher } = await setUp(t)
    relay.holdAnswers()
    const publishing = publisher.publish(events(300))
    relay.cut()
    assert.deepEqual(await publishing, Array(300).fill('lost'))
    assert.deepEqual(await publisher.publish(events(1)), ['lost'])
    await bench.log.until('channel.opened', 2)
    assert.deepEqual(await publisher.publish(events(2)), ['confirmed', 'confirmed'])
  })

  test('gives a broker up that does not answer in time, and its channel with it', { timeout }, async (t) => {
    const { bench, relay, publisher } = await setUp(t)
    relay.holdAnswers()
    const publishing = publisher.publish(events(3))
    bench.timers.tick(9)
    relay.release()
    assert.deepEqual(await publishing, ['confirmed', 'confirmed', 'confirmed'])
    relay.holdAnswers()
    const again = publisher.publish(events(3))
    bench.timers.tick(9)
    assert.equal(publisher.status().state, 'open')
    bench.timers.tick(1)
    assert.deepEqual(await again, ['lost', 'lost', 'lost'])
    relay.release()
    await bench.log.until('channel.opened', 2)
    assert.deepEqual(await publisher.publish(events(1)), ['confirmed'])
    assert.ok(!bench.log.events.includes('broker.lost'))
  })

  test('sends a broker that has fallen silent no more, until it answers', { timeout }, async (t) => {
    const { bench, relay, publisher, queue } = await setUp(t)
    const mailbox = await openMailbox(bench.ground.channel, queue, { noAck: true })
    relay.holdAnswers()
    const early = publisher.publish(events(3))
    await mailbox.take(3)
    bench.timers.tick(2)
    const late = publisher.publish(events(5))
    await bench.ground.send(queue, 'sent by another')
    assert.equal((await mailbox.next()).content.toString(), 'sent by another')
    relay.release()
    assert.deepEqual(new Set([...(await early), ...(await late)]), new Set(['confirmed']))
    await mailbox.take(5)
  })

  test('has at most 200 messages unanswered', { timeout }, async (t) => {
    const { bench, relay, publisher, queue } = await setUp(t)
    const mailbox = await openMailbox(bench.ground.channel, queue, { noAck: true })
    relay.holdAnswers()
    const publishing = publisher.publish(events(500))
    await mailbox.take(200)
    await bench.ground.send(queue, 'sent by another')
    assert.equal((await mailbox.next()).content.toString(), 'sent by another')
    relay.release()
    assert.deepEqual(new Set(await publishing), new Set(['confirmed']))
    await mailbox.take(300)
  })

  test('declares its exchange again when somebody deleted it', { timeout }, async (t) => {
    const { bench, publisher, queue } = await setUp(t)
    await bench.ground.channel.deleteExchange(bench.topology.resultExchange)
    assert.deepEqual(await publisher.publish(events(1)), ['lost'])
    await bench.log.until('channel.opened', 2)
    assert.deepEqual(await publisher.publish(events(1)), ['unroutable'])
    await bench.ground.channel.bindQueue(queue, bench.topology.resultExchange, '#')
    assert.deepEqual(await publisher.publish(events(1)), ['confirmed'])
    assert.ok(!bench.log.events.includes('broker.lost'))
  })

  // The dev broker knows no permissions.
  if (broker.name !== 'dev broker') {
    test('loses what it may not publish any more, keeps asking, and publishes when it may again', {
      timeout,
    }, async (t) => {
      const { bench, publisher, queue } = await setUp(t)
      const { resultExchange } = bench.topology
      // The broker refuses whoever publishes to an internal exchange, as it refuses one without the permission: 403.
      await bench.ground.channel.deleteExchange(resultExchange)
      await bench.ground.channel.assertExchange(resultExchange, 'topic', { internal: true })
      assert.deepEqual(await publisher.publish(events(2)), ['lost', 'lost'])
      await bench.ground.channel.deleteExchange(resultExchange)
      await bench.ground.channel.assertExchange(resultExchange, 'topic')
      await bench.ground.channel.bindQueue(queue, resultExchange, '#')
      await bench.log.until('channel.opened', 2)
      assert.deepEqual(await publisher.publish(events(1)), ['confirmed'])
      assert.ok(!bench.log.events.includes('broker.lost'))
    })
  }

  test('refuses an id that fits into no property, and only that one', { timeout }, async (t) => {
    const { publisher } = await setUp(t)
    const outcomes = await publisher.publish([
      anEvent('e-1'),
      anEvent('e-2', { correlationId: 'x'.repeat(256) }),
      anEvent('e-3'),
    ])
    assert.deepEqual(outcomes, ['confirmed', 'nacked', 'confirmed'])
  })

  test('publishes nothing when there is nothing, and loses all when stopped', { timeout }, async (t) => {
    const { publisher } = await setUp(t)
    assert.deepEqual(await publisher.publish([]), [])
    await publisher.stop()
    await publisher.stop()
    assert.deepEqual(await publisher.publish(events(2)), ['lost', 'lost'])
    await publisher.start()
    assert.deepEqual(await publisher.publish(events(1)), ['confirmed'])
  })
})

test('sends nothing while the broker blocks publishing', { timeout }, async (t) => {
  const dev = await startDevBroker()
  const bench = await openBench(dev.url)
  t.after(async () => {
    await bench.close()
    await dev.close()
  })
  const connection = await bench.connect()
  const publisher = makeResultPublisher({
    ...bench.parts,
    connection,
    exchange: bench.topology.resultExchange,
    appId: 'test',
  })
  bench.defer(() => publisher.stop())
  await publisher.start()
  const queue = await bench.ground.declareQueue()
  await bench.ground.channel.bindQueue(queue, bench.topology.resultExchange, '#')
  const blocked = new Promise<void>((resolve) => connection.onLink(({ model }) => model.once('blocked', resolve)))
  dev.setBlocked('low on memory')
  await blocked
  assert.deepEqual(await publisher.publish(events(2)), ['lost', 'lost'])
  assert.deepEqual(await bench.ground.drain(queue), [])
})

function propertiesOf(message: ConsumeMessage | undefined): Record<string, unknown> {
  assert.ok(message)
  const { messageId, correlationId, contentType, contentEncoding, type, appId, deliveryMode, headers } =
    message.properties
  return { messageId, correlationId, contentType, contentEncoding, type, appId, deliveryMode, ...headers }
}
