import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { Decimal } from '../kernel/decimal.js'
import { toCanonicalText } from './canonical-text.js'
import { type DecodeOutcome, decodeOrder } from './decode.js'
import { NumberText } from './number-text.js'

const SEED = 20_261_122

function decode(text: string): DecodeOutcome {
  return decodeOrder(Buffer.from(text))
}

function orderOf(outcome: DecodeOutcome): Extract<DecodeOutcome, { kind: 'order' }> {
  assert.equal(outcome.kind, 'order', JSON.stringify(outcome))
  // The assertion above proves the kind.
  return outcome as Extract<DecodeOutcome, { kind: 'order' }>
}

function canonical(text: string): string {
  return toCanonicalText(orderOf(decode(text)).value)
}

function assertRefused(outcome: DecodeOutcome, disposition: 'dead' | 'rejected', code: string, path = ''): void {
  assert.equal(outcome.kind, 'fault')
  // The assertion above proves the kind.
  const { disposition: actual, fault } = outcome as Extract<DecodeOutcome, { kind: 'fault' }>
  assert.deepEqual(
    { disposition: actual, code: fault.code, path: fault.path, cure: fault.cure },
    { disposition, code, path, cure: 'sender' },
  )
  assert.ok(fault.message !== '' && fault.messageEn !== '')
}

test('reads an order', () => {
  const text = '{"orderNo":"A-1","lines":[{"price":"12.50","quantity":2}]}'
  const outcome = orderOf(decode(text))
  assert.deepEqual(outcome.value, { orderNo: 'A-1', lines: [{ price: '12.50', quantity: 2 }] })
})

test('an empty body is dead', () => assertRefused(decode(''), 'dead', 'MSG-empty'))

test('a truncated body is dead', () => assertRefused(decode('{"orderNo":"A-1","lines":[{"pri'), 'dead', 'MSG-json'))

test('what is not JSON is dead, and so is JSON with anything behind it', () => {
  for (const text of ['hello', '<order/>', '{"a":1}{"b":2}', "{'a':1}", '{"a":01}', '{"a":NaN}', '{"a":.5}', '[1,]']) {
    assertRefused(decode(text), 'dead', 'MSG-json')
  }
})

test('a compressed body that claims to be JSON is dead', () => {
  assertRefused(decodeOrder(gzipSync('{"orderNo":"A-1"}')), 'dead', 'MSG-utf8')
})

test('bytes that are no UTF-8 and halves of characters are dead', () => {
  assertRefused(decodeOrder(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), 'dead', 'MSG-utf8')
  assertRefused(decodeOrder(Buffer.from('{"名":"值"}', 'utf16le')), 'dead', 'MSG-json')
  assertRefused(decode('{"name":"\\ud83d"}'), 'dead', 'MSG-utf8')
  assert.deepEqual(orderOf(decode('{"name":"\\ud83d\\ude00 \\u4e2d"}')).value, { name: '😀 中' })
})

test('a body of more than 4 MB is dead, one of exactly 4 MB is read', () => {
  const bytesMax = 4 * 1024 * 1024
  const frame = '{"note":""}'.length
  const exact = `{"note":"${'x'.repeat(bytesMax - frame)}"}`
  assert.equal(orderOf(decode(exact)).kind, 'order')
  assertRefused(decode(`${exact} `), 'dead', 'MSG-size')
})

test('32 levels are read, 33 are dead, and a bomb of brackets is refused before it is parsed', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  assert.equal(orderOf(decode(nested(32))).kind, 'order')
  assertRefused(decode(nested(33)), 'dead', 'MSG-depth')
  assertRefused(decode('{"a":'.repeat(500_000)), 'dead', 'MSG-depth')
  assert.equal(orderOf(decode(`{"note":"${'['.repeat(100)}"}`)).kind, 'order', 'brackets in a text are text')
})

test('a bomb of keys or items is dead', () => {
  const keys = Array.from({ length: 250_001 }, (_, index) => `"k${index}":1`).join(',')
  assertRefused(decode(`{${keys}}`), 'dead', 'MSG-count')
  assertRefused(decode(`[${'0,'.repeat(250_000)}0]`), 'dead', 'MSG-count')
  assertRefused(decode(`[${'[],'.repeat(200_000)}0]`), 'dead', 'MSG-count')
})

test('a key that appears twice in one object is rejected with its place', () => {
  assertRefused(decode('{"orderNo":"A-1","orderNo":"A-2"}'), 'rejected', 'MSG-duplicate-key', '/orderNo')
  assertRefused(decode('{"a":{"x":1},"lines":[{"b":1},{"p":1,"p":1}]}'), 'rejected', 'MSG-duplicate-key', '/lines/1/p')
  assertRefused(decode('{"p\\u0061id":true,"paid":false}'), 'rejected', 'MSG-duplicate-key', '/paid')
  assertRefused(decode('{"no":12345678901234567890,"no":1}'), 'rejected', 'MSG-duplicate-key', '/no')
  assert.equal(
    orderOf(decode('{"a":{"x":1},"b":{"x":1}}')).kind,
    'order',
    'the same key in two objects is no duplicate',
  )
})

test('keys that reach a prototype are rejected with their place and change nothing', () => {
  assertRefused(decode('{"__proto__":{"isAdmin":true}}'), 'rejected', 'MSG-key', '/__proto__')
  assertRefused(decode('{"a":[{"constructor":{"prototype":1}}]}'), 'rejected', 'MSG-key', '/a/0/constructor')
  assertRefused(decode('{"no":12345678901234567890,"\\u005f_proto__":1}'), 'rejected', 'MSG-key', '/__proto__')
  assert.equal(Object.hasOwn(Object.prototype, 'isAdmin'), false)
})

test('a 20-digit number and a float artefact stay exact', () => {
  const { value } = orderOf(decode('{"id":49999999999999999993,"price":12.340000000000000001,"small":0.0000001,"n":7}'))
  assert.deepEqual(value, {
    id: Decimal.of('49999999999999999993'),
    price: Decimal.of('12.340000000000000001'),
    small: Decimal.of('0.0000001'),
    n: 7,
  })
})

test('a number with an exponent or without end is kept as it was written', () => {
  const digits = '9'.repeat(80)
  const { value } = orderOf(decode(`{"a":1e3,"b":1E-400,"c":${digits}}`))
  assert.deepEqual(value, { a: new NumberText('1e3'), b: new NumberText('1E-400'), c: new NumberText(digits) })
})

test('a byte order mark is not part of the message', () => {
  assert.deepEqual(orderOf(decode('\ufeff{"a":1}')).value, { a: 1 })
})

test('order of keys, white space, escapes and the writing of numbers do not make other content', () => {
  const same = [
    '{"a":1,"b":[1.5,true,null],"c":"中"}',
    ' { "c" : "\\u4e2d", "b" : [ 1.50, true, null ], "a" : 1.0 } ',
    '{"b":[1.50000000000000000000,true,null],"a":10e-1,"c":"中"}',
  ]
  assert.equal(new Set(same.map((text) => canonical(text))).size, 1)
  const big = ['{"n":1000000000000000000000}', '{"n":1e21}', '{"n":1.0e+21}']
  assert.equal(new Set(big.map((text) => canonical(text))).size, 1)
  assert.equal(canonical('[0]'), canonical('[-0]'))
})

test('other values, other types and another order of items are other content', () => {
  const different = [
    ...[
      '{"a":1}',
      '{"a":"1"}',
      '{"a":true}',
      '{"a":"true"}',
      '{"a":null}',
      '{}',
      '{"a":[]}',
      '{"a":{}}',
      '{"a":["1"]}',
    ],
    ...['{"a":[1,2]}', '{"a":[2,1]}', '{"a":[[1],2]}', '{"a":[1,[2]]}', '{"b":1}', '{"a":"1;1:b2;"}', '{"a":1,"b":2}'],
    ...['{"a":12345678901234567890}', '{"a":12345678901234567891}', '{"a":1e-400}', '{"a":0}', '{"a":2e-400}'],
  ]
  assert.equal(new Set(different.map((text) => canonical(text))).size, different.length)
})

test('any bytes end as an order or a fault, never as an exception', () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.json().map(Buffer.from), fc.string().map(Buffer.from))
  fc.assert(
    fc.property(bytes, (body) => {
      const outcome = decodeOrder(Buffer.from(body))
      assert.ok(outcome.kind === 'order' || outcome.fault.code.startsWith('MSG-'))
    }),
    { seed: SEED, numRuns: 3_000 },
  )
})

test('any JSON value is read unchanged, and is the same content after its keys were turned round', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = JSON.stringify(value)
      const outcome = decode(text)
      if (outcome.kind === 'fault') return assert.ok(['MSG-key', 'MSG-utf8'].includes(outcome.fault.code))
      if (!/\d[eE.]|\d{15}/.test(text)) assert.deepEqual(outcome.value, JSON.parse(text))
      assert.equal(canonical(JSON.stringify(turnRound(value))), canonical(text))
    }),
    { seed: SEED, numRuns: 2_000 },
  )
})

function turnRound(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turnRound)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, turnRound(member)]),
  )
}
