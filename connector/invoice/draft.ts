/**
 * The draft: what a mapping says an invoice should be, before catalogue, tax and split (contract §4a).
 *
 * Knows: the closed list of target fields, and for each filled value where it came from.
 * Must not know: the order's own shape; tax arithmetic.
 */
import type { Decimal } from '../kernel/decimal.js'
import type { Origins } from './origins.js'

export type Letter = 'blue' | 'red'
/** 票种: 普票 ordinary (fppz 02), 专票 special (fppz 01). */
export type InvoiceKind = 'ordinary' | 'special'

export interface DraftBuyer {
  /** Customer code in the seller's books, for the catalogue. */
  code: string | null
  name: string | null
  taxNo: string | null
  isPerson: boolean | null
  /** 自然人证件类型 (201 …), number and nationality: all three or none. */
  idType: string | null
  idNo: string | null
  nationality: string | null
  address: string | null
  phone: string | null
  bank: string | null
  account: string | null
}

export interface DraftLine {
  /** The seller's own product code (SKU), for the catalogue. */
  productCode: string | null
  name: string | null
  model: string | null
  unit: string | null
  quantity: Decimal | null
  /** Price of one; gross or net as `pricesIncludeTax` says. */
  unitPrice: Decimal | null
  /** Amount of the line before its discount; gross or net as `pricesIncludeTax` says. */
  amount: Decimal | null
  taxCode: string | null
  taxRate: Decimal | null
  /** 优惠政策标识 01–18. */
  preference: string | null
  /** Fraction of the amount, 0.15 = 15 %. At most one of rate and amount. */
  discountRate: Decimal | null
  discountAmount: Decimal | null
  /** 商品和服务分类简称; only the catalogue or the code table fills it. */
  shortName: string | null
  /** 煤炭种类. */
  coalKind: string | null
}

/** 差额扣除凭证, one row of cekcList. Kinds 01–09, see codes.md. */
export interface DeductionVoucher {
  kind: string
  invoiceCode: string | null
  invoiceNumber: string | null
  voucherNumber: string | null
  issuedOn: string | null
  totalAmount: Decimal | null
  deductedAmount: Decimal | null
  remark: string | null
}

export interface DraftDifferential {
  /** 01 全额开票, 02 差额开票. */
  type: '01' | '02'
  deduction: Decimal
  vouchers: readonly DeductionVoucher[]
}

export interface DraftPayment {
  /** 支付渠道 001–014, 099. */
  channel: string
  /** 交易单号. */
  transactionNo: string
}

export interface DraftExtra {
  name: string
  type: string
  value: string
}

export interface InvoiceDraft {
  orderNo: string
  letter: Letter
  kind: InvoiceKind
  currency: string
  pricesIncludeTax: boolean
  /** What the sender says the customer pays; Σ parts must equal it to the fen when given. */
  expectedGross: Decimal | null
  buyer: DraftBuyer
  lines: readonly DraftLine[]
  /** Rebate on the whole order (positive), in the same gross/net sense as prices. */
  orderDiscount: Decimal | null
  /** Freight; becomes a line of its own. */
  shipping: DraftLine | null
  differential: DraftDifferential | null
  remark: string | null
  payments: readonly DraftPayment[]
  drawer: string | null
  payee: string | null
  reviewer: string | null
  extras: readonly DraftExtra[]
  /** 煤炭品质信息, only for coal of ten million yuan net or more. */
  coalQuality: string | null
  /** Red letters only. */
  originalOrderNo: string | null
  reason: string | null
  origins: Origins
}
