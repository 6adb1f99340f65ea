/**
 * The expression language: CEL with exact decimals, values that may be missing, and a closed list of functions.
 *
 * Knows: types, operators and functions. Must not know: the draft, YAML, files, time of day, randomness.
 * Invariants: there are no binary fractions, every number is a Decimal (sizes and indices apart); a value that may be
 * missing has another type than one that is there, so that forgetting it is a fault of the mapping when it is checked,
 * not of an order at night; nothing outside FUNCTIONS, METHODS and MACROS can be called.
 */
import { Environment } from '@marcbachmann/cel-js'
import { Decimal } from '../../connector/kernel/decimal.js'
import { ExpressionError } from './faults.js'
import { registerMissingValues } from './missing-values.js'
import type { ObjectShape, Shape } from './order-shape.js'
import { registerTables, type Tables } from './tables.js'
import { joinTexts, readDate, readDecimal, replaceAll, stripStars, takeLeft } from './text-functions.js'

/** Structural limits of one expression, set by hand because the library's defaults are for servers. */
const LIMITS = { maxAstNodes: 300, maxDepth: 24, maxListElements: 100, maxMapEntries: 1, maxCallArguments: 4 }
/** Decimals of a quotient; more than the 13 of a unit price, so that rounding once more does not show. */
const QUOTIENT_PLACES = 20
/** Decimals `round` may be asked for. */
const ROUND_PLACES_MAX = 20

const SYNC = { async: false }

/** What may be called as `name(…)`. */
export const FUNCTIONS: ReadonlySet<string> = new Set([
  ...['decimal', 'text', 'date', 'sum', 'join', 'size'],
  ...['or', 'given', 'when', 'first', 'lookup', 'find'],
])
/** What may be called as `value.name(…)`. */
export const METHODS: ReadonlySet<string> = new Set([
  ...['round', 'abs', 'trim', 'upper', 'lower', 'replace', 'left', 'stripStars'],
  ...['contains', 'startsWith', 'endsWith', 'size'],
])
/** Methods that walk a list: `list.name(item, …)`. */
export const MACROS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])
/** Functions that walk a list themselves. */
export const LOOPS: ReadonlySet<string> = new Set(['sum', 'join'])
/** Calls whose literal numbers are counts and stay whole numbers. */
export const COUNTING_METHODS: ReadonlySet<string> = new Set(['round', 'left'])

/** An environment for the expressions of one mapping; each scope clones it and adds its variables. */
export function makeLanguage(root: ObjectShape, tables: Tables): Environment {
  const language = new Environment({
    unlistedVariablesAreDyn: false,
    homogeneousAggregateLiterals: true,
    enableOptionalTypes: false,
    limits: LIMITS,
  })
  language.registerType('Decimal', { ctor: Decimal, fields: {} })
  registerNumbers(language)
  registerTexts(language)
  registerMissingValues(language)
  registerTables(language, tables)
  registerShape(language, root)
  return language
}

/** The type of a declared shape in the language's notation. */
export function toTypeName(shape: Shape): string {
  if (shape.kind === 'list') return `list<${toTypeName(shape.item)}>`
  if (shape.kind === 'object') return shape.typeName
  switch (shape.type) {
    case 'string':
    case 'id':
      return 'string'
    case 'decimal':
    case 'integer':
      return 'Decimal'
    case 'boolean':
      return 'bool'
    case 'any':
      return 'optional<string>'
  }
}

function registerShape(language: Environment, shape: Shape): void {
  if (shape.kind === 'list') registerShape(language, shape.item)
  if (shape.kind !== 'object') return
  const fields: Record<string, string> = {}
  for (const field of shape.fields) {
    registerShape(language, field.shape)
    const type = toTypeName(field.shape)
    fields[field.name] = field.isOptional && !type.startsWith('optional<') ? `optional<${type}>` : type
  }
  language.registerType(shape.typeName, { ctor: shape.Record, fields })
}

type Arithmetic = (left: Decimal, right: Decimal) => Decimal
type Comparison = (order: -1 | 0 | 1) => boolean

const ARITHMETIC: Record<string, Arithmetic> = {
  '+': (left, right) => left.plus(right),
  '-': (left, right) => left.minus(right),
  '*': (left, right) => left.times(right),
  '/': divide,
}

const COMPARISONS: Record<string, Comparison> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}

function registerNumbers(language: Environment): void {
  const pairs = [
    ['Decimal', 'Decimal'],
    ['Decimal', 'int'],
    ['int', 'Decimal'],
  ] as const
  for (const [left, right] of pairs) {
    for (const [sign, compute] of Object.entries(ARITHMETIC)) {
      language.registerOperator(`${left} ${sign} ${right}: Decimal`, (a: Numeric, b: Numeric) =>
        compute(toDecimal(a), toDecimal(b)),
      )
    }
    for (const [sign, judge] of Object.entries(COMPARISONS)) {
      language.registerOperator(`${left} ${sign} ${right}: bool`, (a: Numeric, b: Numeric) =>
        judge(toDecimal(a).compare(toDecimal(b))),
      )
    }
  }
  language.registerOperator('Decimal == Decimal', (a: Decimal, b: Decimal) => a.equals(b))
  language.registerOperator('Decimal == int', (a: Decimal, b: bigint) => a.equals(toDecimal(b)))
  language.registerOperator('-Decimal', (a: Decimal) => a.negated())
  language.registerFunction('decimal(string): Decimal', readDecimal, SYNC)
  language.registerFunction('decimal(Decimal): Decimal', (value: Decimal) => value, SYNC)
  language.registerFunction('decimal(int): Decimal', toDecimal, SYNC)
  language.registerFunction('sum(list<Decimal>): Decimal', sum, SYNC)
  language.registerFunction('Decimal.round(int): Decimal', round, SYNC)
  language.registerFunction('Decimal.abs(): Decimal', (value: Decimal) => value.abs(), SYNC)
}

function registerTexts(language: Environment): void {
  language.registerFunction('text(string): string', (value: string) => value, SYNC)
  language.registerFunction('text(Decimal): string', (value: Decimal) => value.toString(), SYNC)
  language.registerFunction('text(int): string', (value: bigint) => value.toString(), SYNC)
  language.registerFunction('date(string): string', readDate, SYNC)
  language.registerFunction('join(list<string>, string): string', joinTexts, SYNC)
  language.registerFunction('string.upper(): string', (value: string) => value.toUpperCase(), SYNC)
  language.registerFunction('string.lower(): string', (value: string) => value.toLowerCase(), SYNC)
  language.registerFunction('string.replace(string, string): string', replaceAll, SYNC)
  language.registerFunction('string.left(int): string', takeLeft, SYNC)
  language.registerFunction('string.stripStars(): string', stripStars, SYNC)
}

type Numeric = Decimal | bigint

function toDecimal(value: Numeric): Decimal {
  return typeof value === 'bigint' ? new Decimal(value, 0) : value
}

function divide(left: Decimal, right: Decimal): Decimal {
  if (right.isZero) throw new ExpressionError('MAP-division', '除数为零', 'division by zero', 'administrator')
  return left.dividedBy(right, QUOTIENT_PLACES)
}

function sum(values: readonly Decimal[]): Decimal {
  let total = Decimal.ZERO
  for (const value of values) total = total.plus(value)
  return total
}

function round(value: Decimal, places: bigint): Decimal {
  if (places >= 0n && places <= BigInt(ROUND_PLACES_MAX)) return value.round(Number(places))
  const most = `${ROUND_PLACES_MAX}`
  throw new ExpressionError('MAP-value', `小数位数应为 0–${most}`, `round takes 0 to ${most} decimals`, 'administrator')
}
