import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../connector/kernel/secret.js'
import { makeSealer, SealError } from './sealing.js'

const KEY = new Secret(Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 37) % 256)).toString('base64'))
const OTHER_KEY = new Secret(
  Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 41) % 256)).toString('base64'),
)
const PLACE = { unit: '0190f3c2-0000-7000-8000-000000000001', field: 'apiKey' }
const API_KEY = new Secret('0123456789abcdeffedcba9876543210')

function isSealError(code: SealError['code']) {
  return (error: unknown) => error instanceof SealError && error.code === code && error.messageEn !== ''
}

test('what was sealed opens again in its place, under its key', () => {
  const sealer = makeSealer(KEY)
  const sealed = sealer.seal(API_KEY, PLACE)

  assert.match(sealed, new RegExp(`^v1\\.${sealer.keyId}\\.[\\w-]{16}\\.[\\w-]+$`))
  assert.ok(!sealed.includes(API_KEY.reveal()))
  assert.equal(sealer.open(sealed, PLACE).reveal(), API_KEY.reveal())
  assert.equal(sealer.open(sealer.seal(new Secret('密钥'), PLACE), PLACE).reveal(), '密钥')
})

test('two seals of one secret differ, their fingerprints agree', () => {
  const sealer = makeSealer(KEY)

  assert.notEqual(sealer.seal(API_KEY, PLACE), sealer.seal(API_KEY, PLACE))
  assert.equal(sealer.fingerprint(API_KEY, PLACE), sealer.fingerprint(new Secret(API_KEY.reveal()), PLACE))
  assert.notEqual(sealer.fingerprint(API_KEY, PLACE), sealer.fingerprint(new Secret('another'), PLACE))
  assert.notEqual(sealer.fingerprint(API_KEY, PLACE), sealer.fingerprint(API_KEY, { ...PLACE, unit: 'another' }))
  assert.notEqual(sealer.fingerprint(API_KEY, PLACE), makeSealer(OTHER_KEY).fingerprint(API_KEY, PLACE))
})

test('another master key opens nothing and says so', () => {
  const sealed = makeSealer(KEY).seal(API_KEY, PLACE)

  assert.throws(() => makeSealer(OTHER_KEY).open(sealed, PLACE), isSealError('SEC-other-key'))
})

test('a sealed text moved to another unit or field does not open', () => {
  const sealer = makeSealer(KEY)
  const sealed = sealer.seal(API_KEY, PLACE)

  assert.throws(() => sealer.open(sealed, { ...PLACE, unit: 'another' }), isSealError('SEC-changed'))
  assert.throws(() => sealer.open(sealed, { ...PLACE, field: 'callbackSecret' }), isSealError('SEC-changed'))
})

test('no bit of a sealed text can be changed unnoticed', () => {
  const sealer = makeSealer(KEY)
  const parts = sealer.seal(API_KEY, PLACE).split('.')
  const body = Buffer.from(parts[3] ?? '', 'base64url')
  for (let index = 0; index < body.length; index += 1) {
    const changed = Buffer.from(body)
    changed[index] = (changed[index] ?? 0) ^ 1
    const text = [...parts.slice(0, 3), changed.toString('base64url')].join('.')
    assert.throws(() => sealer.open(text, PLACE), isSealError('SEC-changed'))
  }
})

test('a text that was never sealed is refused by its form', () => {
  const sealer = makeSealer(KEY)
  for (const text of [
    '',
    'v1',
    `v2.${sealer.keyId}.AAAAAAAAAAAAAAAA.AAAA`,
    `v1.${sealer.keyId}.AAAA.AAAA`,
    'a.b.c.d.e',
  ]) {
    assert.throws(() => sealer.open(text, PLACE), isSealError('SEC-form'))
  }
})

test('the check value belongs to one master key and one deployment', () => {
  const sealer = makeSealer(KEY)
  const checkValue = sealer.checkValue('deployment-1')

  assert.ok(sealer.isOwnCheckValue(checkValue, 'deployment-1'))
  assert.ok(!sealer.isOwnCheckValue(checkValue, 'deployment-2'))
  assert.ok(!makeSealer(OTHER_KEY).isOwnCheckValue(checkValue, 'deployment-1'))
  assert.ok(!sealer.isOwnCheckValue('', 'deployment-1'))
})

test('no error about a seal holds the secret, the key or the sealed text', () => {
  const sealer = makeSealer(KEY)
  const sealed = sealer.seal(API_KEY, PLACE)
  try {
    makeSealer(OTHER_KEY).open(sealed, PLACE)
    assert.fail('it opened')
  } catch (error) {
    assert.ok(error instanceof SealError)
    const told = `${error.stack} ${error.messageEn}`
    for (const secret of [API_KEY.reveal(), KEY.reveal(), sealed]) assert.ok(!told.includes(secret))
  }
})

test('a master key of another length is refused', () => {
  assert.throws(() => makeSealer(new Secret(Buffer.alloc(16, 1).toString('base64'))), RangeError)
})
