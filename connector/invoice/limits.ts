/**
 * The figures that computing and splitting obey. Data with an edition, replaced when the bureau publishes another one
 * (design D8). What local checks judge by too is taken from their tables, so that every figure stands in one place.
 */
import { amount, fen } from '../kernel/amount.js'
import { COAL_CODES } from './checks/code-lists.js'
import {
  COAL_QUALITY_NET_MIN_FEN,
  LINE_COUNTS,
  RATE_DECIMALS_MAX,
  TEXT_LENGTHS_MAX,
  TOLERANCES_FEN,
} from './checks/field-limits.js'

/** Edition: base capability document V4.000, in force from 2025-09-26. Source: Leqi rulebook 2.1, 2.3, 2.4, 2.10, 2.13. */
export const INVOICE_LIMITS = {
  /** A1: |price × quantity − net| of a line. */
  priceTolerance: fen(TOLERANCES_FEN.price),
  /** A2: |net × rate − tax| of a line. */
  lineTaxTolerance: fen(TOLERANCES_FEN.lineTax),
  /** A3: |Σ(net × rate) − total tax| of an invoice. */
  invoiceTaxTolerance: fen(TOLERANCES_FEN.invoiceTax),
  /** A7: |gross ÷ (1 + rate) − net| of a line. */
  grossTolerance: fen(TOLERANCES_FEN.workedBackNet),
  /** From this error on, long invoices carry single cents between net and tax. */
  carryThreshold: amount('1.00'),

  /** Characters of a quantity or a price, point and sign included. */
  figureLength: TEXT_LENGTHS_MAX.quantityOrPrice,
  /** Decimals a price is rounded to when they suffice: enough for quantities up to 2 × 10^11. */
  priceDecimalCount: 13,
  rateDecimalCount: RATE_DECIMALS_MAX,

  lineCountMax: LINE_COUNTS.max,
  /** Invoices one order may become. Our own limit: more is a mistaken ceiling or a mistaken order. */
  partCountMax: 1_000,

  coalCodes: COAL_CODES,
  coalQualityNet: fen(COAL_QUALITY_NET_MIN_FEN),
} as const
