/**
 * The canonical text of a JSON value: equal exactly for equal content, whatever the order of keys, the white space and
 * the way numbers are written (`1`, `1.0`, `1.00`). Only its hash is kept, so it need not be JSON itself.
 */
import { Decimal } from '../kernel/decimal.js'
import { NumberText } from './number-text.js'

/** Names that reach an object's prototype in JavaScript; no honest order uses them. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
/** Longer numbers are compared as they were written; working out their value would be a gift to an attacker. */
const NUMBER_LENGTH_MAX = 100

export interface CanonicalText {
  text: string
  /** Members of all objects, each key once. */
  memberCount: number
  hasForbiddenKey: boolean
}

export function toCanonicalText(value: unknown): CanonicalText {
  const canonical: CanonicalText = { text: '', memberCount: 0, hasForbiddenKey: false }
  canonical.text = write(value, canonical)
  return canonical
}

export function isForbiddenKey(key: string): boolean {
  return FORBIDDEN_KEYS.has(key)
}

/** Texts carry their length, so that no text can pass for the structure around it. */
function write(value: unknown, canonical: CanonicalText): string {
  if (typeof value === 'string') return `${value.length}:${value}`
  if (typeof value === 'number') return value === 0 ? '0;' : `${value};`
  if (typeof value !== 'object' || value === null) return `${String(value)};`
  if (Array.isArray(value)) return writeList(value, canonical)
  if (value instanceof Decimal) return `${toPlainNumber(value.toString())};`
  if (value instanceof NumberText) return `${toPlainNumber(value.text)};`
  return writeMembers(value, canonical)
}

function writeList(items: readonly unknown[], canonical: CanonicalText): string {
  let text = '['
  for (let index = 0; index < items.length; index += 1) text += write(items[index], canonical)
  return `${text}]`
}

function writeMembers(members: object, canonical: CanonicalText): string {
  const keys = Object.keys(members).sort()
  canonical.memberCount += keys.length
  let text = '{'
  for (const key of keys) {
    if (FORBIDDEN_KEYS.has(key)) canonical.hasForbiddenKey = true
    // A key of Object.keys exists; the index signature only says that nothing is known about its value.
    text += `${key.length}:${key}${write((members as Record<string, unknown>)[key], canonical)}`
  }
  return `${text}}`
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
