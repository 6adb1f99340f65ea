/**
 * Keeps the total tax error of long invoices under the bureau's limit (check A3).
 *
 * Each line's tax is right to a fraction of a cent, but on some 225 equal lines and more those fractions add up to more
 * than 1.27. So the error is carried along the lines, and where it passes 1.00 one cent moves between net and tax of the
 * line at hand, its gross unchanged; where no line can take the cent the invoice ends and another begins.
 */
import { fen } from '../kernel/amount.js'
import { Decimal, pow10 } from '../kernel/decimal.js'
import type { Charge } from './compute.js'
import type { InvoiceLine } from './invoice.js'
import { INVOICE_LIMITS } from './limits.js'
import { isPriceOf, toUnitPrice } from './unit-price.js'

/** Errors are counted in fen × 10⁻⁶, because rates have at most six decimals: so they are exact. */
const ERROR_SCALE = pow10(INVOICE_LIMITS.rateDecimalCount)
const ERROR_MAX = INVOICE_LIMITS.invoiceTaxTolerance * ERROR_SCALE
const CARRY_FROM = INVOICE_LIMITS.carryThreshold * ERROR_SCALE

/**
 * Holds Σ(net × rate) − Σ tax of an invoice within 1.27.
 *
 * Shape   bundles in, one or more rows of bundles out; the same rows when nothing has to be done
 * Units   a bundle is what must stay together
 * Source  Leqi rulebook 2.3 A3, 2.4 (carry), worked example 11
 */
export function holdTaxError(bundles: readonly (readonly Charge[])[]): (readonly Charge[])[][] {
  let total = 0n
  for (const bundle of bundles) total += sumErrors(bundle)
  if (isTolerable(total)) return [[...bundles]]
  const parts: (readonly Charge[])[][] = []
  let part: (readonly Charge[])[] = []
  let carried = 0n
  for (const bundle of bundles) {
    let taken = bundle
    let error = sumErrors(taken)
    if (absolute(carried + error) > CARRY_FROM) {
      taken = moveCent(bundle, carried + error > 0n ? 1n : -1n) ?? bundle
      error = sumErrors(taken)
    }
    if (part.length > 0 && !isTolerable(carried + error)) {
      parts.push(part)
      part = []
      carried = 0n
      taken = bundle
      error = sumErrors(bundle)
    }
    part.push(taken)
    carried += error
  }
  parts.push(part)
  return parts
}

/** The bundle with one cent moved from net to tax (1) or back (-1) on its first line that can take it; else null. */
function moveCent(bundle: readonly Charge[], direction: 1n | -1n): readonly Charge[] | null {
  for (const [index, charge] of bundle.entries()) {
    // A discounted line keeps its amounts, so that its discount stays in proportion and never exceeds it.
    if (charge.discount !== null || charge.line.deduction !== null || charge.line.taxRate.isZero) continue
    const line = moveCentOfLine(charge.line, direction)
    if (line !== null) return bundle.with(index, { ...charge, line })
  }
  return null
}

function moveCentOfLine(line: InvoiceLine, direction: 1n | -1n): InvoiceLine | null {
  const netAmount = fen(line.netAmount - direction)
  const moved = { ...line, netAmount, taxAmount: fen(line.taxAmount + direction) }
  if (moved.netAmount <= 0n || moved.taxAmount < 0n || !isWithinLineLimits(moved)) return null
  if (line.quantity === null || line.unitPrice === null) return moved
  const quantity = Decimal.of(line.quantity)
  if (isPriceOf(Decimal.of(line.unitPrice), quantity, netAmount)) return moved
  const unitPrice = toUnitPrice(netAmount, quantity)
  return unitPrice === null ? null : { ...moved, unitPrice }
}

/** Checks A2 and A7; the latter is the error of the tax divided by 1 + rate. */
function isWithinLineLimits(line: InvoiceLine): boolean {
  const error = absolute(errorOf(line))
  const rate = line.taxRate.at(INVOICE_LIMITS.rateDecimalCount)
  return (
    error <= INVOICE_LIMITS.lineTaxTolerance * ERROR_SCALE &&
    error <= INVOICE_LIMITS.grossTolerance * (ERROR_SCALE + rate)
  )
}

function sumErrors(charges: readonly Charge[]): bigint {
  let sum = 0n
  for (const { line, discount } of charges) {
    sum += errorOf(line)
    if (discount !== null) sum += errorOf(discount)
  }
  return sum
}

/** net × rate − tax. Differential tax follows another formula and has no such error. */
function errorOf({ netAmount, taxAmount, taxRate, deduction }: InvoiceLine): bigint {
  if (deduction !== null) return 0n
  return netAmount * taxRate.at(INVOICE_LIMITS.rateDecimalCount) - taxAmount * ERROR_SCALE
}

function isTolerable(error: bigint): boolean {
  return absolute(error) <= ERROR_MAX
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value
}
