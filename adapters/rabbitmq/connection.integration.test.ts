import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, Socket } from 'node:net'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { startLink } from '../../connector/testing/link.js'
import { startDevBroker } from './dev-broker/dev-broker.js'
import { openBench } from './testing/adapter.js'
import { describeOnBrokers, TEST_TIMEOUT_MS } from './testing/brokers.js'
import { startRelay } from './testing/relay.js'

/** The promise of the product: a silent link is noticed within this time. */
const SILENCE_MS_MAX = 15_000

const timeout = TEST_TIMEOUT_MS

interface TestEnd {
  after(end: () => Promise<void>): void
}

await describeOnBrokers((broker) => {
  async function setUp(t: TestEnd) {
    const relay = await startRelay(broker.url)
    const bench = await openBench(broker.url)
    t.after(async () => {
      await bench.close()
      await relay.close()
    })
    return { bench, relay }
  }

  test('declares the objects of the contract and is connected', { timeout }, async (t) => {
    const { bench } = await setUp(t)
    const connection = await bench.connect()
    assert.equal(connection.status().state, 'connected')
    const { orderExchange, orderQueue, deadQueue, deadExchange, resultExchange } = bench.topology
    for (const exchange of [orderExchange, deadExchange, resultExchange])
      await bench.ground.channel.checkExchange(exchange)
    bench.ground.channel.publish(orderExchange, 'order.shop', Buffer.from('an order'))
    bench.ground.channel.publish(deadExchange, 'any', Buffer.from('a dead letter'))
    await bench.ground.channel.waitForConfirms()
    assert.deepEqual(await bench.ground.drain(orderQueue), ['an order'])
    assert.deepEqual(await bench.ground.drain(deadQueue), ['a dead letter'])
  })

  test('two replicas declare the same without disturbing each other', { timeout }, async (t) => {
    const { bench } = await setUp(t)
    const connections = [bench.makeConnection(), bench.makeConnection()]
    await Promise.all(connections.map((connection) => connection.start()))
    assert.deepEqual(
      connections.map((connection) => connection.status().state),
      ['connected', 'connected'],
    )
  })

  test('switches the delay of small packets off on its socket', { timeout }, async (t) => {
    const { bench } = await setUp(t)
    const setNoDelay = t.mock.method(Socket.prototype, 'setNoDelay')
    const connection = await bench.connect()
    const sockets: unknown[] = []
    connection.onLink(({ model }) => sockets.push(Reflect.get(model.connection, 'stream')))
    const calls = setNoDelay.mock.calls.filter((call) => call.this === sockets[0])
    assert.deepEqual(
      calls.map((call) => call.arguments),
      [[true]],
    )
  })

  test('comes back by itself when its link is cut', { timeout }, async (t) => {
    const { bench, relay } = await setUp(t)
    const connection = await bench.connect({ url: relay.url })
    const links: AbortSignal[] = []
    connection.onLink(({ signal }) => links.push(signal))
    relay.cut()
    await bench.log.until('broker.lost')
    assert.equal(connection.status().state, 'connecting')
    assert.notEqual(connection.status().lastError, null)
    await bench.log.until('broker.connected', 2)
    assert.deepEqual(
      links.map((signal) => signal.aborted),
      [true, false],
    )
    assert.equal(connection.status().lastError, null)
  })

  for (const isServerDeaf of [false, true]) {
    const what = `a link that is silent towards us${isServerDeaf ? ', and we towards the broker,' : ''}`
    test(`${what} is noticed in less than 15 s and left`, { timeout }, async (t) => {
      const { bench } = await setUp(t)
      const link = await startLink(broker.url)
      t.after(() => link.close())
      await bench.connect({ url: link.url })
      const [tickMs = 0] = bench.timers.intervalsMs
      await link.fault({ silentTowards: isServerDeaf ? ['client', 'server'] : ['client'] })
      let tickCount = 0
      while (!bench.log.events.includes('broker.lost') && tickCount < 100) {
        bench.timers.tick(1)
        tickCount += 1
        await setImmediate()
      }
      assert.ok(tickMs * tickCount < SILENCE_MS_MAX, `${tickCount} ticks of ${tickMs} ms`)
      await link.heal()
      await bench.log.until('broker.connected', 2)
    })
  }

  test('does not mistake a link with traffic for a silent one', { timeout }, async (t) => {
    const { bench } = await setUp(t)
    const connection = await bench.connect()
    const channels: Promise<unknown>[] = []
    for (let count = 0; count < 30; count += 1) {
      connection.onLink(({ model }) => channels.push(model.createChannel().then((channel) => channel.close())))()
      await Promise.all(channels)
      bench.timers.tick(1)
    }
    assert.equal(connection.status().state, 'connected')
    assert.ok(!bench.log.events.includes('broker.lost'))
  })

  test('waits longer after each failure, up to 30 s, half of it by this random number', { timeout }, async (t) => {
    const { bench, relay } = await setUp(t)
    await bench.connect({ url: relay.url })
    await relay.close()
    await bench.log.until('broker.lost', 9)
    const growing = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]
    assert.deepEqual(
      bench.timers.pausesMs.slice(-growing.length - 1, -1).toSorted((a, b) => a - b),
      growing,
    )
  })

  test('starts once, stops twice, and may be started again', { timeout }, async (t) => {
    const { bench } = await setUp(t)
    const connection = bench.makeConnection()
    await connection.stop()
    assert.equal(connection.start(), connection.start())
    await connection.start()
    await Promise.all([connection.stop(), connection.stop()])
    assert.equal(connection.status().state, 'stopped')
    await connection.start()
    assert.equal(connection.status().state, 'connected')
  })

  test('refuses to start with a wrong password, a missing virtual host or no AMQP address', { timeout }, async (t) => {
    const { bench } = await setUp(t)
    const wrong = new URL(broker.url)
    wrong.password = 'wrong'
    const missing = new URL(broker.url)
    missing.pathname = '/missing'
    for (const url of [wrong.href, missing.href, 'http://127.0.0.1', 'nonsense']) {
      const connection = bench.makeConnection({ url })
      await assert.rejects(connection.start(), { code: 'AMQ-refused', messageEn: /AMQP_URL/ })
      assert.equal(connection.status().state, 'stopped')
    }
  })

  test('refuses to start when the order queue exists with other properties, and names them', { timeout }, async (t) => {
    const { bench } = await setUp(t)
    const { orderQueue, deadExchange } = bench.topology
    await bench.ground.channel.assertQueue(orderQueue, {
      arguments: {
        'x-queue-type': 'quorum',
        'x-dead-letter-exchange': deadExchange,
        'x-dead-letter-strategy': 'at-least-once',
        'x-overflow': 'reject-publish',
        'x-delivery-limit': 3,
      },
    })
    await assert.rejects(bench.connect(), {
      code: 'AMQ-unsuitable',
      message: `RabbitMQ 上已有的队列 ${orderQueue}不符合要求：x-delivery-limit 应为 '20'，现为 '3'`,
      messageEn: `the existing queue ${orderQueue} is unsuitable: x-delivery-limit must be '20' but is '3'`,
    })
  })

  test('refuses to start when an exchange exists with another type', { timeout }, async (t) => {
    const { bench } = await setUp(t)
    await bench.ground.channel.assertExchange(bench.topology.resultExchange, 'fanout')
    await assert.rejects(bench.connect(), { code: 'AMQ-unsuitable', messageEn: /exchange .* type must be 'topic'/ })
  })
})

async function setUpDevBroker(t: TestEnd) {
  const dev = await startDevBroker()
  const bench = await openBench(dev.url)
  t.after(async () => {
    await bench.close()
    await dev.close()
  })
  return { dev, bench }
}

test('gives up a start when nothing answers for too long', { timeout }, async (t) => {
  const { bench } = await setUpDevBroker(t)
  const connection = bench.makeConnection({ url: 'amqp://127.0.0.1:1', startTimeoutMs: 0 })
  await assert.rejects(connection.start(), { code: 'AMQ-unreachable', messageEn: /AMQP_URL/ })
})

test('stops at once while a server that says nothing is being greeted', { timeout }, async (t) => {
  const { bench } = await setUpDevBroker(t)
  const mute = createServer().listen(0, '127.0.0.1')
  await once(mute, 'listening')
  t.after(() => mute.close())
  const address = mute.address()
  assert.ok(address !== null && typeof address === 'object')
  const connection = bench.makeConnection({ url: `amqp://127.0.0.1:${address.port}` })
  const starting = assert.rejects(connection.start(), /stopped before it was up/)
  const [socket] = await once(mute, 'connection')
  await connection.stop()
  await starting
  socket.destroy()
})

test('comes back after the broker closed the connection by force, or died without a word', { timeout }, async (t) => {
  const { dev, bench } = await setUpDevBroker(t)
  const connection = await bench.connect()
  dev.dropConnections()
  await bench.log.until('broker.lost')
  assert.match(connection.status().lastError ?? '', /CONNECTION_FORCED/)
  await bench.log.until('broker.connected', 2)
  dev.goSilent()
  bench.timers.tick(20)
  await bench.log.until('broker.connected', 3)
})

test('tells when the broker blocks publishing, and when no more', { timeout }, async (t) => {
  const { dev, bench } = await setUpDevBroker(t)
  const connection = await bench.connect()
  const models = await new Promise<{ once: (event: string, listener: () => void) => unknown }>((resolve) => {
    connection.onLink(({ model }) => resolve(model))
  })
  const blocked = new Promise<void>((resolve) => models.once('blocked', resolve))
  dev.setBlocked('low on memory')
  await blocked
  assert.deepEqual([connection.status().state, connection.status().lastError], ['blocked', 'low on memory'])
  const unblocked = new Promise<void>((resolve) => models.once('unblocked', resolve))
  dev.setBlocked(null)
  await unblocked
  assert.equal(connection.status().state, 'connected')
})
