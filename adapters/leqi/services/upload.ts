/**
 * QDFPSC and CXQDFPSCJG: uploading frozen invoices, and their verdicts.
 *
 * Invariant: a verdict comes from `status` alone; texts may only delay or doubt (design D14).
 */
import { Type } from 'typebox'
import type { ResultRow } from '../../../connector/issuing/bureau.js'
import { assert } from '../../../connector/kernel/never.js'
import { findTextHint } from '../text-patterns.js'
import { UPLOAD_INVOICE_COUNT_MAX, type UploadResultQuery } from '../wire.js'
import type { JsonObject } from '../wire-json.js'
import { Field, odd, type Parsed, parsed, readAs, readRows, toCode, toText } from './wire-values.js'

const NUMBER = /^\d{20}$/
/** Declared 40; longer ones would not be a receipt number but a mistake. */
const RECEIPT_LENGTH_MAX = 64
/** Longest result text that is kept; the declared 30 is exceeded by real ones. */
const MESSAGE_LENGTH_MAX = 2_000

const Receipt = Type.Object({ sllsh: Field })
const Row = Type.Object({ fphm: Field, status: Field, message: Field, Code: Field, code: Field })

const STATUS: Readonly<Record<string, ResultRow['status']>> = {
  '00': 'issued',
  '01': 'pending',
  '02': 'refused',
  '03': 'repeated',
}

/** The JSON array of an upload: the frozen texts as they are, in their order. */
export function uploadRequest(frozen: readonly string[]): string {
  assert(frozen.length >= 1 && frozen.length <= UPLOAD_INVOICE_COUNT_MAX, 'an upload takes 1 to 100 invoices')
  return `[${frozen.join(',')}]`
}

/** The receipt number of an accepted upload. Errors: odd without one. Source: base capability document, QDFPSC. */
export function parseReceipt(answer: JsonObject): Parsed<string> {
  const receiptNo = toText(readAs(Receipt, answer)?.sllsh)
  return receiptNo === '' || receiptNo.length > RECEIPT_LENGTH_MAX ? odd('sllsh') : parsed(receiptNo)
}

export function resultQuery(receiptNo: string): string {
  const query: UploadResultQuery = { sllsh: receiptNo }
  return JSON.stringify(query)
}

/**
 * Reads the verdicts.
 * Shape   one row an invoice; rows without a 20-digit number are left out, an unknown status is `unknown`
 * Errors  odd when there is no list
 * Source  Leqi base capability document V4.000, CXQDFPSCJG
 */
export function parseResults(answer: JsonObject): Parsed<{ rows: readonly ResultRow[]; skippedCount: number }> {
  const list = readRows(answer.resultList, Row, (row) => {
    const invoiceNumber = toText(row.fphm)
    if (!NUMBER.test(invoiceNumber)) return null
    const status = Object.hasOwn(STATUS, toCode(row.status, 2)) ? STATUS[toCode(row.status, 2)] : undefined
    const code = toText(row.Code) || toText(row.code)
    const message = toText(row.message).slice(0, MESSAGE_LENGTH_MAX)
    return toResultRow({ invoiceNumber, status: status ?? 'unknown', code: code === '' ? null : code, message })
  })
  return list === null ? odd('resultList') : parsed({ ...list, rows: withoutContradictions(list.rows) })
}

/** One row a number; a number that is named twice with different verdicts has none. */
function withoutContradictions(rows: readonly ResultRow[]): readonly ResultRow[] {
  const byNumber = new Map<string, ResultRow>()
  for (const row of rows) {
    const earlier = byNumber.get(row.invoiceNumber)
    const isContradiction = earlier !== undefined && earlier.status !== row.status
    byNumber.set(row.invoiceNumber, isContradiction ? { ...row, status: 'unknown', park: null } : row)
  }
  return [...byNumber.values()]
}

function toResultRow(row: Omit<ResultRow, 'park'>): ResultRow {
  if (row.status !== 'refused') return { ...row, park: null }
  const hint = findTextHint(row.message)
  // "Already exists" may be our own earlier success: neither failed nor issued until the bureau says more.
  if (hint?.kind === 'number_held') return { ...row, status: 'held', park: null }
  if (hint?.kind === 'rate_limited') return { ...row, park: 'rate_limited' }
  return { ...row, park: hint?.kind === 'park' ? hint.cause : null }
}
