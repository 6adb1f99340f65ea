/** Totals of an invoice's lines, and what of them counts against the credit quota. */
import { type Amount, fen } from '../kernel/amount.js'
import { NOT_TAXABLE } from './checks/code-lists.js'
import type { InvoiceLine } from './invoice.js'
import { QUOTA_COUNTED_UNTAXED_CODES } from './quota-codes.js'

export interface Totals {
  netAmount: Amount
  taxAmount: Amount
  grossAmount: Amount
  quotaAmount: Amount
}

/**
 * Adds lines up.
 *
 * Shape   sums of the lines exactly, so that checks A4, A5 and A8 hold by construction
 * Units   fen; discounts are negative lines and reduce the quota like any other
 * Source  Leqi rulebook 2.3; 3.1 (不征税 lines count only under the sixteen codes)
 */
export function totalsOf(lines: readonly InvoiceLine[]): Totals {
  let net = 0n
  let tax = 0n
  let quota = 0n
  for (const line of lines) {
    net += line.netAmount
    tax += line.taxAmount
    if (line.preference !== NOT_TAXABLE || QUOTA_COUNTED_UNTAXED_CODES.has(line.taxCode)) quota += line.netAmount
  }
  return { netAmount: fen(net), taxAmount: fen(tax), grossAmount: fen(net + tax), quotaAmount: fen(quota) }
}
