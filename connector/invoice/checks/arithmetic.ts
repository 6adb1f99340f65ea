/**
 * Arithmetic, recomputed from the invoice's own figures with formulas of its own. L-79 … L-89, L-91 (A1 … A11, A13).
 *
 * All tests are in whole numbers: with `rate = value / 10^scale`, a test on `net × rate` is one on `net × value`
 * against figures scaled by `10^scale`. A differential line has its own formula, L-90 in `differential.ts`.
 */
import { type Amount, formatAmount } from '../../kernel/amount.js'
import { Decimal, pow10 } from '../../kernel/decimal.js'
import type { Invoice, InvoiceLine } from '../invoice.js'
import { DEFECT_REMEDY, type InvoiceCheck, type InvoiceLineCheck } from './check.js'
import { RATE_DECIMALS_MAX, TOLERANCES_FEN } from './field-limits.js'

const FEN_SCALE = 2

export const ARITHMETIC_LINE_CHECKS: readonly InvoiceLineCheck[] = [
  {
    id: 'L-79',
    alias: 'A1',
    appliesTo: 'invoice line',
    title: '单价×数量与金额',
    condition: '|price × quantity − net| above 0.01',
    reaction: 'block',
    section: '2.3',
    sources: ['S1', 'S2'],
    passes: 'a product that is 0.01 off',
    fails: 'a product that is 0.02 off',
    run: ({ line, path, name, nameEn }, report) => {
      if (line.quantity === null || line.unitPrice === null) return
      const quantity = Decimal.parse(line.quantity)
      const price = Decimal.parse(line.unitPrice)
      if (quantity === null || price === null) return
      const product = quantity.times(price)
      if (isFartherThan(product, line.netAmount, TOLERANCES_FEN.price)) {
        report(
          `${path}/unitPrice`,
          `${name}单价×数量 ${product} 与金额 ${formatAmount(line.netAmount)} 相差超过 0.01`,
          `price × quantity ${product} of ${nameEn} is more than 0.01 off the net ${formatAmount(line.netAmount)}`,
        )
      }
    },
  },
  {
    id: 'L-80',
    alias: 'A2',
    appliesTo: 'invoice line',
    title: '金额×税率与税额',
    condition: '|net × rate − tax| above 0.06, other than differential',
    reaction: 'block',
    section: '2.3',
    sources: ['S1', 'S2'],
    passes: 'a tax that is less than 0.06 off',
    fails: 'a tax that is 0.07 off',
    run: ({ invoice, line, path, name, nameEn }, report) => {
      if (invoice.differential !== null) return
      const { value, scale } = line.taxRate
      const unit = pow10(scale)
      if (magnitude(line.netAmount * value - line.taxAmount * unit) > TOLERANCES_FEN.lineTax * unit) {
        report(
          path,
          `${name}税额 ${formatAmount(line.taxAmount)} 与金额×税率相差超过 0.06`,
          `the tax ${formatAmount(line.taxAmount)} of ${nameEn} is more than 0.06 off net × rate`,
          DEFECT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-84',
    alias: 'A6',
    appliesTo: 'invoice line',
    title: '含税金额',
    condition: 'net + tax is not gross',
    reaction: 'block',
    section: '2.3',
    sources: ['inferred'],
    isSwitchable: true,
    passes: 'a gross that is net plus tax',
    fails: 'a gross that is one fen more',
    run: ({ line, path, name, nameEn }, report) => {
      if (line.netAmount + line.taxAmount !== line.grossAmount) {
        report(
          path,
          `${name}金额加税额不等于含税金额 ${formatAmount(line.grossAmount)}`,
          `net plus tax of ${nameEn} is not its gross ${formatAmount(line.grossAmount)}`,
          DEFECT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-85',
    alias: 'A7',
    appliesTo: 'invoice line',
    title: '含税金额倒算金额',
    condition: '|gross ÷ (1 + rate) − net| above 0.01, other than differential',
    reaction: 'block',
    section: '2.3',
    sources: ['S2', 'inferred'],
    isSwitchable: true,
    passes: 'a net that is less than 0.01 off',
    fails: 'a net that is 0.02 off, with tax moved against it',
    run: ({ invoice, line, path, name, nameEn }, report) => {
      if (invoice.differential !== null) return
      const unit = pow10(line.taxRate.scale)
      const divisor = unit + line.taxRate.value
      if (magnitude(line.grossAmount * unit - line.netAmount * divisor) > TOLERANCES_FEN.workedBackNet * divisor) {
        report(
          path,
          `${name}由含税金额倒算的金额与 ${formatAmount(line.netAmount)} 相差超过 0.01`,
          `the net ${formatAmount(line.netAmount)} of ${nameEn} is more than 0.01 off gross ÷ (1 + rate)`,
          DEFECT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-88',
    alias: 'A10',
    appliesTo: 'invoice line',
    title: '蓝字明细的正负',
    condition:
      'blue: a line whose net, gross, quantity or price is not positive or whose tax is negative; a discount that is not negative',
    reaction: 'block',
    section: '2.3',
    sources: ['S2'],
    isSwitchable: true,
    passes: 'a line of 0.01 without tax',
    fails: 'a line of zero',
    run: ({ invoice, line, path, name, nameEn }, report) => {
      if (invoice.letter !== 'blue' || hasBlueSigns(line)) return
      report(
        `${path}/amount`,
        line.nature === 'discount'
          ? `${name}的折扣行金额须为负数`
          : `${name}的金额、含税金额、数量、单价须大于 0，税额不得小于 0`,
        line.nature === 'discount'
          ? `the discount of ${nameEn} must be negative`
          : `net, gross, quantity and price of ${nameEn} must be positive and its tax not negative`,
      )
    },
  },
  {
    id: 'L-91',
    alias: 'A13',
    appliesTo: 'invoice line',
    title: '明细序号',
    condition: 'the lines are not numbered 1, 2, 3 … without gaps',
    reaction: 'fill',
    section: '2.3',
    sources: ['S2'],
    isSwitchable: true,
    passes: 'lines 1 and 2',
    fails: 'lines 1 and 3',
    run: ({ line, previous, path, name, nameEn }, report) => {
      const wanted = (previous?.lineNo ?? 0) + 1
      if (line.lineNo !== wanted) {
        report(
          path,
          `${name}的明细序号 ${line.lineNo} 应为 ${wanted}`,
          `the number ${line.lineNo} of ${nameEn} must be ${wanted}`,
          DEFECT_REMEDY,
        )
      }
    },
  },
]

export const ARITHMETIC_INVOICE_CHECKS: readonly InvoiceCheck[] = [
  {
    id: 'L-81',
    alias: 'A3',
    appliesTo: 'invoice',
    title: '合计税额的累计误差',
    condition: '|Σ(net × rate) − tax total| above 1.27, products unrounded, other than differential',
    reaction: 'split',
    section: '2.3, 2.4',
    sources: ['S1', 'S2'],
    passes: '226 lines of 199.88',
    fails: '227 lines of 199.88',
    run: ({ invoice }, report) => {
      if (invoice.differential !== null) return
      const unit = pow10(RATE_DECIMALS_MAX)
      if (magnitude(sumProducts(invoice.lines) - invoice.taxAmount * unit) > TOLERANCES_FEN.invoiceTax * unit) {
        report(
          '/lines',
          `合计税额 ${formatAmount(invoice.taxAmount)} 与各行金额×税率之和相差超过 1.27`,
          `the tax total ${formatAmount(invoice.taxAmount)} is more than 1.27 off Σ(net × rate)`,
          DEFECT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-82',
    alias: 'A4',
    appliesTo: 'invoice',
    title: '合计金额',
    condition: 'Σ net is not the net total; the bureau allows 0.01, we send 0',
    reaction: 'block',
    section: '2.3',
    sources: ['S1', 'S2'],
    passes: 'a net total that is the sum',
    fails: 'a net total that is one fen more',
    run: ({ invoice: { lines, netAmount } }, report) => {
      if (sumOf(lines, 'netAmount') !== netAmount) {
        report(
          '',
          `合计金额 ${formatAmount(netAmount)} 不等于明细金额之和`,
          `the net total ${formatAmount(netAmount)} is not the sum of the lines`,
          DEFECT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-83',
    alias: 'A5',
    appliesTo: 'invoice',
    title: '价税合计',
    condition: 'net total + tax total is not the gross total',
    reaction: 'block',
    section: '2.3',
    sources: ['S2'],
    isSwitchable: true,
    passes: 'a gross total that is net plus tax',
    fails: 'a gross total that is one fen less',
    run: ({ invoice: { netAmount, taxAmount, grossAmount } }, report) => {
      if (netAmount + taxAmount !== grossAmount) {
        report(
          '',
          `合计金额加合计税额不等于价税合计 ${formatAmount(grossAmount)}`,
          `net plus tax is not the gross total ${formatAmount(grossAmount)}`,
          DEFECT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-86',
    alias: 'A8',
    appliesTo: 'invoice',
    title: '合计税额、价税合计',
    condition: 'Σ tax is not the tax total, or Σ gross not the gross total',
    reaction: 'block',
    section: '2.3',
    sources: ['inferred'],
    isSwitchable: true,
    passes: 'totals that are the sums',
    fails: 'a tax total that is one fen more',
    run: ({ invoice: { lines, taxAmount, grossAmount } }, report) => {
      if (sumOf(lines, 'taxAmount') !== taxAmount || sumOf(lines, 'grossAmount') !== grossAmount) {
        report(
          '',
          `合计税额 ${formatAmount(taxAmount)} 或价税合计 ${formatAmount(grossAmount)} 不等于明细之和`,
          `the tax total ${formatAmount(taxAmount)} or the gross total ${formatAmount(grossAmount)} is not the sum of the lines`,
          DEFECT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-87',
    alias: 'A9',
    appliesTo: 'invoice',
    title: '蓝字发票合计的正负',
    condition: 'blue: the net or gross total is not positive, or the tax total is negative',
    reaction: 'block',
    section: '2.3',
    sources: ['S2'],
    isSwitchable: true,
    passes: 'a total of 0.01',
    fails: 'a total of zero after a full discount',
    run: ({ invoice: { letter, netAmount, taxAmount, grossAmount } }, report) => {
      if (letter === 'blue' && (netAmount <= 0n || grossAmount <= 0n || taxAmount < 0n)) {
        report(
          '/lines',
          `蓝字发票价税合计 ${formatAmount(grossAmount)} 须大于 0`,
          `the gross total ${formatAmount(grossAmount)} of a blue invoice must be positive`,
        )
      }
    },
  },
  {
    id: 'L-89',
    alias: 'A11',
    appliesTo: 'invoice',
    title: '红字发票的正负',
    condition: 'red: a total or a line that is not negative, or tax above zero',
    reaction: 'block',
    section: '2.3',
    sources: ['S1', 'S2'],
    passes: 'a red invoice of negative lines',
    fails: 'a red invoice of positive lines',
    run: ({ invoice }, report) => {
      if (invoice.letter === 'red' && !(hasRedSigns(invoice) && invoice.lines.every(hasRedSigns))) {
        report('/lines', '红字发票的合计和明细须为负数', 'totals and lines of a red invoice must be negative')
      }
    },
  },
]

type Figures = Pick<Invoice, 'netAmount' | 'taxAmount' | 'grossAmount'>

function hasRedSigns({ netAmount, taxAmount, grossAmount }: Figures): boolean {
  return netAmount < 0n && grossAmount < 0n && taxAmount <= 0n
}

function hasBlueSigns(line: InvoiceLine): boolean {
  if (line.nature === 'discount') return hasRedSigns(line)
  return (
    line.netAmount > 0n &&
    line.grossAmount > 0n &&
    line.taxAmount >= 0n &&
    isPositiveFigure(line.quantity) &&
    isPositiveFigure(line.unitPrice)
  )
}

/** Digits without a minus, one of them not zero; saves parsing what A1 has parsed already. */
function isPositiveFigure(figure: string | null): boolean {
  if (figure === null) return true
  if (figure.startsWith('-')) return false
  for (const character of figure) if (character >= '1' && character <= '9') return true
  return false
}

/** Σ(net × rate) in fen × 10^6; a rate has at most six decimals. */
function sumProducts(lines: readonly InvoiceLine[]): bigint {
  let sum = 0n
  for (const { netAmount, taxRate } of lines) {
    sum += netAmount * taxRate.round(RATE_DECIMALS_MAX).at(RATE_DECIMALS_MAX)
  }
  return sum
}

function sumOf(lines: readonly InvoiceLine[], figure: keyof Figures): bigint {
  let sum = 0n
  for (const line of lines) sum += line[figure]
  return sum
}

function isFartherThan(exact: Decimal, money: Amount, toleranceFen: bigint): boolean {
  const scale = Math.max(exact.scale, FEN_SCALE)
  const unit = pow10(scale - FEN_SCALE)
  return magnitude(exact.at(scale) - money * unit) > toleranceFen * unit
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value
}
