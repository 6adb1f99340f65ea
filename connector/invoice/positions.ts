/**
 * Reads the figures of a draft's lines: what a position costs before any discount, its own discount, its quantity.
 *
 * How quantity, price and amount complete each other (rulebook 2.1: on the invoice both or neither of quantity, price):
 *
 *   amount quantity price   amount of the line               on the invoice
 *     –      given  given   R2(quantity × price)             quantity; price worked back from the net
 *     –      –      given   R2(price)                        quantity 1: a price alone is the price of one
 *     given  given  given   amount, if price × quantity      quantity; price worked back from the net
 *                           is within 0.01 of it, else a fault
 *     given  given  –       amount                           quantity; price worked back from the net
 *     given  –      given   as with quantity 1               quantity 1
 *     given  –      –       amount                           neither
 *     –      –/given –      INV-amount-missing
 *
 * Shipping is one more position, the last one, with source -1.
 */
import { exactAmount, fen, formatAmount, roundToFen } from '../kernel/amount.js'
import { Decimal, divideHalfUp, pow10 } from '../kernel/decimal.js'
import type { DraftLine, InvoiceDraft } from './draft.js'
import type { Report } from './invoice-faults.js'
import { INVOICE_LIMITS } from './limits.js'

export interface Position {
  /** Index of the draft line; -1 for shipping. */
  source: number
  line: DraftLine
  name: string
  shortName: string
  taxCode: string
  taxRate: Decimal
  /** Fen, before discount; contains the tax when the draft's prices do. */
  amount: bigint
  /** Fen ≥ 0, in the same sense as `amount`. */
  ownDiscount: bigint
  quantity: Decimal | null
}

/**
 * Reads every line and the shipping of a draft; what is wrong goes to `report`, and the position is left out.
 *
 * Units   fen, in the draft's own sense (gross or net as `pricesIncludeTax` says)
 * Errors  INV-incomplete, INV-rate, INV-quantity, INV-price, INV-amount…, INV-discount…, each with its path
 */
export function readPositions(draft: InvoiceDraft, report: Report): Position[] {
  const positions: Position[] = []
  let index = 0
  for (const line of draft.lines) {
    const position = readPosition(line, index, report)
    if (position !== null) positions.push(position)
    index += 1
  }
  const shipping = draft.shipping === null ? null : readPosition(draft.shipping, -1, report)
  if (shipping !== null) positions.push(shipping)
  return positions
}

/** Where a position stands in the draft. */
export function pathOf(source: number): string {
  return source < 0 ? '/shipping' : `/lines/${source}`
}

function readPosition(line: DraftLine, source: number, report: Report): Position | null {
  const identity = readIdentity(line, source, report)
  const figures = readFigures(line, source, report)
  if (figures === null) return null
  const ownDiscount = readOwnDiscount(line, figures.amount, source, report)
  if (identity === null || ownDiscount === null) return null
  const { name, shortName, taxCode, taxRate } = identity
  const { amount, quantity } = figures
  return { source, line, name, shortName, taxCode, taxRate, amount, ownDiscount, quantity }
}

function readIdentity(
  line: DraftLine,
  source: number,
  report: Report,
): Pick<Position, 'name' | 'shortName' | 'taxCode' | 'taxRate'> | null {
  const { shortName, taxCode, taxRate } = line
  const name = line.name === null ? null : stripShortName(line.name)
  if (name === null || name === '') report('INV-incomplete', `${pathOf(source)}/name`)
  if (shortName === null) report('INV-incomplete', `${pathOf(source)}/shortName`)
  if (taxCode === null) report('INV-incomplete', `${pathOf(source)}/taxCode`)
  if (taxRate === null) report('INV-incomplete', `${pathOf(source)}/taxRate`)
  if (name === null || name === '' || shortName === null || taxCode === null || taxRate === null) return null
  const rate = toShortest(taxRate)
  if (rate.value < 0n || rate.value >= pow10(rate.scale) || rate.scale > INVOICE_LIMITS.rateDecimalCount) {
    report('INV-rate', `${pathOf(source)}/taxRate`, rate.toString())
    return null
  }
  return { name, shortName, taxCode, taxRate: rate }
}

/** `*咖啡用具*咖啡杯` → `咖啡杯`: the short name between stars is composed anew from the code table (rulebook 2.11). */
function stripShortName(name: string): string {
  if (!name.startsWith('*')) return name
  const end = name.indexOf('*', 1)
  return end < 0 ? name : name.slice(end + 1)
}

/** Equal rates print and compare alike: `0.130` is `0.13`. */
function toShortest(decimal: Decimal): Decimal {
  if (decimal.scale === 0 || decimal.value % 10n !== 0n) return decimal
  return Decimal.of(decimal.toString())
}

function readFigures(line: DraftLine, source: number, report: Report): Pick<Position, 'amount' | 'quantity'> | null {
  const quantity = readQuantity(line, source, report)
  if (quantity === 'faulty') return null
  if (line.unitPrice?.isNegative === true) {
    report('INV-price', `${pathOf(source)}/unitPrice`, line.unitPrice.toString())
    return null
  }
  const amount = readAmount(line, quantity, source, report)
  return amount === null ? null : { amount, quantity }
}

function readQuantity(line: DraftLine, source: number, report: Report): Decimal | null | 'faulty' {
  const { quantity, unitPrice } = line
  if (quantity === null) return unitPrice === null ? null : Decimal.ONE
  if (quantity.isPositive && quantity.toString().length <= INVOICE_LIMITS.figureLength) return quantity
  report('INV-quantity', `${pathOf(source)}/quantity`, quantity.toString())
  return 'faulty'
}

function readAmount(line: DraftLine, quantity: Decimal | null, source: number, report: Report): bigint | null {
  const product = line.unitPrice === null || quantity === null ? null : line.unitPrice.times(quantity)
  const given = line.amount
  if (given === null && product === null) {
    report('INV-amount-missing', `${pathOf(source)}/amount`)
    return null
  }
  const amount = given === null ? roundToFen(product ?? Decimal.ZERO) : exactAmount(given)
  if (amount === null) {
    report('INV-decimals', `${pathOf(source)}/amount`, String(given))
    return null
  }
  if (amount <= 0n) {
    report('INV-amount', `${pathOf(source)}/${given === null ? 'unitPrice' : 'amount'}`, formatAmount(amount))
    return null
  }
  if (given !== null && product !== null && !isWithinCent(product, amount)) {
    report('INV-amount-mismatch', `${pathOf(source)}/amount`, `${product} ≠ ${formatAmount(amount)}`)
    return null
  }
  return amount
}

/** A1 in the draft's own sense. */
function isWithinCent(product: Decimal, amount: bigint): boolean {
  const scale = Math.max(product.scale, 2)
  const difference = product.at(scale) - amount * pow10(scale - 2)
  const tolerance = INVOICE_LIMITS.priceTolerance * pow10(scale - 2)
  return difference <= tolerance && difference >= -tolerance
}

/** The discount a line brings itself; 0 when it brings none. The amount is the truth, a rate only leads to it. */
function readOwnDiscount(line: DraftLine, amount: bigint, source: number, report: Report): bigint | null {
  const { discountRate, discountAmount } = line
  if (discountRate !== null && discountAmount !== null) {
    report('INV-discount-both', `${pathOf(source)}/discountAmount`)
    return null
  }
  if (discountRate !== null) {
    if (!discountRate.isNegative && discountRate.compare(Decimal.ONE) <= 0) return discountByRate(amount, discountRate)
    report('INV-discount', `${pathOf(source)}/discountRate`, discountRate.toString())
    return null
  }
  if (discountAmount === null) return 0n
  const discount = exactAmount(discountAmount)
  if (discount === null) {
    report('INV-decimals', `${pathOf(source)}/discountAmount`, discountAmount.toString())
    return null
  }
  if (discount >= 0n && discount <= amount) return discount
  report('INV-discount', `${pathOf(source)}/discountAmount`, `${formatAmount(discount)} > ${formatAmount(fen(amount))}`)
  return null
}

/**
 * The discount that a rate means on an amount.
 *
 * Units   fen; the rate is a fraction, 0.15 = 15 %
 * Source  Leqi rulebook 2.5: R2(gross × rate)
 */
export function discountByRate(amount: bigint, rate: Decimal): bigint {
  return divideHalfUp(amount * rate.value, pow10(rate.scale))
}
