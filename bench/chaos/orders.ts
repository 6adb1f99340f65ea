/**
 * The input of a chaos run: orders of several sellers, some of more lines than fit on one invoice, some that the bureau
 * refuses, some that are rejected at the door; and among them repeats and conflicts. What must become of each is known.
 */
import { aPlainItem, aPlainOrder, type PlainOrder } from '../../connector/testing/plain-orders.js'
import type { Dice } from './dice.js'

/** The bureau is told to refuse this buyer's invoices. */
export const REFUSED_BUYER = '示例拒收商贸有限公司'
/** Lines that fit on one invoice. */
export const LINE_COUNT_MAX = 2

type Fate = 'issued' | 'failed' | 'rejected'

export interface ChaosOrder {
  orderNo: string
  businessType: string
  body: PlainOrder
  fate: Fate
  /** What its invoices may add up to, in fen: with a conflict, either of the two contents. */
  grossFen: readonly number[]
  /** Said again: the very same body, or another content under the same number. */
  again: PlainOrder | null
}

const SHARES = { failed: 0.02, rejected: 0.02, split: 0.06, duplicate: 0.05, conflict: 0.03 } as const

export function makeChaosOrders(count: number, businessTypes: readonly string[], dice: Dice): readonly ChaosOrder[] {
  return Array.from({ length: count }, (_, index) => makeOrder(index, dice.pick(businessTypes), dice))
}

function makeOrder(index: number, businessType: string, dice: Dice): ChaosOrder {
  const orderNo = `C-${index + 1}`
  const fate = draw(dice.next())
  const lineCount = dice.next() < SHARES.split ? LINE_COUNT_MAX + 1 : 1
  const fens = Array.from({ length: lineCount }, () => dice.between(1_000, 99_999))
  const body = aPlainOrder({
    no: orderNo,
    remark: orderNo,
    items: fens.map((fen) => aPlainItem({ amount: toYuan(fen) })),
    ...(fate === 'failed' && { buyer: { name: REFUSED_BUYER } }),
    ...(fate === 'rejected' && { currency: 'USD' }),
  })
  const chance = dice.next()
  const gross = sum(fens)
  const base = { orderNo, businessType, body, fate, grossFen: [gross] }
  if (chance < SHARES.duplicate) return { ...base, again: body }
  if (fate !== 'issued' || chance > SHARES.duplicate + SHARES.conflict) return { ...base, again: null }
  // Which of the two comes first is nobody's promise once connections break: one of them is invoiced, whole, once.
  const other = dice.between(1_000, 99_999)
  const again = { ...body, items: [aPlainItem({ amount: toYuan(other) })] }
  return { ...base, grossFen: [gross, other], again }
}

function draw(chance: number): Fate {
  if (chance < SHARES.failed) return 'failed'
  return chance < SHARES.failed + SHARES.rejected ? 'rejected' : 'issued'
}

function sum(fens: readonly number[]): number {
  return fens.reduce((total, fen) => total + fen, 0)
}

function toYuan(fen: number): string {
  return `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`
}
