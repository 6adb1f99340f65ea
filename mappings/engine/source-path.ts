/**
 * Where in the order an expression looks: read from its syntax tree, for `explain` and for the origins of a draft.
 */
import type { ASTNode } from '@marcbachmann/cel-js'
import { pointerToken } from '../../connector/kernel/fault.js'
import { MACROS } from './language.js'

/** The variables of an expression: the order, and the item of an entry. */
type Root = 'order' | 'item'

/** A place below a root; `*` stands for every item of a list. */
export interface SourcePath {
  root: Root
  tokens: readonly (string | number)[]
}

export const EVERY = '*'

/** Names of variables in scope and what they stand for. */
export type Variables = ReadonlyMap<string, SourcePath>

/** Paths an expression reads, each once, in the order of the text. */
export function collectSources(node: ASTNode, variables: Variables): SourcePath[] {
  const found = new Map<string, SourcePath>()
  visit(node, variables, found)
  return [...found.values()]
}

/** `/line_items/*` + tokens as a JSON Pointer with stars. */
export function toPattern(path: SourcePath, itemPattern: string): string {
  return (path.root === 'item' ? itemPattern : '') + path.tokens.map((token) => `/${pointerToken(token)}`).join('')
}

/** The pointer of a path for one item: up to the first list that is read as a whole. */
export function toPointer(path: SourcePath, itemPointer: string): string {
  const end = path.tokens.indexOf(EVERY)
  const tokens = end < 0 ? path.tokens : path.tokens.slice(0, end)
  return toPattern({ root: path.root, tokens }, itemPointer)
}

/** The place a node stands for, when it is nothing but a place. */
export function pathOf(node: ASTNode, variables: Variables): SourcePath | null {
  switch (node.op) {
    case 'id':
      return variables.get(node.args) ?? null
    case '.':
      return extend(pathOf(node.args[0], variables), node.args[1])
    case '[]': {
      const [list, index] = node.args
      const path = pathOf(list, variables)
      if (index.op !== 'value') return null
      if (typeof index.args === 'string') return extend(path, index.args)
      // The first of a filtered list need not be the first of the list.
      const isWritten = list.op === '.' || list.op === '[]' || list.op === 'id'
      return typeof index.args === 'bigint' ? extend(path, isWritten ? Number(index.args) : EVERY) : null
    }
    default:
      return listPathOf(node, variables)
  }
}

/** `first(list)`, `list.filter(…)` and `or(list, [])` stand for the same items as their list. */
function listPathOf(node: ASTNode, variables: Variables): SourcePath | null {
  if (node.op === 'rcall' && node.args[0] === 'filter') return pathOf(node.args[1], variables)
  if (node.op !== 'call') return null
  const [name, [list, other]] = node.args
  if (list === undefined) return null
  if (name === 'first') return extend(pathOf(list, variables), EVERY)
  const isEmptyList = other?.op === 'list' && other.args.length === 0
  return name === 'or' && isEmptyList ? pathOf(list, variables) : null
}

function extend(path: SourcePath | null, token: string | number): SourcePath | null {
  return path === null ? null : { root: path.root, tokens: [...path.tokens, token] }
}

function visit(node: ASTNode, variables: Variables, found: Map<string, SourcePath>): void {
  const path = pathOf(node, variables)
  if (path !== null) found.set(`${path.root}${JSON.stringify(path.tokens)}`, path)
  if (node.op === 'rcall') {
    visitMethod(node.args, variables, found, path !== null)
    return
  }
  // Below a place there are only shorter places and the conditions of its filters.
  for (const child of childrenOf(node)) {
    if (path === null) visit(child, variables, found)
    else visitConditions(child, variables, found)
  }
}

type Method = Extract<ASTNode, { op: 'rcall' }>['args']

function visitMethod(
  [name, receiver, args]: Method,
  variables: Variables,
  found: Map<string, SourcePath>,
  isPath: boolean,
): void {
  if (isPath) visitConditions(receiver, variables, found)
  else visit(receiver, variables, found)
  const isIteration = MACROS.has(name)
  const inner = isIteration ? bindItem(receiver, args, variables) : variables
  for (const arg of isIteration ? args.slice(1) : args) visit(arg, inner, found)
}

function visitConditions(node: ASTNode, variables: Variables, found: Map<string, SourcePath>): void {
  if (node.op === 'rcall') visitMethod(node.args, variables, found, true)
  else for (const child of childrenOf(node)) visitConditions(child, variables, found)
}

/** The variables inside `list.map(item, …)`. */
export function bindItem(receiver: ASTNode, args: readonly ASTNode[], variables: Variables): Variables {
  const [variable] = args
  const item = extend(pathOf(receiver, variables), EVERY)
  if (variable?.op !== 'id') return variables
  const inner = new Map(variables)
  if (item === null) inner.delete(variable.args)
  else inner.set(variable.args, item)
  return inner
}

export function childrenOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case '.':
    case '.?':
      return [node.args[0]]
    case 'call':
      return node.args[1]
    case 'rcall':
      return [node.args[1], ...node.args[2]]
    case 'map':
      return node.args.flat()
    case '!_':
    case '-_':
      return [node.args]
    default:
      return node.args
  }
}
