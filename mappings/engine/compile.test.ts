import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EXAMPLE, withLines } from '../testing/example-mapping.js'
import { compileMapping } from './compile.js'
import type { MappingFault } from './faults.js'

const SEED = 20_261_122

/** Faults of a mapping that must not compile. */
function faultsOf(text: string): readonly MappingFault[] {
  const outcome = compileMapping(text)
  assert.ok(!outcome.ok, 'the mapping compiles')
  for (const fault of outcome.faults) {
    assert.match(fault.code, /^MAP-[a-z]+$/)
    assert.ok(fault.line >= 1 && fault.column >= 1 && fault.message !== '' && fault.messageEn !== '')
    assert.deepEqual([fault.cure, fault.parkCause], ['administrator', 'mapping_fault'])
  }
  return outcome.faults
}

/** Code and place of the only fault of the example mapping with these lines put in. */
function faultOf(...lines: string[]): { code: string; path: string; at: string; en: string } {
  const faults = faultsOf(withLines(...lines))
  assert.equal(faults.length, 1, JSON.stringify(faults, null, 1))
  const [fault] = faults
  assert.ok(fault)
  return { code: fault.code, path: fault.path, at: `${fault.line}:${fault.column}`, en: fault.messageEn }
}

function assertFault(line: string, code: string, column?: number): void {
  const fault = faultOf(line)
  assert.equal(fault.code, code, `${line}: ${fault.en}`)
  if (column !== undefined) assert.equal(fault.at, `${EXAMPLE.split('\n').length}:${column}`, line)
}

test('the example compiles and knows its business type and version', () => {
  const outcome = compileMapping(EXAMPLE)
  assert.ok(outcome.ok, JSON.stringify(outcome))
  assert.deepEqual([outcome.mapping.businessType, outcome.mapping.version], ['example', 3])
})

test('broken YAML, duplicate keys, anchors and tags are refused where they stand', () => {
  assert.deepEqual(
    faultsOf('businessType: a\nlines: [\n').map(({ code, line }) => [code, line]),
    [['MAP-yaml', 3]],
  )
  const [duplicate] = faultsOf(`${EXAMPLE}currency: USD\n`)
  assert.deepEqual([duplicate?.code, duplicate?.line], ['MAP-yaml', EXAMPLE.split('\n').length])
  assert.deepEqual(
    faultsOf('a: &x 1\nb: *x\n').map(({ code, path, line, column }) => [code, path, line, column]),
    [['MAP-yaml', '/b', 2, 4]],
  )
  assert.equal(faultsOf('a: !!js/function "x"\n')[0]?.code, 'MAP-yaml')
  assert.equal(faultsOf('')[0]?.code, 'MAP-schema')
})

test('a bomb of brackets and an endless text are refused, not parsed to death', () => {
  assert.equal(faultsOf('['.repeat(100_000))[0]?.code, 'MAP-yaml')
  assert.equal(faultsOf('- '.repeat(100_000))[0]?.code, 'MAP-yaml')
  assert.equal(faultsOf(`# ${'x'.repeat(300_000)}`)[0]?.code, 'MAP-size')
})

test('unknown fields, missing fields and values of the wrong kind are all told, each at its place', () => {
  const text = withLines('colour: red', 'buyer: [1]', 'payments:', '  - chanel: "001"').replace('version: 3\n', '')
  const found = faultsOf(text).map(({ path, messageEn }) => `${path} ${messageEn}`)
  assert.ok(found.includes(' version is missing'), found.join('\n'))
  assert.ok(found.includes('/colour unknown field colour'), found.join('\n'))
  assert.ok(found.includes('/buyer must be object'), found.join('\n'))
  assert.ok(found.includes('/payments/0/chanel unknown field chanel'), found.join('\n'))
})

test('twenty unknown fields are twenty faults', () => {
  const unknown = Array.from({ length: 20 }, (_, index) => `unknown${index}: 1`)
  assert.equal(faultsOf(withLines(...unknown)).length, 20)
})

test('tables have plain names and texts as entries', () => {
  const tabled = (line: string) =>
    faultsOf(EXAMPLE.replace('  channels:', `  ${line}\n  channels:`)).map(({ path }) => path)
  assert.deepEqual(tabled('"bad name": null'), ['/tables/bad name'])
  assert.deepEqual(tabled('good: null'), ['/tables/good'])
  assert.deepEqual(tabled('good: {a: [1]}'), ['/tables/good/a'])
  assert.deepEqual(tabled('good: {a: true}'), ['/tables/good/a'])
})

test('a mapping without a readable order number or without lines is refused', () => {
  assert.deepEqual(
    faultsOf(EXAMPLE.replace('orderNo: = order.no\n', '')).map(({ code }) => code),
    ['MAP-required'],
  )
  assert.equal(faultsOf(EXAMPLE.replace(/lines:[\s\S]*$/, ''))[0]?.code, 'MAP-schema')
  assert.equal(faultOf('payments:', '  - channel: "009"').code, 'MAP-required')
})

test('the shape of an order is checked: unknown types, empty objects, doubled and forbidden names', () => {
  const shaped = (line: string) => faultsOf(EXAMPLE.replace('  no: id\n', `  no: id\n  ${line}\n`))[0]
  for (const line of [
    'x: number',
    'x: {}',
    'x: []',
    'x: [string, string]',
    'x: [[string]]',
    'x: null',
    'no?: string',
  ]) {
    assert.equal(shaped(line)?.code, 'MAP-shape', line)
  }
  assert.equal(shaped('constructor: string')?.code, 'MAP-shape')
  assert.equal(shaped('__proto__: string')?.code, 'MAP-shape')
  assert.equal(shaped('x: number')?.path, '/order/x')
})

test('constants must fit their field', () => {
  assertFault('letter: green', 'MAP-constant', 9)
  assertFault('expectedGross: 12.345', 'MAP-constant', 16)
  assertFault('expectedGross: 1e3', 'MAP-constant')
  assertFault('remark: true', 'MAP-constant')
  assertFault('pricesIncludeTax: "yes"', 'MAP-constant')
  assertFault('remark: "   "', 'MAP-constant')
})

test('syntax errors name their column', () => {
  assertFault('remark: = order.note +', 'MAP-syntax')
  assertFault('remark: = order..note', 'MAP-syntax', 17)
  assertFault('remark: "= order.note ]"', 'MAP-syntax')
  assertFault('remark: = ', 'MAP-syntax')
  assertFault("remark: '= 1.5e3'", 'MAP-forbidden', 12)
})

test('unknown names are refused: fields, variables, functions, tables', () => {
  assertFault('remark: = order.nte', 'MAP-name', 17)
  assertFault('remark: = or(order.buyer.nmae, "x")', 'MAP-name')
  assertFault('remark: = order.buyer.nmae', 'MAP-name')
  assertFault('pricesIncludeTax: = given(order.buyer.nmae)', 'MAP-name')
  assertFault('remark: = line.title', 'MAP-name', 11)
  assertFault('remark: = process.env', 'MAP-name', 11)
  assertFault('remark: = type', 'MAP-name')
  assertFault('remark: = launch("x")', 'MAP-forbidden', 11)
  assertFault('remark: = lookup("tbl", order.no)', 'MAP-name', 18)
  assertFault('remark: = lookup(order.no, order.no)', 'MAP-type')
})

test('a value that may be missing cannot be used as if it were there', () => {
  for (const expression of [
    'order.note + "!"',
    'order.note == "x" ? "a" : "b"',
    'order.note.trim()',
    'decimal(order.note)',
  ]) {
    const fault = faultOf(`remark: '= text(${expression})'`)
    assert.equal(fault.code, 'MAP-type', expression)
    assert.match(fault.en, /or\(…\) or given\(…\)/, expression)
  }
  assertFault('remark: = or(order.note, "") + "!"'.replace('"!"', '1'), 'MAP-type')
  assert.ok(compileMapping(withLines('remark: = or(order.note, "") + "!"')).ok)
})

test('a condition that may be missing is no condition', () => {
  const shaped = (line: string) => withLines(...line.split('|')).replace('  paid: boolean', '  paid?: boolean')
  for (const line of [
    'accept:|  - require: = order.paid|    otherwise: x',
    'extras:|  - {where: = order.paid, name: a, type: b, value: c}',
  ]) {
    assert.deepEqual(
      faultsOf(shaped(line)).map(({ code }) => code),
      ['MAP-type'],
    )
    assert.ok(compileMapping(shaped(line.replace('= order.paid', '"= or(order.paid, false)"'))).ok)
  }
})

test('types must fit: text where a number is wanted, a number where a text is wanted, lists nowhere', () => {
  assertFault('expectedGross: = order.no', 'MAP-type')
  assertFault('remark: = order.total', 'MAP-type', 11)
  assertFault('remark: = order.items', 'MAP-type')
  assertFault('pricesIncludeTax: = order.no', 'MAP-type')
  assertFault('remark: = order.total * order.no', 'MAP-type')
  assertFault('remark: = or(order.note, order.total)', 'MAP-type')
  assertFault("remark: '= order.paid ? order.no : order.total'", 'MAP-type')
})

test('what CEL has and this language has not is refused with what to write instead', () => {
  const instead: Record<string, RegExp> = {
    'order.no.matches("(a+)+$")': /contains/,
    'string(order.total)': /text\(x\)/,
    'int(order.no)': /decimal\(x\)/,
    'has(order.note) ? "a" : "b"': /given\(x\)/,
    'order.items.map(i, i.title).join(",")': /join\(list, separator\)/,
    'b"x".json()': /literal/,
    'order.no.json()': /no function json/,
    'timestamp(order.no)': /date\(x\)/,
    'cel.bind(a, order.no, a)': /no function bind|unknown name/,
    'dyn(order.no)': /no function dyn/,
    null: /literal/,
    '1u': /literal/,
    '{"a": 1}': /notation/,
    'order.items[order.no]': /index/,
    'duration("1s")': /no function/,
    'order.no.split("")': /no function split/,
  }
  for (const [expression, hint] of Object.entries(instead)) {
    const fault = faultOf(`remark: |-`, `  = ${expression}`)
    assert.ok(['MAP-forbidden', 'MAP-name'].includes(fault.code), `${expression}: ${fault.code} ${fault.en}`)
    assert.match(fault.en, hint, expression)
  }
})

test('loops are bounded: two levels of walking, lists of the order only', () => {
  const triple = 'order.items.map(a, order.items.map(b, order.items.map(c, c.price)))'
  assertFault(`expectedGross: = sum(${triple}[0][0])`, 'MAP-limit')
  assertFault('pricesIncludeTax: = order.items.all(a, order.items.all(b, b.title in order.tags))', 'MAP-limit')
  assertFault(
    'expectedGross: = sum(order.items.map(a, sum(order.items.map(b, sum(order.items.map(c, c.price))))))',
    'MAP-limit',
  )
  assertFault('pricesIncludeTax: = (order.items + order.items).all(a, a.price > 0)', 'MAP-forbidden')
  assertFault('pricesIncludeTax: = order.items == order.items', 'MAP-forbidden')
  assertFault('pricesIncludeTax: "= (order.paid ? order.items : order.items).all(a, a.price > 0)"', 'MAP-forbidden')
  assert.ok(
    compileMapping(withLines('pricesIncludeTax: = order.items.all(a, order.items.exists(b, a.price >= b.price))')).ok,
  )
})

test('an expression that is too long, too deep or too large is refused', () => {
  assertFault(`remark: = "${'x'.repeat(2_000)}"`, 'MAP-limit')
  assertFault(`expectedGross: = ${'('.repeat(100)}1${')'.repeat(100)}`, 'MAP-limit')
  assertFault(`expectedGross: = ${Array(400).fill('1').join('+')}`, 'MAP-limit')
  assertFault(`expectedGross: = ${'-'.repeat(1_990)}1`, 'MAP-limit')
})

test('iteration variables are names of their own', () => {
  assertFault('pricesIncludeTax: = order.items.all(order, true)', 'MAP-name')
  assertFault('pricesIncludeTax: = order.items.all(a, order.items.all(a, true))', 'MAP-name')
  assertFault('pricesIncludeTax: = order.items.all(order.no, true)', 'MAP-syntax')
})

test('forEach names a list of the order and nothing else', () => {
  for (const list of ['order.no', 'order.items.filter(i, true)', 'first(order.items)', 'line.parts']) {
    const [fault] = faultsOf(EXAMPLE.replace('forEach: = order.items', `forEach: = ${list}`))
    assert.ok(['MAP-list', 'MAP-name'].includes(fault?.code ?? ''), list)
  }
  assert.equal(faultsOf(EXAMPLE.replace('forEach: = order.items', 'forEach: items'))[0]?.code, 'MAP-list')
})

test('all faulty expressions of a mapping are told, in the order of the text', () => {
  const faults = faultsOf(withLines('remark: = order.x', 'drawer: = order.y', 'buyer:', '  name: = order.z'))
  assert.deepEqual(
    faults.map(({ path }) => path),
    ['/remark', '/drawer', '/buyer/name'],
  )
})

test('the place of a fault is exact in quoted texts and literal blocks', () => {
  const lineNo = EXAMPLE.split('\n').length
  assert.equal(faultOf('remark: "= or(order.note, order.bad)"').at, `${lineNo}:33`)
  assert.equal(faultOf('remark: |', '    = or(order.note,', '         order.bad)').at, `${lineNo + 2}:16`)
})

test('any text compiles or is refused with places, never with an exception', () => {
  const piece = fc.constantFrom(
    ...[
      'order',
      'line',
      '.items',
      '.no',
      '.note',
      '(',
      ')',
      '[',
      ']',
      '0',
      '1.5',
      '"x"',
      ' + ',
      ' == ',
      ' ? ',
      ' : ',
      ',',
    ],
    ...[
      'or',
      'sum',
      'first',
      'when',
      'given',
      'lookup',
      '.map(i, ',
      '.filter(i, ',
      'i.price',
      'true',
      'null',
      '-',
      '!',
      ' in ',
    ],
    ...['.round(2)', '\u0000', '\n', "'", '\\', '/', '#', '{', '}', '&', '*', '|', '`', '数'],
  )
  const expression = fc.array(piece, { maxLength: 12 }).map((pieces) => `remark: "= ${pieces.join('')}"`)
  const anything = fc.oneof(
    expression.map((line) => withLines(line)),
    fc.string({ maxLength: 200 }),
    fc.array(piece).map((p) => p.join('')),
  )
  fc.assert(
    fc.property(anything, (text) => {
      const outcome = compileMapping(text)
      assert.ok(outcome.ok || outcome.faults.length > 0)
    }),
    { seed: SEED, numRuns: 200 },
  )
})

test('the same text always compiles to the same explanation', () => {
  const explain = () => {
    const outcome = compileMapping(EXAMPLE)
    return outcome.ok ? outcome.mapping.explain() : null
  }
  assert.deepEqual(explain(), explain())
})
