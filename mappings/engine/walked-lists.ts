/**
 * The work an expression can cause, bounded before anything runs (design D6): the language has no loops but walking
 * lists, so the lengths of an order's lists say how many steps its mapping takes.
 *
 * A walk names the lists whose lengths multiply: walking all items for each item costs the square, walking the parts of
 * each item costs as much as there are parts in all, because those of one item are never seen for another.
 */
import type { ASTNode } from '@marcbachmann/cel-js'
import { LOOPS, MACROS } from './language.js'
import { type ListShape, type ObjectShape, type Shape, shapeAt } from './order-shape.js'
import { RestrictionError } from './restriction.js'
import { bindItem, childrenOf, pathOf, type Variables } from './source-path.js'

/** Steps of all expressions on one order: a step takes some 0.4 µs, and nothing else runs meanwhile. */
const STEP_COUNT_MAX = 250_000

/** Lists whose total lengths in an order, multiplied, are the steps of one loop. */
export type Walk = readonly ListShape[]

/** How many items an order has in all lists of a shape together. */
export type ItemCounts = ReadonlyMap<ListShape, number>

interface WalkScope {
  order: ObjectShape
  item: Shape | null
  variables: Variables
  /** Loops around the expression: the list its entry repeats for. */
  enclosing: Walk
}

/** Whether an order's lists are short enough for the mapping's expressions. */
export function isAffordable(walks: readonly Walk[], counts: ItemCounts): boolean {
  let stepCount = 0
  for (const walk of walks) {
    let steps = 1
    for (const list of walk) steps *= counts.get(list) ?? 0
    stepCount += steps
  }
  return stepCount <= STEP_COUNT_MAX
}

/**
 * Adds the walks of an expression and marks their lists in the shape.
 * Errors: RestrictionError where what is walked is no list of the order.
 */
export function collectWalks(node: ASTNode, scope: WalkScope, walks: Walk[]): void {
  const [zh, en] = ['列表不能相加或比较', 'lists can be neither added nor compared; use two entries with forEach']
  if (isListOperation(node)) throw new RestrictionError('MAP-forbidden', node, zh, en)
  if (node.op === 'in') enter(node.args[1], scope, walks)
  if (node.op === 'call' && LOOPS.has(node.args[0])) enterArgument(node.args[1], scope, walks)
  if (node.op !== 'rcall' || !MACROS.has(node.args[0])) {
    for (const child of childrenOf(node)) collectWalks(child, scope, walks)
    return
  }
  const [, receiver, args] = node.args
  const enclosing = enter(receiver, scope, walks)
  collectWalks(receiver, scope, walks)
  const inner = { ...scope, enclosing, variables: bindItem(receiver, args, scope.variables) }
  for (const body of args.slice(1)) collectWalks(body, inner, walks)
}

/** `sum(list.map(…))` costs what the walk inside it costs. */
function enterArgument([list]: readonly ASTNode[], scope: WalkScope, walks: Walk[]): void {
  if (list !== undefined && list.op !== 'rcall') enter(list, scope, walks)
}

/** The loops around whatever is done for each item of `list`. */
export function enclose(list: ListShape, enclosing: Walk): Walk {
  list.isCounted = true
  // One loop over the list that holds this one is paid for by counting this one's items in all.
  const parent = enclosing.findLastIndex((each) => contains(each.item, list))
  return [...enclosing.filter((_, index) => index !== parent), list]
}

function enter(list: ASTNode, scope: WalkScope, walks: Walk[]): Walk {
  const shape = resolveList(list, scope)
  if (shape === null) return scope.enclosing
  const walk = enclose(shape, scope.enclosing)
  shape.isWalked = true
  walks.push(walk)
  return walk
}

/** null: a list of the expression's own making, no longer than what it is made of. */
function resolveList(list: ASTNode, scope: WalkScope): ListShape | null {
  if (list.op === 'list') return null
  if (list.op === 'rcall' && list.args[0] === 'map') return resolveList(list.args[1], scope)
  const path = pathOf(list, scope.variables)
  const root = path?.root === 'item' ? scope.item : scope.order
  const shape = path === null || root === null ? null : shapeAt(path.tokens, root)
  if (shape?.kind === 'list') return shape
  throw new RestrictionError('MAP-forbidden', list, '只能遍历订单中的列表', 'only a list of the order can be walked')
}

function contains(shape: Shape, list: ListShape): boolean {
  if (shape === list) return true
  if (shape.kind === 'list') return contains(shape.item, list)
  return shape.kind === 'object' && shape.fields.some((field) => contains(field.shape, list))
}

function isListOperation(node: ASTNode): boolean {
  if (node.op !== '+' && node.op !== '==' && node.op !== '!=') return false
  return node.args.some((operand) => {
    // The library notes the type of every node it has checked; its declarations do not say so (8.0.0).
    const { checkedType } = operand as { checkedType?: { kind: string } }
    return checkedType?.kind === 'list'
  })
}
