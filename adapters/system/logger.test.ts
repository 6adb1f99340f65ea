import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { Secret } from '../../connector/kernel/secret.js'
import { type Logger, makeLogger } from './logger.js'

const API_KEY = '0123456789abcdeffedcba9876543210'

/** An order as a shop might send it; every value is a word that no line may hold. */
const ORDER = {
  id: 'private-id',
  customer: { name: 'private-name', phone: 'private-phone', email: 'private@example.com' },
  billing_address: { line1: 'private-street', city: 'private-city' },
  line_items: [{ title: 'private-goods', price: 'private-price', meta: [{ deep: { deeper: 'private-depth' } }] }],
  note: 'private-note',
}
const UNIT = {
  id: 'unit-1',
  name: '示例销售有限公司',
  api_key: API_KEY,
  apiKey: new Secret(API_KEY),
  direct: { apiKey: API_KEY, apiUrl: 'http://user:hunter@127.0.0.1/' },
  settings: { drawer: 'private-drawer', account: 'private-account' },
}

function setup(level = 'trace'): { log: Logger; lines: () => string[] } {
  let text = ''
  const destination = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk)
      done()
    },
  })
  return { log: makeLogger({ level, destination }), lines: () => text.split('\n').filter((line) => line !== '') }
}

test('a full order and a unit leave no private word and no secret in the log, however they are logged', () => {
  const { log, lines } = setup()
  log.info({ order: ORDER, unit: UNIT }, 'order.received')
  log.info(ORDER, 'order.received')
  log.info(UNIT, 'unit.loaded')
  log.info({ counts: ORDER, config: UNIT, faults: [ORDER, { settings: UNIT }] }, 'order.received')
  log.info({ units: [UNIT], orders: [[ORDER]] }, 'order.received')
  log.info({ body: JSON.stringify(ORDER), frozen: JSON.stringify(ORDER), draft: ORDER }, 'order.received')
  log.error({ err: Object.assign(new Error('it failed'), { detail: ORDER, parameters: [API_KEY] }) }, 'order.failed')
  log.error(Object.assign(new Error('it failed'), { row: ORDER }), 'order.failed')
  log.info({ err: ORDER, error: UNIT }, 'order.failed')

  const text = lines().join('\n')
  // Three values are flat under names nobody can know to be private: a sender's own `id` and `note`, a unit's `name`.
  const withoutFlat = text.replaceAll('"private-id"', '').replaceAll('"private-note"', '')
  assert.equal(lines().length, 9)
  assert.doesNotMatch(withoutFlat, /private|hunter/)
  assert.ok(!text.includes(API_KEY))
})

test('flat facts are printed as they are, with level, time and event', () => {
  const { log, lines } = setup()
  log.warn({ orderKey: 'k', attemptNumber: 2, isFinal: false, dueAt: null, fence: 7n, ids: ['a', 'b'] }, 'batch.sent')
  const { time, ...line } = JSON.parse(lines()[0] ?? '')

  assert.match(time, /^\d{4}-\d\d-\d\dT/)
  assert.deepEqual(line, {
    level: 'warn',
    orderKey: 'k',
    attemptNumber: 2,
    isFinal: false,
    dueAt: null,
    fence: '7',
    ids: ['a', 'b'],
    msg: 'batch.sent',
  })
})

test('objects are printed under the names that are known to be harmless', () => {
  const { log, lines } = setup()
  log.info({ counts: { orders: 3, by: { kind: 1 } }, faults: [{ code: 'L-01', path: '' }], other: { a: 1 } }, 'x.done')
  const line = JSON.parse(lines()[0] ?? '')

  assert.deepEqual(
    [line.counts, line.faults, line.other],
    [{ orders: 3, by: '[left out]' }, [{ code: 'L-01', path: '' }], '[left out]'],
  )
})

test('an error shows type, code, message, stack and cause, and no user or password of an address', () => {
  const { log, lines } = setup()
  const cause = new TypeError('connect to amqp://guest:hunter@127.0.0.1:5672 failed')
  log.error({ err: Object.assign(new Error('broken', { cause }), { code: 'ECONNREFUSED' }) }, 'at amqp://a:hunter@b')
  const line = JSON.parse(lines()[0] ?? '')

  assert.deepEqual([line.err.type, line.err.code, line.err.message], ['Error', 'ECONNREFUSED', 'broken'])
  assert.equal(line.err.cause.message, 'connect to amqp://***@127.0.0.1:5672 failed')
  assert.match(line.err.stack, /logger\.test/)
  assert.doesNotMatch(lines().join(''), /hunter/)
})

test('long texts, long lists and deep objects are cut', () => {
  const { log, lines } = setup()
  log.info({ note: 'x'.repeat(10_000), ids: Array.from({ length: 1_000 }, () => 1) }, 'x.done')

  assert.ok((lines()[0] ?? '').length < 1_500)
})

test('nothing below the level is written', () => {
  const { log, lines } = setup('warn')
  log.info({}, 'x.done')

  assert.deepEqual(lines(), [])
})
