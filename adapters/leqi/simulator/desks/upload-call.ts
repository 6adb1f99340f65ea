/** The checks that stand before a whole upload: L-10 (twice in a call), L-15, L-17, L-23, L-35, the form, and 4063. */
import { readInvoice, type UploadedInvoice } from '../upload-form.js'
import { type DeskAnswer, refuse, type Visit } from './visit.js'

/** Source: Leqi base capability document, QDFPSC. */
const INVOICE_COUNT_MAX = 100
/** A `\u` escape: a backslash that is not itself escaped, then u. Forbidden since V2.005. Source: Leqi protocol 2.3. */
const UNICODE_ESCAPE = /(?<!\\)(?:\\\\)*\\u/
const BACKSLASH_BYTE = 0x5c
/** Sandbox: the buyer is neither the direct unit nor its virtual unit. Source: Leqi protocol 2.9. */
const SANDBOX_BUYER_FAULT = '4063'

type UploadCall = { kind: 'read'; invoices: readonly UploadedInvoice[] }

/** Errors: a refusal of the whole call that names the first guilty invoices; nothing of it was looked at further. */
export function readUploadCall(visit: Visit): UploadCall | DeskAnswer {
  const list = visit.request
  if (!Array.isArray(list) || list.length === 0) return refuse('[L-15] 上传报文应为非空的发票列表')
  if (list.length > INVOICE_COUNT_MAX) return refuse(`[L-15] 单次上传不能超过${INVOICE_COUNT_MAX}张发票`)
  const mayHoldControls = visit.plain.includes(BACKSLASH_BYTE)
  if (mayHoldControls && UNICODE_ESCAPE.test(visit.plain.toString('utf8'))) {
    return refuse('[L-35] 报文中不能使用\\u转义，应发送真实字符')
  }
  const invoices: UploadedInvoice[] = []
  for (const [index, raw] of list.entries()) {
    const reading = readInvoice(raw, { mayHoldControls })
    if (reading.kind === 'faulty') return refuse(`第${index + 1}张发票：${reading.faults.join('；')}`)
    invoices.push(reading.invoice)
  }
  return findCallFault(visit, invoices) ?? { kind: 'read', invoices }
}

function findCallFault(visit: Visit, invoices: readonly UploadedInvoice[]): DeskAnswer | null {
  const numbers = new Set<string>()
  for (const [index, { head }] of invoices.entries()) {
    const where = `第${index + 1}张发票：`
    if (numbers.has(head.fphm)) return refuse(`${where}[L-10] 发票号码${head.fphm}在同一批次内重复`)
    numbers.add(head.fphm)
    if (head.ptbh !== visit.direct.leqiId) return refuse(`${where}[L-17] 平台编号不是直连单位的平台编号`)
    if (head.xsfnsrsbh !== visit.taxpayer.taxNo) {
      return refuse(`${where}[L-23] 销售方纳税人识别号与使用单位不一致`)
    }
    if (visit.environment === 'sandbox' && !isSandboxBuyer(visit, head)) {
      return { kind: 'platform', code: SANDBOX_BUYER_FAULT }
    }
  }
  return null
}

/** In the sandbox invoices only run between the units of one direct unit; persons may buy without a number. */
function isSandboxBuyer({ direct, taxpayer }: Visit, { gmfnsrsbh, gmfzrrbz }: UploadedInvoice['head']): boolean {
  if (gmfzrrbz === 'Y' && gmfnsrsbh === '') return true
  const partners = [direct.taxNo, ...[...direct.usingUnits.values()].map((each) => each.taxNo)]
  return gmfnsrsbh !== taxpayer.taxNo && partners.includes(gmfnsrsbh)
}
