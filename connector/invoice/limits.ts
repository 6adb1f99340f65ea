/**
 * The bureau's figures that arithmetic and splitting obey. Data with an edition, to be replaced whole when the bureau
 * publishes another one (design D8); lengths of texts belong to the local checks.
 */
import { amount } from '../kernel/amount.js'

export const INVOICE_LIMITS = {
  edition: '乐企数字化电子发票（基础版）开票能力说明文档 V4.000, in force from 2025-09-26; 版式及XML规范 V5.002',
  source: 'Leqi rulebook 2.1, 2.3, 2.4, 2.9, 2.10, 2.13',

  /** A1: |price × quantity − net| of a line. */
  priceTolerance: amount('0.01'),
  /** A2: |net × rate − tax| of a line. */
  lineTaxTolerance: amount('0.06'),
  /** A3: |Σ(net × rate) − total tax| of an invoice. */
  invoiceTaxTolerance: amount('1.27'),
  /** A7: |gross ÷ (1 + rate) − net| of a line. */
  grossTolerance: amount('0.01'),
  /** A12: |formula − tax| of a blue differential line. */
  differentialTolerance: amount('0.06'),
  /** Rulebook 2.4: from this error on, long invoices carry single cents between net and tax. */
  carryThreshold: amount('1.00'),

  /** Characters of a quantity or a price, point and sign included. */
  figureLength: 25,
  /** Decimals a price is rounded to when they suffice. */
  priceDecimalCount: 13,
  /** Decimals of a tax rate (number 16,6). */
  rateDecimalCount: 6,

  /** Lines of one invoice: upload is blocked above. */
  lineCountMax: 5_000,
  /** Lines of one invoice the bureau asks to stay under. */
  lineCountAdvised: 2_000,
  /** Invoices one order may become; more is a mistaken ceiling or a mistaken order. Our own limit. */
  partCountMax: 1_000,

  /** 煤炭品质信息 is required from this net of the coal lines on, and must be empty below it. */
  coalQualityNet: amount('10000000.00'),
  /** 原煤, 洗煤, 其他煤炭采选产品. */
  coalCodes: ['1020101000000000000', '1020102000000000000', '1020199000000000000'] as readonly string[],
} as const
