import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../kernel/refusal.js'
import { requirePassword } from './password.js'

const isRefused = (error: unknown) =>
  error instanceof Refusal && error.code === 'ACC-password' && error.kind === 'invalid'

test('a long password of any characters is taken', () => {
  for (const password of [
    'correct horse battery',
    '开票系统的管理员用的一句话',
    'x7#kQ-92mLp!',
    'a'.repeat(5) + 'bcdefghij'.repeat(13),
  ]) {
    requirePassword(password, 'clerk')
  }
})

test('lengths are counted in characters, 12 and 128 are taken, 11 and 129 are not', () => {
  const of = (length: number) => '甲乙丙丁戊己庚辛壬癸'.repeat(13).slice(0, length)
  for (const length of [12, 128]) requirePassword(of(length), 'clerk')
  for (const length of [0, 11, 129]) assert.throws(() => requirePassword(of(length), 'clerk'), isRefused)
})

test('what everybody tries first is refused, and so is the login', () => {
  const common = [
    'password1234',
    'Password!2026',
    'passwordpassword',
    'qwertyuiop12',
    '123456789012',
    'aaaaaaaaaaaa',
    'abababababab',
    'Admin@123456',
    'leqi-connector-1',
  ]
  for (const password of common) assert.throws(() => requirePassword(password, 'clerk'), isRefused, password)
  assert.throws(() => requirePassword('my-Wang.Wei-2026', 'wang.wei'), isRefused)
})

test('a refusal never repeats the password', () => {
  assert.throws(
    () => requirePassword('hunter2', 'clerk'),
    (error: Error) => !JSON.stringify([error.message, error]).includes('hunter2'),
  )
})
