/**
 * What became of a chaos run, judged from the bureau's own book against what the order system was told. The connector's
 * memory is not asked.
 */
import type { Book } from '../../adapters/leqi/simulator/book.js'
import type { ResultMessage } from '../../connector/result/result.js'
import type { Told } from './order-system.js'
import type { ChaosOrder } from './orders.js'

export interface Judgement {
  /** Orders that were told nothing. */
  lost: string[]
  /** Orders with two ends, or with an invoice at the bureau that nobody was told of. */
  doubled: string[]
  /** Numbers told twice, or uploaded again with other content. */
  reused: string[]
  overspent: string[]
  /** Orders that were told what is not so. */
  wrong: string[]
  /** Results of which two copies differ. */
  changed: string[]
  /** Copies beyond the first, by the connector. */
  extraCopyCount: number
  resultCount: number
}

/** `remarks`: the order number on each stored invoice, by its invoice number. */
export function judge(
  orders: readonly ChaosOrder[],
  told: ReadonlyMap<string, Told>,
  book: Book,
  remarks: ReadonlyMap<string, string>,
): Judgement {
  const ends = new Map<string, ResultMessage[]>()
  for (const { result } of told.values()) {
    const orderNo = result.orderNo ?? ''
    ends.set(orderNo, [...(ends.get(orderNo) ?? []), result])
  }
  const stored = new Map(book.invoices.map((invoice) => [invoice.number, invoice]))
  const held = new Map<string, string[]>()
  for (const [number, orderNo] of remarks) held.set(orderNo, [...(held.get(orderNo) ?? []), number])
  const grossOf = (number: string) => stored.get(number)?.gross ?? null
  const known = new Set(orders.map(({ orderNo }) => orderNo))
  const strangers = [...ends.keys(), ...held.keys()].filter((orderNo) => !known.has(orderNo))
  return {
    lost: orders.filter(({ orderNo }) => !ends.has(orderNo)).map(({ orderNo }) => orderNo),
    doubled: [
      ...orders.filter(({ orderNo }) => isDoubled(ends.get(orderNo) ?? [], held.get(orderNo) ?? [])).map(nameOf),
      ...strangers,
    ],
    reused: findReused([...ends.values()].flat(), book),
    overspent: findOverspent(book),
    wrong: orders
      .filter((order) => (ends.get(order.orderNo) ?? []).some((end) => isWrong(order, end, grossOf)))
      .map(nameOf),
    changed: [...told].filter(([, { bodies }]) => bodies.size > 1).map(([id]) => id),
    extraCopyCount: [...told.values()].reduce((sum, { copyCount }) => sum + copyCount - 1, 0),
    resultCount: told.size,
  }
}

export function isClean({ lost, doubled, reused, overspent, wrong, changed }: Judgement): boolean {
  return [lost, doubled, reused, overspent, wrong, changed].every((list) => list.length === 0)
}

function isDoubled(ends: readonly ResultMessage[], heldNumbers: readonly string[]): boolean {
  const toldNumbers = new Set(ends.flatMap(({ invoices }) => invoices.map(({ invoiceNumber }) => invoiceNumber)))
  return ends.length > 1 || heldNumbers.some((number) => !toldNumbers.has(number))
}

function isWrong(order: ChaosOrder, end: ResultMessage, grossOf: (number: string) => string | null): boolean {
  if (end.type !== 'result' || !end.final || end.status !== order.fate) return true
  const numbers = end.invoices.map(({ invoiceNumber }) => invoiceNumber ?? '')
  if (order.fate !== 'issued') return numbers.some((number) => grossOf(number) !== null)
  if (end.invoices.some(({ invoiceNumber, grossAmount }) => grossOf(invoiceNumber ?? '') !== grossAmount)) return true
  const gross = end.invoices.reduce((sum, { grossAmount }) => sum + toFen(grossAmount), 0)
  return !order.grossFen.includes(gross)
}

/** A number of a refused invoice may come again; one that was issued never. */
function findReused(ends: readonly ResultMessage[], book: Book): string[] {
  const counts = new Map<string, number>()
  for (const { invoices } of ends) {
    for (const { invoiceNumber, status } of invoices) {
      if (invoiceNumber === null || status !== 'issued') continue
      counts.set(invoiceNumber, (counts.get(invoiceNumber) ?? 0) + 1)
    }
  }
  const twice = [...counts].filter(([, count]) => count > 1).map(([number]) => number)
  const changed = book.invoices.filter(({ differentRepeatCount }) => differentRepeatCount > 0)
  return [...twice, ...changed.map(({ number }) => number)]
}

function findOverspent(book: Book): string[] {
  return book.taxpayers.flatMap(({ taxNo, quota }) => {
    const spent = book.invoices
      .filter(({ sellerTaxNo }) => sellerTaxNo === taxNo)
      .reduce((sum, { quotaNet }) => sum + toFen(quotaNet), 0)
    const downloaded = quota.reduce((sum, ledger) => sum + toFen(ledger.downloaded), 0)
    return spent > downloaded ? [`${taxNo} spent ${spent} of ${downloaded} fen`] : []
  })
}

function nameOf({ orderNo }: ChaosOrder): string {
  return orderNo
}

function toFen(yuan: string): number {
  return Math.round(Number(yuan) * 100)
}
