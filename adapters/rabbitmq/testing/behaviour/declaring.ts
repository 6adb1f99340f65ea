/** Declarations and their refusals; connections, logins and heartbeats. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'amqplib'
import { openMailbox } from '../ground.js'
import { type Behaviour, CLASSIC, openChannel, QUORUM, socketOf } from './proof.js'

/** A frame of type 8 without payload. */
const HEARTBEAT_BYTE_COUNT = 8

export const DECLARING: readonly Behaviour[] = [
  {
    promise: 'a passive declaration of a missing queue closes that channel with 404 and no other',
    prove: async (ground) => {
      const other = await openChannel(ground)
      await assert.rejects(other.checkQueue(ground.name('missing')), { code: 404 })
      assert.ok(await ground.declareQueue())
    },
  },
  {
    promise: 'a passive declaration tells of messages and consumers',
    prove: async (ground) => {
      const queue = await ground.declareQueue(CLASSIC)
      await ground.send(queue, '1', '2')
      assert.deepEqual(await ground.channel.checkQueue(queue), { queue, messageCount: 2, consumerCount: 0 })
      await (await openMailbox(ground.channel, queue)).take(2)
      assert.deepEqual(await ground.channel.checkQueue(queue), { queue, messageCount: 0, consumerCount: 1 })
    },
  },
  {
    promise: 'declaring again with equal properties changes nothing',
    prove: async (ground) => {
      const queue = await ground.declareQueue(QUORUM)
      await ground.send(queue, 'kept')
      await ground.channel.assertQueue(queue, { durable: true, arguments: QUORUM })
      assert.deepEqual(await ground.drain(queue), ['kept'])
    },
  },
  {
    promise: 'declaring a queue with another argument is refused with 406, naming it and both values',
    prove: async (ground) => {
      const queue = await ground.declareQueue({ ...QUORUM, 'x-delivery-limit': 5 })
      const again = ground.channel.assertQueue(queue, { arguments: { ...QUORUM, 'x-delivery-limit': 20 } })
      await assert.rejects(again, (error: Error) => {
        assert.equal(Reflect.get(error, 'code'), 406)
        const sentence = `inequivalent arg 'x-delivery-limit' for queue '${queue}' in vhost '/': received '20' but current is '5'`
        assert.ok(error.message.includes(sentence), error.message)
        return true
      })
    },
  },
  {
    promise: 'declaring an exchange with another type is refused with 406',
    prove: async (ground) => {
      const exchange = await ground.declareExchange('topic')
      await assert.rejects(ground.channel.assertExchange(exchange, 'fanout'), { code: 406 })
    },
  },
  {
    promise: 'binding to a missing exchange closes the channel with 404',
    prove: async (ground) => {
      const queue = await ground.declareQueue()
      await assert.rejects(ground.channel.bindQueue(queue, ground.name('missing'), '#'), { code: 404 })
    },
  },
  {
    promise: 'purging and deleting tell how many messages went',
    prove: async (ground) => {
      const queue = await ground.declareQueue(CLASSIC)
      await ground.send(queue, '1', '2', '3')
      assert.deepEqual(await ground.channel.purgeQueue(queue), { messageCount: 3 })
      await ground.send(queue, '4')
      assert.deepEqual(await ground.channel.deleteQueue(queue), { messageCount: 1 })
      assert.deepEqual(await ground.channel.deleteQueue(queue), { messageCount: 0 })
    },
  },
  {
    promise: 'an exclusive queue gets a name from the broker and dies with its connection',
    prove: async (ground) => {
      const model = await ground.connect()
      const { queue } = await (await model.createChannel()).assertQueue('', { exclusive: true })
      assert.match(queue, /^amq\.gen-/)
      await model.close()
      await assert.rejects(ground.channel.checkQueue(queue), { code: 404 })
    },
  },
]

export const CONNECTING: readonly Behaviour[] = [
  {
    promise: 'an idle connection hears the heartbeat that it asked for',
    prove: async (_, url) => {
      const address = new URL(url)
      address.searchParams.set('heartbeat', '1')
      const model = await connect(address.href)
      const socket = socketOf(model)
      const before = socket.bytesRead
      // amqplib reads by itself; the socket says when there was something.
      while (socket.bytesRead - before < HEARTBEAT_BYTE_COUNT) await once(socket, 'readable')
      assert.equal((socket.bytesRead - before) % HEARTBEAT_BYTE_COUNT, 0)
      await model.close()
    },
  },
  {
    promise: 'a wrong password and a missing virtual host are refused in the handshake',
    prove: async (_, url) => {
      const address = new URL(url)
      address.password = 'wrong'
      await assert.rejects(connect(address.href), /ACCESS_REFUSED/)
      const elsewhere = new URL(url)
      elsewhere.pathname = '/missing'
      await assert.rejects(connect(elsewhere.href), /got <ConnectionClose/)
    },
  },
]
