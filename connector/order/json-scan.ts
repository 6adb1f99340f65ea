/**
 * One pass over the bytes of a JSON text that counts without building anything, so that a bomb is refused before it is
 * parsed. It judges no syntax: on malformed text its counts mean nothing and the parser refuses the text.
 */

/** Digits up to which every decimal survives a JavaScript number unchanged (IEEE 754 double, DBL_DIG). */
const SAFE_DIGIT_COUNT = 15
/** A fraction that starts with so many zeros would be printed with an exponent by `String(number)`. */
const LEADING_ZERO_COUNT_MAX = 6

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c
const POINT = 0x2e
const MINUS = 0x2d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const ZERO = 0x30
const NINE = 0x39
const UPPER_E = 0x45
const LOWER_E = 0x65

export interface JsonScan {
  /** Objects and lists inside each other, at the deepest place. */
  depth: number
  /** Members of all objects (colons outside texts). */
  memberCount: number
  /** Upper bound of all list items (commas and opening brackets outside texts). */
  itemCount: number
  /** Some number has more digits than a JavaScript number keeps, or an exponent. */
  hasLongNumber: boolean
}

export function scanJson(bytes: Uint8Array): JsonScan {
  let depth = 0
  let depthMax = 0
  let memberCount = 0
  let itemCount = 0
  let hasLongNumber = false
  const length = bytes.length
  let position = 0
  while (position < length) {
    const byte = bytes[position] ?? 0
    if (byte === QUOTE) {
      position = skipText(bytes, position)
      continue
    }
    if ((byte >= ZERO && byte <= NINE) || byte === MINUS) {
      const end = skipNumber(bytes, position)
      if (end < 0) hasLongNumber = true
      position = Math.abs(end)
      continue
    }
    if (byte === COLON) memberCount += 1
    else if (byte === COMMA) itemCount += 1
    else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      depth += 1
      if (byte === OPEN_LIST) itemCount += 1
      if (depth > depthMax) depthMax = depth
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) depth -= 1
    position += 1
  }
  return { depth: depthMax, memberCount, itemCount, hasLongNumber }
}

/** Position after the closing quote. */
function skipText(bytes: Uint8Array, start: number): number {
  const length = bytes.length
  let position = start + 1
  while (position < length) {
    const byte = bytes[position]
    if (byte === QUOTE) return position + 1
    position += byte === BACKSLASH ? 2 : 1
  }
  return length
}

/** Position after the number; negative when the number is too long for a JavaScript number or has an exponent. */
function skipNumber(bytes: Uint8Array, start: number): number {
  const length = bytes.length
  let position = start
  let digitCount = 0
  let leadingZeroCount = 0
  let hasExponent = false
  while (position < length) {
    const byte = bytes[position] ?? 0
    if (byte >= ZERO && byte <= NINE) {
      digitCount += 1
      if (byte === ZERO && leadingZeroCount === digitCount - 1) leadingZeroCount += 1
    } else if (byte === LOWER_E || byte === UPPER_E) hasExponent = true
    else if (byte !== POINT && byte !== MINUS) break
    position += 1
  }
  const isShort = digitCount <= SAFE_DIGIT_COUNT && leadingZeroCount <= LEADING_ZERO_COUNT_MAX
  return isShort && !hasExponent ? position : -position
}
