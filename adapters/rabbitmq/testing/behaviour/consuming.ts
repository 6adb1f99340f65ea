/** How messages are handed out, settled, given back, and how they die. */
import assert from 'node:assert/strict'
import type { ConsumeMessage } from 'amqplib'
import { type Ground, openMailbox } from '../ground.js'
import { type Behaviour, confirm, messageOf, openChannel, QUORUM, socketOf, textOf, whenClosed } from './proof.js'

export const CONSUMING: readonly Behaviour[] = [
  {
    promise: 'no more messages are sent ahead than the prefetch allows',
    prove: async (ground) => {
      const queue = await ground.declareQueue()
      await ground.send(queue, '1', '2', '3', '4')
      await ground.channel.prefetch(2)
      const mailbox = await openMailbox(ground.channel, queue)
      const [first] = await mailbox.take(2)
      await ground.channel.checkQueue(queue)
      assert.equal(mailbox.leftCount(), 0)
      ground.channel.ack(messageOf(first))
      assert.equal(textOf(await mailbox.next()), '3')
    },
  },
  {
    promise: 'an acknowledgement of several settles all up to its tag',
    prove: async (ground) => {
      const queue = await ground.declareQueue()
      await ground.send(queue, '1', '2', '3')
      const other = await openChannel(ground)
      const [, second] = await (await openMailbox(other, queue)).take(3)
      other.ack(messageOf(second), true)
      await other.close()
      assert.deepEqual(await ground.drain(queue), ['3'])
    },
  },
  {
    promise: 'a message that is given back comes again, marked as redelivered',
    prove: async (ground) => {
      const queue = await ground.declareQueue()
      await ground.send(queue, 'again')
      const mailbox = await openMailbox(ground.channel, queue)
      const first = await mailbox.next()
      ground.channel.nack(first, false, true)
      const second = await mailbox.next()
      assert.deepEqual([first.fields.redelivered, second.fields.redelivered], [false, true])
      assert.equal(textOf(second), 'again')
    },
  },
  {
    promise: 'several given back at once all come again',
    prove: async (ground) => {
      const queue = await ground.declareQueue()
      await ground.send(queue, '1', '2', '3')
      const mailbox = await openMailbox(ground.channel, queue)
      const [, , third] = await mailbox.take(3)
      ground.channel.nack(messageOf(third), true, true)
      const again = await mailbox.take(3)
      assert.deepEqual(again.map(textOf).toSorted(), ['1', '2', '3'])
      assert.ok(again.every((message) => message.fields.redelivered))
    },
  },
  {
    promise: 'a rejected message of a queue without dead-letter exchange is gone',
    prove: async (ground) => {
      const queue = await ground.declareQueue()
      await ground.send(queue, 'unwanted')
      const other = await openChannel(ground)
      const mailbox = await openMailbox(other, queue)
      other.reject(await mailbox.next(), false)
      await other.close()
      assert.deepEqual(await ground.drain(queue), [])
    },
  },
  {
    promise: 'a cancelled consumer gets nothing more and may still acknowledge',
    prove: async (ground) => {
      const queue = await ground.declareQueue()
      await ground.send(queue, '1', '2')
      const other = await openChannel(ground)
      await other.prefetch(1)
      const mailbox = await openMailbox(other, queue)
      const first = await mailbox.next()
      await other.cancel(mailbox.consumerTag)
      other.ack(first)
      await other.close()
      assert.equal(mailbox.leftCount(), 0)
      assert.deepEqual(await ground.drain(queue), ['2'])
    },
  },
  {
    promise: 'what a closed channel had not acknowledged comes again',
    prove: async (ground) => {
      const queue = await ground.declareQueue()
      await ground.send(queue, 'unsettled')
      const other = await openChannel(ground)
      await (await openMailbox(other, queue)).next()
      await other.close()
      assert.deepEqual(await ground.drain(queue), ['unsettled'])
    },
  },
  {
    promise: 'what a dead connection had not acknowledged comes again, marked as redelivered',
    prove: async (ground) => {
      const queue = await ground.declareQueue()
      await ground.send(queue, 'unsettled')
      const model = await ground.connect()
      await (await openMailbox(await model.createChannel(), queue)).next()
      const mailbox = await openMailbox(ground.channel, queue)
      socketOf(model).destroy(new Error('pulled the plug'))
      const again = await mailbox.next()
      assert.deepEqual([textOf(again), again.fields.redelivered], ['unsettled', true])
    },
  },
  {
    promise: 'deleting a queue tells its consumer',
    prove: async (ground) => {
      const queue = await ground.declareQueue()
      const mailbox = await openMailbox(ground.channel, queue)
      const other = await openChannel(ground)
      await other.deleteQueue(queue)
      await assert.rejects(mailbox.next(), /the consumer was cancelled/)
    },
  },
  {
    promise: 'an unknown delivery tag closes the channel with 406',
    prove: async (ground) => {
      const queue = await ground.declareQueue()
      await ground.send(queue, 'once')
      const mailbox = await openMailbox(ground.channel, queue)
      const message = await mailbox.next()
      const closed = whenClosed(ground.channel)
      ground.channel.ack(message)
      ground.channel.ack(message)
      assert.equal(await closed, 406)
    },
  },
  {
    promise: 'a single get takes one message, and none from an empty queue',
    prove: async (ground) => {
      const queue = await ground.declareQueue()
      await ground.send(queue, 'only')
      const message = await ground.channel.get(queue)
      assert.equal(message === false ? null : textOf(message), 'only')
      if (message !== false) ground.channel.ack(message)
      assert.equal(await ground.channel.get(queue), false)
    },
  },
]

export const DYING: readonly Behaviour[] = [
  {
    promise: 'a rejected message dies into the dead-letter exchange and tells of it',
    prove: async (ground) => {
      const { queue, exchange, dead } = await declareMortal(ground, {})
      await confirm(ground.channel, exchange, 'order.shop', 'unwanted', { messageId: 'm-1', headers: { source: 's' } })
      const mailbox = await openMailbox(ground.channel, queue)
      ground.channel.nack(await mailbox.next(), false, false)
      const message = await (await openMailbox(ground.channel, dead)).next()
      assert.deepEqual(deathOf(message), {
        reason: 'rejected',
        queue,
        exchange,
        'routing-keys': ['order.shop'],
        count: 1,
      })
      assert.deepEqual([textOf(message), message.fields.routingKey], ['unwanted', 'order.shop'])
      assert.deepEqual([message.properties.messageId, message.properties.headers?.source], ['m-1', 's'])
      assert.equal(message.fields.redelivered, false)
    },
  },
  {
    promise: 'a message beyond its delivery limit dies, after one delivery more than the limit',
    prove: async (ground) => {
      const { queue, exchange, dead } = await declareMortal(ground, { 'x-delivery-limit': 2 })
      await confirm(ground.channel, exchange, 'order.shop', 'poison')
      const mailbox = await openMailbox(ground.channel, queue)
      for (let count = 0; count < 3; count += 1) ground.channel.nack(await mailbox.next(), false, true)
      const message = await (await openMailbox(ground.channel, dead)).next()
      assert.equal(deathOf(message).reason, 'delivery_limit')
      assert.equal(mailbox.leftCount(), 0)
    },
  },
  {
    promise: 'the death of a connection counts as a delivery',
    prove: async (ground) => {
      const { queue, exchange, dead } = await declareMortal(ground, { 'x-delivery-limit': 1 })
      await confirm(ground.channel, exchange, 'order.shop', 'killer')
      for (let count = 0; count < 2; count += 1) {
        const model = await ground.connect()
        await (await openMailbox(await model.createChannel(), queue)).next()
        socketOf(model).destroy(new Error('crashed'))
      }
      assert.equal(deathOf(await (await openMailbox(ground.channel, dead)).next()).reason, 'delivery_limit')
    },
  },
]

/** A queue with a dead-letter exchange, and the queue behind that, as the connector declares them. */
async function declareMortal(ground: Ground, more: Record<string, unknown>) {
  const [graveyard, dead] = [await ground.declareExchange('fanout'), await ground.declareQueue()]
  await ground.channel.bindQueue(dead, graveyard, '')
  const exchange = await ground.declareExchange('topic')
  const queue = await ground.declareQueue({
    ...QUORUM,
    'x-dead-letter-exchange': graveyard,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
    ...more,
  })
  await ground.channel.bindQueue(queue, exchange, 'order.#')
  return { queue, exchange, dead }
}

function deathOf(message: ConsumeMessage): Record<string, unknown> {
  const [death] = message.properties.headers?.['x-death'] ?? []
  const { time, ...rest } = death ?? {}
  assert.equal(typeof time?.value, 'number')
  return rest
}
