/**
 * The canonical text of an invoice: stored when it is approved, hashed, and read back before it is frozen (I10).
 *
 * Invariants: one invoice has one text (fixed key order, amounts with two decimals, rates in their shortest form), and
 * the text gives the same invoice back. Both ways are on the hot path: the text is joined by hand.
 */
import { type Amount, fen, formatAmount } from '../kernel/amount.js'
import { Decimal } from '../kernel/decimal.js'
import { assert } from '../kernel/never.js'
import type { Buyer, Invoice, InvoiceLine, Party, Voucher } from './invoice.js'

const STORED_AMOUNT = /^-?\d+\.\d\d$/

/**
 * Writes an invoice as canonical JSON.
 *
 * Shape   one JSON object without blanks, keys in the order of this file
 * Units   amounts are texts in yuan with two decimals
 * Source  reliability I10: uploaded content = approved content
 */
export function toCanonicalJson(invoice: Invoice): string {
  return (
    `{"letter":"${invoice.letter}","kind":"${invoice.kind}"` +
    `,"seller":{${writeParty(invoice.seller)}},"buyer":{${writeBuyer(invoice.buyer)}}` +
    `,"netAmount":${writeAmount(invoice.netAmount)},"taxAmount":${writeAmount(invoice.taxAmount)}` +
    `,"grossAmount":${writeAmount(invoice.grossAmount)},"quotaAmount":${writeAmount(invoice.quotaAmount)}` +
    `,"differential":${writeDifferential(invoice.differential)},"remark":${writeText(invoice.remark)}` +
    `,"payments":[${writeEach(invoice.payments, writePayment)}]` +
    `,"drawer":${writeText(invoice.drawer)},"payee":${writeText(invoice.payee)}` +
    `,"reviewer":${writeText(invoice.reviewer)},"extras":[${writeEach(invoice.extras, writeExtra)}]` +
    `,"coalQuality":${writeText(invoice.coalQuality)},"lines":[${writeLines(invoice.lines)}]}`
  )
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
function writeLines(lines: readonly InvoiceLine[]): string {
  let text = ''
  let rate = { of: Decimal.ZERO, text: '0' }
  for (const line of lines) {
    if (line.taxRate !== rate.of) rate = { of: line.taxRate, text: line.taxRate.toString() }
    text += text === '' ? writeLine(line, rate.text) : `,${writeLine(line, rate.text)}`
  }
  return text
}

function writeLine(line: InvoiceLine, rate: string): string {
  return (
    `{"lineNo":${line.lineNo},"nature":"${line.nature}","name":${writeText(line.name)}` +
    `,"shortName":${writeText(line.shortName)},"model":${writeText(line.model)},"unit":${writeText(line.unit)}` +
    `,"quantity":${writeText(line.quantity)},"unitPrice":${writeText(line.unitPrice)}` +
    `,"netAmount":${writeAmount(line.netAmount)},"taxAmount":${writeAmount(line.taxAmount)}` +
    `,"grossAmount":${writeAmount(line.grossAmount)},"taxRate":"${rate}"` +
    `,"taxCode":${writeText(line.taxCode)},"preference":${writeText(line.preference)}` +
    `,"deduction":${line.deduction === null ? 'null' : writeAmount(line.deduction)}` +
    `,"coalKind":${writeText(line.coalKind)},"sourceLine":${line.sourceLine}}`
  )
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

function writeParty(party: Party): string {
  return (
    `"name":${writeText(party.name)},"taxNo":${writeText(party.taxNo)},"address":${writeText(party.address)}` +
    `,"phone":${writeText(party.phone)},"bank":${writeText(party.bank)},"account":${writeText(party.account)}`
  )
}

function writeBuyer(buyer: Buyer): string {
  return (
    `${writeParty(buyer)},"isPerson":${buyer.isPerson},"idType":${writeText(buyer.idType)}` +
    `,"idNo":${writeText(buyer.idNo)},"nationality":${writeText(buyer.nationality)}`
  )
}

function writeDifferential(differential: Invoice['differential']): string {
  if (differential === null) return 'null'
  const { type, deduction, vouchers } = differential
  return `{"type":"${type}","deduction":${writeAmount(deduction)},"vouchers":[${writeEach(vouchers, writeVoucher)}]}`
}

function writeVoucher(voucher: Voucher): string {
  return (
    `{"lineNo":${voucher.lineNo},"kind":${writeText(voucher.kind)},"invoiceCode":${writeText(voucher.invoiceCode)}` +
    `,"invoiceNumber":${writeText(voucher.invoiceNumber)},"voucherNumber":${writeText(voucher.voucherNumber)}` +
    `,"issuedOn":${writeText(voucher.issuedOn)},"totalAmount":${writeAmount(voucher.totalAmount)}` +
    `,"deductedAmount":${writeAmount(voucher.deductedAmount)},"remark":${writeText(voucher.remark)}}`
  )
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

function writePayment({ channel, transactionNo }: Invoice['payments'][number]): string {
  return `{"channel":${writeText(channel)},"transactionNo":${writeText(transactionNo)}}`
}

function writeExtra({ name, type, value }: Invoice['extras'][number]): string {
  return `{"name":${writeText(name)},"type":${writeText(type)},"value":${writeText(value)}}`
}

function writeEach<T>(items: readonly T[], write: (item: T) => string): string {
  let text = ''
  for (const item of items) text += text === '' ? write(item) : `,${write(item)}`
  return text
}

/** Almost no text needs escaping, and asking first is half the price of `JSON.stringify`. */
function writeText(text: string | null): string {
  if (text === null) return 'null'
  return isPlain(text) ? `"${text}"` : JSON.stringify(text)
}

/** No quote, backslash, control character or surrogate. A loop: on short texts an expression takes twice as long. */
function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code < 0x20 || code === 0x22 || code === 0x5c || (code >= 0xd800 && code <= 0xdfff)) return false
  }
  return true
}

function writeAmount(money: Amount): string {
  return `"${formatAmount(money)}"`
}

/** Stricter and faster than `parseAmount`: exactly two decimals, as they were written. */
function readAmount(text: string): Amount {
  assert(STORED_AMOUNT.test(text), 'a stored invoice has an amount that is no amount')
  return fen(BigInt(text.slice(0, -3) + text.slice(-2)))
}
