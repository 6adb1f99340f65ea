/** What a mapping does, field by field, read from its syntax trees: for the people who answer for the invoices. */
import type { Cell } from './cell.js'
import type { DraftCells } from './draft-cells.js'
import type { Entry } from './entry.js'
import { EVERY, toPattern } from './source-path.js'

export interface Explanation {
  /** JSON Pointer into the draft; `*` stands for every item of a list. */
  target: string
  /** As it was written: a constant, or an expression with its equals sign. */
  written: string
  /** JSON Pointers into the order, `*` for every item; empty for a constant. */
  sources: readonly string[]
}

type Cells = Readonly<Record<string, unknown>>

export function explainDraft(draft: DraftCells): Explanation[] {
  const { accept, head, buyer, lines, shipping, differential, payments, extras } = draft
  return [
    ...accept.map(({ require }) => explainCell(require, '/accept', '')),
    ...explainCells({ ...head }, '', ''),
    ...explainCells(buyer, '/buyer', ''),
    ...explainEntries(lines, '/lines'),
    ...explainCells({ ...shipping }, '/shipping', ''),
    ...explainCells({ ...differential }, '/differential', ''),
    ...explainEntries(differential?.vouchers ?? [], '/differential/vouchers'),
    ...explainEntries(payments, '/payments'),
    ...explainEntries(extras, '/extras'),
  ]
}

function explainEntries(entries: readonly Entry<Cells>[], list: string): Explanation[] {
  return entries.flatMap(({ listPointer, list: items, where, cells }) => {
    const item = items === null ? '' : `${listPointer}/${EVERY}`
    const target = items === null ? list : `${list}/${EVERY}`
    const forEach = items === null ? [] : [{ target, written: `= ${items.text}`, sources: [listPointer] }]
    return [...forEach, ...explainCells({ where }, target, item), ...explainCells(cells, target, item)]
  })
}

function explainCells(cells: Cells, target: string, item: string): Explanation[] {
  return Object.values(cells)
    .filter(isCell)
    .map((cell) => explainCell(cell, `${target}/${cell.field}`, item))
}

function explainCell({ written, expression }: Cell<unknown>, target: string, item: string): Explanation {
  const sources = (expression?.sources ?? []).map((source) => toPattern(source, item))
  return { target, written: written.replace(/^=\s*/, '= ').trim(), sources: [...new Set(sources)] }
}

/** Parts hold cells, empty fields, and the entries of their lists. */
function isCell(part: unknown): part is Cell<unknown> {
  return typeof part === 'object' && part !== null && 'written' in part
}
