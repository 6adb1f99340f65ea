import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal as Reference } from 'decimal.js'
import fc from 'fast-check'
import { Decimal, divideHalfUp, pow10 } from './decimal.js'

/** One seed for all properties: fast-check prints it with the counterexample. */
const RUNS = { seed: 20_261_122, numRuns: 20_000 }

/** An independent calculator, precise enough never to round where we do not. */
const Calculator = Reference.clone({ precision: 400, rounding: Reference.ROUND_HALF_UP, toExpNeg: -400, toExpPos: 400 })

const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 28n), max: 10n ** 28n }), fc.integer({ min: 0, max: 26 }))
  .map(([value, scale]) => new Decimal(value, scale))

test('reads plain decimals and keeps every digit', () => {
  for (const text of ['0', '-1', '12345678901234567890.12345', '0.0000000001', '-0.5']) {
    assert.equal(Decimal.parse(text)?.toString(), text)
  }
})

test('refuses everything that is not a plain decimal', () => {
  const refused = [
    '',
    ' 1',
    '1 ',
    '+1',
    '.5',
    '5.',
    '1e3',
    '1,000',
    '１２',
    'NaN',
    '0x10',
    '--1',
    '1.2.3',
    '9'.repeat(63),
  ]
  for (const text of refused) assert.equal(Decimal.parse(text), null, text)
  assert.throws(() => Decimal.of('1e3'), RangeError)
  assert.throws(() => Decimal.of(1e21), RangeError)
})

test('reads exactly what the grammar says, short and long', () => {
  const texts = fc.string({ unit: fc.constantFrom('-', '.', ...'00112345678999'), maxLength: 24 })
  fc.assert(
    fc.property(texts, (text) => {
      const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)
      const read = Decimal.parse(text)
      assert.equal(read === null, match === null)
      if (match === null || read === null) return
      const [, sign, whole, fraction = ''] = match
      assert.equal(read.value, BigInt(`${sign}${whole}${fraction}`))
      assert.equal(read.scale, fraction.length)
    }),
    RUNS,
  )
})

test('prints the shortest form whatever the scale', () => {
  assert.equal(new Decimal(1500n, 3).toString(), '1.5')
  assert.equal(new Decimal(-1500n, 2).toString(), '-15')
  assert.equal(new Decimal(0n, 5).toString(), '0')
  assert.equal(Decimal.of('-0.00').toString(), '0')
  assert.equal(JSON.stringify({ rate: Decimal.of('0.130') }), '{"rate":"0.13"}')
})

test('prints a fixed number of decimals and rounds to it', () => {
  assert.equal(Decimal.of('1.005').toFixed(2), '1.01')
  assert.equal(Decimal.of('-1.005').toFixed(2), '-1.01')
  assert.equal(Decimal.of('-0.004').toFixed(2), '0.00')
  assert.equal(Decimal.of('7').toFixed(2), '7.00')
  assert.equal(Decimal.of('2.5').toFixed(0), '3')
})

test('rounds half away from zero, alike on both sides of it', () => {
  for (const [numerator, expected] of [
    [5n, 1n],
    [4n, 0n],
    [15n, 2n],
    [25n, 3n],
    [-5n, -1n],
    [-4n, 0n],
    [-15n, -2n],
  ] as const) {
    assert.equal(divideHalfUp(numerator, 10n), expected)
    assert.equal(divideHalfUp(-numerator, -10n), expected)
  }
})

test('refuses to divide by zero and to lose digits unasked', () => {
  assert.throws(() => Decimal.ONE.dividedBy(Decimal.of('0.00'), 2), RangeError)
  assert.throws(() => Decimal.of('1.25').at(1), RangeError)
})

test('tells how many decimals a number really has', () => {
  assert.equal(Decimal.of('1.500').decimalCount, 1)
  assert.equal(Decimal.of('100').decimalCount, 0)
})

test('knows powers of ten beyond its table', () => {
  assert.equal(pow10(0), 1n)
  assert.equal(pow10(100), 10n ** 100n)
})

test('reads back what it prints', () => {
  fc.assert(
    fc.property(decimals, (number) => {
      const printed = number.toString()
      const read = Decimal.of(printed)
      assert.ok(read.equals(number))
      assert.equal(read.toString(), printed)
    }),
    RUNS,
  )
})

test('adds, subtracts and multiplies like an independent calculator', () => {
  fc.assert(
    fc.property(decimals, decimals, (a, b) => {
      const [x, y] = [new Calculator(a.toString()), new Calculator(b.toString())]
      assert.equal(a.plus(b).toString(), x.plus(y).toString())
      assert.equal(a.minus(b).toString(), x.minus(y).toString())
      assert.equal(a.times(b).toString(), x.times(y).toString())
      assert.equal(a.compare(b), x.cmp(y))
    }),
    RUNS,
  )
})

test('divides and rounds like an independent calculator', () => {
  fc.assert(
    fc.property(decimals, decimals, fc.integer({ min: 0, max: 20 }), (a, b, places) => {
      fc.pre(!b.isZero)
      const [x, y] = [new Calculator(a.toString()), new Calculator(b.toString())]
      assert.equal(a.round(places).toFixed(places), unsigned(x.toFixed(places)))
      assert.equal(a.dividedBy(b, places).toFixed(places), unsigned(x.div(y).toFixed(places)))
    }),
    RUNS,
  )
})

test('compares by value, not by scale', () => {
  fc.assert(
    fc.property(decimals, fc.integer({ min: 0, max: 10 }), (number, more) => {
      const same = new Decimal(number.at(number.scale + more), number.scale + more)
      assert.ok(same.equals(number))
      assert.equal(same.toString(), number.toString())
      assert.ok(number.negated().abs().equals(number.abs()))
      assert.equal(number.isNegative, number.compare(Decimal.ZERO) < 0)
      assert.equal(number.isPositive, number.compare(Decimal.ZERO) > 0)
    }),
    RUNS,
  )
})

/** The calculator knows a negative zero; we do not. */
function unsigned(text: string): string {
  return /^-0(\.0*)?$/.test(text) ? text.slice(1) : text
}
