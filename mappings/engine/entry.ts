/**
 * An entry of a list of the mapping: it stands for every item of a list of the order that passes `where`, or, without
 * `forEach`, for itself.
 */
import { type Cell, compileCondition, type Part } from './cell.js'
import { compileExpression, type Expression, isExpression, type Values } from './expression.js'
import { type MappingFault, makeMappingFault } from './faults.js'
import { toTypeName } from './language.js'
import { type ListShape, shapeAt } from './order-shape.js'
import { type SourcePath, toPattern } from './source-path.js'
import { enclose } from './walked-lists.js'

export type ItemName = 'line' | 'entry'

export interface Entry<Cells> {
  itemName: ItemName
  /** JSON Pointer of the list in the order; '' without `forEach`. */
  listPointer: string
  /** null: the entry stands for itself. */
  list: Expression | null
  where: Cell<boolean> | null
  cells: Cells
}

/** The items an entry stands for; one undefined item when it stands for itself. */
export function readItems(entry: Entry<unknown>, values: Values): readonly unknown[] {
  if (entry.list === null) return [undefined]
  const items = entry.list.run(values)
  return Array.isArray(items) ? items : []
}

/** The values an expression of the entry sees for one item. */
export function bindEntry(itemName: ItemName, order: Values['order'], item: unknown): Values {
  return itemName === 'line' ? { order, line: item } : { order, entry: item }
}

/**
 * Compiles an entry: `forEach` in the scope around it, all else in a scope that knows the item.
 * Faults go to the part; null when the list itself is faulty, because then nothing is known about its items.
 */
export function compileEntry<Cells>(
  part: Part,
  itemName: ItemName,
  compileCells: (part: Part) => Cells,
): Entry<Cells> | null {
  const leaf = part.leaves.forEach
  if (leaf === undefined || leaf === null) {
    return { itemName, listPointer: '', list: null, where: compileCondition(part, 'where'), cells: compileCells(part) }
  }
  const list = compileList(part, leaf)
  if (list === null) return null
  const inner: Part = { ...part, scope: bindItem(part, itemName, list.shape) }
  return {
    itemName,
    listPointer: toPattern(list.place, ''),
    list: list.expression,
    where: compileCondition(inner, 'where'),
    cells: compileCells(inner),
  }
}

interface List {
  expression: Expression
  place: SourcePath
  shape: ListShape
}

function compileList(part: Part, leaf: string | boolean): List | null {
  const path = `${part.path}/forEach`
  const refuse = (message: string, messageEn: string): null => {
    part.faults.push(makeMappingFault('MAP-list', { path, position: part.source.positionOf(path) }, message, messageEn))
    return null
  }
  if (!isExpression(leaf))
    return refuse('forEach 应为订单中的列表，例如 = order.items', 'forEach names a list of the order')
  const outcome = compileExpression(leaf, path, part.scope, part.source)
  if (!outcome.ok) return report(part.faults, outcome.fault)
  const { expression } = outcome
  const { place } = expression
  const shape = place === null ? null : shapeAt(place.tokens, part.scope.order)
  if (place !== null && shape?.kind === 'list') return { expression, place, shape }
  return refuse(
    'forEach 只能直接写订单中的列表；筛选请用 where',
    'forEach names a list of the order and nothing else; `where` selects its items',
  )
}

function report(faults: MappingFault[], fault: MappingFault): null {
  faults.push(fault)
  return null
}

function bindItem({ scope }: Part, itemName: ItemName, list: ListShape): Part['scope'] {
  return {
    language: scope.language.clone().registerVariable(itemName, toTypeName(list.item)),
    variables: new Map([...scope.variables, [itemName, { root: 'item', tokens: [] }]]),
    tables: scope.tables,
    order: scope.order,
    item: list.item,
    enclosing: enclose(list, scope.enclosing),
    walks: scope.walks,
  }
}
