/** Where messages go, and what their publisher is told. */
import assert from 'node:assert/strict'
import type { Message } from 'amqplib'
import { openMailbox } from '../ground.js'
import { type Behaviour, confirm, messageOf, publish, QUORUM, whenClosed } from './proof.js'

export const ROUTING: readonly Behaviour[] = [
  {
    promise: 'a topic exchange routes by words: * is one, # is any number',
    prove: async (ground) => {
      const exchange = await ground.declareExchange('topic')
      const received: Record<string, string[]> = {}
      const queues: Record<string, string> = {}
      for (const pattern of ['order.#', 'order.*', '*.shop', '#', 'order.a.b']) {
        queues[pattern] = await ground.declareQueue()
        await ground.channel.bindQueue(queues[pattern], exchange, pattern)
      }
      for (const key of ['order', 'order.shop', 'order.a.b', 'result.shop']) publish(ground.channel, exchange, key, key)
      await ground.channel.waitForConfirms()
      for (const [pattern, queue] of Object.entries(queues)) received[pattern] = await ground.drain(queue)
      assert.deepEqual(received, {
        'order.#': ['order', 'order.shop', 'order.a.b'],
        'order.*': ['order.shop'],
        '*.shop': ['order.shop', 'result.shop'],
        '#': ['order', 'order.shop', 'order.a.b', 'result.shop'],
        'order.a.b': ['order.a.b'],
      })
    },
  },
  {
    promise: 'a queue bound twice to an exchange gets a message once',
    prove: async (ground) => {
      const exchange = await ground.declareExchange('topic')
      const queue = await ground.declareQueue()
      for (const pattern of ['order.#', '#.shop', 'order.#']) await ground.channel.bindQueue(queue, exchange, pattern)
      publish(ground.channel, exchange, 'order.shop', 'once')
      assert.deepEqual(await ground.drain(queue), ['once'])
    },
  },
  {
    promise: 'a direct exchange routes by the equal key',
    prove: async (ground) => {
      const exchange = await ground.declareExchange('direct')
      const queue = await ground.declareQueue()
      await ground.channel.bindQueue(queue, exchange, 'a.#')
      for (const key of ['a', 'a.b', 'a.#']) publish(ground.channel, exchange, key, key)
      assert.deepEqual(await ground.drain(queue), ['a.#'])
    },
  },
  {
    promise: 'a fanout exchange routes to every bound queue, whatever the key',
    prove: async (ground) => {
      const exchange = await ground.declareExchange('fanout')
      const queues = [await ground.declareQueue(), await ground.declareQueue()]
      for (const queue of queues) await ground.channel.bindQueue(queue, exchange, '')
      publish(ground.channel, exchange, 'any.key', 'to all')
      for (const queue of queues) assert.deepEqual(await ground.drain(queue), ['to all'])
    },
  },
  {
    promise: 'the default exchange routes to the queue of that name, in order',
    prove: async (ground) => {
      const queue = await ground.declareQueue()
      const bodies = Array.from({ length: 500 }, (_, index) => `message ${index}`)
      await ground.send(queue, ...bodies)
      assert.deepEqual(await ground.drain(queue), bodies)
    },
  },
]

export const PUBLISHING: readonly Behaviour[] = [
  {
    promise: 'every publish on a confirm channel is confirmed',
    prove: async (ground) => {
      const queue = await ground.declareQueue()
      const confirmed: number[] = []
      const all = Array.from({ length: 300 }, (_, index) => index)
      const answers = all.map((index) =>
        confirm(ground.channel, '', queue, String(index)).then(() => confirmed.push(index)),
      )
      await Promise.all(answers)
      assert.deepEqual(
        confirmed.toSorted((left, right) => left - right),
        all,
      )
    },
  },
  {
    promise: 'a mandatory message without a queue is returned before it is confirmed',
    prove: async (ground) => {
      const exchange = await ground.declareExchange('topic')
      const events: string[] = []
      let returned: Message | null = null
      ground.channel.on('return', (message) => {
        returned = message
        events.push('returned')
      })
      await confirm(ground.channel, exchange, 'nobody', 'body', { mandatory: true, messageId: 'm-1' })
      events.push('confirmed')
      assert.deepEqual(events, ['returned', 'confirmed'])
      const { fields, properties, content } = messageOf(returned)
      assert.deepEqual(fields, { replyCode: 312, replyText: 'NO_ROUTE', exchange, routingKey: 'nobody' })
      assert.deepEqual([properties.messageId, content.toString()], ['m-1', 'body'])
    },
  },
  {
    promise: 'an unroutable message that is not mandatory is confirmed and gone',
    prove: async (ground) => {
      const exchange = await ground.declareExchange('topic')
      let returnCount = 0
      ground.channel.on('return', () => {
        returnCount += 1
      })
      assert.equal(await confirm(ground.channel, exchange, 'nobody', 'body'), null)
      assert.equal(returnCount, 0)
    },
  },
  {
    promise: 'a full queue that rejects publishing makes the confirm a refusal',
    prove: async (ground) => {
      const queue = await ground.declareQueue({ ...QUORUM, 'x-max-length': 2, 'x-overflow': 'reject-publish' })
      let answer: unknown = null
      // Quorum queues notice a little late that they are full.
      for (let count = 0; count < 1_000 && answer === null; count += 1)
        answer = await confirm(ground.channel, '', queue, 'x')
      assert.match(String(answer), /message nacked/)
    },
  },
  {
    promise: 'publishing to a missing exchange closes the channel with 404',
    prove: async (ground) => {
      const closed = whenClosed(ground.channel)
      publish(ground.channel, ground.name('nowhere'), 'key', 'body')
      assert.equal(await closed, 404)
    },
  },
  {
    promise: 'body, properties and headers arrive as they were sent',
    prove: async (ground) => {
      const queue = await ground.declareQueue()
      const headers = {
        text: '值',
        count: 7,
        big: 2 ** 40,
        part: 1.5,
        yes: true,
        none: null,
        list: [1, 'a'],
        table: { a: 1 },
      }
      const properties = {
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        messageId: 'm-1',
        correlationId: 'c-1',
        type: 'leqi.result',
        appId: 'leqi-connector',
        timestamp: 1_795_000_000,
        deliveryMode: 2,
      }
      await confirm(ground.channel, '', queue, '{"名":"值"}', { ...properties, headers })
      const mailbox = await openMailbox(ground.channel, queue, { noAck: true })
      const message = await mailbox.next()
      const expected: Record<string, unknown> = { ...properties, headers }
      for (const [name, value] of Object.entries(expected)) {
        assert.deepEqual(Reflect.get(message.properties, name), value, name)
      }
      assert.equal(message.content.toString(), '{"名":"值"}')
      assert.deepEqual([message.fields.exchange, message.fields.routingKey], ['', queue])
    },
  },
  {
    promise: 'an empty body and one of many frames arrive whole',
    prove: async (ground) => {
      const queue = await ground.declareQueue()
      const big = Buffer.alloc(700_000, 'large ')
      ground.channel.sendToQueue(queue, Buffer.alloc(0))
      ground.channel.sendToQueue(queue, big)
      const mailbox = await openMailbox(ground.channel, queue, { noAck: true })
      const [empty, whole] = await mailbox.take(2)
      assert.equal(empty?.content.length, 0)
      assert.ok(whole?.content.equals(big))
    },
  },
]
