/**
 * The bureau as the story of an order sees it: four acts and the ways they can go wrong. `adapters/leqi` fulfils it.
 *
 * Knows: claims, quota moves, uploads, results. Must not know: HTTP, SM4, wire names, retries inside the adapter.
 * The kinds of failure are what matters: only `never_sent` and `refused` prove that nothing was stored (design D14).
 */

import type { InvoiceKind } from '../invoice/draft.js'
import type { Invoice } from '../invoice/invoice.js'
import type { DifferentialCode, RateEntry, TaxClassification } from '../invoice/tax-tables.js'
import type { Amount } from '../kernel/amount.js'
import type { ParkCause } from '../kernel/fault.js'
import type { InvoiceNumber, UsingUnitId } from '../kernel/ids.js'
import type { Instant, LocalDate, TaxPeriod } from '../kernel/time.js'
import type { DirectUnit, TaxpayerProfile, TaxpayerRisk, UsingUnit } from '../taxpayer/taxpayer.js'

export type BureauFailure =
  /** Surely nothing reached the bureau: connection refused, DNS, TLS, or our own rate budget and breaker said no. */
  | { kind: 'never_sent'; code: string; message: string; retryAfterMs: number | null }
  /** Bytes left and no trustworthy answer came back, or one of unknown meaning (500, 5001, -1, anything unknown). */
  | { kind: 'in_doubt'; code: string; message: string; requestId: string | null }
  /** The bureau answered readably that it refused the call as a whole; nothing of it was stored. */
  | { kind: 'refused'; code: string; message: string; requestId: string | null; park: ParkCause | null }
  /**
   * The call as a whole was refused with the words that a number in it exists already; nothing of this call was stored.
   * Words only (design D14): whose number it is, and since when, they do not say.
   */
  | { kind: 'number_held'; code: string; message: string; requestId: string | null }
  /** The platform said: too many calls. Nothing was processed. */
  | { kind: 'rate_limited'; code: string; message: string; retryAfterMs: number }
  /** 4032, 4033, 4047–4067, 4032x: never processed; the unit's channel must be mended by a person. */
  | { kind: 'unit_fault'; code: string; message: string; park: UnitFaultCause }

/** What a person must mend before the platform lets a unit in again. */
export type UnitFaultCause = Extract<ParkCause, 'unit_key_fault' | 'unit_unverified' | 'seller_blocked'>

/** The wire text of an invoice, but for its number and the instant of freezing (开票日期), which fill it. Pure. */
export type Blank = (number: InvoiceNumber, issuedAt: Instant) => string

export type UploadAnswer =
  /** Queued at the bureau under `receiptNo` (sllsh); no verdict yet. */
  { kind: 'accepted'; receiptNo: string; requestId: string | null } | BureauFailure

export interface ResultRow {
  invoiceNumber: string
  /**
   * 00 issued, 01 pending, 02 refused, 03 repeated (the number is already held), anything else unknown; `held` is an 02
   * whose words say what 03 means.
   */
  status: 'issued' | 'pending' | 'refused' | 'repeated' | 'held' | 'unknown'
  code: string | null
  message: string
  /** For `refused`: a versioned text pattern says that waiting helps (design D14); null means failed for good. */
  park: ParkCause | null
}

export type ResultAnswer =
  | { kind: 'results'; rows: readonly ResultRow[]; requestId: string | null }
  | { kind: 'not_ready'; message: string }
  | BureauFailure

export interface InvoiceUploader {
  /** Draws an invoice of a unit. Pure: the same input gives the same text; a filled text is stored and never made again. */
  draw(unit: UsingUnit, invoice: Invoice): Blank
  /** Sends the frozen texts of 1 … 100 invoices of one using unit, in this order. */
  upload(unit: UsingUnit, frozen: readonly string[], options: CallOptions): Promise<UploadAnswer>
  queryResult(unit: UsingUnit, receiptNo: string, options: CallOptions): Promise<ResultAnswer>
}

export interface CallOptions {
  /** Nothing is sent after it, and an answer is no longer waited for. */
  deadline: Instant
  signal?: AbortSignal
  /** A repetition of what failed before: it must fit into the retry budget, else it is never sent. */
  isRetry?: boolean
  /** A read that finds out whether a stopped way is open again. */
  isProbe?: boolean
}

export type ClaimAnswer = { kind: 'granted'; first: InvoiceNumber; last: InvoiceNumber; count: number } | BureauFailure

export interface NumberBureau {
  /** QDFPPLFM: at most 5,000; the same serial (sent exactly as stored) and count give the same segment. */
  claimNumbers(unit: UsingUnit, request: { serial: string; count: number }, options: CallOptions): Promise<ClaimAnswer>
}

export interface BureauQuota {
  isSuspended: boolean
  monthTotal: Amount
  /** 可用剩余额度: what may still be downloaded. */
  availableAmount: Amount
  downloadedAmount: Amount
  downloadedUnusedAmount: Amount
  period: TaxPeriod
  /** 按需开票: the bureau answers 9999999999999999. */
  isUnlimited: boolean
}

export type QuotaAnswer = { kind: 'quota'; quota: BureauQuota } | BureauFailure
export type DownloadAnswer = { kind: 'granted'; validFrom: LocalDate | null; validTo: LocalDate | null } | BureauFailure

export interface QuotaBureau {
  queryQuota(unit: UsingUnit, options: CallOptions): Promise<QuotaAnswer>
  /** XZTHSXED: download or return; the same serial, direction and amount give the same move. */
  moveQuota(
    unit: UsingUnit,
    request: { serial: string; direction: 'download' | 'return'; amount: Amount },
    options: CallOptions,
  ): Promise<DownloadAnswer>
}

export type Read<T> = { kind: 'read'; value: T } | BureauFailure

/** A unit as far as a call needs it: verification happens before a using unit is complete. */
export interface UnitAddress {
  id: UsingUnitId
  direct: DirectUnit
  taxNo: string
  leqiId: string
}

export interface TaxpayerBureau {
  readProfile(unit: UnitAddress, options: CallOptions): Promise<Read<TaxpayerProfile>>
  readRisk(unit: UnitAddress, options: CallOptions): Promise<Read<TaxpayerRisk>>
  readRates(unit: UnitAddress, options: CallOptions): Promise<Read<readonly RateEntry[]>>
  /** CXSSFLBM: the whole table when `since` is null, else what changed; `stamp` is sent back next time. */
  readClassifications(
    unit: UnitAddress,
    since: string | null,
    options: CallOptions,
  ): Promise<Read<{ stamp: string; changed: readonly TaxClassification[] }>>
  readDifferentialCodes(unit: UnitAddress, options: CallOptions): Promise<Read<readonly DifferentialCode[]>>
}

/** Which number is asked about; the bureau wants kind and day of issue as well. */
export interface NumberQuestion {
  invoiceNumber: InvoiceNumber
  kind: InvoiceKind
  issuedOn: LocalDate
}

/** What the bureau holds under a number. */
export interface InvoiceTrace {
  /** 开票日期 as `chinaDateTime` prints it. It is frozen with the content, so another one means another content. */
  issuedAt: string
}

export interface InvoiceBureau {
  /** FPZTXXCX; null: the bureau holds no such invoice of that kind and day. */
  readInvoice(unit: UnitAddress, question: NumberQuestion, options: CallOptions): Promise<Read<InvoiceTrace | null>>
}

/** One call of a service, for counting. */
export interface CallReport {
  /** A service code of the bureau. */
  service: string
  outcome: 'answered' | 'nothing_yet' | BureauFailure['kind']
  durationMs: number
}

export interface TaxBureau extends InvoiceUploader, NumberBureau, QuotaBureau, TaxpayerBureau, InvoiceBureau {}
