/** Codes, rates, preferences, names and discounts of the lines: L-54 … L-77. */
import { isUsableOn, percentToFraction } from '../tables/rates.js'
import { type CaseLine, isDiscount, isTelecom, type Say, type UploadCase } from './case.js'

/** Source: rulebook 2.10: upload is blocked above it. */
const LINE_COUNT_MAX = 5_000

/** 优惠政策标识 → its name in 增值税特殊管理. Source: rulebook 2.6. */
const PREFERENCES: ReadonlyMap<string, string> = new Map([
  ['01', '简易征收'],
  ['02', '稀土产品'],
  ['03', '免税'],
  ['04', '不征税'],
  ['05', '先征后退'],
  ['06', '100%先征后退'],
  ['07', '50%先征后退'],
  ['08', '按3%简易征收'],
  ['09', '按5%简易征收'],
  ['10', '按5%简易征收减按1.5%计征'],
  ['11', '即征即退30%'],
  ['12', '即征即退50%'],
  ['13', '即征即退70%'],
  ['14', '即征即退100%'],
  ['15', '超税负3%即征即退'],
  ['16', '超税负8%即征即退'],
  ['17', '超税负12%即征即退'],
  ['18', '超税负6%即征即退'],
])
const EXEMPT = '03'
const NOT_TAXABLE = '04'
/** Rates that a simplified preference allows. Source: rulebook 2.6. */
const SIMPLIFIED_RATES: Readonly<Record<string, readonly string[]>> = {
  '01': ['0.03', '0.05'],
  '08': ['0.03'],
  '09': ['0.05'],
}

const TELECOM_BASIC = '3030100000000000000'
const TELECOM_VALUE_ADDED = '3030200000000000000'
const TELECOM_ANY = '3030000000000000000'
const PREPAID_CARD = '6010000000000000000'
const UNTAXED_WATER = '6110000000000000000'
const AVIATION_FUND = '6130000000000000000'
const AIR_PASSENGER = new Set(['3010301010100000000', '3010301010200000000', '3010301010300000000'])
/** Rates of the two telecom summary nodes. Source: rulebook 7.3, text of 2025-09. */
const TELECOM_RATES: Readonly<Record<string, string>> = { [TELECOM_BASIC]: '0.09', [TELECOM_VALUE_ADDED]: '0.06' }

export function judgeLines(uploadCase: UploadCase, say: Say): void {
  const { lines } = uploadCase
  if (lines.length > LINE_COUNT_MAX) {
    say('L-54', `发票明细超过${LINE_COUNT_MAX}行`)
    return
  }
  for (const line of lines) {
    const sayHere: Say = (rule, text) => say(rule, `第${line.place}行${text}`)
    judgeNames(line, sayHere)
    judgeQuantity(line, sayHere)
    judgeCode(uploadCase, line, sayHere)
    judgeRate(uploadCase, line, sayHere)
    judgePreference(uploadCase, line, sayHere)
  }
  judgeDiscounts(uploadCase, say)
  judgeMixing(uploadCase, say)
}

/** Source: rulebook 2.11. A code without a short name in the table cannot be compared. */
function judgeNames({ form, classification }: CaseLine, say: Say): void {
  const { spfwjc, hwhyslwfwmc, xmmc } = form
  if (classification !== undefined && classification.shortName !== '' && spfwjc !== classification.shortName) {
    say('L-55', '商品服务简称与税收分类编码表不一致')
  }
  if (hwhyslwfwmc !== `*${spfwjc}*${xmmc}`) say('L-56', '货物或应税劳务名称应为*简称*项目名称')
}

/** Source: rulebook 2.1. */
function judgeQuantity({ form: { sl, dj }, quantity, price }: CaseLine, say: Say): void {
  if ((sl === '') !== (dj === '')) {
    say('L-57', '数量与单价应同时填写或同时为空')
    return
  }
  if (sl !== '' && (quantity === null || price === null)) say('L-57', '数量或单价不是数字')
}

/** Source: rulebook 7.3. */
function judgeCode(uploadCase: UploadCase, line: CaseLine, say: Say): void {
  const { classification } = line
  if (classification === undefined) {
    say('L-58', '税收分类编码不存在')
    return
  }
  const { validFrom, stoppedOn } = classification
  if (uploadCase.issueDay < validFrom || (stoppedOn !== null && uploadCase.issueDay >= stoppedOn)) {
    say('L-58', '税收分类编码在开票日期未启用或已停用')
  }
  const { code } = classification
  if (code === TELECOM_BASIC || code === TELECOM_VALUE_ADDED) {
    const isRight = isTelecom(uploadCase.seller) && line.rateText === TELECOM_RATES[code]
    if (!isRight) say('L-60', '基础电信、增值电信汇总编码仅限电信企业按规定税率使用')
  } else if (code === TELECOM_ANY) {
    const isRight = isTelecom(uploadCase.seller) && isUntaxedOrdinary(uploadCase, line)
    if (!isRight) say('L-61', '电信服务汇总编码仅限电信企业以不征税普票使用')
  } else if (classification.isSummary) {
    say('L-59', '税收分类编码为汇总项，不能用于开票')
  }
  if (code === PREPAID_CARD && isTelecom(uploadCase.seller) && !isUntaxedOrdinary(uploadCase, line)) {
    say('L-62', '电信企业预付卡销售和充值应以不征税普票开具')
  }
  if (code.startsWith('6') && line.form.yhzcbs !== NOT_TAXABLE) say('L-75', '6开头的编码优惠政策标识应为04')
}

function isUntaxedOrdinary(uploadCase: UploadCase, { form, rate, tax }: CaseLine): boolean {
  return !uploadCase.isSpecial && form.yhzcbs === NOT_TAXABLE && rate === 0n && tax === 0n
}

/** Source: rulebook 2.6. Differential lines take their rate from the differential table (L-97), not from the code. */
function judgeRate(uploadCase: UploadCase, line: CaseLine, say: Say): void {
  const entries = uploadCase.tables.rates.find(line.rateText)
  const usable = entries.filter((each) => isUsableOn(each, uploadCase.issueDay))
  if (usable.length === 0) {
    say('L-63', '税率征收率不存在或在开票日期不可用')
    return
  }
  if (usable.every((each) => each.isFormer) && !uploadCase.seller.traits.hasFormerRateAuthorisation) {
    say('L-65', '开票方没有原税率授权')
  }
  const { classification } = line
  const isFree = line.form.yhzcbs === EXEMPT || line.form.yhzcbs === NOT_TAXABLE
  if (classification === undefined || isFree || uploadCase.isDifferential) return
  if (usable.every((each) => each.isFormer)) return
  const isOfLine = (percent: string) => percentToFraction(percent) === line.rateText
  if (!classification.rates.some(isOfLine) && !classification.levyRates.some(isOfLine)) {
    say('L-64', '税率征收率不在税收分类编码对应范围内')
  }
}

/** Source: rulebook 2.6, 2.8. */
function judgePreference(uploadCase: UploadCase, line: CaseLine, say: Say): void {
  const preference = line.form.yhzcbs
  if (preference === '') return
  const name = PREFERENCES.get(preference)
  if (name === undefined) {
    say('L-71', '优惠政策标识不在代码表内')
    return
  }
  if (preference === '10') say('L-74', '按5%简易征收减按1.5%计征不能在基础能力中使用')
  // The telecom node carries 04 by its own rule (L-61), whatever its special management says.
  const isTelecomNode = line.form.sphfwssflhbbm === TELECOM_ANY
  if (line.classification !== undefined && !isTelecomNode && !line.classification.preferences.includes(name)) {
    say('L-71', '优惠政策标识不在税收分类编码的增值税特殊管理内')
  }
  const isFree = preference === EXEMPT || preference === NOT_TAXABLE
  const rates = isFree ? ['0'] : SIMPLIFIED_RATES[preference]
  if (rates !== undefined && !rates.includes(line.rateText)) say('L-72', '优惠政策标识与税率征收率不一致')
  if (isFree && line.tax !== 0n) say('L-73', '免税、不征税的税额应为0')
  if (isFree && uploadCase.isSpecial) say('L-77', '数电专票不能包含免税、不征税明细')
}

/** Source: rulebook 2.5: a 02 is followed by exactly one 01, which repeats it. */
function judgeDiscounts({ lines }: UploadCase, say: Say): void {
  for (const [index, line] of lines.entries()) {
    const { fphxz } = line.form
    const previous = lines[index - 1]
    const next = lines[index + 1]
    if (!['00', '01', '02'].includes(fphxz)) say('L-66', `第${line.place}行发票行性质不在代码表内`)
    if (fphxz === '02' && (next === undefined || !isDiscount(next)))
      say('L-66', `第${line.place}行被折扣行后应为折扣行`)
    if (fphxz === '01') {
      if (previous?.form.fphxz === '02') judgePair(previous, line, say)
      else say('L-66', `第${line.place}行折扣行前应为被折扣行`)
    }
    const isPaired = fphxz === '01' || fphxz === '02'
    if (isPaired && (isFilledAmount(line.form.kce) || line.form.dylzfpmxxh !== '')) {
      say('L-68', `第${line.place}行折扣行与被折扣行的扣除额、对应蓝字发票明细序号应为空`)
    }
  }
}

function judgePair(discounted: CaseLine, discount: CaseLine, say: Say): void {
  const [first, second] = [discounted.form, discount.form]
  const where = `第${discount.place}行折扣行`
  if (second.ggxh + second.dw + second.sl + second.dj !== '') say('L-67', `${where}规格型号、单位、数量、单价应为空`)
  const isSame =
    first.xmmc === second.xmmc &&
    first.hwhyslwfwmc === second.hwhyslwfwmc &&
    first.spfwjc === second.spfwjc &&
    discounted.rateText === discount.rateText &&
    first.sphfwssflhbbm === second.sphfwssflhbbm &&
    first.yhzcbs === second.yhzcbs
  if (!isSame) say('L-69', `${where}与被折扣行不一致`)
  const isNegative = discount.net < 0n && discount.gross < 0n && discount.tax <= 0n
  if (!isNegative || -discount.gross > discounted.gross) say('L-70', `${where}折扣金额大于被折扣行或不为负数`)
}

/** Source: rulebook 2.7. */
function judgeMixing({ lines, seller }: UploadCase, say: Say): void {
  const isUntaxed = (line: CaseLine) => line.form.yhzcbs === NOT_TAXABLE
  const codeOf = (line: CaseLine) => line.form.sphfwssflhbbm
  const untaxed = lines.filter(isUntaxed)
  if (untaxed.length === 0 || untaxed.length === lines.length) return
  const besideFund = lines.filter((line) => codeOf(line) !== AVIATION_FUND)
  const mayMix = (line: CaseLine) => {
    if (codeOf(line) === UNTAXED_WATER) return true
    if (codeOf(line) === TELECOM_ANY) return isTelecom(seller)
    return codeOf(line) === AVIATION_FUND && besideFund.every((each) => AIR_PASSENGER.has(codeOf(each)))
  }
  if (!untaxed.every(mayMix)) say('L-76', '不征税明细不能与其他明细混开')
}

export function isFilledAmount(text: string): boolean {
  return text !== '' && /[1-9]/.test(text)
}
