/** What computing and splitting can find wrong with a draft: stable codes, both languages, and who can cure it. */
import type { Fault } from '../kernel/fault.js'
import { cureOf } from './checks/cure.js'
import type { Origins } from './origins.js'

/** Code → Chinese, English. Figures are appended in brackets. */
const MESSAGES = {
  'ORD-currency': ['只支持人民币（CNY）', 'only CNY can be invoiced'],
  'ORD-total': ['订单给出的含税总额与计算结果不一致', 'the total the order states is not what its lines add up to'],
  'INV-letter': ['红字发票暂不能自动开具，已挂起等待人工处理', 'red letters are not issued yet; the order is held'],
  'INV-incomplete': ['缺少必填内容', 'a required value is missing'],
  'INV-decimals': ['金额最多两位小数', 'an amount has at most two decimals'],
  'INV-rate': ['税率必须在 0 与 1 之间，最多六位小数', 'a tax rate lies between 0 and 1 with at most six decimals'],
  'INV-quantity': ['数量必须大于零且不超过 25 个字符', 'a quantity is greater than zero and has at most 25 characters'],
  'INV-price': ['单价无法用 25 个字符表示', 'no unit price of 25 characters gives the amount back'],
  'INV-amount': ['金额必须大于零', 'the amount of a line is greater than zero'],
  'INV-amount-missing': ['金额与单价均未提供', 'neither an amount nor a price is given'],
  'INV-amount-mismatch': ['单价×数量与金额相差超过 0.01', 'price × quantity differs from the amount by more than 0.01'],
  'INV-discount': ['折扣必须在零与行金额之间', 'a discount lies between zero and the amount of its line'],
  'INV-discount-both': ['折扣率与折扣金额只能提供一个', 'give a discount as a rate or as an amount, not both'],
  'INV-order-discount': [
    '整单优惠必须在零与各行折后金额合计之间',
    'the rebate on the order lies between zero and what its lines still cost',
  ],
  'INV-total': ['发票合计金额与价税合计必须大于零', 'net and gross total of an invoice are greater than zero'],
  'INV-deduction': ['扣除额必须大于零且不超过含税金额', 'the deduction is greater than zero and at most the gross'],
  'INV-differential-lines': ['差额征税发票只能有一个商品行', 'a differential invoice has exactly one line'],
  'INV-differential-discount': ['差额征税发票不允许折扣', 'a differential invoice carries no discount'],
  'INV-split': [
    '无法在单张发票限额与限行内拆分',
    'the order cannot be split within the ceiling and the line limit of one invoice',
  ],
} as const satisfies Record<string, readonly [zh: string, en: string]>

export type InvoiceFaultCode = keyof typeof MESSAGES

/** Reports one fault; `figures` is language-neutral, e.g. `99.99 ≠ 100.00`. */
export type Report = (code: InvoiceFaultCode, path: string, figures?: string) => void

/**
 * Makes the fault of a code at a place of the draft.
 *
 * Shape   path is a JSON Pointer into the draft; who cures it follows from where the value at that path came from
 */
export function makeInvoiceFault(code: InvoiceFaultCode, path: string, origins: Origins, figures?: string): Fault {
  const [message, messageEn] = MESSAGES[code]
  return {
    code,
    path,
    message: figures === undefined ? message : `${message}（${figures}）`,
    messageEn: figures === undefined ? messageEn : `${messageEn} (${figures})`,
    ...cureOfFault(code, path, origins),
  }
}

/** Most faults are cured where the value came from; a few have one cure whatever the value's origin. */
function cureOfFault(code: InvoiceFaultCode, path: string, origins: Origins): Pick<Fault, 'cure' | 'parkCause'> {
  if (code === 'ORD-currency') return { cure: 'sender' }
  if (code === 'INV-letter' || code === 'INV-split') return { cure: 'administrator', parkCause: 'manual_hold' }
  return cureOf(path, origins)
}
