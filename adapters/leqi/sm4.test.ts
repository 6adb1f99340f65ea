import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../connector/kernel/secret.js'
import { chooseSm4Engine, makeSm4, type Sm4 } from './sm4.js'

const KEY = '0123456789abcdeffedcba9876543210'

/** Published with the bureau's wire description (protocol 2.3). */
const VECTORS: readonly (readonly [plain: string, base64: string])[] = [
  ['{}', 'YTY3o8tVQ6g96gvkwx7LGg=='],
  ['{"nsrsbh":"91110000TEST000001"}', 'PqMQ7vtTY8XA02/XhKJpZ+MfsTotBlL9H+ZkrPArofo='],
  [
    '{"returncode":"00","returnmsg":"成功","sllsh":"0123456789abcdef0123456789abcdef"}',
    'pjJcxQs6RaLuqi8Uea4mkizork/J0TEZIwfNUmPkThHXg+I3IsweLEmmKVMPrEtNFpMOGaINWL/RnkBcGFvrYI8M6GqB8gKaXY7LWBpgiaLFGyiH647eIC73JczkiYet',
  ],
]

function sm4Of(ciphers: readonly string[], key = KEY): Sm4 {
  const sm4 = makeSm4(chooseSm4Engine(ciphers), new Secret(key))
  assert.ok(sm4)
  return sm4
}

for (const ciphers of [['sm4-ecb'], []]) {
  const engine = chooseSm4Engine(ciphers).name
  test(`${engine} gives the published ciphertexts and reads them back`, () => {
    const sm4 = sm4Of(ciphers)
    for (const [plain, base64] of VECTORS) {
      assert.equal(sm4.encrypt(plain), base64)
      assert.equal(sm4.decrypt(base64), plain)
    }
  })

  test(`${engine} answers null, never rubbish, to what is no ciphertext`, () => {
    const sm4 = sm4Of(ciphers)
    const damaged = Buffer.from(VECTORS[1]?.[1] ?? '', 'base64')
    damaged[31] = (damaged[31] ?? 0) ^ 1
    const unreadable = ['', 'not base64!', 'YTY3o8tVQ6g96gvkwx7LGg', 'YTY3', 'AAAA====', damaged.toString('base64')]
    for (const text of unreadable) assert.equal(sm4.decrypt(text), null, text)
  })
}

test('takes OpenSSL where it has SM4 and sm-crypto where it has not', () => {
  assert.equal(chooseSm4Engine(['aes-256-gcm', 'sm4-ecb']).name, 'openssl')
  assert.equal(chooseSm4Engine(['aes-256-gcm']).name, 'sm-crypto')
})

test('both engines agree on texts of every length up to five blocks', () => {
  const fast = sm4Of(['sm4-ecb'])
  const slow = sm4Of([])
  for (let length = 0; length <= 80; length += 1) {
    const text = [...'票a𠮷é'.repeat(20)].slice(0, length).join('')
    const base64 = fast.encrypt(text)
    assert.equal(slow.encrypt(text), base64)
    assert.equal(slow.decrypt(base64), text)
    assert.equal(fast.decrypt(base64), text)
  }
})

test('ignores line breaks and blanks inside the base64 text', () => {
  const [plain, base64] = VECTORS[2] ?? ['', '']
  assert.equal(sm4Of(['sm4-ecb']).decrypt(` ${base64.slice(0, 64)}\r\n${base64.slice(64)} \n`), plain)
})

test('a wrong key is noticed by padding or by UTF-8, save for rare luck', () => {
  const wrong = sm4Of(['sm4-ecb'], 'ffffffffffffffffffffffffffffffff')
  assert.deepEqual(
    VECTORS.map(([, base64]) => wrong.decrypt(base64)),
    [null, null, null],
  )
})

test('refuses a key that is not 32 hex characters', () => {
  for (const key of ['', 'abc', 'g'.repeat(32), '0'.repeat(33)]) {
    assert.equal(makeSm4(chooseSm4Engine(), new Secret(key)), null)
  }
})
