/**
 * What an expression may not do, found in its syntax tree before anything runs (design D6).
 *
 * The library's language is larger than ours: regular expressions with backtracking (`matches`), JSON, binary
 * fractions, its own `has` and `null`. Only what `language.ts` lists passes. Literal numbers become Decimals here, so
 * that `0.1` in a mapping means a tenth.
 */
import type { ASTNode } from '@marcbachmann/cel-js'
import { Decimal } from '../../connector/kernel/decimal.js'
import { COUNTING_METHODS, FUNCTIONS, LOOPS, MACROS, METHODS } from './language.js'
import { childrenOf } from './source-path.js'

/** Iterations inside each other (design D6); how long the lists may be then, `walked-lists.ts` says. */
const MACRO_DEPTH_MAX = 2

/** Names of CEL that many will try, and what to write instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  has: 'given(x)',
  orValue: 'or(x, y)',
  string: 'text(x)',
  int: 'decimal(x)',
  double: 'decimal(x)',
  timestamp: 'date(x)',
  matches: 'contains, startsWith, endsWith',
  join: 'join(list, separator)',
  sum: 'sum(list)',
}

export interface Refusal {
  code: string
  message: string
  messageEn: string
  /** Offset in the expression's text. */
  at: number
}

export class RestrictionError extends Error {
  override name = 'RestrictionError'
  readonly refusal: Refusal

  constructor(code: string, node: ASTNode, message: string, messageEn: string) {
    super(messageEn)
    this.refusal = { code, message, messageEn, at: node.range.start }
  }
}

interface Walk {
  names: ReadonlySet<string>
  macroDepth: number
}

/** Throws RestrictionError at the first thing that is not allowed; rewrites literal numbers in place. */
export function restrict(ast: ASTNode, names: ReadonlySet<string>): void {
  walk(ast, { names, macroDepth: 0 })
}

function walk(node: ASTNode, context: Walk): void {
  if (node.op === 'value') rewriteLiteral(node)
  else if (node.op === 'id') walkName(node, context)
  else if (node.op === 'call') walkCall(node, context)
  else if (node.op === 'rcall') walkMethod(node, context)
  else if (node.op === '[]') walkIndex(node, context)
  else {
    if (node.op === 'map' || node.op === '.?' || node.op === '[?]') {
      throw new RestrictionError('MAP-forbidden', node, '不支持的写法', 'this notation is not supported')
    }
    if (node.op === 'in' && node.args[1].op !== 'list') assertDepth(node, context)
    for (const child of childrenOf(node)) walk(child, context)
  }
}

function walkName(node: NodeOf<'id'>, { names }: Walk): void {
  if (names.has(node.args)) return
  throw new RestrictionError('MAP-name', node, `未知的名称 ${node.args}`, `unknown name ${node.args}`)
}

type NodeOf<Op extends ASTNode['op']> = Extract<ASTNode, { op: Op }>

function walkCall(node: NodeOf<'call'>, context: Walk): void {
  const [name, args] = node.args
  if (!FUNCTIONS.has(name)) throw makeCallError(node, name)
  if (LOOPS.has(name)) assertDepth(node, context)
  for (const arg of args) walk(arg, context)
}

/** Whatever walks a list, also without a variable, is a loop inside the loops around it. */
function assertDepth(node: ASTNode, { macroDepth }: Walk): void {
  if (macroDepth < MACRO_DEPTH_MAX) return
  const [zh, en] = ['列表运算嵌套超过两层', 'lists are walked inside each other more than twice']
  throw new RestrictionError('MAP-limit', node, zh, en)
}

function walkMethod(node: NodeOf<'rcall'>, context: Walk): void {
  const [name, receiver, args] = node.args
  walk(receiver, context)
  if (!MACROS.has(name) && !METHODS.has(name)) throw makeCallError(node, name)
  if (MACROS.has(name)) walkMacro(node, args, context)
  else for (const arg of args) if (!COUNTING_METHODS.has(name) || arg.op !== 'value') walk(arg, context)
}

function walkMacro(node: ASTNode, [variable, ...bodies]: readonly ASTNode[], context: Walk): void {
  assertDepth(node, context)
  if (variable?.op !== 'id') {
    throw new RestrictionError('MAP-syntax', variable ?? node, '应为变量名', 'the name of a variable is expected')
  }
  if (context.names.has(variable.args)) {
    const [zh, en] = [`名称 ${variable.args} 已被使用`, `the name ${variable.args} is taken`]
    throw new RestrictionError('MAP-name', variable, zh, en)
  }
  const names = new Set([...context.names, variable.args])
  for (const body of bodies) walk(body, { names, macroDepth: context.macroDepth + 1 })
}

/** An index is written out: a place that depends on the order could not be explained. */
function walkIndex(node: NodeOf<'[]'>, context: Walk): void {
  const [list, index] = node.args
  walk(list, context)
  if (index.op === 'value' && (typeof index.args === 'bigint' || typeof index.args === 'string')) return
  const [zh, en] = ['下标必须是整数或字段名', 'an index is a whole number or the name of a field, written out']
  throw new RestrictionError('MAP-forbidden', index, zh, en)
}

function rewriteLiteral(node: NodeOf<'value'>): void {
  const { args } = node
  if (typeof args === 'string' || typeof args === 'boolean') return
  const isNumber = typeof args === 'bigint' || typeof args === 'number'
  const decimal = isNumber ? Decimal.parse(node.input.slice(node.range.start, node.range.end)) : null
  if (decimal === null) {
    const [zh, en] = [
      '不支持的常量；可能缺失的值请用 or 或 when',
      'this literal is not supported; for null see or and when',
    ]
    throw new RestrictionError('MAP-forbidden', node, zh, en)
  }
  // The library evaluates whatever a literal node holds, and knows a Decimal by its class.
  Object.assign(node, { args: decimal })
}

function makeCallError(node: ASTNode, name: string): RestrictionError {
  const instead = Object.hasOwn(INSTEAD, name) ? INSTEAD[name] : undefined
  const [zh, en] = instead === undefined ? ['', ''] : [`，请用 ${instead}`, `, use ${instead}`]
  return new RestrictionError('MAP-forbidden', node, `不支持的函数 ${name}${zh}`, `there is no function ${name}${en}`)
}
