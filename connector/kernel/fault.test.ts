import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pointerToken, toPublicFault } from './fault.js'

test('escapes what a JSON Pointer token must not hold', () => {
  assert.equal(pointerToken('a/b~c'), 'a~1b~0c')
  assert.equal(pointerToken(3), '3')
})

test('who can cure a fault stays in the house', () => {
  const said = { code: 'INV-total', path: '/lines', message: '合计必须大于零', messageEn: 'the total must be positive' }
  assert.deepEqual(toPublicFault({ ...said, cure: 'administrator', parkCause: 'manual_hold' }), said)
})
