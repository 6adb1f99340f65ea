/**
 * The simulator's own arithmetic: whole numbers of a small unit, so that sums, products and comparisons are exact.
 *
 * Units: money in fen, rates in millionths; their product, a tax that nobody has rounded yet, in millionths of a fen.
 * Knows: yuan texts and plain decimals. Must not know: the connector's `Amount` and `Decimal`. The two sides compute
 * independently on purpose, so that a mistake in one shows as a disagreement (design D7).
 */

/** Decimals of a yuan text and of a rate (number 18,2 and number 16,6). */
const FEN_PLACES = 2
const RATE_PLACES = 6
/** 1, or 100 %, as a rate. */
export const WHOLE_RATE = 1_000_000n
const CODE_OF_ZERO = 0x30
const CODE_OF_POINT = 0x2e
/** As far as two figures of 25 characters have decimals between them. */
const POWERS_OF_TEN = Array.from({ length: 51 }, (_, places) => 10n ** BigInt(places))

/** A plain decimal as it was written: `units` with the last `places` digits behind the point. */
export interface Figure {
  units: bigint
  places: number
}

/** Shape: null for anything but digits with at most one point between them and a minus before them. */
export function readFigure(text: string): Figure | null {
  const start = text.startsWith('-') ? 1 : 0
  let units = 0n
  let point = -1
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    const digit = code - CODE_OF_ZERO
    if (digit >= 0 && digit <= 9) units = units * 10n + BigInt(digit)
    else if (code === CODE_OF_POINT && point === -1) point = at
    else return null
  }
  const last = text.length - 1
  if (last < start || point === start || point === last) return null
  return { units: start === 1 ? -units : units, places: point === -1 ? 0 : last - point }
}

/** `-12.3` as -1230. Errors: RangeError for what is no amount in yuan and whole fen. */
export function readFen(yuan: string): bigint {
  return readAt(yuan, FEN_PLACES)
}

/** `0.13` as 130000. Errors: RangeError for what is no decimal of at most six places. */
export function readRate(fraction: string): bigint {
  return readAt(fraction, RATE_PLACES)
}

/** `13%` as 130000. Errors: as for a rate. */
export function readPercent(percent: string): bigint {
  return readAt(percent.replace('%', ''), RATE_PLACES - 2)
}

function readAt(text: string, places: number): bigint {
  const figure = readFigure(text)
  if (figure === null || figure.places > places) throw new RangeError(`no decimal of at most ${places} places: ${text}`)
  return figure.units * powerOfTen(places - figure.places)
}

/** Yuan with exactly two decimals, the form of every amount on the wire. */
export function toYuan(fen: bigint): string {
  return print(fen, FEN_PLACES)
}

/** A rate in its shortest form, the key of the rate table: 130000 as `0.13`, 0 as `0`. */
export function toRateText(rate: bigint): string {
  return print(rate, RATE_PLACES).replace(/\.?0+$/, '')
}

function print(units: bigint, places: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0')
  return `${units < 0n ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`
}

export function sumOf(values: Iterable<bigint>): bigint {
  let total = 0n
  for (const value of values) total += value
  return total
}

/** Whether two figures of one unit lie further apart than `limit` allows. */
export function differsBy(left: bigint, right: bigint, limit: bigint): boolean {
  const difference = left - right
  return difference > limit || difference < -limit
}

/** R2: a quotient rounded to a whole number, half away from zero. The divisor is positive; `/` drops the remainder. */
export function divideRounded(dividend: bigint, divisor: bigint): bigint {
  return (2n * dividend + (dividend < 0n ? -divisor : divisor)) / (2n * divisor)
}

export function powerOfTen(places: number): bigint {
  return POWERS_OF_TEN[places] ?? 10n ** BigInt(places)
}
