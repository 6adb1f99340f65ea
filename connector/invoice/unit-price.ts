/** The net unit price of a line: a text of at most 25 characters that gives the net back when multiplied (check A1). */
import { Decimal, divideHalfUp, pow10 } from '../kernel/decimal.js'
import { INVOICE_LIMITS } from './limits.js'

/**
 * Price of one, worked back from the net amount.
 *
 * Shape   plain decimal without trailing zeros, at most 25 characters; 13 decimals when they suffice, else as many as fit
 * Units   net in fen; quantity > 0
 * Errors  null when no such text keeps |price × quantity − net| within 0.01
 * Source  Leqi rulebook 2.1 (form), 2.3 A1 (tolerance)
 */
export function toUnitPrice(net: bigint, quantity: Decimal): string | null {
  const usual = quote(net, quantity, INVOICE_LIMITS.priceDecimalCount)
  const text = usual.toString()
  if (text.length <= INVOICE_LIMITS.figureLength && isPriceOf(usual, quantity, net)) return text
  return toLongestPrice(net, quantity)
}

/** Check A1, and that something worth money has a price at all. */
export function isPriceOf(price: Decimal, quantity: Decimal, net: bigint): boolean {
  if (price.value <= 0n) return false
  const scale = price.scale + quantity.scale
  const product = price.value * quantity.value
  const shift = scale - 2
  const difference = shift >= 0 ? product - net * pow10(shift) : product * pow10(-shift) - net
  const tolerance = shift >= 0 ? INVOICE_LIMITS.priceTolerance * pow10(shift) : INVOICE_LIMITS.priceTolerance
  return difference <= tolerance && difference >= -tolerance
}

/** As many decimals as the whole part leaves room for: huge quantities need more than 13, huge prices allow fewer. */
function toLongestPrice(net: bigint, quantity: Decimal): string | null {
  const wholeDigitCount = quote(net, quantity, 0).toString().length
  const price = quote(net, quantity, Math.max(INVOICE_LIMITS.figureLength - wholeDigitCount - 1, 0))
  const text = price.toString()
  return text.length <= INVOICE_LIMITS.figureLength && isPriceOf(price, quantity, net) ? text : null
}

function quote(net: bigint, quantity: Decimal, places: number): Decimal {
  const shift = places + quantity.scale - 2
  const value =
    shift >= 0 ? divideHalfUp(net * pow10(shift), quantity.value) : divideHalfUp(net, quantity.value * pow10(-shift))
  return new Decimal(value, places)
}
