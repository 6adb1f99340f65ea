/** CXQDFPSCJG: tells the verdicts of an upload, for twelve hours. */
import type { UploadResultAnswer, UploadResultRow } from '../../wire.js'
import type { ReceiptRow } from '../books.js'
import { type DeskAnswer, readField, refuse, type Visit } from './visit.js'

/** Source: Leqi base capability document: a result can be read for 12 hours after the upload. */
const RESULT_READABLE_MS = 12 * 3_600_000
/** One of the bureau's known texts. Source: Leqi protocol 2.7. */
const NOT_FOUND = '未查询到发票上传结果，请稍后再试'

/**
 * Shape   one row per uploaded number: 00, 01, 02 or 03
 * Errors  "not found" for an unknown, foreign, not yet visible or expired receipt; nobody learns which
 */
export function queryResult(visit: Visit): DeskAnswer {
  const receiptNo = readField(visit.request, 'sllsh')
  if (receiptNo === '') return refuse('参数校验异常：受理流水号不能为空')
  const receipt = visit.books.receipts.get(receiptNo)
  if (receipt === undefined || receipt.directId !== visit.direct.leqiId || receipt.usingId !== visit.using.leqiId) {
    return refuse(NOT_FOUND)
  }
  const isReadable = visit.nowMs >= receipt.visibleAtMs && visit.nowMs < receipt.acceptedAtMs + RESULT_READABLE_MS
  if (!isReadable) return refuse(NOT_FOUND)
  const rows = receipt.rows.map((row) => toResultRow(row, visit.nowMs))
  const data: Omit<UploadResultAnswer, 'returncode'> = { resultList: rows }
  return { kind: 'done', data }
}

function toResultRow({ number, status, message, dueAtMs }: ReceiptRow, nowMs: number): UploadResultRow {
  if (nowMs < dueAtMs) return { fphm: number, status: '01', message: '发票上传处理中' }
  return { fphm: number, status, message }
}
