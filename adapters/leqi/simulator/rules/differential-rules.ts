/** Differential taxation (差额征税) and its vouchers: L-90, L-92 … L-103. Source: rulebook 2.9; codes, 差额凭证类型. */
import { isCalendarDate } from '../clock.js'
import { differsBy, divideRounded, readFen, sumOf, WHOLE_RATE } from '../exact.js'
import { DIFFERENTIAL_CODES, type DifferentialCode, REAL_ESTATE_CODES } from '../tables/differential.js'
import { percentToFraction } from '../tables/rates.js'
import { countCharacters, type VoucherForm } from '../upload-form.js'
import { type CaseLine, isDiscount, type Say, type UploadCase } from './case.js'
import { isFilledAmount } from './line-rules.js'

const FULL = '01'
const DIFFERENTIAL = '02'
/** A12 on a blue, in fen. */
const TAX_TOLERANCE = 6n
const SIMPLIFIED = new Set(['01', '08', '09'])
/** nsrlx: general taxpayers, 辅导期 among them. */
const GENERAL_TYPES = new Set(['1', '4'])
const WATER_AND_PROPERTY = new Set(['1100301010000000000', '3040801010000000000'])
const PROPERTY_INDUSTRY = '702'
/** Lenders and asset managers. */
const LENDER_INDUSTRIES = ['662', '663', '6950']

export function judgeDifferential(uploadCase: UploadCase, say: Say): void {
  const { head, lines, isDifferential } = uploadCase
  const [line] = lines
  if (line === undefined) return
  if (!isDifferential) {
    if (lines.some((each) => isFilledAmount(each.form.kce))) say('L-93', '未填差额征税类型时扣除额应为空')
    if (uploadCase.vouchers.length > 0) say('L-100', '没有扣除额时差额扣除列表应为空')
    return
  }
  if (lines.length > 1 || isDiscount(line)) {
    say('L-92', '差额征税发票只能有一行明细且不能有折扣')
    return
  }
  if (line.gross - line.tax !== line.net) say('L-94', '金额应等于含税金额减税额')
  const deduction = judgeDeduction(head.cezslxDm, line, say)
  if (deduction === null) return
  const base = head.cezslxDm === DIFFERENTIAL ? line.gross - deduction : line.gross
  const tax = divideRounded(base * line.rate, WHOLE_RATE + line.rate)
  if (differsBy(tax, line.tax, TAX_TOLERANCE)) say('L-90', '差额征税的税额与计算结果相差超过0.06')
  judgeDifferentialCode(uploadCase, line, say)
  judgeVouchers(uploadCase.vouchers, deduction, say)
}

/** Shape: the deduction in fen, or null when it cannot be used for anything further. */
function judgeDeduction(type: string, { form, gross }: CaseLine, say: Say): bigint | null {
  if (form.kce === '') {
    say('L-93', '差额征税类型与扣除额应同时填写')
    return null
  }
  const deduction = readFen(form.kce)
  const isTooSmall = type === FULL ? deduction < 0n : deduction <= 0n
  if (isTooSmall || deduction > gross) {
    say('L-93', '扣除额不在允许范围内')
    return null
  }
  return deduction
}

function judgeDifferentialCode(uploadCase: UploadCase, line: CaseLine, say: Say): void {
  const { head, isSpecial, seller } = uploadCase
  const code = line.form.sphfwssflhbbm
  const entry = DIFFERENTIAL_CODES.get(code)
  if (entry === undefined || line.classification?.isDifferential !== true) {
    say('L-95', '该编码不能差额征税')
    return
  }
  const isDifference = head.cezslxDm === DIFFERENTIAL
  if (isDifference && !entry.allowsDifferential) say('L-96', '该编码不能差额开票')
  else if (isSpecial && isDifference && !entry.allowsDifferentialSpecial) say('L-96', '该编码差额开票不能开具专票')
  else if (isSpecial && !isDifference && !entry.allowsFullSpecial) say('L-96', '该编码全额开票不能开具专票')
  const rates = ratesFor(entry, uploadCase, line)
  if (!rates.some((percent) => percentToFraction(percent) === line.rateText))
    say('L-97', '税率不在差额征税编码表对应范围内')
  const { industry, secondaryIndustries, taxpayerType } = seller.traits
  const industries = [industry, ...secondaryIndustries]
  if (WATER_AND_PROPERTY.has(code) && !industries.some((each) => each.startsWith(PROPERTY_INDUSTRY))) {
    say('L-98', '该编码差额征税仅限物业管理行业')
  }
  if (REAL_ESTATE_CODES.has(code) && line.rateText === '0.09') {
    const isLender = LENDER_INDUSTRIES.some((start) => industry.startsWith(start))
    if (!isDifference || !GENERAL_TYPES.has(taxpayerType) || !isLender)
      say('L-99', '不动产按9%差额征税仅限规定行业的一般纳税人差额开票')
  }
}

function ratesFor(entry: DifferentialCode, { seller }: UploadCase, line: CaseLine): readonly string[] {
  const { taxpayerType, hasFormerRateAuthorisation } = seller.traits
  const general = [...entry.generalRates, ...entry.generalLevyRates]
  if (taxpayerType === '2') return entry.smallScaleLevyRates
  if (taxpayerType === '3') return hasFormerRateAuthorisation ? general : entry.smallScaleLevyRates
  const mayUseLevy = SIMPLIFIED.has(line.form.yhzcbs) || hasFormerRateAuthorisation
  return mayUseLevy ? general : entry.generalRates
}

type Need = 'required' | 'optional' | 'empty'
interface VoucherNeeds {
  code: Need
  number: Need
  voucherNumber: Need
  date: Need
  remark: Need
}

const TAX_INVOICE: VoucherNeeds = {
  code: 'required',
  number: 'required',
  voucherNumber: 'empty',
  date: 'required',
  remark: 'optional',
}
const PUBLIC_PAPER: VoucherNeeds = {
  code: 'empty',
  number: 'empty',
  voucherNumber: 'optional',
  date: 'optional',
  remark: 'optional',
}
const VOUCHER_NEEDS: ReadonlyMap<string, VoucherNeeds> = new Map([
  ['01', { ...TAX_INVOICE, code: 'empty' }],
  ['02', TAX_INVOICE],
  ['03', TAX_INVOICE],
  ['04', TAX_INVOICE],
  ['05', PUBLIC_PAPER],
  ['06', PUBLIC_PAPER],
  ['07', PUBLIC_PAPER],
  ['08', { ...TAX_INVOICE, code: 'optional', number: 'optional', date: 'optional', remark: 'required' }],
  ['09', { ...PUBLIC_PAPER, remark: 'required' }],
])
/** Kinds whose remark names the document (L-102). */
const NAMED_BY_REMARK = new Set(['08', '09'])

function judgeVouchers(vouchers: readonly VoucherForm[], deduction: bigint, say: Say): void {
  const amounts = vouchers.map((each) => (each.bckcje === '' ? 0n : readFen(each.bckcje)))
  if (sumOf(amounts) !== deduction) say('L-100', '本次扣除金额之和不等于扣除额')
  for (const [index, voucher] of vouchers.entries()) {
    judgeVoucher(voucher, (rule, text) => say(rule, `第${index + 1}个凭证${text}`))
  }
}

function judgeVoucher(voucher: VoucherForm, say: Say): void {
  const kind = voucher.pzlx || voucher.cepzlxDm
  const code = voucher.fpdm || voucher.cepzdm
  const needs = VOUCHER_NEEDS.get(kind)
  if (needs === undefined) {
    say('L-101', '凭证类型不在代码表内')
    return
  }
  const cells: [string, Need, string][] = [
    [code, needs.code, '发票代码'],
    [voucher.fphm, needs.number, '发票号码'],
    [voucher.cepzhm, needs.voucherNumber, '差额凭证号码'],
    [voucher.kjrq, needs.date, '开具日期'],
  ]
  for (const [value, need, name] of cells) {
    if (need === 'required' && value === '') say('L-101', `${name}不能为空`)
    if (need === 'empty' && value !== '') say('L-101', `${name}应为空`)
  }
  if (voucher.pzhjje === '' || voucher.bckcje === '') say('L-101', '凭证合计金额、本次扣除金额不能为空')
  else if (readFen(voucher.bckcje) > readFen(voucher.pzhjje)) say('L-100', '本次扣除金额大于凭证合计金额')
  if (NAMED_BY_REMARK.has(kind) && voucher.bz === '') say('L-102', '备注应写明凭证名称')
  const limits: [string, number, string][] = [
    [voucher.xh, 8, '序号'],
    [code, voucher.cepzdm === '' ? 12 : 20, '发票代码'],
    [voucher.fphm, 30, '发票号码'],
    [voucher.cepzhm, 40, '差额凭证号码'],
    [voucher.bz, 450, '备注'],
  ]
  for (const [value, max, name] of limits) {
    if (value.length > max && countCharacters(value) > max) say('L-103', `${name}长度超过${max}`)
  }
  if (voucher.kjrq !== '' && !isCalendarDate(voucher.kjrq)) say('L-103', '开具日期格式应为yyyy-MM-dd')
}
