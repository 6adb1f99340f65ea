/**
 * Money: a whole number of fen (分, 0.01 yuan). The only place where money is parsed, printed and rounded.
 *
 * Knows: fen, yuan texts, rounding half away from zero.
 * Must not know: tax rules; floating point.
 * Invariant: JavaScript `number` never holds money; on every wire an amount is a text with exactly two decimals.
 */
import { Decimal, divideHalfUp, pow10 } from './decimal.js'

/** An amount of money in fen. */
export type Amount = bigint & { readonly unit: 'fen' }

export const ZERO = fen(0n)

/** Brands a count of fen. */
export function fen(count: bigint): Amount {
  // The brand has no runtime existence; this is its one constructor.
  return count as Amount
}

/** Reads yuan with at most two decimals. Errors: null when it is no plain decimal or has more than two decimals. */
export function parseAmount(yuan: string): Amount | null {
  const decimal = Decimal.parse(yuan)
  return decimal === null ? null : exactAmount(decimal)
}

/** Reads an amount that our own code or database wrote; throws on anything else. */
export function amount(yuan: string): Amount {
  const parsed = parseAmount(yuan)
  if (parsed === null) throw new RangeError(`not an amount: ${yuan}`)
  return parsed
}

/** The amount a decimal names exactly, or null when it has parts of a fen. */
export function exactAmount(decimal: Decimal): Amount | null {
  const rounded = decimal.round(2)
  return rounded.equals(decimal) ? fen(rounded.at(2)) : null
}

/** R2: rounds to the fen, half away from zero. */
export function roundToFen(decimal: Decimal): Amount {
  return fen(decimal.scale <= 2 ? decimal.at(2) : divideHalfUp(decimal.value, pow10(decimal.scale - 2)))
}

export function toDecimal(money: Amount): Decimal {
  return new Decimal(money, 2)
}

/** Yuan with exactly two decimals, e.g. `-12.30`. */
export function formatAmount(money: Amount): string {
  if (money < 0n) return `-${formatAmount(negate(money))}`
  const digits = money.toString()
  const point = digits.length - 2
  if (point > 0) return `${digits.slice(0, point)}.${digits.slice(point)}`
  return `0.${digits.padStart(2, '0')}`
}

export function sumAmounts(amounts: Iterable<Amount>): Amount {
  let total = 0n
  for (const each of amounts) total += each
  return fen(total)
}

/** The smaller of two amounts; `Math.min` cannot take bigints. */
export function smallerAmount(left: Amount, right: Amount): Amount {
  if (left < right) return left
  return right
}

export function largerAmount(left: Amount, right: Amount): Amount {
  if (left < right) return right
  return left
}

export function plus(left: Amount, right: Amount): Amount {
  return fen(left + right)
}

export function minus(left: Amount, right: Amount): Amount {
  return fen(left - right)
}

export function negate(money: Amount): Amount {
  return fen(-money)
}
