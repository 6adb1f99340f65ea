/**
 * The arithmetic of an invoice: checks A1 … A10 and A13 (L-79 … L-88, L-91). Divisions are avoided by multiplying out,
 * so that every comparison is exact. Source: rulebook 2.3.
 */
import { differsBy, powerOfTen, WHOLE_RATE } from '../exact.js'
import { type CaseLine, isDiscount, type Say, type UploadCase } from './case.js'

const FEN_PER_YUAN = 100n
/** A1, A4, A7. */
const ONE_FEN = 1n
/** A2: per line, in millionths of a fen, as the product of net and rate is. */
const LINE_TAX_TOLERANCE = 6n * WHOLE_RATE
/** A3: per invoice, in the same unit. */
const INVOICE_TAX_TOLERANCE = 127n * WHOLE_RATE

export function judgeArithmetic(uploadCase: UploadCase, say: Say): void {
  const { lines, isDifferential } = uploadCase
  let netSum = 0n
  let taxSum = 0n
  let grossSum = 0n
  let exactTaxSum = 0n
  for (const line of lines) {
    const exactTax = line.net * line.rate
    judgeLine(line, exactTax, isDifferential, say)
    netSum += line.net
    taxSum += line.tax
    grossSum += line.gross
    exactTaxSum += exactTax
  }
  const { net, tax, gross } = uploadCase
  if (!isDifferential && differsBy(exactTaxSum, tax * WHOLE_RATE, INVOICE_TAX_TOLERANCE))
    say('L-81', '合计税额与明细金额乘税率之和相差超过1.27')
  if (differsBy(netSum, net, ONE_FEN)) say('L-82', '合计金额与明细金额之和不一致')
  if (net + tax !== gross) say('L-83', '价税合计不等于合计金额加合计税额')
  if (taxSum !== tax || grossSum !== gross) say('L-86', '合计税额或价税合计与明细之和不一致')
  if (net <= 0n || gross <= 0n || tax < 0n) say('L-87', '蓝字发票的合计金额、价税合计应为正数')
}

function judgeLine(line: CaseLine, exactTax: bigint, isDifferential: boolean, say: Say): void {
  const { form, place, net, tax, gross, rate } = line
  if (form.mxxh !== String(place)) say('L-91', `第${place}行明细序号不连续`)
  if (!isDiscount(line)) judgePrice(line, say)
  // A differential line fixes net by gross and tax; its own check is L-94.
  if (!isDifferential && net + tax !== gross) say('L-84', `第${place}行含税金额不等于金额加税额`)
  if (isDifferential) return
  if (differsBy(exactTax, tax * WHOLE_RATE, LINE_TAX_TOLERANCE)) say('L-80', `第${place}行金额乘税率与税额相差超过0.06`)
  // A7, multiplied out: |gross/(1+rate) − net| ≤ 0.01  ⇔  |gross − net·(1+rate)| ≤ 0.01·(1+rate).
  const factor = WHOLE_RATE + rate
  if (differsBy(gross * WHOLE_RATE, net * factor, ONE_FEN * factor))
    say('L-85', `第${place}行含税金额还原的金额相差超过0.01`)
}

function judgePrice({ place, quantity, price, net, tax, gross }: CaseLine, say: Say): void {
  if (net <= 0n || gross <= 0n || tax < 0n) say('L-88', `第${place}行金额应为正数`)
  // A figure that is none, or stands alone, was told by L-57.
  if (quantity === null || price === null) return
  if (quantity.units < 0n || price.units < 0n) say('L-88', `第${place}行数量、单价应为正数`)
  // A1, multiplied out by the decimals of both figures: their product is in yuan, net in fen.
  const scale = powerOfTen(quantity.places + price.places)
  if (differsBy(price.units * quantity.units * FEN_PER_YUAN, net * scale, ONE_FEN * scale))
    say('L-79', `第${place}行单价乘数量与金额相差超过0.01`)
}
