/** The arithmetic of the simulator beside that of decimal.js. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal as Reference } from 'decimal.js'
import fc from 'fast-check'
import { differsBy, divideRounded, readFen, readFigure, readPercent, readRate, toRateText, toYuan } from './exact.js'

const SEED = 20_261_122
/** number 18,2 in fen. */
const anyFen = fc.bigInt(-(10n ** 18n) + 1n, 10n ** 18n - 1n)

test('reads plain decimals and nothing else', () => {
  assert.deepEqual(readFigure('9.1866666666667'), { units: 91866666666667n, places: 13 })
  assert.deepEqual(readFigure('-00.10'), { units: -10n, places: 2 })
  assert.deepEqual(readFigure('2'), { units: 2n, places: 0 })
  for (const text of ['', '-', '.', '.5', '5.', '-.5', '1.1.1', '+1', '1e2', ' 1', '0x10', '--1', '1-', '１']) {
    assert.equal(readFigure(text), null, text)
  }
})

test('reads amounts, rates and percentages by their units, and refuses what they cannot hold', () => {
  assert.deepEqual(['12', '12.3', '-12.34', '0.00'].map(readFen), [1200n, 1230n, -1234n, 0n])
  assert.deepEqual(['0.13', '0', '0.000001', '1.5'].map(readRate), [130_000n, 0n, 1n, 1_500_000n])
  assert.deepEqual(['13%', '1.5%', '0%'].map(readPercent), [130_000n, 15_000n, 0n])
  for (const text of ['0.001', '1e2', '', '免税']) assert.throws(() => readFen(text), RangeError)
  assert.throws(() => readRate('0.0000001'), RangeError)
  assert.throws(() => readPercent('免税'), RangeError)
})

test('prints rates in their shortest form', () => {
  assert.deepEqual(['0.130', '0', '0.0', '10', '100.00', '1.05'].map(readRate).map(toRateText), [
    '0.13',
    '0',
    '0',
    '10',
    '100',
    '1.05',
  ])
})

test('prints yuan as it was read', () => {
  const property = fc.property(anyFen, (fen) => {
    assert.equal(toYuan(fen), new Reference(fen.toString()).dividedBy(100).toFixed(2))
    assert.equal(readFen(toYuan(fen)), fen)
  })
  fc.assert(property, { seed: SEED })
})

test('rounds half away from zero', () => {
  assert.deepEqual([divideRounded(5n, 10n), divideRounded(-5n, 10n), divideRounded(4n, 10n)], [1n, -1n, 0n])
  const Wide = Reference.clone({ precision: 80, rounding: Reference.ROUND_HALF_UP })
  const property = fc.property(anyFen, fc.bigInt(1n, 2_000_000n), (dividend, divisor) => {
    const exact = new Wide(dividend.toString()).dividedBy(divisor.toString())
    assert.equal(divideRounded(dividend, divisor), BigInt(exact.toDecimalPlaces(0).toFixed()))
  })
  fc.assert(property, { seed: SEED })
})

test('a tolerance includes its own bound', () => {
  assert.deepEqual([differsBy(7n, 1n, 6n), differsBy(1n, 7n, 6n), differsBy(8n, 1n, 6n)], [false, false, true])
})
