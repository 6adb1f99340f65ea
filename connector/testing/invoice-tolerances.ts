/**
 * Checks A1–A10 and A13 of the Leqi rulebook (2.3, 2.5), written a second time and without the production formulas, so
 * that the two must agree. Tests only.
 */
import assert from 'node:assert/strict'
import type { InvoiceLine } from '../invoice/invoice.js'
import { Decimal } from '../kernel/decimal.js'

/** Rates have at most six decimals: errors counted in fen × 10⁻⁶ are exact. */
const MILLION = 1_000_000n

/** Asserts that the lines of one ordinary blue invoice stand every check of the arithmetic list. */
export function assertSendable(lines: readonly InvoiceLine[]): void {
  let error = 0n
  let net = 0n
  let gross = 0n
  for (const [index, line] of lines.entries()) {
    assert.equal(line.lineNo, index + 1, 'A13: numbered without gaps')
    error += assertLine(line)
    assertNeighbours(line, lines[index - 1], lines[index + 1])
    net += line.netAmount
    gross += line.grossAmount
  }
  assert.ok(absolute(error) <= 127n * MILLION, `A3: tax is off by ${error}`)
  assert.ok(net > 0n && gross >= net, 'A9: totals are positive')
}

/** Answers net × rate − tax. */
function assertLine(line: InvoiceLine): bigint {
  const { netAmount, taxAmount, grossAmount, taxRate, quantity, unitPrice } = line
  assert.equal(netAmount + taxAmount, grossAmount, 'A6: net + tax = gross')
  const rate = taxRate.at(6)
  const error = netAmount * rate - taxAmount * MILLION
  assert.ok(absolute(error) <= 6n * MILLION, `A2: tax is off by ${error}`)
  // gross ÷ (1 + rate) − net ≤ 0.01, multiplied by 1 + rate.
  const workedBack = grossAmount * MILLION - netAmount * (MILLION + rate)
  assert.ok(absolute(workedBack) <= MILLION + rate, `A7: net worked back is off by ${workedBack}`)
  assert.equal(quantity === null, unitPrice === null, 'L-57: quantity and price go together')
  if (quantity !== null && unitPrice !== null) {
    assert.ok(quantity.length <= 25 && unitPrice.length <= 25, 'L-57: at most 25 characters')
    const product = Decimal.of(quantity).times(Decimal.of(unitPrice))
    const difference = product.minus(new Decimal(netAmount, 2)).abs()
    assert.ok(difference.compare(new Decimal(1n, 2)) <= 0, `A1: ${quantity} × ${unitPrice} ≠ ${netAmount}`)
  }
  return error
}

function assertNeighbours(line: InvoiceLine, before: InvoiceLine | undefined, next: InvoiceLine | undefined): void {
  if (line.nature !== 'discount') {
    assert.ok(line.netAmount > 0n && line.grossAmount > 0n && line.taxAmount >= 0n, 'A10: lines are positive')
    assert.equal(line.nature === 'discounted', next?.nature === 'discount', 'L-66: a discount follows its line')
    return
  }
  assert.ok(before !== undefined && before.nature === 'discounted', 'L-66: a discount has its line')
  assert.ok(line.netAmount < 0n && line.taxAmount <= 0n, 'a discount takes off')
  assert.ok(-line.grossAmount <= before.grossAmount, 'L-70: at most the line itself')
  assert.equal(namesOf(line), namesOf(before), 'L-69: names, code, rate and preference of its line')
  const { model, unit, quantity, coalKind, deduction } = line
  assert.ok(
    [model, unit, quantity, coalKind, deduction].every((value) => value === null),
    'L-67, L-68: nothing else',
  )
}

function namesOf({ name, shortName, taxCode, taxRate, preference }: InvoiceLine): string {
  return [name, shortName, taxCode, taxRate, preference].join('|')
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value
}
