/**
 * Values of a decrypted answer: text or number, present or not, list as array or as text. Read, never guessed.
 *
 * Every reader gives null (or leaves a row out and counts it) where a value is not what its field promises.
 */
import { type Static, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { BureauFailure } from '../../../connector/issuing/bureau.js'
import { type Amount, exactAmount } from '../../../connector/kernel/amount.js'
import { Decimal } from '../../../connector/kernel/decimal.js'
import { type LocalDate, parseLocalDate } from '../../../connector/kernel/time.js'
import { isJsonObject, parseWireJson } from '../wire-json.js'

/** A field that may be text or number, null or absent. */
export const Field = Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Null()]))
export type Field = string | number | null | undefined

/** Separators of joined lists: the Chinese enumeration comma, commas, semicolons, blanks. */
const JOINED = /[、，,;；\s]+/

const PERCENT = Decimal.of('0.01')

export type Parsed<T> = { kind: 'parsed'; value: T } | { kind: 'odd'; what: string }

export function parsed<T>(value: T): Parsed<T> {
  return { kind: 'parsed', value }
}

export function odd(what: string): Parsed<never> {
  return { kind: 'odd', what }
}

/** The failure of an answer that carried 00 but is not what it promises: what happened is not known. */
export function toOddFailure(what: string, requestId: string | null): BureauFailure {
  return { kind: 'in_doubt', code: 'BUR-ANSWER-odd', message: `税局应答内容异常：${what}`, requestId }
}

/** The answer as its schema says, or null. */
export function readAs<S extends TSchema>(schema: S, value: unknown): Static<S> | null {
  return Value.Check(schema, value) ? value : null
}

/** Trimmed text; '' for absent. */
export function toText(field: Field): string {
  return field === null || field === undefined ? '' : String(field).trim()
}

/** A code of fixed width: a JSON number has lost its leading zeros. */
export function toCode(field: Field, width: number): string {
  return typeof field === 'number' ? String(field).padStart(width, '0') : toText(field)
}

function toDecimal(field: Field): Decimal | null {
  return Decimal.parse(toText(field))
}

/** Yuan to fen; null when it has parts of a fen. */
export function toAmount(field: Field): Amount | null {
  const decimal = toDecimal(field)
  return decimal === null ? null : exactAmount(decimal)
}

/** A date from `yyyy-MM-dd` or `yyyyMMdd`, with or without a time behind it. */
export function toDate(field: Field): LocalDate | null {
  const match = /^(\d{4}-\d{2}-\d{2}|\d{8})(?:\D|$)/.exec(toText(field))
  return match?.[1] === undefined ? null : parseLocalDate(match[1])
}

export function isYes(field: Field): boolean {
  const text = toText(field)
  return text === 'Y' || text === '1'
}

/** Parts of a joined text, without empty ones. */
export function toParts(field: Field): readonly string[] {
  return toText(field)
    .split(JOINED)
    .filter((part) => part !== '')
}

/**
 * A rate as a fraction: `13%`, `13` or `0.13` are all thirteen percent; VAT knows no rate of 100 % or more.
 * Errors: null for anything else.
 */
export function toRate(text: string): Decimal | null {
  const isPercent = text.endsWith('%') || text.endsWith('％')
  const decimal = Decimal.parse(isPercent ? text.slice(0, -1) : text)
  if (decimal === null || decimal.isNegative) return null
  const isFraction = !isPercent && decimal.compare(Decimal.ONE) < 0
  const rate = isFraction ? decimal : decimal.times(PERCENT)
  return rate.compare(Decimal.ONE) < 0 ? rate : null
}

/** The rates of a joined text; words like 免税 among them name no rate and are left out. */
export function toRates(field: Field): readonly Decimal[] {
  return toParts(field)
    .map(toRate)
    .filter((rate) => rate !== null)
}

/** A list that comes as array, as one object, or as the JSON text of either; null when it is none of these. */
function toRows(list: unknown): readonly unknown[] | null {
  if (list === null || list === undefined || list === '') return []
  const value = typeof list === 'string' ? parseWireJson(list) : list
  if (Array.isArray(value)) return value
  return isJsonObject(value) ? [value] : null
}

/** Rows that can be read, and how many could not. */
export function readRows<S extends TSchema, T>(
  list: unknown,
  schema: S,
  read: (row: Static<S>) => T | null,
): { rows: readonly T[]; skippedCount: number } | null {
  const raw = toRows(list)
  if (raw === null) return null
  const rows: T[] = []
  for (const each of raw) {
    const row = readAs(schema, each)
    const value = row === null ? null : read(row)
    if (value !== null) rows.push(value)
  }
  return { rows, skippedCount: raw.length - rows.length }
}
