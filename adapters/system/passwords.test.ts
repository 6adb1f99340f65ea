import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makePasswordHasher } from './passwords.js'
import { randomTokens } from './tokens.js'

test('a password is known again, another is not, and two hashes of one differ', async () => {
  const hasher = makePasswordHasher()
  const [one, two] = [await hasher.hash('开票 correct horse'), await hasher.hash('开票 correct horse')]
  assert.notEqual(one, two)
  assert.match(one, /^scrypt\$15\$8\$1\$/)
  assert.ok(await hasher.verify('开票 correct horse', one))
  assert.equal(await hasher.verify('开票 correct hors', one), false)
})

test('nobody’s password is wrong, and so is every password for a hash that is none', async () => {
  const hasher = makePasswordHasher()
  for (const hash of [null, '', 'plain', 'scrypt$15$8$1$short$short'])
    assert.equal(await hasher.verify('x', hash), false)
})

test('composed and decomposed characters are one password', async () => {
  const hasher = makePasswordHasher()
  assert.ok(await hasher.verify('cafe\u0301 au lait', await hasher.hash('caf\u00e9 au lait')))
})

test('tokens differ, are printable, and their hashes do not tell them', () => {
  const [one, two] = [randomTokens.token('lqa_'), randomTokens.token('lqa_')]
  assert.notEqual(one, two)
  assert.match(one, /^lqa_[\w-]{43}$/)
  assert.match(randomTokens.hash(one), /^[0-9a-f]{64}$/)
  assert.deepEqual(
    [randomTokens.isSame(one, one), randomTokens.isSame(one, two), randomTokens.isSame(one, 'x')],
    [true, false, false],
  )
})
