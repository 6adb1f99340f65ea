/** Deduction vouchers (差额扣除凭证) of a differential invoice. L-100 … L-103. */
import { Decimal, pow10 } from '../../kernel/decimal.js'
import { parseLocalDate } from '../../kernel/time.js'
import type { DeductionVoucher } from '../draft.js'
import type { DraftCheck } from './check.js'
import { MONEY_DIGITS, TEXT_LENGTHS_MAX } from './field-limits.js'
import { isBlank, isLongerThan } from './texts.js'

type TextCell = 'invoiceCode' | 'invoiceNumber' | 'voucherNumber' | 'issuedOn'
type MoneyCell = 'totalAmount' | 'deductedAmount'
/** R required, O optional, – forbidden. */
type Need = 'R' | 'O' | '–'
type Needs = Readonly<Record<TextCell, Need>>

const TEXT_CELLS: readonly TextCell[] = ['invoiceCode', 'invoiceNumber', 'voucherNumber', 'issuedOn']
const MONEY_CELLS: readonly MoneyCell[] = ['totalAmount', 'deductedAmount']

const CELL_NAMES: Readonly<Record<TextCell | MoneyCell | 'remark', { zh: string; en: string }>> = {
  invoiceCode: { zh: '发票代码', en: 'invoice code' },
  invoiceNumber: { zh: '发票号码', en: 'invoice number' },
  voucherNumber: { zh: '差额凭证号码', en: 'voucher number' },
  issuedOn: { zh: '开具日期', en: 'date of issue' },
  totalAmount: { zh: '凭证合计金额', en: 'voucher total' },
  deductedAmount: { zh: '本次扣除金额', en: 'deducted amount' },
  remark: { zh: '备注', en: 'remark' },
}

const PAPER_INVOICE: Needs = { invoiceCode: 'R', invoiceNumber: 'R', voucherNumber: '–', issuedOn: 'R' }
const OTHER_PAPER: Needs = { invoiceCode: '–', invoiceNumber: '–', voucherNumber: 'O', issuedOn: 'O' }

/** 差额凭证类型 and what each needs; both amounts are always required. Edition: base capability document V4.000. */
const NEEDS_BY_KIND: ReadonlyMap<string, Needs> = new Map([
  ['01', { invoiceCode: '–', invoiceNumber: 'R', voucherNumber: '–', issuedOn: 'R' }],
  ['02', PAPER_INVOICE],
  ['03', PAPER_INVOICE],
  ['04', PAPER_INVOICE],
  ['05', OTHER_PAPER],
  ['06', OTHER_PAPER],
  ['07', OTHER_PAPER],
  ['08', { invoiceCode: 'O', invoiceNumber: 'O', voucherNumber: '–', issuedOn: 'O' }],
  ['09', OTHER_PAPER],
])
/** 其他发票, 其他扣除凭证: the remark names the document. */
const KINDS_WITH_REMARK: ReadonlySet<string> = new Set(['08', '09'])

const LENGTHS_MAX = {
  invoiceCode: TEXT_LENGTHS_MAX.voucherInvoiceCode,
  invoiceNumber: TEXT_LENGTHS_MAX.voucherInvoiceNumber,
  voucherNumber: TEXT_LENGTHS_MAX.voucherNumber,
  remark: TEXT_LENGTHS_MAX.voucherRemark,
} as const
const LIMITED_CELLS = ['invoiceCode', 'invoiceNumber', 'voucherNumber', 'remark'] as const
const DASHED_DATE_LENGTH = 'yyyy-MM-dd'.length

export const VOUCHER_CHECKS: readonly DraftCheck[] = [
  {
    id: 'L-100',
    appliesTo: 'draft',
    title: '差额扣除凭证',
    condition:
      'a deduction without vouchers, Σ deducted is not the deduction, or more is deducted than a voucher is worth',
    reaction: 'block',
    section: '2.9',
    sources: ['S1'],
    passes: 'two vouchers that add up to the deduction',
    fails: 'vouchers that add up to 0.01 less than the deduction',
    run: ({ draft: { differential } }, report) => {
      if (differential === null) return
      const { deduction, vouchers } = differential
      if (vouchers.length === 0 && !deduction.isZero) {
        report('/differential/vouchers', '有扣除额而没有扣除凭证', 'a deduction needs its vouchers')
        return
      }
      const sum = vouchers.reduce(
        (total, { deductedAmount }) => total.plus(deductedAmount ?? Decimal.ZERO),
        Decimal.ZERO,
      )
      if (!sum.equals(deduction)) {
        report(
          '/differential/deduction',
          `本次扣除金额之和 ${sum} 不等于扣除额 ${deduction}`,
          `the deducted amounts add up to ${sum}, not to the deduction ${deduction}`,
        )
      }
      vouchers.forEach(({ totalAmount, deductedAmount }, index) => {
        if (totalAmount !== null && deductedAmount !== null && deductedAmount.compare(totalAmount) > 0) {
          report(
            `/differential/vouchers/${index}/deductedAmount`,
            `第 ${index + 1} 张凭证的本次扣除金额 ${deductedAmount} 大于凭证合计金额 ${totalAmount}`,
            `voucher ${index + 1} deducts ${deductedAmount}, more than its total ${totalAmount}`,
          )
        }
      })
    },
  },
  {
    id: 'L-101',
    appliesTo: 'draft',
    title: '差额扣除凭证的各栏',
    condition: 'an unknown kind, a required cell empty, or a forbidden cell filled',
    reaction: 'block',
    section: '2.9',
    sources: ['S1'],
    passes: 'a digital invoice (01) with number and date',
    fails: 'a digital invoice (01) with an invoice code',
    run: ({ draft: { differential } }, report) => {
      differential?.vouchers.forEach((voucher, index) => {
        const path = `/differential/vouchers/${index}`
        const needs = NEEDS_BY_KIND.get(voucher.kind)
        if (needs === undefined) {
          report(
            `${path}/kind`,
            `第 ${index + 1} 张凭证的类型 ${voucher.kind} 不在 01–09 中`,
            `the kind ${voucher.kind} of voucher ${index + 1} is not one of 01–09`,
          )
          return
        }
        for (const cell of TEXT_CELLS) reportCell(voucher[cell], needs[cell], cell)
        for (const cell of MONEY_CELLS) reportCell(voucher[cell]?.toString() ?? null, 'R', cell)

        function reportCell(content: string | null, need: Need, cell: TextCell | MoneyCell): void {
          const isEmpty = isBlank(content)
          if (need === 'O' || (need === 'R') !== isEmpty) return
          const { zh, en } = CELL_NAMES[cell]
          report(
            `${path}/${cell}`,
            `第 ${index + 1} 张凭证（类型 ${voucher.kind}）的${zh}${isEmpty ? '必须填写' : '不得填写'}`,
            `the ${en} of voucher ${index + 1} (kind ${voucher.kind}) must ${isEmpty ? 'be filled' : 'be empty'}`,
          )
        }
      })
    },
  },
  {
    id: 'L-102',
    appliesTo: 'draft',
    title: '差额扣除凭证的备注',
    condition: 'kinds 08 and 09 without a remark that names the document',
    reaction: 'block',
    section: '2.9',
    sources: ['S1'],
    passes: 'another invoice (08) with a remark',
    fails: 'another invoice (08) without a remark',
    run: ({ draft: { differential } }, report) => {
      differential?.vouchers.forEach(({ kind, remark }, index) => {
        if (KINDS_WITH_REMARK.has(kind) && isBlank(remark)) {
          report(
            `/differential/vouchers/${index}/remark`,
            `第 ${index + 1} 张凭证（类型 ${kind}）须在备注中写明凭证名称`,
            `the remark of voucher ${index + 1} (kind ${kind}) must name the document`,
          )
        }
      })
    },
  },
  {
    id: 'L-103',
    appliesTo: 'draft',
    title: '差额扣除凭证的长度和日期',
    condition: 'a text longer than its field, a date that is not yyyy-MM-dd, an amount that is no money',
    reaction: 'block',
    section: '2.9',
    sources: ['S1'],
    passes: 'a voucher dated 2026-02-28',
    fails: 'a voucher dated 2026-02-30',
    run: ({ draft: { differential } }, report) => {
      differential?.vouchers.forEach((voucher, index) => {
        for (const cell of findMisshapen(voucher)) {
          const { zh, en } = CELL_NAMES[cell]
          report(
            `/differential/vouchers/${index}/${cell}`,
            `第 ${index + 1} 张凭证的${zh}格式有误或过长`,
            `the ${en} of voucher ${index + 1} has a wrong form or is too long`,
          )
        }
      })
    },
  },
]

function findMisshapen(voucher: DeductionVoucher): (keyof typeof CELL_NAMES)[] {
  const cells: (keyof typeof CELL_NAMES)[] = []
  for (const cell of LIMITED_CELLS) {
    const text = voucher[cell]
    if (text !== null && isLongerThan(text, LENGTHS_MAX[cell])) cells.push(cell)
  }
  for (const cell of MONEY_CELLS) {
    const money = voucher[cell]
    if (money !== null && !isMoney(money)) cells.push(cell)
  }
  const { issuedOn } = voucher
  if (issuedOn !== null && !isBlank(issuedOn)) {
    if (issuedOn.length !== DASHED_DATE_LENGTH || parseLocalDate(issuedOn) === null) cells.push('issuedOn')
  }
  return cells
}

/** Not negative, at most two decimals and eighteen digits. */
function isMoney(money: Decimal): boolean {
  const rounded = money.round(MONEY_DIGITS.decimals)
  return rounded.equals(money) && !money.isNegative && rounded.at(MONEY_DIGITS.decimals) < pow10(MONEY_DIGITS.total)
}
