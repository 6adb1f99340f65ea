/**
 * One uploaded invoice on the judge's table: its texts read as figures once, beside the seller, the books and the tables.
 *
 * Must not know: verdicts, receipts, the wire around it. Rules are plain functions `(uploadCase, say)`; each names the
 * check's id of rulebook chapter 12, so that a refusal can be compared with the connector's own finding.
 */
import type { Account } from '../books.js'
import { parseChinaDateTime, toPeriod } from '../clock.js'
import type { TaxTables } from '../desks/visit.js'
import { type Figure, readFen, readFigure, readRate, toRateText } from '../exact.js'
import type { Taxpayer } from '../registry.js'
import type { Classification } from '../tables/classification.js'
import type { LineForm, UploadedInvoice, VoucherForm } from '../upload-form.js'

export interface CaseLine {
  form: LineForm
  /** 1, 2, 3 … as it stands in the list. */
  place: number
  /** Null when the text is empty or no number. */
  quantity: Figure | null
  price: Figure | null
  /** Fen. */
  net: bigint
  tax: bigint
  gross: bigint
  /** Millionths. */
  rate: bigint
  /** The rate in its shortest form, the key of the rate table. */
  rateText: string
  classification: Classification | undefined
}

export interface UploadCase {
  head: UploadedInvoice['head']
  lines: readonly CaseLine[]
  payments: UploadedInvoice['payments']
  vouchers: readonly VoucherForm[]
  /** Fen. */
  net: bigint
  tax: bigint
  gross: bigint
  isDifferential: boolean
  isSpecial: boolean
  seller: Taxpayer
  account: Account
  tables: TaxTables
  /** When the bureau received it. */
  receivedAtMs: number
  /** 开票日期, or null when it is no date. */
  issuedAtMs: number | null
  /** `yyyy-MM-dd` and `yyyyMM` of 开票日期; of the reception when it is no date. */
  issueDay: string
  period: string
}

/** Tells one breach of a rule. */
export type Say = (rule: `L-${string}`, text: string) => void

export interface CaseSurroundings {
  seller: Taxpayer
  account: Account
  tables: TaxTables
  receivedAtMs: number
}

export function makeUploadCase(invoice: UploadedInvoice, surroundings: CaseSurroundings): UploadCase {
  const { head, lines, payments, vouchers } = invoice
  const { seller, account, tables, receivedAtMs } = surroundings
  const issuedAtMs = parseChinaDateTime(head.kprq)
  const period = issuedAtMs === null ? toPeriod(receivedAtMs) : head.kprq.slice(0, 4) + head.kprq.slice(5, 7)
  return {
    head,
    lines: lines.map((form, index) => toCaseLine(form, index + 1, tables)),
    payments,
    vouchers,
    net: readFen(head.hjje),
    tax: readFen(head.hjse),
    gross: readFen(head.jshj),
    isDifferential: head.cezslxDm !== '',
    isSpecial: head.fppz === '01',
    seller,
    account,
    tables,
    receivedAtMs,
    issuedAtMs,
    issueDay: issuedAtMs === null ? `${period.slice(0, 4)}-${period.slice(4)}-01` : head.kprq.slice(0, 10),
    period,
  }
}

function toCaseLine(form: LineForm, place: number, tables: TaxTables): CaseLine {
  const { rate, rateText } = readKnownRate(form.slv)
  return {
    form,
    place,
    quantity: readFigure(form.sl),
    price: readFigure(form.dj),
    net: readFen(form.je),
    tax: readFen(form.se),
    gross: readFen(form.hsje),
    rate,
    rateText,
    classification: tables.classifications.find(form.sphfwssflhbbm),
  }
}

/** The few rates of the world are read again and again; foreign texts cannot fill the memory. */
const KNOWN_RATE_COUNT_MAX = 1_000
const KNOWN_RATES = new Map<string, { rate: bigint; rateText: string }>()

function readKnownRate(text: string): { rate: bigint; rateText: string } {
  const known = KNOWN_RATES.get(text)
  if (known !== undefined) return known
  const rate = readRate(text)
  const read = { rate, rateText: toRateText(rate) }
  if (KNOWN_RATES.size < KNOWN_RATE_COUNT_MAX) KNOWN_RATES.set(text, read)
  return read
}

/** Whether a line is the discount of the line before it (发票行性质 01). */
export function isDiscount(line: CaseLine): boolean {
  return line.form.fphxz === '01'
}

/** A telecom seller: industry 63… Source: rulebook 7.3. */
export function isTelecom(seller: Taxpayer): boolean {
  return seller.traits.industry.startsWith('63')
}
