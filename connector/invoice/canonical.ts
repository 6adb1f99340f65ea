/**
 * The canonical text of an invoice: stored when it is approved, hashed, and read back before it is frozen (I10).
 *
 * Invariants: one invoice has one text (fixed key order, amounts with two decimals, rates in their shortest form), and
 * the text gives the same invoice back. Both ways are on the hot path: objects are copied field by field.
 */
import { type Amount, fen, formatAmount } from '../kernel/amount.js'
import { Decimal } from '../kernel/decimal.js'
import { assert } from '../kernel/never.js'
import type { Buyer, Invoice, InvoiceLine, Voucher } from './invoice.js'

const STORED_AMOUNT = /^-?\d+\.\d\d$/

/**
 * Writes an invoice as canonical JSON.
 *
 * Shape   one JSON object without blanks, keys in the order of this file
 * Units   amounts are texts in yuan with two decimals
 * Source  reliability I10: uploaded content = approved content
 */
export function toCanonicalJson(invoice: Invoice): string {
  const stored: Stored<Invoice> = {
    letter: invoice.letter,
    kind: invoice.kind,
    seller: storeSeller(invoice.seller),
    buyer: storeBuyer(invoice.buyer),
    netAmount: formatAmount(invoice.netAmount),
    taxAmount: formatAmount(invoice.taxAmount),
    grossAmount: formatAmount(invoice.grossAmount),
    quotaAmount: formatAmount(invoice.quotaAmount),
    differential: storeDifferential(invoice.differential),
    remark: invoice.remark,
    payments: invoice.payments.map(({ channel, transactionNo }) => ({ channel, transactionNo })),
    drawer: invoice.drawer,
    payee: invoice.payee,
    reviewer: invoice.reviewer,
    extras: invoice.extras.map(({ name, type, value }) => ({ name, type, value })),
    coalQuality: invoice.coalQuality,
    lines: storeLines(invoice.lines),
  }
  return JSON.stringify(stored)
}

/**
 * Reads a text that `toCanonicalJson` wrote.
 *
 * Shape   the same invoice, amount for amount and character for character
 * Errors  throws on anything that is not such a text: a stored invoice that cannot be read must never be sent
 */
export function parseCanonicalInvoice(text: string): Invoice {
  // Proven below: every amount and rate is parsed, and the texts are those whose hash was stored with the row.
  const stored = JSON.parse(text) as Stored<Invoice>
  return {
    letter: stored.letter,
    kind: stored.kind,
    seller: stored.seller,
    buyer: stored.buyer,
    netAmount: readAmount(stored.netAmount),
    taxAmount: readAmount(stored.taxAmount),
    grossAmount: readAmount(stored.grossAmount),
    quotaAmount: readAmount(stored.quotaAmount),
    differential: readDifferential(stored.differential),
    remark: stored.remark,
    payments: stored.payments,
    drawer: stored.drawer,
    payee: stored.payee,
    reviewer: stored.reviewer,
    extras: stored.extras,
    coalQuality: stored.coalQuality,
    lines: readLines(stored.lines),
  }
}

/** What JSON keeps of a type: amounts and decimals as texts. */
type Stored<T> = T extends Amount | Decimal
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Stored<Item>[]
    : T extends object
      ? { [Key in keyof T]: Stored<T[Key]> }
      : T

/** Lines of one order mostly share their rate, which is then printed once. */
function storeLines(lines: readonly InvoiceLine[]): Stored<InvoiceLine>[] {
  let rate = { of: Decimal.ZERO, text: '0' }
  return lines.map((line) => {
    if (line.taxRate !== rate.of) rate = { of: line.taxRate, text: line.taxRate.toString() }
    return storeLine(line, rate.text)
  })
}

function storeLine(line: InvoiceLine, taxRate: string): Stored<InvoiceLine> {
  return {
    lineNo: line.lineNo,
    nature: line.nature,
    name: line.name,
    shortName: line.shortName,
    model: line.model,
    unit: line.unit,
    quantity: line.quantity,
    unitPrice: line.unitPrice,
    netAmount: formatAmount(line.netAmount),
    taxAmount: formatAmount(line.taxAmount),
    grossAmount: formatAmount(line.grossAmount),
    taxRate,
    taxCode: line.taxCode,
    preference: line.preference,
    deduction: line.deduction === null ? null : formatAmount(line.deduction),
    coalKind: line.coalKind,
    sourceLine: line.sourceLine,
  }
}

/** Lines of one order mostly share their rate, which is then read once. */
function readLines(stored: readonly Stored<InvoiceLine>[]): InvoiceLine[] {
  const lines: InvoiceLine[] = []
  let rate = { text: '', value: Decimal.ZERO }
  for (const line of stored) {
    if (line.taxRate !== rate.text) rate = { text: line.taxRate, value: readRate(line.taxRate) }
    lines.push(readLine(line, rate.value))
  }
  return lines
}

function readRate(text: string): Decimal {
  const rate = Decimal.parse(text)
  assert(rate !== null, 'a stored invoice has a rate that is no decimal')
  return rate
}

/** Field by field: spreading a line takes as long as reading its amounts. */
function readLine(line: Stored<InvoiceLine>, taxRate: Decimal): InvoiceLine {
  return {
    lineNo: line.lineNo,
    nature: line.nature,
    name: line.name,
    shortName: line.shortName,
    model: line.model,
    unit: line.unit,
    quantity: line.quantity,
    unitPrice: line.unitPrice,
    netAmount: readAmount(line.netAmount),
    taxAmount: readAmount(line.taxAmount),
    grossAmount: readAmount(line.grossAmount),
    taxRate,
    taxCode: line.taxCode,
    preference: line.preference,
    deduction: line.deduction === null ? null : readAmount(line.deduction),
    coalKind: line.coalKind,
    sourceLine: line.sourceLine,
  }
}

function storeSeller({ name, taxNo, address, phone, bank, account }: Invoice['seller']): Stored<Invoice['seller']> {
  return { name, taxNo, address, phone, bank, account }
}

function storeBuyer(buyer: Buyer): Stored<Buyer> {
  const { name, taxNo, address, phone, bank, account, isPerson, idType, idNo, nationality } = buyer
  return { name, taxNo, address, phone, bank, account, isPerson, idType, idNo, nationality }
}

function storeDifferential(differential: Invoice['differential']): Stored<Invoice['differential']> {
  if (differential === null) return null
  const { type, deduction, vouchers } = differential
  return { type, deduction: formatAmount(deduction), vouchers: vouchers.map(storeVoucher) }
}

function storeVoucher(voucher: Voucher): Stored<Voucher> {
  return {
    lineNo: voucher.lineNo,
    kind: voucher.kind,
    invoiceCode: voucher.invoiceCode,
    invoiceNumber: voucher.invoiceNumber,
    voucherNumber: voucher.voucherNumber,
    issuedOn: voucher.issuedOn,
    totalAmount: formatAmount(voucher.totalAmount),
    deductedAmount: formatAmount(voucher.deductedAmount),
    remark: voucher.remark,
  }
}

function readDifferential(stored: Stored<Invoice['differential']>): Invoice['differential'] {
  if (stored === null) return null
  const vouchers = stored.vouchers.map((voucher) => ({
    ...voucher,
    totalAmount: readAmount(voucher.totalAmount),
    deductedAmount: readAmount(voucher.deductedAmount),
  }))
  return { type: stored.type, deduction: readAmount(stored.deduction), vouchers }
}

/** Stricter and faster than `parseAmount`: exactly two decimals, as they were written. */
function readAmount(text: string): Amount {
  assert(STORED_AMOUNT.test(text), 'a stored invoice has an amount that is no amount')
  return fen(BigInt(text.slice(0, -3) + text.slice(-2)))
}
