/**
 * Which lists of the order an expression walks, so that their length is checked before anything runs (design D6): the
 * language has no other loops, and a bound on every list bounds the work.
 */
import type { ASTNode } from '@marcbachmann/cel-js'
import { MACROS } from './language.js'
import { type ObjectShape, type Shape, shapeAt } from './order-shape.js'
import { RestrictionError } from './restriction.js'
import { bindItem, childrenOf, pathOf, type Variables } from './source-path.js'

export interface Shapes {
  order: ObjectShape
  item: Shape | null
  variables: Variables
}

/** Marks the walked lists in the shape. Errors: RestrictionError where a list is not a place of the order. */
export function boundWalkedLists(node: ASTNode, shapes: Shapes): void {
  const [zh, en] = ['列表不能相加或比较', 'lists can be neither added nor compared; use two entries with forEach']
  if (isListOperation(node)) throw new RestrictionError('MAP-forbidden', node, zh, en)
  if (node.op === 'in' && node.args[1].op !== 'list') bound(node.args[1], shapes)
  if (node.op !== 'rcall' || !MACROS.has(node.args[0])) {
    for (const child of childrenOf(node)) boundWalkedLists(child, shapes)
    return
  }
  const [, receiver, args] = node.args
  bound(receiver, shapes)
  boundWalkedLists(receiver, shapes)
  const variables = bindItem(receiver, args, shapes.variables)
  for (const body of args.slice(1)) boundWalkedLists(body, { ...shapes, variables })
}

function isListOperation(node: ASTNode): boolean {
  if (node.op !== '+' && node.op !== '==' && node.op !== '!=') return false
  return node.args.some((operand) => {
    // The library notes the type of every node it has checked; its declarations do not say so (8.0.0).
    const { checkedType } = operand as { checkedType?: { kind: string } }
    return checkedType?.kind === 'list'
  })
}

function bound(list: ASTNode, shapes: Shapes): void {
  // A list that is written out is short, and what `map` makes is as long as what it walks.
  if (list.op === 'list' || (list.op === 'rcall' && list.args[0] === 'map')) return
  const path = pathOf(list, shapes.variables)
  const root = path?.root === 'item' ? shapes.item : shapes.order
  const shape = path === null || root === null ? null : shapeAt(path.tokens, root)
  if (shape?.kind !== 'list') {
    const [zh, en] = ['只能遍历订单中的列表', 'only a list of the order can be walked']
    throw new RestrictionError('MAP-forbidden', list, zh, en)
  }
  shape.isWalked = true
}
