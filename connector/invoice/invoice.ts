/**
 * The invoice: computed, checked, split, ready for a number. Its content is immutable once approved (I10).
 *
 * Knows: parties, lines, totals. Must not know: numbers, quota, wire names, the order's shape.
 * Invariants: Σ lines = totals exactly; net + tax = gross on every line; a discounted line is followed by its discount.
 */
import type { Amount } from '../kernel/amount.js'
import type { Decimal } from '../kernel/decimal.js'
import type { InvoiceKind, Letter } from './draft.js'

/** 发票行性质: 00 normal, 02 discounted, 01 the discount that follows it. */
export type LineNature = 'normal' | 'discounted' | 'discount'

export interface InvoiceLine {
  /** 明细序号: 1, 2, 3 … without gaps. */
  lineNo: number
  nature: LineNature
  /** 项目名称 without stars. */
  name: string
  /** 商品和服务分类简称 of the code table. */
  shortName: string
  model: string | null
  unit: string | null
  /** Plain decimals of at most 25 characters; both or neither. The price is net. */
  quantity: string | null
  unitPrice: string | null
  netAmount: Amount
  taxAmount: Amount
  grossAmount: Amount
  taxRate: Decimal
  taxCode: string
  preference: string | null
  /** 扣除额 of a differential line. */
  deduction: Amount | null
  coalKind: string | null
  /** Index of the draft line it came from; -1 for shipping. */
  sourceLine: number
}

export interface Voucher {
  lineNo: number
  kind: string
  invoiceCode: string | null
  invoiceNumber: string | null
  voucherNumber: string | null
  issuedOn: string | null
  totalAmount: Amount
  deductedAmount: Amount
  remark: string | null
}

export interface Party {
  name: string
  taxNo: string | null
  address: string | null
  phone: string | null
  bank: string | null
  account: string | null
}

export interface Buyer extends Party {
  /** null: the order does not say. */
  isPerson: boolean | null
  idType: string | null
  idNo: string | null
  nationality: string | null
}

export interface Invoice {
  letter: Letter
  kind: InvoiceKind
  seller: Party & { taxNo: string }
  buyer: Buyer
  lines: readonly InvoiceLine[]
  netAmount: Amount
  taxAmount: Amount
  grossAmount: Amount
  /** Net that counts against the credit quota (rules 3.1: 不征税 outside the sixteen codes counts 0). */
  quotaAmount: Amount
  differential: { type: '01' | '02'; deduction: Amount; vouchers: readonly Voucher[] } | null
  remark: string | null
  payments: readonly { channel: string; transactionNo: string }[]
  drawer: string
  payee: string | null
  reviewer: string | null
  extras: readonly { name: string; type: string; value: string }[]
  coalQuality: string | null
}
