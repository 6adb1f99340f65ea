/**
 * The bureau's own book, printed: what it holds for certain, to be compared with the connector's audit.
 *
 * Shape: amounts as yuan texts, times as China date-times, everything in the order in which it was stored.
 */
import { type Account, availableOf, type Books, type PeriodLedger, type StoredInvoice, unusedOf } from './books.js'
import { toChinaDateTime } from './clock.js'
import { readElement } from './desks/upload-desk.js'
import { toYuan } from './exact.js'

export interface Book {
  taxpayers: BookTaxpayer[]
  invoices: BookInvoice[]
}

interface BookTaxpayer {
  taxNo: string
  segments: BookSegment[]
  quota: BookLedger[]
  moves: BookMove[]
  confirmedPeriods: string[]
}

interface BookSegment {
  first: string
  last: string
  count: number
  usedCount: number
  serial: string
  claimedAt: string
  isVoid: boolean
}

interface BookLedger {
  period: string
  total: string
  otherUsed: string
  available: string
  downloaded: string
  used: string
  unused: string
  windowFrom: string | null
  windowTo: string | null
}

interface BookMove {
  serial: string
  direction: 'download' | 'return'
  amount: string
  period: string
  at: string
}

export interface BookInvoice {
  number: string
  sellerTaxNo: string
  /** 01 special, 02 ordinary. */
  kind: string
  issuedAt: string
  uploadedAt: string
  net: string
  tax: string
  gross: string
  quotaNet: string
  receiptNo: string
  repeatCount: number
  differentRepeatCount: number
}

export function printBook(books: Books): Book {
  return {
    taxpayers: [...books.accounts.values()].map(printAccount),
    invoices: [...books.invoices.values()].map(printInvoice),
  }
}

/** One stored invoice with the fields as they were uploaded, or null when no such number is held. */
export function printInvoiceContent(books: Books, number: string): (BookInvoice & { content: unknown }) | null {
  const stored = books.invoices.get(number)
  if (stored === undefined) return null
  const content = stored.content === null ? null : readElement(stored.content.plain, stored.content.place)
  return { ...printInvoice(stored), content }
}

function printInvoice(stored: StoredInvoice): BookInvoice {
  const { number, sellerTaxNo, kind, net, tax, gross, receiptNo, repeatCount, differentRepeatCount } = stored
  return {
    number,
    sellerTaxNo,
    kind,
    issuedAt: toChinaDateTime(stored.issuedAtMs),
    uploadedAt: toChinaDateTime(stored.uploadedAtMs),
    net,
    tax,
    gross,
    quotaNet: toYuan(stored.quotaNet),
    receiptNo,
    repeatCount,
    differentRepeatCount,
  }
}

function printAccount(account: Account): BookTaxpayer {
  return {
    taxNo: account.taxNo,
    segments: account.segments.map(({ claimedAtMs, ...segment }) => ({
      ...segment,
      claimedAt: toChinaDateTime(claimedAtMs),
    })),
    quota: [...account.ledgers.values()].map(printLedger),
    moves: [...account.moves.values()].map(({ serial, direction, amount, period, atMs }) => ({
      serial,
      direction,
      amount: toYuan(amount),
      period,
      at: toChinaDateTime(atMs),
    })),
    confirmedPeriods: [...account.confirmedPeriods],
  }
}

function printLedger(ledger: PeriodLedger): BookLedger {
  return {
    period: ledger.period,
    total: toYuan(ledger.total),
    otherUsed: toYuan(ledger.otherUsed),
    available: toYuan(availableOf(ledger)),
    downloaded: toYuan(ledger.downloaded),
    used: toYuan(ledger.used),
    unused: toYuan(unusedOf(ledger)),
    windowFrom: ledger.windowFrom,
    windowTo: ledger.windowTo,
  }
}
