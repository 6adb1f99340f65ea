/** FPZTXXCX: what is held under an invoice number. Only of the asking taxpayer, of the kind and day that he names. */
import type { InvoiceStateAnswer } from '../../wire.js'
import { toChinaDateTime } from '../clock.js'
import { type DeskAnswer, readField, refuse, type Visit } from './visit.js'

/** fplx to fppz: 数电专 and 数电普; no other type is issued here. Source: Leqi code lists fplx, fppz. */
const KIND_OF_TYPE: Readonly<Record<string, string>> = { '81': '01', '82': '02' }
const NOT_USED = '0'

/** Errors: 04 for a number that is not held, another kind or day, or another taxpayer; nobody learns which. */
export function queryInvoice(visit: Visit): DeskAnswer {
  const kind = KIND_OF_TYPE[readField(visit.request, 'fplx')]
  const number = readField(visit.request, 'fphm')
  const day = readField(visit.request, 'kprq')
  if (kind === undefined) return refuse('参数校验异常：发票类型不正确')
  if (!/^\d{20}$/.test(number)) return refuse('参数校验异常：发票号码应为20位数字')
  if (!/^\d{8}$/.test(day)) return refuse('参数校验异常：开票日期应为yyyyMMdd')
  const stored = visit.books.invoices.get(number)
  const issuedAt = stored === undefined ? '' : toChinaDateTime(stored.issuedAtMs)
  const isAsked =
    stored?.sellerTaxNo === visit.taxpayer.taxNo &&
    stored.kind === kind &&
    issuedAt.slice(0, 10).replaceAll('-', '') === day
  if (!isAsked) return { kind: 'none', message: '未查询到发票信息' }
  const data: Omit<InvoiceStateAnswer, 'returncode'> & Record<string, string> = {
    fphm: number,
    kprq: issuedAt,
    fpzt: NOT_USED,
    ycpzzt: '01',
    hzsdbs: 'N',
    fpyt: NOT_USED,
  }
  return { kind: 'done', data }
}
