/**
 * Exact decimal numbers: quantities, prices, rates, and every figure inside a mapping expression.
 *
 * Knows: how to parse, add, multiply, divide and round decimals without ever touching binary floating point.
 * Must not know: money (that is `amount.ts`), tax, or where a figure came from.
 * Invariant: a Decimal is `value × 10^-scale` with `scale ≥ 0`; equal numbers may differ in scale, `toString` and
 * `toJSON` print the shortest form, so that `1.50` and `1.5` are the same text.
 */

/** Digits a parsed decimal may have in all; beyond it a text is an attack or a mistake, never a price. */
const DIGIT_COUNT_MAX = 60

/** Characters up to which all digits of a text fit into a JavaScript number, so that it may count them exactly. */
const SAFE_LENGTH_MAX = 15

const MINUS = 0x2d
const POINT = 0x2e
const ZERO_DIGIT = 0x30
const NINE_DIGIT = 0x39

export class Decimal {
  readonly value: bigint
  readonly scale: number

  constructor(value: bigint, scale: number) {
    this.value = value
    this.scale = scale
  }

  static readonly ZERO = new Decimal(0n, 0)
  static readonly ONE = new Decimal(1n, 0)

  /**
   * Reads a plain decimal: optional minus, digits, optional point and digits.
   * Errors: null for anything else (`1e3`, `1,000`, full-width digits, blanks, `NaN`, `+1`, `.5`).
   */
  static parse(text: string): Decimal | null {
    const { length } = text
    if (length > DIGIT_COUNT_MAX + 2) return null
    const start = text.charCodeAt(0) === MINUS ? 1 : 0
    let point = length
    let digits = 0
    for (let index = start; index < length; index += 1) {
      const code = text.charCodeAt(index)
      if (code >= ZERO_DIGIT && code <= NINE_DIGIT) digits = digits * 10 + code - ZERO_DIGIT
      else if (code === POINT && point === length && index > start) point = index
      else return null
    }
    if (length === start || point === length - 1) return null
    const scale = Math.max(length - point - 1, 0)
    if (length <= SAFE_LENGTH_MAX) return new Decimal(BigInt(start === 0 ? digits : -digits), scale)
    return new Decimal(BigInt(text.slice(0, point) + text.slice(point + 1)), scale)
  }

  /** Reads a decimal that the code itself wrote; throws on anything else. */
  static of(text: string | number | bigint): Decimal {
    if (typeof text === 'bigint') return new Decimal(text, 0)
    const parsed = Decimal.parse(String(text))
    if (parsed === null) throw new RangeError(`not a plain decimal: ${text}`)
    return parsed
  }

  plus(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale)
    return new Decimal(this.at(scale) + other.at(scale), scale)
  }

  minus(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale)
    return new Decimal(this.at(scale) - other.at(scale), scale)
  }

  times(other: Decimal): Decimal {
    return new Decimal(this.value * other.value, this.scale + other.scale)
  }

  /** Quotient rounded half away from zero to `places` decimals. Errors: RangeError when `other` is zero. */
  dividedBy(other: Decimal, places: number): Decimal {
    if (other.value === 0n) throw new RangeError('division by zero')
    const shift = places + other.scale - this.scale
    const numerator = shift >= 0 ? this.value * pow10(shift) : this.value
    const denominator = shift >= 0 ? other.value : other.value * pow10(-shift)
    return new Decimal(divideHalfUp(numerator, denominator), places)
  }

  /** Rounded half away from zero; `places` decimals. */
  round(places: number): Decimal {
    if (this.scale <= places) return this
    return new Decimal(divideHalfUp(this.value, pow10(this.scale - places)), places)
  }

  negated(): Decimal {
    return new Decimal(-this.value, this.scale)
  }

  abs(): Decimal {
    return this.value < 0n ? this.negated() : this
  }

  compare(other: Decimal): -1 | 0 | 1 {
    const scale = Math.max(this.scale, other.scale)
    const left = this.at(scale)
    const right = other.at(scale)
    return left < right ? -1 : left > right ? 1 : 0
  }

  equals(other: Decimal): boolean {
    return this.compare(other) === 0
  }

  get isZero(): boolean {
    return this.value === 0n
  }

  get isNegative(): boolean {
    return this.value < 0n
  }

  get isPositive(): boolean {
    return this.value > 0n
  }

  /** Decimals that are needed to print the number exactly. */
  get decimalCount(): number {
    const text = this.toString()
    const point = text.indexOf('.')
    return point < 0 ? 0 : text.length - point - 1
  }

  /** Shortest plain form: no exponent, no trailing zeros. */
  toString(): string {
    if (this.scale === 0) return this.value.toString()
    const fixed = this.toFixed(this.scale)
    let end = fixed.length
    while (fixed.charCodeAt(end - 1) === 48) end -= 1
    if (fixed.charCodeAt(end - 1) === 46) end -= 1
    const text = fixed.slice(0, end)
    return text === '-0' ? '0' : text
  }

  /** Plain form with exactly `places` decimals; rounds when it has more. */
  toFixed(places: number): string {
    const rounded = this.round(places).at(places)
    if (places === 0) return rounded.toString()
    const negative = rounded < 0n
    const digits = (negative ? -rounded : rounded).toString().padStart(places + 1, '0')
    const point = digits.length - places
    return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`
  }

  toJSON(): string {
    return this.toString()
  }

  /** The unscaled value at a larger scale. */
  at(scale: number): bigint {
    if (scale === this.scale) return this.value
    if (scale < this.scale) throw new RangeError(`scale ${scale} would lose digits of ${this.toString()}`)
    return this.value * pow10(scale - this.scale)
  }
}

const POWERS: readonly bigint[] = Array.from({ length: 64 }, (_, exponent) => 10n ** BigInt(exponent))

/** 10^exponent, exponent ≥ 0. */
export function pow10(exponent: number): bigint {
  return POWERS[exponent] ?? 10n ** BigInt(exponent)
}

/**
 * Integer quotient rounded half away from zero, symmetric for negatives.
 * Source: leqi rules 2, R2: half-up, away from zero at the half (vendors' practice; the bureau's text names no mode).
 */
export function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n !== denominator < 0n
  const top = numerator < 0n ? -numerator : numerator
  const bottom = denominator < 0n ? -denominator : denominator
  const quotient = (top * 2n + bottom) / (bottom * 2n)
  return negative ? -quotient : quotient
}
