/**
 * Fuzz: whatever text is given as a mapping, the compiler refuses it with places or makes of it something that ends on
 * every order; nothing it can be told makes it crash, hang or reach beyond the order.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeOrder } from '../../connector/order/decode.js'
import { fuzzRun, mutatedText, mutatedValue } from '../../connector/testing/fuzz.js'
import { EXAMPLE, ORDER, withLines } from '../testing/example-mapping.js'
import { type CompiledMapping, compileMapping } from './compile.js'

const DEFINITIONS = resolve(import.meta.dirname, '../definitions')
const PIECES = [
  ...['order', 'line', '.items', '.no', '.note', '.extra', '.tags', '.total', '.buyer', '.price', '.title', '[0]'],
  ...[
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ',',
    ' ? ',
    ' : ',
    ' + ',
    ' - ',
    ' * ',
    ' / ',
    ' % ',
    ' == ',
    ' < ',
    ' && ',
    ' in ',
  ],
  ...['or(', 'sum(', 'first(', 'when(', 'given(', 'lookup(', 'decimal(', 'date(', 'size(', 'has(', 'string(', 'int('],
  ...['.map(i, ', '.filter(i, ', '.exists(i, ', '.all(i, ', '.round(2)', '.matches(', '.contains(', '.split('],
  ...[
    '.constructor',
    '.__proto__',
    '.toString()',
    'process',
    'globalThis',
    'require("fs")',
    'timestamp("',
    'duration("',
  ],
  ...['i', 'i.price', 'true', 'null', '0', '1', '1.5', '1e9', '"x"', '"a*"', '!', '-', '\u0000', "'", '\\', '#', '数'],
]

const definitions = readdirSync(DEFINITIONS).map((code) => ({
  text: readFileSync(join(DEFINITIONS, code, 'mapping.yaml'), 'utf8'),
  orders: readdirSync(join(DEFINITIONS, code, 'examples'))
    .filter((file) => file.endsWith('.order.json'))
    .map((file) => decode(readFileSync(join(DEFINITIONS, code, 'examples', file)))),
}))

test('any expression in any field compiles to something that ends on an order, or is refused with places', () => {
  const expression = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 12 }).map((all) => all.join(''))
  const field = fc.constantFrom('remark', 'expectedGross', 'orderDiscount', 'kind', 'accept', 'drawer', 'buyer')
  const text = fc.tuple(field, expression).map(([name, written]) => withLines(`${name}: |-`, `  = ${written}`))
  fc.assert(
    fc.property(text, (mapping) => judge(mapping, [ORDER])),
    fuzzRun(1_300),
  )
})

test('a shipped definition with a few pieces changed compiles to something that ends on its orders, or is refused with places', () => {
  const changed = fc
    .constantFrom(...definitions)
    .chain(({ text, orders }) => mutatedText(fc.constant(text)).map((mapping) => ({ mapping, orders })))
  fc.assert(
    fc.property(changed, ({ mapping, orders }) => judge(mapping, orders)),
    fuzzRun(300),
  )
})

test('any text at all is refused with places', () => {
  const text = fc.oneof(fc.string({ maxLength: 300 }), fc.json(), mutatedText(fc.constant(EXAMPLE)))
  fc.assert(
    fc.property(text, (mapping) => judge(mapping, [ORDER])),
    fuzzRun(1_000),
  )
})

test('a shipped mapping ends on any order: a draft, ignored, or faults with places', () => {
  const mappings = definitions.map(({ text, orders }) => ({ mapping: compile(text), orders }))
  const pair = fc
    .constantFrom(...mappings)
    .chain(({ mapping, orders }) => mutatedValue(fc.constantFrom(...orders)).map((order) => ({ mapping, order })))
  fc.assert(
    fc.property(pair, ({ mapping, order }) => judgeMapping(mapping, order)),
    fuzzRun(1_400),
  )
})

function judge(text: string, orders: readonly unknown[]): void {
  const outcome = compileMapping(text)
  if (outcome.ok) {
    for (const order of orders) judgeMapping(outcome.mapping, order)
    return
  }
  assert.ok(outcome.faults.length > 0)
  for (const { code, line, column, message, messageEn } of outcome.faults) {
    assert.match(code, /^MAP-[a-z]+$/)
    assert.ok(line >= 1 && column >= 1 && message !== '' && messageEn !== '')
  }
}

function judgeMapping(mapping: CompiledMapping, order: unknown): void {
  const outcome = mapping.map(order)
  if (outcome.kind === 'faulty') {
    assert.ok(outcome.faults.length > 0)
    for (const { code, message, messageEn } of outcome.faults)
      assert.ok(code !== '' && message !== '' && messageEn !== '')
  }
  if (outcome.kind === 'draft') {
    assert.ok(outcome.draft.orderNo !== '')
    // Only what JSON and exact decimals can say: no `undefined` of a missing path, no float, no object of the runtime.
    assertPlain(outcome.draft)
  }
}

function assertPlain(value: unknown, path = ''): void {
  assert.ok(value !== undefined, `undefined at ${path}`)
  assert.ok(typeof value !== 'function' && typeof value !== 'symbol', `${typeof value} at ${path}`)
  if (typeof value === 'number') assert.ok(Number.isSafeInteger(value), `${value} at ${path}`)
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) {
    if (key !== 'origins') assertPlain(member, `${path}/${key}`)
  }
}

function compile(text: string): CompiledMapping {
  const outcome = compileMapping(text)
  assert.ok(outcome.ok)
  return outcome.mapping
}

function decode(body: Buffer): unknown {
  const decoded = decodeOrder(body)
  assert.ok(decoded.kind === 'order')
  return decoded.value
}
