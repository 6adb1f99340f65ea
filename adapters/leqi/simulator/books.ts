/**
 * The bureau's books of one environment: segments, quota ledgers, stored invoices, receipts of uploads.
 *
 * Knows: what is held. Must not know: how a request asked for it, nor whether an invoice was right.
 * Invariants: a number is stored at most once and never changes; segments of one prefix never overlap; a ledger's
 * `used` is the sum of `quotaNet` of the stored invoices dated in its period.
 */
import { toPeriod } from './clock.js'
import { readFen } from './exact.js'
import type { Taxpayer } from './registry.js'

/** 5th digit of a number that Leqi gives out, as in its published samples. Source: rulebook 1.1. */
const CHANNEL_DIGIT = '7'
/** Digits 6–20 of a number. */
const RUNNING_DIGIT_COUNT = 15

export interface Segment {
  first: string
  last: string
  count: number
  serial: string
  claimedAtMs: number
  /** Void after a move to another province. */
  isVoid: boolean
  usedCount: number
}

export interface QuotaMove {
  serial: string
  direction: 'download' | 'return'
  /** Fen. */
  amount: bigint
  period: string
  atMs: number
  windowFrom: string | null
  windowTo: string | null
}

/** One calendar month of one taxpayer. Amounts are fen, net of tax. */
export interface PeriodLedger {
  period: string
  total: bigint
  /** Used or held by other channels (web platform, tax-control devices). */
  otherUsed: bigint
  /** Downloads − returns through Leqi. */
  downloaded: bigint
  /** Σ quotaNet of uploaded invoices dated in the period. */
  used: bigint
  /** `yyyyMMdd`, both ends included; null before the first download. */
  windowFrom: string | null
  windowTo: string | null
}

export interface Account {
  taxNo: string
  segments: Segment[]
  claims: Map<string, Segment>
  ledgers: Map<string, PeriodLedger>
  moves: Map<string, QuotaMove>
  /** Periods whose totals are confirmed (汇总确认) before the bureau closes them by itself. */
  confirmedPeriods: Set<string>
}

export interface StoredInvoice {
  number: string
  sellerTaxNo: string
  kind: string
  issuedAtMs: number
  uploadedAtMs: number
  period: string
  net: string
  tax: string
  gross: string
  /** The part of the net amount that used quota, in fen. */
  quotaNet: bigint
  receiptNo: string
  /** Uploads of this number after it was stored, and how many of them carried other content. */
  repeatCount: number
  differentRepeatCount: number
  /** Bytes of the whole call it came in, shared by its neighbours, and its place in it; null when not kept. */
  content: { plain: Buffer; place: number } | null
}

export interface ReceiptRow {
  number: string
  status: '00' | '02' | '03'
  message: string
  /** Until then it answers 01; Infinity for an endless one. */
  dueAtMs: number
}

export interface Receipt {
  receiptNo: string
  directId: string
  usingId: string
  acceptedAtMs: number
  /** Before it the receipt is not found at all. */
  visibleAtMs: number
  rows: ReceiptRow[]
}

export interface Books {
  accounts: Map<string, Account>
  invoices: Map<string, StoredInvoice>
  receipts: Map<string, Receipt>
  accountOf(taxpayer: Taxpayer): Account
  /** The ledger of a period, opened with the quota the world gives it. */
  ledgerOf(taxpayer: Taxpayer, period: string): PeriodLedger
  /** Takes the next numbers of a year and province. */
  takeNumbers(taxpayer: Taxpayer, count: number, atMs: number): { first: string; last: string }
}

/** @param firstRunningNumber where the running part of numbers begins, for worlds that follow an earlier one. */
export function makeBooks(firstRunningNumber: bigint): Books {
  const accounts = new Map<string, Account>()
  const nextByPrefix = new Map<string, bigint>()
  const books: Books = {
    accounts,
    invoices: new Map(),
    receipts: new Map(),
    accountOf({ taxNo }) {
      const known = accounts.get(taxNo)
      if (known !== undefined) return known
      const account: Account = {
        taxNo,
        segments: [],
        claims: new Map(),
        ledgers: new Map(),
        moves: new Map(),
        confirmedPeriods: new Set(),
      }
      accounts.set(taxNo, account)
      return account
    },
    ledgerOf(taxpayer, period) {
      const { ledgers } = books.accountOf(taxpayer)
      const known = ledgers.get(period)
      if (known !== undefined) return known
      const total = readFen(taxpayer.quotaByPeriod[period] ?? taxpayer.monthlyQuota)
      const zeros = { otherUsed: 0n, downloaded: 0n, used: 0n }
      const ledger: PeriodLedger = { period, total, ...zeros, windowFrom: null, windowTo: null }
      ledgers.set(period, ledger)
      return ledger
    },
    takeNumbers(taxpayer, count, atMs) {
      const prefix = toPeriod(atMs).slice(2, 4) + taxpayer.traits.region.slice(1, 3) + CHANNEL_DIGIT
      const next = nextByPrefix.get(prefix) ?? firstRunningNumber
      nextByPrefix.set(prefix, next + BigInt(count))
      const print = (running: bigint) => prefix + running.toString().padStart(RUNNING_DIGIT_COUNT, '0')
      return { first: print(next), last: print(next + BigInt(count) - 1n) }
    },
  }
  return books
}

/**
 * The segment of an account that holds a number, or undefined. Both are 20 digits, so texts compare like numbers.
 * An account's segments of one year ascend; newest first finds today's numbers at once.
 */
export function findSegment(account: Account, number: string): Segment | undefined {
  for (let place = account.segments.length - 1; place >= 0; place -= 1) {
    const segment = account.segments[place]
    if (segment !== undefined && number >= segment.first && number <= segment.last) return segment
  }
  return undefined
}

/** 已下载未使用额度: downloaded this month − uploaded invoices dated this month. Source: CXSXED, yxzwsyed. */
export function unusedOf(ledger: PeriodLedger): bigint {
  return ledger.downloaded - ledger.used
}

/** 可用剩余额度: what may still be downloaded; never below zero, for the total may be lowered inside a month. */
export function availableOf(ledger: PeriodLedger): bigint {
  const rest = ledger.total - ledger.otherUsed - ledger.downloaded
  return rest > 0n ? rest : 0n
}
