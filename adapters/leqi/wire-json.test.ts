import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseWireJson } from './wire-json.js'

test('keeps every digit of a long number sent as a JSON number', () => {
  assert.deepEqual(parseWireJson('{"fphm":26317000000000000001,"je": -123456789012345678.99,"n":1.50,"t":"1"}'), {
    fphm: '26317000000000000001',
    je: '-123456789012345678.99',
    n: 1.5,
    t: '1',
  })
  assert.deepEqual(parseWireJson('[1,26317000000000000001]'), [1, '26317000000000000001'])
})

test('reads ordinary documents as JSON.parse does', () => {
  const text = '{"a":[1,"26317000000000000001",null,true],"__proto__":{"returncode":"00"}}'
  assert.deepEqual(parseWireJson(text), JSON.parse(text))
})

test('a __proto__ key lends nothing, on either way of reading', () => {
  for (const number of ['1', '26317000000000000001']) {
    const value = parseWireJson(`{"n": ${number},"__proto__":{"returncode":"00"}}`)
    assert.equal(Object.getPrototypeOf(value), Object.prototype)
  }
})

test('what is no JSON is undefined', () => {
  const nested = `${'['.repeat(200_000)}1234567890123456789${']'.repeat(200_000)}`
  for (const text of ['', '<html>', '{"a":', '{"n":26317000000000000001', nested]) {
    assert.equal(parseWireJson(text), undefined)
  }
})
