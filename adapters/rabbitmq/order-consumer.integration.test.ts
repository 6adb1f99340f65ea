import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Delivery } from '../../connector/issuing/ports.js'
import type { BatchConsumer } from './batch-consumer.js'
import { type DeadLetter, makeDeadLetterConsumer } from './dead-letter-consumer.js'
import { makeOrderConsumer, type OrderConsumerOptions } from './order-consumer.js'
import { type Bench, openBench } from './testing/adapter.js'
import { describeOnBrokers, TEST_TIMEOUT_MS } from './testing/brokers.js'
import { startRelay } from './testing/relay.js'
import { makeStore, type Store } from './testing/store.js'

const timeout = TEST_TIMEOUT_MS

await describeOnBrokers((broker) => {
  async function setUp(t: { after(end: () => Promise<void>): void }) {
    const relay = await startRelay(broker.url)
    const bench = await openBench(broker.url)
    t.after(async () => {
      await bench.close()
      await relay.close()
    })
    const connection = await bench.connect({ url: relay.url })
    return { bench, relay, connection }
  }

  function consume(
    bench: Bench,
    store: Store<Delivery>,
    options: Pick<OrderConsumerOptions, 'connection'> & Partial<OrderConsumerOptions>,
  ): BatchConsumer {
    const consumer = makeOrderConsumer({
      ...bench.parts,
      queue: bench.topology.orderQueue,
      prepare: store.prepare,
      ...options,
    })
    bench.defer(() => consumer.stop())
    return consumer
  }

  test('hands many messages over in their order, in batches, and settles them', { timeout }, async (t) => {
    const { bench, connection } = await setUp(t)
    const bodies = Array.from({ length: 950 }, (_, index) => String(index))
    await bench.ground.send(bench.topology.orderQueue, ...bodies)
    const store = makeStore<Delivery>()
    const consumer = consume(bench, store, { connection })
    await consumer.start()
    await store.untilStored(bodies.length)
    assert.deepEqual(store.bodies(), bodies)
    assert.ok(store.batches.every((batch) => batch.length <= 200))
    assert.ok(store.batches.length < 20, `${store.batches.length} batches`)
    await consumer.stop()
    assert.deepEqual(await bench.ground.drain(bench.topology.orderQueue), [])
  })

  test('reads business type, source and ids, and believes no other header', { timeout }, async (t) => {
    const { bench, connection } = await setUp(t)
    const store = makeStore<Delivery>()
    await consume(bench, store, { connection }).start()
    const { orderExchange, orderQueue: queue } = bench.topology
    const body = Buffer.from('{}')
    const forged = JSON.parse('{"__proto__":{"business-type":"forged","source":"forged"},"x-other":"ignored"}')
    bench.ground.channel.publish(orderExchange, 'order.shop', body, {
      messageId: 'm-1',
      correlationId: 'c-1',
      headers: forged,
    })
    const headers = { 'business-type': 'mall', source: 'erp', traceparent: '00-1-2-03' }
    bench.ground.channel.publish(orderExchange, 'order.shop', body, { headers })
    await store.untilStored(2)
    const nothing = { messageId: null, correlationId: null, traceparent: null }
    const [first, second] = store.deliveries()
    const common = { body, queue, isRedelivered: false }
    assert.deepEqual(first, {
      ...common,
      ...nothing,
      businessType: 'shop',
      source: 'default',
      messageId: 'm-1',
      correlationId: 'c-1',
    })
    assert.deepEqual(second, { ...common, ...nothing, businessType: 'mall', source: 'erp', traceparent: '00-1-2-03' })
  })

  test('drops a late acknowledgement and takes what is redelivered, one at a time', { timeout }, async (t) => {
    const { bench, relay, connection } = await setUp(t)
    const store = makeStore<Delivery>()
    await bench.ground.send(bench.topology.orderQueue, '1', '2', '3')
    store.hold()
    await consume(bench, store, { connection, batchCountMax: 3 }).start()
    await store.untilHeld(3)
    relay.cut()
    await bench.log.until('channel.opened', 2)
    store.release()
    await store.untilStored(6)
    assert.ok(bench.log.events.includes('acknowledgement.dropped'))
    assert.deepEqual(
      store.batches.slice(0, 1).map((batch) => batch.length),
      [3],
    )
    const again = store.batches.slice(1)
    assert.deepEqual(
      again.map((batch) => batch.map((delivery) => delivery.isRedelivered)),
      [[true], [true], [true]],
    )
    assert.deepEqual(
      again
        .flat()
        .map((delivery) => delivery.body.toString())
        .toSorted(),
      ['1', '2', '3'],
    )
    assert.deepEqual(await bench.ground.drain(bench.topology.deadQueue), [])
  })

  test('hands a failed batch over again, each message alone, and goes on', { timeout }, async (t) => {
    const { bench, connection } = await setUp(t)
    const store = makeStore<Delivery>()
    store.failNext(1)
    await bench.ground.send(bench.topology.orderQueue, '1', '2', '3')
    const consumer = consume(bench, store, { connection, batchCountMax: 3, batchMs: 60_000 })
    await consumer.start()
    await store.untilStored(3)
    assert.deepEqual(
      store.tries.map((batch) => batch.length),
      [3, 1, 1, 1],
    )
    assert.deepEqual(
      store.tries
        .slice(1)
        .flat()
        .map((delivery) => delivery.isRedelivered),
      [true, true, true],
    )
    assert.deepEqual(store.bodies(), ['1', '2', '3'])
    await consumer.stop()
    assert.deepEqual(await bench.ground.drain(bench.topology.orderQueue), [])
  })

  test('prepares the next full batch while one is stored, and stores it after', { timeout }, async (t) => {
    const { bench, connection } = await setUp(t)
    const store = makeStore<Delivery>()
    await bench.ground.send(bench.topology.orderQueue, '1', '2', '3', '4', '5')
    store.hold()
    const consumer = consume(bench, store, { connection, batchCountMax: 2, batchMs: 60_000 })
    await consumer.start()
    await store.untilPrepared(4)
    assert.deepEqual(store.tries.flat().length, 2, 'only the first is being stored')
    store.release()
    await store.untilStored(5)
    assert.deepEqual(
      store.batches.map((batch) => batch.length),
      [2, 2, 1],
    )
    assert.deepEqual(store.bodies(), ['1', '2', '3', '4', '5'])
    await consumer.stop()
    assert.deepEqual(await bench.ground.drain(bench.topology.orderQueue), [])
  })

  test('what was prepared behind a failed batch waits behind it again', { timeout }, async (t) => {
    const { bench, connection } = await setUp(t)
    const store = makeStore<Delivery>()
    store.failNext(1)
    store.hold()
    await bench.ground.send(bench.topology.orderQueue, '1', '2', '3', '4')
    const consumer = consume(bench, store, { connection, batchCountMax: 2, batchMs: 60_000 })
    await consumer.start()
    await store.untilPrepared(4)
    store.release()
    await store.untilStored(4)
    assert.deepEqual(
      store.tries.map((batch) => batch.map((delivery) => delivery.body.toString())),
      [['1', '2'], ['1'], ['2'], ['3', '4']],
    )
    await consumer.stop()
    assert.deepEqual(await bench.ground.drain(bench.topology.orderQueue), [])
  })

  test('a batch that cannot be prepared comes again like one that cannot be stored', { timeout }, async (t) => {
    const { bench, connection } = await setUp(t)
    const store = makeStore<Delivery>()
    let failingCount = 1
    const prepare: typeof store.prepare = (batch) => {
      if (failingCount === 0) return store.prepare(batch)
      failingCount -= 1
      return Promise.reject(new Error('not to be prepared'))
    }
    await bench.ground.send(bench.topology.orderQueue, '1', '2')
    const consumer = consume(bench, store, { connection, batchCountMax: 2, batchMs: 60_000, prepare })
    await consumer.start()
    await store.untilStored(2)
    assert.deepEqual(
      store.tries.map((batch) => batch.length),
      [1, 1],
    )
    await consumer.stop()
    assert.deepEqual(await bench.ground.drain(bench.topology.orderQueue), [])
  })

  test('keeps a message through a long failure of the store without using up its deliveries', {
    timeout,
  }, async (t) => {
    const { bench, connection } = await setUp(t)
    const store = makeStore<Delivery>()
    store.failNext(60)
    await bench.ground.send(bench.topology.orderQueue, 'patient')
    const consumer = consume(bench, store, { connection })
    await consumer.start()
    await bench.log.until('batch.failed', 30)
    assert.equal(consumer.status().state, 'failing')
    await store.untilStored(1)
    assert.equal(store.tries.length, 61)
    assert.deepEqual(bench.timers.pausesMs.slice(0, 7), [250, 500, 1_000, 2_000, 4_000, 7_500, 7_500])
    assert.equal(consumer.status().state, 'consuming')
    await consumer.stop()
    assert.deepEqual(await bench.ground.drain(bench.topology.orderQueue), [])
    assert.deepEqual(await bench.ground.drain(bench.topology.deadQueue), [])
  })

  test('is failing no longer when the messages that failed went elsewhere', { timeout }, async (t) => {
    const { bench, relay, connection } = await setUp(t)
    const store = makeStore<Delivery>()
    store.failWhen(() => true)
    await bench.ground.send(bench.topology.orderQueue, 'taken by another')
    const consumer = consume(bench, store, { connection })
    await consumer.start()
    await bench.log.until('batch.failed')
    assert.deepEqual(
      [consumer.status().state, consumer.status().lastError],
      ['failing', 'the store chokes on this one'],
    )
    await consumer.pause()
    relay.cut()
    await bench.log.until('channel.opened', 2)
    assert.deepEqual(await bench.ground.drain(bench.topology.orderQueue), ['taken by another'])
    await consumer.resume()
    assert.equal(consumer.status().state, 'consuming')
  })

  test('gives a message back that fails while others pass, until the broker buries it', { timeout }, async (t) => {
    const { bench, connection } = await setUp(t)
    const { orderQueue, deadQueue } = bench.topology
    const store = makeStore<Delivery>()
    let goodCount = 0
    store.failWhen((delivery) => {
      if (delivery.body.toString() !== 'poison') return false
      goodCount += 1
      bench.ground.channel.sendToQueue(orderQueue, Buffer.from('good'))
      return true
    })
    const graveyard = makeStore<DeadLetter>()
    const burials = makeDeadLetterConsumer({ ...bench.parts, connection, queue: deadQueue, handle: graveyard.handle })
    bench.defer(() => burials.stop())
    await burials.start()
    const consumer = consume(bench, store, { connection })
    await consumer.start()
    await bench.ground.channel.publish(bench.topology.orderExchange, 'order.shop', Buffer.from('poison'))
    await graveyard.untilStored(1)
    const [dead] = graveyard.deliveries()
    assert.deepEqual(
      [dead?.body.toString(), dead?.reason, dead?.diedIn, dead?.businessType],
      ['poison', 'delivery_limit', orderQueue, 'shop'],
    )
    assert.equal(bench.log.events.filter((event) => event === 'message.given-back').length, 21)
    await store.untilStored(goodCount)
    assert.ok(store.bodies().every((body) => body === 'good'))
  })

  test('cuts a batch of huge messages', { timeout }, async (t) => {
    const { bench, connection } = await setUp(t)
    const store = makeStore<Delivery>()
    const huge = 'x'.repeat(3 * 1024 * 1024)
    await bench.ground.send(bench.topology.orderQueue, huge, huge, huge)
    await consume(bench, store, { connection, batchCountMax: 3, batchMs: 60_000 }).start()
    await store.untilStored(3)
    assert.deepEqual(
      store.batches.map((batch) => batch.length),
      [2, 1],
    )
  })

  test('takes nothing while paused, also over a lost link, and goes on when resumed', { timeout }, async (t) => {
    const { bench, relay, connection } = await setUp(t)
    const store = makeStore<Delivery>()
    const consumer = consume(bench, store, { connection })
    await consumer.start()
    await consumer.pause()
    assert.equal(consumer.status().state, 'paused')
    await bench.ground.send(bench.topology.orderQueue, 'while paused')
    assert.deepEqual(await bench.ground.drain(bench.topology.orderQueue), ['while paused'])
    relay.cut()
    await bench.log.until('channel.opened', 2)
    await bench.ground.send(bench.topology.orderQueue, 'still paused')
    assert.deepEqual(await bench.ground.drain(bench.topology.orderQueue), ['still paused'])
    await consumer.resume()
    await bench.ground.send(bench.topology.orderQueue, 'resumed')
    await store.untilStored(1)
    assert.deepEqual(store.bodies(), ['resumed'])
  })

  test('stops when all that had come is stored and settled, so that nothing comes again', { timeout }, async (t) => {
    const { bench, connection } = await setUp(t)
    const store = makeStore<Delivery>()
    await bench.ground.send(bench.topology.orderQueue, '1', '2', '3', '4')
    store.hold()
    const consumer = consume(bench, store, { connection, batchCountMax: 2, batchMs: 60_000 })
    await consumer.start()
    await store.untilHeld(2)
    const stopping = Promise.all([consumer.stop(), consumer.stop()])
    store.release()
    await stopping
    assert.deepEqual(store.bodies(), ['1', '2', '3', '4'])
    assert.equal(consumer.status().state, 'stopped')
    assert.deepEqual(await bench.ground.drain(bench.topology.orderQueue), [])
  })

  test('stops at once when what had come cannot be stored, and gives it back', { timeout }, async (t) => {
    const { bench, connection } = await setUp(t)
    const store = makeStore<Delivery>()
    await bench.ground.send(bench.topology.orderQueue, '1', '2', '3', '4')
    store.hold()
    const consumer = consume(bench, store, { connection, batchCountMax: 2, batchMs: 60_000 })
    await consumer.start()
    await store.untilHeld(2)
    store.failNext(1)
    const stopping = consumer.stop()
    store.release()
    await stopping
    assert.deepEqual(
      store.tries.flat().map(({ body }) => body.toString()),
      ['1', '2'],
    )
    assert.deepEqual((await bench.ground.drain(bench.topology.orderQueue)).toSorted(), ['1', '2', '3', '4'])
  })

  test('comes back when its queue was deleted', { timeout }, async (t) => {
    const { bench, connection } = await setUp(t)
    const store = makeStore<Delivery>()
    const consumer = consume(bench, store, { connection })
    await consumer.start()
    await bench.ground.channel.deleteQueue(bench.topology.orderQueue)
    await bench.log.until('channel.opened', 2)
    bench.ground.channel.publish(bench.topology.orderExchange, 'order.shop', Buffer.from('to the new queue'))
    await store.untilStored(1)
    assert.equal(connection.status().state, 'connected')
    assert.ok(!bench.log.events.includes('broker.lost'))
  })

  test('keeps dead letters until they are stored, whatever fails', { timeout }, async (t) => {
    const { bench, connection } = await setUp(t)
    const { deadQueue, deadExchange } = bench.topology
    const store = makeStore<DeadLetter>()
    store.failWhen((letter) => letter.body.toString() === 'stubborn' && store.tries.length < 60)
    const consumer = makeDeadLetterConsumer({ ...bench.parts, connection, queue: deadQueue, handle: store.handle })
    bench.defer(() => consumer.stop())
    await consumer.start()
    for (const body of ['stubborn', 'easy', 'easy'])
      bench.ground.channel.publish(deadExchange, 'order.shop', Buffer.from(body))
    await store.untilStored(3)
    assert.deepEqual(store.bodies(), ['easy', 'easy', 'stubborn'])
    assert.ok(!bench.log.events.includes('message.given-back'))
    assert.deepEqual(
      store.deliveries().map((letter) => letter.reason),
      [null, null, null],
    )
  })
})
