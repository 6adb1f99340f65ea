/**
 * The arithmetic of an invoice: checks A1 … A10 and A13 (L-79 … L-88, L-91). Divisions are avoided by multiplying out,
 * so that every comparison is exact. Source: rulebook 2.3.
 */
import { differsBy, Exact, NOTHING } from '../exact.js'
import { type CaseLine, isDiscount, type Say, type UploadCase } from './case.js'

/** A1, A4, A7. */
const ONE_FEN = new Exact('0.01')
/** A2: per line. */
const LINE_TAX_TOLERANCE = new Exact('0.06')
/** A3: per invoice. */
const INVOICE_TAX_TOLERANCE = new Exact('1.27')
const ONE = new Exact(1)

export function judgeArithmetic(uploadCase: UploadCase, say: Say): void {
  const { lines, isDifferential } = uploadCase
  let netSum = NOTHING
  let taxSum = NOTHING
  let grossSum = NOTHING
  let exactTaxSum = NOTHING
  for (const line of lines) {
    const exactTax = line.net.times(line.rate)
    judgeLine(line, exactTax, isDifferential, say)
    netSum = netSum.plus(line.net)
    taxSum = taxSum.plus(line.tax)
    grossSum = grossSum.plus(line.gross)
    exactTaxSum = exactTaxSum.plus(exactTax)
  }
  const { net, tax, gross } = uploadCase
  if (!isDifferential && differsBy(exactTaxSum, tax, INVOICE_TAX_TOLERANCE))
    say('L-81', '合计税额与明细金额乘税率之和相差超过1.27')
  if (differsBy(netSum, net, ONE_FEN)) say('L-82', '合计金额与明细金额之和不一致')
  if (!net.plus(tax).equals(gross)) say('L-83', '价税合计不等于合计金额加合计税额')
  if (!taxSum.equals(tax) || !grossSum.equals(gross)) say('L-86', '合计税额或价税合计与明细之和不一致')
  if (!net.greaterThan(0) || !gross.greaterThan(0) || tax.lessThan(0))
    say('L-87', '蓝字发票的合计金额、价税合计应为正数')
}

function judgeLine(line: CaseLine, exactTax: Exact, isDifferential: boolean, say: Say): void {
  const { form, place, net, tax, gross, rate } = line
  if (form.mxxh !== String(place)) say('L-91', `第${place}行明细序号不连续`)
  if (!isDiscount(line)) judgePrice(line, say)
  // A differential line fixes net by gross and tax; its own check is L-94.
  if (!isDifferential && !net.plus(tax).equals(gross)) say('L-84', `第${place}行含税金额不等于金额加税额`)
  if (isDifferential) return
  if (differsBy(exactTax, tax, LINE_TAX_TOLERANCE)) say('L-80', `第${place}行金额乘税率与税额相差超过0.06`)
  // A7, multiplied out: |gross/(1+rate) − net| ≤ 0.01  ⇔  |gross − net·(1+rate)| ≤ 0.01·(1+rate).
  const factor = ONE.plus(rate)
  if (differsBy(gross, net.plus(exactTax), ONE_FEN.times(factor)))
    say('L-85', `第${place}行含税金额还原的金额相差超过0.01`)
}

function judgePrice({ form, place, net, tax, gross }: CaseLine, say: Say): void {
  if (!net.greaterThan(0) || !gross.greaterThan(0) || tax.lessThan(0)) say('L-88', `第${place}行金额应为正数`)
  if (form.sl === '' || form.dj === '') return
  const [quantity, price] = [toFigure(form.sl), toFigure(form.dj)]
  // A figure that is none was told by L-57.
  if (quantity === null || price === null) return
  if (quantity.lessThan(0) || price.lessThan(0)) say('L-88', `第${place}行数量、单价应为正数`)
  if (differsBy(price.times(quantity), net, ONE_FEN)) say('L-79', `第${place}行单价乘数量与金额相差超过0.01`)
}

function toFigure(text: string): Exact | null {
  return /^-?\d+(\.\d+)?$/.test(text) ? new Exact(text) : null
}
