/**
 * The canonical text of a JSON value: equal exactly for equal content, whatever the order of keys, the white space and
 * the way numbers are written (`1`, `1.0`, `1.00`). Only its hash is kept, so it need not be JSON itself.
 */
import { Decimal } from '../kernel/decimal.js'
import { sortKeys } from './key-order.js'
import { NumberText } from './number-text.js'

/** Longer numbers are compared as they were written; working out their value would be a gift to an attacker. */
const NUMBER_LENGTH_MAX = 100
/** `0:`, `1:` … for the lengths that nearly all texts have. */
const LENGTHS: readonly string[] = Array.from({ length: 128 }, (_, length) => `${length}:`)

export interface CanonicalText {
  text: string
  /** Members of all objects, each key once. */
  memberCount: number
  hasForbiddenKey: boolean
}

export function toCanonicalText(value: unknown): CanonicalText {
  const writing: Writing = { pieces: [], memberCount: 0, hasForbiddenKey: false }
  write(value, writing)
  const { pieces, memberCount, hasForbiddenKey } = writing
  // Joined at the end: a text that grows by pieces has to be flattened before it can be hashed, which takes longer.
  return { text: pieces.join(''), memberCount, hasForbiddenKey }
}

interface Writing {
  pieces: string[]
  memberCount: number
  hasForbiddenKey: boolean
}

/** Texts carry their length, so that no text can pass for the structure around it. */
function write(value: unknown, writing: Writing): void {
  const { pieces } = writing
  if (typeof value === 'string') pieces.push(LENGTHS[value.length] ?? `${value.length}:`, value)
  else if (typeof value === 'number') pieces.push(value === 0 ? '0;' : `${value};`)
  else if (value === null) pieces.push('null;')
  else if (typeof value !== 'object') pieces.push(`${String(value)};`)
  else if (Array.isArray(value)) writeList(value, writing)
  else if (value instanceof Decimal) pieces.push(`${toPlainNumber(value.toString())};`)
  else if (value instanceof NumberText) pieces.push(`${toPlainNumber(value.text)};`)
  else writeMembers(value, writing)
}

function writeList(items: readonly unknown[], writing: Writing): void {
  writing.pieces.push('[')
  for (let index = 0; index < items.length; index += 1) write(items[index], writing)
  writing.pieces.push(']')
}

function writeMembers(members: object, writing: Writing): void {
  const values: readonly unknown[] = Object.values(members)
  const { places, prefixes, hasForbiddenKey } = sortKeys(Object.keys(members))
  writing.memberCount += values.length
  if (hasForbiddenKey) writing.hasForbiddenKey = true
  writing.pieces.push('{')
  for (let index = 0; index < places.length; index += 1) {
    writing.pieces.push(prefixes[index] ?? '')
    write(values[places[index] ?? 0], writing)
  }
  writing.pieces.push('}')
}

/**
 * `1e3`, `1.0E+3` and `1000` are one number: the text a JavaScript number of that value prints, or, where it cannot
 * hold the value, significant digits and a power of ten.
 */
function toPlainNumber(text: string): string {
  if (text.length > NUMBER_LENGTH_MAX) return text
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (match === null) return text
  const fraction = match[3] ?? ''
  const digits = `${match[2]}${fraction}`.replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  const exponent = BigInt(match[4] ?? '0') - BigInt(fraction.length - (digits.length - significant.length))
  const scientific = `${match[1]}${significant}e${exponent}`
  const isHeldByNumber = significant.length <= 15 && exponent < 280n && exponent > -280n
  return isHeldByNumber ? String(Number(scientific)) : scientific
}
