/**
 * A shortcut past the expression library for the notations that nearly all mappings use: several times as fast.
 *
 * Invariant: it gives the library's value or none at all. Whatever it does not know is not compiled, and whatever looks
 * unusual while it runs (a faulty value, an error of any kind) is thrown; the caller then asks the library, whose word
 * on values and errors is the only one. Here a value is never an optional: what is missing is undefined.
 */
import type { ASTNode } from '@marcbachmann/cel-js'
import { Decimal } from '../../connector/kernel/decimal.js'
import type { Values } from './expression.js'
import { unwrapValue } from './macro.js'
import { isMissing } from './missing-values.js'
import type { Tables } from './tables.js'
import { readDecimal, replaceAll, stripStars } from './text-functions.js'

type Run = (values: Values) => unknown

/** What the names of an expression stand for; `tables` are those of the mapping. */
interface Names {
  readers: ReadonlyMap<string, Run>
  tables: Tables
}

const READERS: Names['readers'] = new Map<string, Run>([
  ['order', (values) => values.order],
  ['line', (values) => values.line],
  ['entry', (values) => values.entry],
])

/** Thrown where the library must be asked; nobody sees it. */
const UNUSUAL = new Error('the shortcut does not apply')

/** null: some notation of the checked expression has no shortcut. */
export function compileShortcut(ast: ASTNode, tables: Tables): Run | null {
  return compile(ast, { readers: READERS, tables })
}

function compile(node: ASTNode, names: Names): Run | null {
  switch (node.op) {
    case 'value': {
      const value = node.args
      return () => value
    }
    case 'id':
      return names.readers.get(node.args) ?? null
    case '.':
      return compileField(node.args[0], node.args[1], names)
    case 'list':
      return compileList(node.args)
    case '!_': {
      const run = compile(node.args, names)
      return run === null ? null : (values) => !toFlag(run(values))
    }
    case 'call':
      return compileCall(node.args[0], node.args[1], names)
    case 'rcall':
      return compileMethod(node.args[0], node.args[1], node.args[2], names)
    case '+':
    case '-':
    case '*':
    case '==':
    case 'in':
    case '&&':
    case '||':
      return compileBinary(node.op, node.args, names)
    default:
      return null
  }
}

function compileField(object: ASTNode, field: string, names: Names): Run | null {
  const run = compile(object, names)
  if (run === null) return null
  return (values) => {
    const record = run(values)
    if (record === undefined) return undefined
    // Checked when the mapping was compiled: a field is only read from a record that declares it.
    const value = (record as Record<string, unknown>)[field]
    // A faulty value is undefined, a missing one an empty optional.
    return value === undefined ? refuse() : unwrapValue(value)
  }
}

/** Only lists of literals, `[]` above all. */
function compileList(items: readonly ASTNode[]): Run | null {
  if (!items.every((item) => item.op === 'value')) return null
  const list = items.map((item) => item.args)
  return () => list
}

function compileCall(name: string, args: readonly ASTNode[], names: Names): Run | null {
  if (name === 'lookup' || name === 'find') return compileLookup(name, args, names)
  const runs = compileAll(args, names)
  const [first, second] = runs ?? []
  if (runs === null || first === undefined) return null
  switch (name) {
    case 'or':
      return second !== undefined && runs.length === 2 ? makeOr(first, second) : makeLongOr(runs)
    case 'given':
      return (values) => !isMissing(first(values))
    case 'when':
      return second === undefined ? null : (values) => (toFlag(first(values)) ? second(values) : undefined)
    case 'first':
      return (values) => unwrapValue(toList(first(values) ?? [])[0])
    case 'sum':
      return (values) => sum(toList(first(values)))
    case 'decimal':
      return (values) => toNumber(first(values))
    case 'text':
      return (values) => String(toTextOrNumber(first(values)))
    default:
      return null
  }
}

function compileAll(nodes: readonly ASTNode[], names: Names): Run[] | null {
  const runs: Run[] = []
  for (const node of nodes) {
    const run = compile(node, names)
    if (run === null) return null
    runs.push(run)
  }
  return runs
}

function makeOr(first: Run, second: Run): Run {
  return (values) => {
    const value = first(values)
    return isMissing(value) ? second(values) : value
  }
}

function makeLongOr(runs: readonly Run[]): Run {
  return (values) => {
    let value: unknown
    for (let index = 0; index < runs.length; index += 1) {
      value = runs[index]?.(values)
      if (!isMissing(value)) break
    }
    return value
  }
}

function compileLookup(name: 'lookup' | 'find', [table, key]: readonly ASTNode[], names: Names): Run | null {
  const entries = table?.op === 'value' ? names.tables.get(String(table.args)) : undefined
  const run = key === undefined ? null : compile(key, names)
  if (entries === undefined || run === null) return null
  const find: Run = (values) => entries.get(toText(run(values)).trim())
  return name === 'find' ? find : (values) => find(values) ?? refuse()
}

function compileMethod(name: string, receiver: ASTNode, args: readonly ASTNode[], names: Names): Run | null {
  const run = compile(receiver, names)
  if (run === null) return null
  if (name === 'filter' || name === 'map') return compileWalk(name, run, args, names)
  const [first, second] = compileAll(args, names) ?? []
  if (args.length === 0 && name === 'stripStars') return (values) => stripStars(toText(run(values)))
  if (args.length !== 2 || name !== 'replace' || first === undefined || second === undefined) return null
  return (values) => replaceAll(toText(run(values)), toText(first(values)), toText(second(values)))
}

function compileWalk(
  name: 'filter' | 'map',
  list: Run,
  [variable, body, more]: readonly ASTNode[],
  names: Names,
): Run | null {
  if (variable?.op !== 'id' || body === undefined || more !== undefined) return null
  // The item at hand: an expression never runs inside itself, so one place for it is enough.
  let item: unknown
  const inner = compile(body, { ...names, readers: new Map([...names.readers, [variable.args, () => item]]) })
  if (inner === null) return null
  return (values) => {
    const items = toList(list(values))
    const results: unknown[] = []
    for (let index = 0; index < items.length; index += 1) {
      item = items[index] ?? refuse()
      const result = inner(values)
      if (name === 'map') results.push(result ?? refuse())
      else if (toFlag(result)) results.push(item)
    }
    return results
  }
}

function compileBinary(sign: string, operands: readonly ASTNode[], names: Names): Run | null {
  const [left, right] = compileAll(operands, names) ?? []
  if (left === undefined || right === undefined) return null
  switch (sign) {
    case '&&':
      return (values) => toFlag(left(values)) && toFlag(right(values))
    case '||':
      return (values) => toFlag(left(values)) || toFlag(right(values))
    case 'in':
      return isTextList(operands[1]) ? (values) => toList(right(values)).includes(toText(left(values))) : null
    case '==':
      return (values) => isEqual(left(values), right(values))
    case '+':
      return (values) => add(left(values), right(values))
    case '-':
      return (values) => toNumber(left(values)).minus(toNumber(right(values)))
    case '*':
      return (values) => toNumber(left(values)).times(toNumber(right(values)))
    default:
      return null
  }
}

function isEqual(left: unknown, right: unknown): boolean {
  if (typeof left === 'string') return left === toText(right)
  if (typeof left === 'boolean') return left === toFlag(right)
  return toDecimal(left).equals(toDecimal(right))
}

function add(left: unknown, right: unknown): unknown {
  if (typeof left === 'string') return left + toText(right)
  return toNumber(left).plus(toNumber(right))
}

function sum(items: readonly unknown[]): Decimal {
  let total = Decimal.ZERO
  for (let index = 0; index < items.length; index += 1) total = total.plus(toDecimal(items[index]))
  return total
}

function toDecimal(value: unknown): Decimal {
  return value instanceof Decimal ? value : refuse()
}

/** As `decimal(…)` reads it; operators never see a text here, because the mapping was checked. */
function toNumber(value: unknown): Decimal {
  return typeof value === 'string' ? readDecimal(value) : toDecimal(value)
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : refuse()
}

function toTextOrNumber(value: unknown): string | Decimal {
  return typeof value === 'string' ? value : toDecimal(value)
}

function toFlag(value: unknown): boolean {
  return typeof value === 'boolean' ? value : refuse()
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : refuse()
}

function isTextList(node: ASTNode | undefined): boolean {
  return node?.op === 'list' && node.args.every((item) => item.op === 'value' && typeof item.args === 'string')
}

function refuse(): never {
  throw UNUSUAL
}
