import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConsumeMessage, MessageProperties } from 'amqplib'
import { toDeadLetter } from './dead-letter-consumer.js'
import { toDelivery } from './delivery.js'

const NO_PROPERTIES: MessageProperties = {
  contentType: undefined,
  contentEncoding: undefined,
  headers: undefined,
  deliveryMode: undefined,
  priority: undefined,
  correlationId: undefined,
  replyTo: undefined,
  expiration: undefined,
  messageId: undefined,
  timestamp: undefined,
  type: undefined,
  userId: undefined,
  appId: undefined,
  clusterId: undefined,
}

function aMessage(
  properties: { messageId?: string; correlationId?: string; headers?: Record<string, unknown> },
  routingKey = 'order.shop',
): ConsumeMessage {
  const fields = { deliveryTag: 1, redelivered: false, exchange: 'leqi.orders', routingKey, consumerTag: 'tag' }
  return { content: Buffer.from('{}'), fields, properties: { ...NO_PROPERTIES, ...properties } }
}

test('the business type is its header, else the last part of the routing key', () => {
  assert.equal(toDelivery(aMessage({}, 'order.cn.shop'), 'q').businessType, 'shop')
  assert.equal(toDelivery(aMessage({}, 'shop'), 'q').businessType, 'shop')
  assert.equal(toDelivery(aMessage({}, ''), 'q').businessType, '')
  assert.equal(toDelivery(aMessage({ headers: { 'business-type': 'mall' } }), 'q').businessType, 'mall')
})

test('a header that is no text, or empty, counts as absent', () => {
  for (const value of [7, true, null, '', ['mall'], { mall: 1 }, Buffer.from('mall')]) {
    const delivery = toDelivery(aMessage({ headers: { 'business-type': value, source: value } }), 'q')
    assert.deepEqual([delivery.businessType, delivery.source], ['shop', 'default'])
  }
})

test('texts are cut, and hold no character that a name or the database does not bear', () => {
  const long = toDelivery(aMessage({ messageId: `${'x'.repeat(254)}𠮷`, headers: { source: 'a\u0000b\nc' } }), 'q')
  assert.equal(long.messageId, 'x'.repeat(254))
  assert.equal(long.source, 'a\ufffdb\ufffdc')
})

test('inherited headers are not believed', () => {
  const headers = Object.create({ source: 'forged', 'x-death': [{ reason: 'forged' }] })
  assert.equal(toDelivery(aMessage({ headers }), 'q').source, 'default')
  assert.equal(toDeadLetter(aMessage({ headers }), 'q').reason, null)
})

test('a dead letter tells why, where and when by the youngest death', () => {
  const time = { '!': 'timestamp', value: 1_795_000_000 }
  const deaths = [
    { reason: 'delivery_limit', queue: 'leqi.orders', time },
    { reason: 'rejected', queue: 'older', time },
  ]
  const letter = toDeadLetter(aMessage({ headers: { 'x-death': deaths } }), 'leqi.dead')
  assert.deepEqual([letter.reason, letter.diedIn, letter.diedAt], ['delivery_limit', 'leqi.orders', 1_795_000_000_000])
  assert.equal(letter.queue, 'leqi.dead')
})

test('a death that somebody made up holds nothing that the database does not bear', () => {
  const death = { reason: `a\u0000b${'x'.repeat(300)}`, queue: 'q\u0000' }
  const { reason, diedIn } = toDeadLetter(aMessage({ headers: { 'x-death': [death] } }), 'leqi.dead')
  assert.deepEqual([reason, diedIn], [`a\ufffdb${'x'.repeat(250)}`, 'q\ufffd'])
})

test('a dead letter without a readable death has no reason', () => {
  for (const death of [
    undefined,
    'text',
    [],
    [null],
    [{ reason: 1, time: { value: 'x' } }],
    [{ time: { value: 1e300 } }],
  ]) {
    const letter = toDeadLetter(aMessage({ headers: { 'x-death': death } }), 'leqi.dead')
    assert.deepEqual([letter.reason, letter.diedIn, letter.diedAt], [null, null, null])
  }
})

test('an id is never longer, in bytes, than the field of a message that it goes back in', () => {
  for (const id of ['\u0001'.repeat(255), '\ufffd'.repeat(255), '追'.repeat(200), '𠮷'.repeat(100), 'x'.repeat(255)]) {
    const { messageId, correlationId } = toDelivery(aMessage({ messageId: id, correlationId: id }), 'q')
    for (const text of [messageId, correlationId]) {
      assert.ok(text !== null && Buffer.byteLength(text) <= 255, `${Buffer.byteLength(text ?? '')} bytes`)
      assert.ok(Buffer.byteLength(text) > 255 - 4, 'nothing is cut that fits')
    }
  }
})
