import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  amount,
  exactAmount,
  fen,
  formatAmount,
  minus,
  negate,
  parseAmount,
  plus,
  roundToFen,
  sumAmounts,
  toDecimal,
  ZERO,
} from './amount.js'
import { Decimal } from './decimal.js'

const RUNS = { seed: 20_261_122, numRuns: 20_000 }
const amounts = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }).map(fen)

test('reads yuan with up to two decimals as whole fen', () => {
  assert.equal(parseAmount('12.3'), 1230n)
  assert.equal(parseAmount('-0.01'), -1n)
  assert.equal(parseAmount('9999999999999999.99'), 999_999_999_999_999_999n)
  assert.equal(parseAmount('1.100'), 110n)
})

test('refuses parts of a fen and what is no number', () => {
  for (const text of ['1.005', '', 'abc', '1e2', '１.00', '1,000.00']) assert.equal(parseAmount(text), null, text)
  assert.throws(() => amount('0.001'), RangeError)
})

test('prints exactly two decimals', () => {
  assert.equal(formatAmount(ZERO), '0.00')
  assert.equal(formatAmount(fen(5n)), '0.05')
  assert.equal(formatAmount(fen(-5n)), '-0.05')
  assert.equal(formatAmount(fen(-123_456n)), '-1234.56')
})

test('rounds to the fen half away from zero', () => {
  for (const [text, expected] of [
    ['0.005', 1n],
    ['0.0049999', 0n],
    ['-0.005', -1n],
    ['2.5', 250n],
    ['-1.115', -112n],
  ] as const) {
    assert.equal(roundToFen(Decimal.of(text)), expected, text)
  }
})

test('names an amount only when a decimal is one exactly', () => {
  assert.equal(exactAmount(Decimal.of('10.10')), 1010n)
  assert.equal(exactAmount(Decimal.of('10.1000')), 1010n)
  assert.equal(exactAmount(Decimal.of('10.101')), null)
})

test('reads back what it prints, as text and as decimal', () => {
  fc.assert(
    fc.property(amounts, (money) => {
      assert.equal(parseAmount(formatAmount(money)), money)
      assert.equal(exactAmount(toDecimal(money)), money)
      assert.equal(formatAmount(money), toDecimal(money).toFixed(2))
    }),
    RUNS,
  )
})

test('adds up without losing a fen', () => {
  fc.assert(
    fc.property(fc.array(amounts, { maxLength: 8 }), amounts, (list, last) => {
      const sum = sumAmounts(list)
      assert.equal(minus(plus(sum, last), last), sum)
      assert.equal(plus(sumAmounts(list.map(negate)), sum), ZERO)
    }),
    RUNS,
  )
})
