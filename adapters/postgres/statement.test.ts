import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { amount } from '../../connector/kernel/amount.js'
import { instant } from '../../connector/kernel/time.js'
import { toClientConfig } from './pool.js'
import { assertSchemaName, auditSchemaOf, signalChannelOf } from './schema-name.js'
import { toJson, toPlainArray } from './statement.js'
import { parseTimestamp } from './type-parsers.js'
import { packTexts } from './wide-texts.js'

test('amounts become yuan texts, and nothing becomes null', () => {
  assert.equal(toJson({ quota: amount('1234.50'), note: null }), '{"quota":"1234.50","note":null}')
  assert.equal(toJson(undefined), 'null')
})

test('what PostgreSQL cannot store in a text is replaced, and nothing else', () => {
  const storable = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'))
  const seed = 20_261_122
  fc.assert(
    fc.property(fc.array(storable), (texts) => {
      assert.deepEqual(JSON.parse(toJson(texts)), texts)
    }),
    { seed },
  )
  assert.deepEqual(JSON.parse(toJson(['\0', 'a\udfffb', '\\u0000', '\\\\ud800', '𠀀'])), [
    '\ufffd',
    'a\ufffdb',
    '\\u0000',
    '\\\\ud800',
    '𠀀',
  ])
})

test('wide texts are found again by their slices', () => {
  const texts = ['发票', '', 'a😀', Buffer.from([0, 255])]
  const { bytes, slices } = packTexts(texts)

  const parts = slices.map(({ at, length }) => bytes.subarray(at - 1, at - 1 + length))
  assert.deepEqual(
    parts,
    texts.map((text) => Buffer.from(text)),
  )
})

test('timestamps are read to the millisecond, in any zone', () => {
  const noon = instant(Date.UTC(2026, 10, 22, 4, 0, 0, 123))

  assert.equal(parseTimestamp('2026-11-22 04:00:00.123+00'), noon)
  assert.equal(parseTimestamp('2026-11-22 12:00:00.123999+08'), noon)
  assert.equal(parseTimestamp('2026-11-22 09:30:00.123+05:30'), noon)
  assert.throws(() => parseTimestamp('infinity'), RangeError)
})

test('array literals hold plain items', () => {
  assert.equal(toPlainArray(['a', 1, 2n]), '{a,1,2}')
})

test('a schema name needs no quotes, and names its audit schema and channel', () => {
  for (const name of ['leqi', '_a1']) assert.equal(assertSchemaName(name), name)
  for (const name of ['', 'Leqi', 'a-b', '1a', 'a;drop', 'pg_a', 'a"b']) {
    assert.throws(() => assertSchemaName(name), RangeError)
  }
  assert.deepEqual([auditSchemaOf('leqi'), auditSchemaOf('shop')], ['audit', 'shop_audit'])
  assert.equal(signalChannelOf('shop'), 'shop_work')
})

test('every connection names its schema and its limits; options of the address come before ours', () => {
  const config = toClientConfig({
    url: 'postgres://u@h/db?options=-c%20work_mem%3D8MB&sslmode=verify-full',
    schema: 'shop',
    applicationName: 'leqi-connector',
  })

  assert.equal(config.connectionString, 'postgres://u@h/db?sslmode=verify-full')
  assert.match(config.options, /^-c work_mem=8MB -c search_path=shop -c timezone=UTC /)
  assert.ok(config.query_timeout > config.statement_timeout)
})
