/**
 * A cell: one field of the draft with the constant or the expression that fills it, checked against what the field
 * takes. Texts come out trimmed and never empty, money never with parts of a fen.
 */
import type { Origin } from '../../connector/invoice/origins.js'
import { exactAmount } from '../../connector/kernel/amount.js'
import { Decimal } from '../../connector/kernel/decimal.js'
import type { Leaf } from './definition.js'
import { compileExpression, type Expression, type ExpressionScope, isExpression, type Values } from './expression.js'
import { ExpressionError, type MappingFault, makeMappingFault } from './faults.js'
import { toPointer } from './source-path.js'
import { assertLength } from './text-functions.js'
import type { YamlSource } from './yaml-source.js'

/** Origins and keys of so many items are kept for the next order; longer orders are rare. */
export const KEPT_ITEM_COUNT = 256

export interface Cell<T> {
  /** Field of its part of the draft: `name`, `discountAmount`. */
  field: string
  /** JSON Pointer into mapping.yaml. */
  path: string
  /** JSON Pointers into the draft, kept by the index of the part: making them anew for every order is dear. */
  pointers: string[]
  /** null: a constant. */
  expression: Expression | null
  /** As it was written in the mapping. */
  written: string
  /** Errors: ExpressionError or the library's EvaluationError. null: the field stays empty. */
  read(values: Values): T | null
  /** Where the value of one item came from; `itemIndex` and `listPointer` mean nothing outside an entry. */
  originOf(listPointer: string, itemIndex: number): Origin
}

/** What a field takes. */
interface Want<T> {
  zh: string
  en: string
  /** Types of expressions that fit, in the language's words. */
  types: readonly string[]
  /** A constant as it was written; undefined when it does not fit. */
  parse(written: string | boolean): T | undefined
  /** A value of one of the types, never missing. null: the field stays empty. */
  take(value: unknown): T | null
}

/** One object of the mapping: its leaves, and what is needed to understand them. */
export interface Part {
  leaves: Readonly<Record<string, Leaf | undefined>>
  /** JSON Pointer of the object in mapping.yaml. */
  path: string
  scope: ExpressionScope
  source: YamlSource
  faults: MappingFault[]
}

export function compileText(part: Part, field: string): Cell<string> | null {
  return compileCell(part, field, TEXT)
}

export function compileDecimal(part: Part, field: string): Cell<Decimal> | null {
  return compileCell(part, field, DECIMAL)
}

export function compileMoney(part: Part, field: string): Cell<Decimal> | null {
  return compileCell(part, field, MONEY)
}

export function compileFlag(part: Part, field: string): Cell<boolean> | null {
  return compileCell(part, field, FLAG)
}

/** A condition is decided for every order: a value that may be missing is no answer. */
export function compileCondition(part: Part, field: string): Cell<boolean> | null {
  const cell = compileCell(part, field, FLAG)
  if (!cell?.expression?.isOptional) return cell
  const [zh, en] = ['条件的值可能缺失，请用 or(…, false)', 'the condition may be missing: use or(…, false)']
  part.faults.push(makeMappingFault('MAP-type', cell.expression, zh, en))
  return null
}

export function compileChoice<Choice extends string>(
  part: Part,
  field: string,
  choices: readonly Choice[],
): Cell<Choice> | null {
  return compileCell(part, field, makeChoice(choices))
}

function compileCell<T>(part: Part, field: string, want: Want<T>): Cell<T> | null {
  const leaf = part.leaves[field]
  if (leaf === undefined || leaf === null) return null
  const path = `${part.path}/${field}`
  return isExpression(leaf)
    ? compileFormula(part, { field, path, leaf }, want)
    : compileConstant(part, { field, path, leaf }, want)
}

interface Written<Value> {
  field: string
  path: string
  leaf: Value
}

function compileConstant<T>(
  part: Part,
  { field, path, leaf }: Written<string | boolean>,
  want: Want<T>,
): Cell<T> | null {
  const value = want.parse(leaf)
  if (value === undefined) {
    const place = { path, position: part.source.positionOf(path) }
    part.faults.push(makeMappingFault('MAP-constant', place, `此字段应填${want.zh}`, `this field takes ${want.en}`))
    return null
  }
  const origin: Origin = { from: 'constant' }
  return {
    field,
    path,
    pointers: [],
    expression: null,
    written: String(leaf),
    read: () => value,
    originOf: () => origin,
  }
}

function compileFormula<T>(part: Part, { field, path, leaf }: Written<string>, want: Want<T>): Cell<T> | null {
  const outcome = compileExpression(leaf, path, part.scope, part.source)
  if (!outcome.ok) {
    part.faults.push(outcome.fault)
    return null
  }
  const { expression } = outcome
  if (!want.types.includes(expression.type)) {
    part.faults.push(makeTypeFault(expression, want))
    return null
  }
  return {
    field,
    path,
    pointers: [],
    expression,
    written: leaf,
    read(values) {
      const value = expression.run(values)
      return value === undefined ? null : want.take(value)
    },
    originOf: makeOrigins(expression),
  }
}

function makeTypeFault(expression: Expression, want: Want<unknown>): MappingFault {
  const given = TYPE_WORDS[expression.type] ?? ['列表或对象', 'a list or an object']
  const hint = want.types.includes('string') ? 'text(…)' : want.types.includes('Decimal') ? 'decimal(…)' : '…'
  return makeMappingFault(
    'MAP-type',
    expression,
    `此字段应为${want.zh}，表达式给出的是${given[0]}；如需转换请用 ${hint}`,
    `this field takes ${want.en}, the expression gives ${given[1]}; ${hint} converts`,
  )
}

const TYPE_WORDS: Readonly<Record<string, readonly [zh: string, en: string]>> = {
  string: ['文本', 'a text'],
  Decimal: ['数字', 'a number'],
  int: ['数字', 'a number'],
  bool: ['布尔值', 'true or false'],
}

/**
 * An expression without sources is a constant in disguise. What a table of the mapping says is the mapping's as well,
 * whatever it was looked up by: a wrong rate in a table is cured there, not by the sender.
 */
function makeOrigins({ sources, isTranslated }: Expression): Cell<unknown>['originOf'] {
  if (sources.length === 0 || isTranslated) return () => ({ from: 'constant' })
  const make = (itemPointer: string): Origin => {
    return { from: 'order', paths: [...new Set(sources.map((source) => toPointer(source, itemPointer)))] }
  }
  if (sources.every((source) => source.root === 'order')) {
    const origin = make('')
    return () => origin
  }
  const kept: Origin[] = []
  return (listPointer, itemIndex) => {
    const known = kept[itemIndex]
    if (known !== undefined) return known
    const origin = make(`${listPointer}/${itemIndex}`)
    if (itemIndex < KEPT_ITEM_COUNT) kept[itemIndex] = origin
    return origin
  }
}

/** A run of control characters, line breaks included, is one blank (Source: Leqi rulebook 2.10, L-35). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const CONTROL = /[\u0000-\u001f\u007f-\u009f]+/

function cleanText(text: string): string | null {
  assertLength(text.length)
  const clean = (CONTROL.test(text) ? text.replaceAll(new RegExp(CONTROL, 'g'), ' ') : text).trim()
  return clean === '' ? null : clean
}

const TEXT: Want<string> = {
  zh: '文本',
  en: 'a text',
  types: ['string'],
  parse: (written) => (typeof written === 'string' ? (cleanText(written) ?? undefined) : undefined),
  // The type check lets only texts come here.
  take: (value) => cleanText(value as string),
}

const DECIMAL: Want<Decimal> = {
  zh: '数字',
  en: 'a number',
  types: ['Decimal', 'int'],
  parse: (written) => (typeof written === 'string' ? (Decimal.parse(written) ?? undefined) : undefined),
  // The type check lets only decimals and whole numbers come here.
  take: (value) => (typeof value === 'bigint' ? new Decimal(value, 0) : (value as Decimal)),
}

const MONEY: Want<Decimal> = {
  ...DECIMAL,
  zh: '最多两位小数的金额',
  en: 'an amount with at most two decimals',
  parse(written) {
    const decimal = DECIMAL.parse(written)
    return decimal === undefined || exactAmount(decimal) === null ? undefined : decimal
  },
  take(value) {
    const decimal = DECIMAL.take(value)
    if (decimal === null || decimal.scale <= 2 || exactAmount(decimal) !== null) return decimal
    const [zh, en] = ['金额超过两位小数', 'an amount has more than two decimals']
    throw new ExpressionError('ORD-amount', zh, en, 'sender')
  },
}

const FLAG: Want<boolean> = {
  zh: ' true 或 false',
  en: 'true or false',
  types: ['bool'],
  parse: (written) => (typeof written === 'boolean' ? written : undefined),
  take: (value) => value === true,
}

function makeChoice<Choice extends string>(choices: readonly Choice[]): Want<Choice> {
  const words = choices.join(' | ')
  return {
    zh: ` ${words} 之一`,
    en: `one of ${words}`,
    types: ['string'],
    parse: (written) => choices.find((choice) => choice === written),
    take(value) {
      const text = String(value).trim()
      const choice = choices.find((each) => each === text)
      if (choice !== undefined || text === '') return choice ?? null
      throw new ExpressionError('MAP-value', `应为 ${words} 之一`, `must be one of ${words}`, 'administrator')
    },
  }
}
