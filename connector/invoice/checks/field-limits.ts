/**
 * Lengths, counts and tolerances of the base capability. Data with an edition; lengths count characters (code points).
 * Source: base capability document V4.000; Leqi rulebook 2.1, 2.3, 2.9, 2.10, 2.13.
 */

/** Greatest number of characters of a text. */
export const TEXT_LENGTHS_MAX = Object.freeze({
  itemName: 600,
  /** `*short name*item name` as sent. */
  composedName: 300,
  shortName: 120,
  model: 150,
  unit: 300,
  /** Digits, point and sign of 数量 and 单价. */
  quantityOrPrice: 25,
  remarkBlue: 450,
  /** 68 characters are kept for the note of the blue number and the sheet number. */
  remarkRed: 382,
  partyName: 300,
  address: 300,
  phone: 60,
  bank: 120,
  /** The bureau's two lists say 100 and 50; the smaller one holds everywhere. */
  account: 50,
  taxNo: 20,
  drawer: 300,
  payee: 150,
  reviewer: 75,
  transactionNo: 40,
  extra: 200,
  idNo: 30,
  platformId: 20,
  region: 20,
  coalQuality: 50,
  voucherInvoiceCode: 12,
  voucherInvoiceNumber: 30,
  voucherNumber: 40,
  voucherRemark: 450,
})

export const LINE_COUNTS = Object.freeze({
  /** Upload is refused above. */
  max: 5_000,
  /** The bureau asks to stay below, because its web platform makes trouble above. */
  advised: 2_000,
})

/** Money is number 18,2: eighteen digits, two of them decimals. */
export const MONEY_DIGITS = Object.freeze({ total: 18, decimals: 2 })
/** A rate is number 16,6. */
export const RATE_DECIMALS_MAX = 6

/** Greatest differences in fen. */
export const TOLERANCES_FEN = Object.freeze({
  /** A1: price × quantity against net, one line. */
  price: 1n,
  /** A2 and A12: computed tax against tax, one line. */
  lineTax: 6n,
  /** A3: Σ(net × rate) against the tax total, one invoice. */
  invoiceTax: 127n,
  /** A7: net worked back from gross, one line. */
  workedBackNet: 1n,
})

/** A name of at most so many characters without the person's flag asks: is this a person? (P9). */
export const SHORT_NAME_LENGTH_MAX = 4

/** Σ net of the coal lines, in fen, from which the quality must be told: ten million yuan. */
export const COAL_QUALITY_NET_MIN_FEN = 1_000_000_000n
