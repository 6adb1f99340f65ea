/**
 * The canonical text of a JSON value: equal exactly for equal content, whatever the order of keys, the white space and
 * the way numbers are written (`1`, `1.0`, `1.00`). Only compared, so it need not be JSON itself.
 */
import { Decimal } from '../kernel/decimal.js'
import { NumberText } from './number-text.js'

/** Longer numbers are compared as they were written; working out their value would be a gift to an attacker. */
const NUMBER_LENGTH_MAX = 100

export function toCanonicalText(value: unknown): string {
  const pieces: string[] = []
  write(pieces, value)
  return pieces.join('')
}

/** Texts carry their length, so that no text can pass for the structure around it. */
function write(pieces: string[], value: unknown): void {
  if (typeof value === 'string') pieces.push(`${value.length}:`, value)
  else if (typeof value === 'number') pieces.push(value === 0 ? '0;' : `${value};`)
  else if (value === null) pieces.push('null;')
  else if (typeof value !== 'object') pieces.push(`${String(value)};`)
  else if (Array.isArray(value)) writeList(pieces, value)
  else if (value instanceof Decimal) pieces.push(`${toPlainNumber(value.toString())};`)
  else if (value instanceof NumberText) pieces.push(`${toPlainNumber(value.text)};`)
  else writeMembers(pieces, value)
}

function writeList(pieces: string[], items: readonly unknown[]): void {
  pieces.push('[')
  for (const item of items) write(pieces, item)
  pieces.push(']')
}

function writeMembers(pieces: string[], members: object): void {
  pieces.push('{')
  for (const [key, member] of Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1))) {
    pieces.push(`${key.length}:`, key)
    write(pieces, member)
  }
  pieces.push('}')
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
