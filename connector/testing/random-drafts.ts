/** Random orders as a shop could send them: any mix of figures that the rules accept. */
import type { DraftLine, InvoiceDraft } from '../invoice/draft.js'
import { Decimal } from '../kernel/decimal.js'
import type { Choices } from './choices.js'
import { aDraft, aLine } from './invoice-drafts.js'

const RATES = ['0.13', '0.09', '0.06', '0.05', '0.03', '0.01', '0.13', '0'].map((text) => Decimal.of(text))
const NAMES = ['咖啡杯', '茶叶', '手冲壶', '滤纸']
const LINE_COUNT_MAX = 6

/** A draft of 1 to 6 lines, perhaps with discounts, a coupon and freight; its figures agree with each other. */
export function randomDraft(choices: Choices, pricesIncludeTax = choices.upTo(1) === 0): InvoiceDraft {
  const lines = Array.from({ length: 1 + choices.upTo(LINE_COUNT_MAX - 1) }, () => randomLine(choices))
  const shipping = choices.upTo(4) === 0 ? aLine({ name: '运费', amount: fenText(1 + choices.upTo(5_000)) }) : null
  const draft = aDraft({ pricesIncludeTax, lines, shipping })
  const rebate = choices.upTo(2) === 0 ? randomRebate(choices, draft) : null
  return { ...draft, orderDiscount: rebate }
}

/** What a line costs before discount, in whole fen: the figure the rules start from. */
function amountOf({ amount, quantity, unitPrice }: DraftLine): bigint {
  if (amount !== null) return amount.at(2)
  return (unitPrice ?? Decimal.ZERO)
    .times(quantity ?? Decimal.ONE)
    .round(2)
    .at(2)
}

function ownDiscountOf(line: DraftLine): bigint {
  if (line.discountAmount !== null) return line.discountAmount.at(2)
  if (line.discountRate === null) return 0n
  return new Decimal(amountOf(line), 2).times(line.discountRate).round(2).at(2)
}

/** What an order costs after everything, in the sense of its prices. */
export function costOf(draft: InvoiceDraft): bigint {
  const lines = draft.shipping === null ? draft.lines : [...draft.lines, draft.shipping]
  const before = lines.reduce((sum, line) => sum + amountOf(line) - ownDiscountOf(line), 0n)
  return before - (draft.orderDiscount?.at(2) ?? 0n)
}

function randomLine(choices: Choices): DraftLine {
  const taxRate = RATES[choices.upTo(RATES.length - 1)] ?? Decimal.ZERO
  const line = aLine({
    ...randomFigures(choices),
    taxRate,
    name: NAMES[choices.upTo(NAMES.length - 1)] ?? null,
    preference: taxRate.isZero && choices.upTo(1) === 0 ? '03' : null,
  })
  return { ...line, ...randomDiscount(choices, amountOf(line)) }
}

function randomFigures(choices: Choices): Pick<DraftLine, 'amount' | 'quantity' | 'unitPrice'> {
  const amount = new Decimal(BigInt(1 + choices.upTo(magnitude(choices))), 2)
  const whole = Decimal.of(1 + choices.upTo(choices.upTo(3) === 0 ? 99_999 : 9))
  const weight = new Decimal(BigInt(1 + choices.upTo(99_999)), 3)
  switch (choices.upTo(4)) {
    case 0:
      return { amount, quantity: null, unitPrice: null }
    case 1:
      return { amount, quantity: choices.upTo(1) === 0 ? whole : weight, unitPrice: null }
    case 2:
      return { amount: null, quantity: null, unitPrice: amount }
    case 3:
      // A weight under half a cent's worth would cost nothing: such lines never reach the rules.
      return { amount: null, quantity: weight, unitPrice: amount.plus(Decimal.of('10.0049')) }
    default:
      return { amount: amount.times(whole), quantity: whole, unitPrice: amount }
  }
}

function randomDiscount(choices: Choices, amount: bigint): Pick<DraftLine, 'discountRate' | 'discountAmount'> {
  switch (choices.upTo(5)) {
    case 0:
      return { discountRate: new Decimal(BigInt(choices.upTo(1_000)), 3), discountAmount: null }
    case 1:
      return { discountRate: null, discountAmount: new Decimal(share(choices, amount), 2) }
    default:
      return { discountRate: null, discountAmount: null }
  }
}

function randomRebate(choices: Choices, draft: InvoiceDraft): Decimal {
  return new Decimal(share(choices, costOf(draft)), 2)
}

/** From nothing to all of it. */
function share(choices: Choices, whole: bigint): bigint {
  return (whole * BigInt(choices.upTo(1_000))) / 1_000n
}

/** Small amounts are where rounding bites, so they come as often as big ones. */
function magnitude(choices: Choices): number {
  return 10 ** (1 + choices.upTo(7)) - 1
}

function fenText(count: number): string {
  return new Decimal(BigInt(count), 2).toString()
}
