/**
 * The simulator's own arithmetic: decimal.js, wide enough for every product of two 25-character figures.
 *
 * Knows: yuan texts and exact decimals. Must not know: the connector's `Amount` and `Decimal`. The two sides compute
 * independently on purpose, so that a mistake in one shows as a disagreement (design D7).
 */
import { Decimal } from 'decimal.js'

/** Significant digits: price and quantity have at most 25 each, so a product is never rounded. */
const PRECISION_DIGIT_COUNT = 80

/** An exact decimal; half-up means away from zero at the half, symmetric for negatives. */
export const Exact = Decimal.clone({ precision: PRECISION_DIGIT_COUNT, rounding: Decimal.ROUND_HALF_UP })
export type Exact = Decimal

export const NOTHING: Exact = new Exact(0)

/** Yuan with exactly two decimals, the form of every amount on the wire. */
export function toYuan(value: Exact): string {
  return value.toFixed(2)
}

/** R2: rounded to the fen, half away from zero. */
export function toFen(value: Exact): Exact {
  return value.toDecimalPlaces(2, Decimal.ROUND_HALF_UP)
}

export function sumOf(values: Iterable<Exact>): Exact {
  let total = NOTHING
  for (const value of values) total = total.plus(value)
  return total
}

/** Whether two figures lie further apart than `limit` allows. */
export function differsBy(left: Exact, right: Exact, limit: Exact): boolean {
  return left.minus(right).abs().greaterThan(limit)
}
