/**
 * The three formulas between net (不含税金额), tax (税额) and gross (含税金额). Everything that computes a line, cuts it or
 * moves a cent calls these, so that a line has one arithmetic.
 *
 * Plain bigint fen go in and out: these run once per line of every order.
 */

import type { Decimal } from '../kernel/decimal.js'
import { divideHalfUp, pow10 } from '../kernel/decimal.js'

/** Fen. net + tax = gross by construction. */
export interface NetAndTax {
  net: bigint
  tax: bigint
  gross: bigint
}

/**
 * Takes the tax out of an amount that contains it; the gross does not move by a fen.
 *
 * Units   fen; the rate is a fraction, 0.13 = 13 %
 * Source  Leqi rulebook 2.2: net = R2(gross ÷ (1 + rate)), tax = gross − net
 */
export function takeTaxOut(gross: bigint, rate: Decimal): NetAndTax {
  const net = netOf(gross, rate)
  return { net, tax: gross - net, gross }
}

/**
 * Puts the tax on an amount that does not contain it; the net does not move by a fen.
 *
 * Units   fen; the rate is a fraction, 0.13 = 13 %
 * Source  Leqi rulebook 2.2: tax = R2(net × rate), gross = net + tax
 */
export function putTaxOn(net: bigint, rate: Decimal): NetAndTax {
  const tax = rate.value === 0n ? 0n : divideHalfUp(net * rate.value, pow10(rate.scale))
  return { net, tax, gross: net + tax }
}

/**
 * Differential taxation (差额征税): only what is left after the deduction is taxed (02), or all of it (01).
 *
 * Units   fen; `amount` contains the tax when `includesTax`; the deduction always contains it
 * Source  Leqi rulebook 2.9. A net amount is solved for gross first: (net − deduction) × rate is the same tax.
 */
export function taxDifference(
  type: '01' | '02',
  amount: bigint,
  deduction: bigint,
  rate: Decimal,
  includesTax: boolean,
): NetAndTax {
  const base = type === '02' ? amount - deduction : amount
  if (!includesTax) {
    const { tax } = putTaxOn(base, rate)
    return { net: amount, tax, gross: amount + tax }
  }
  const tax = divideHalfUp(base * rate.value, pow10(rate.scale) + rate.value)
  return { net: amount - tax, tax, gross: amount }
}

function netOf(gross: bigint, rate: Decimal): bigint {
  if (rate.value === 0n) return gross
  const one = pow10(rate.scale)
  return divideHalfUp(gross * one, one + rate.value)
}
