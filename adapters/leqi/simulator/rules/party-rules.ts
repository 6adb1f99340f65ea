/** Who sells and who buys: L-01 … L-06, L-36 … L-53. */
import { countCharacters, type UploadedInvoice } from '../upload-form.js'
import type { Say, UploadCase } from './case.js'

const STATUS_CODES_THAT_ISSUE = new Set(['03', '09'])
/** Source: rulebook 2.12; codes, zjlx-natural. */
const IDENTITY_KINDS = new Set(['201', '208', '210', '213', '227', '233', '237', '238'])
const TAX_NO_PATTERN = /^[0-9A-Z]{15,20}$/
const COUNTRY_PATTERN = /^[0-9A-Z]\d{2}$/
/** Full-width brackets; Leqi users append it themselves. Source: rulebook 2.12. */
const PERSON_SUFFIX = '（个人）'

/** Source: rulebook 2.14: the issuer's gate, checked again at upload. */
export function judgeSeller(uploadCase: UploadCase, say: Say): void {
  const { traits } = uploadCase.seller
  if (traits.riskType === '01') say('L-01', '开票方为Ⅰ类风险纳税人，暂不允许开票')
  if (traits.warningLevel === '01') say('L-02', '开票方预警级别为红色，暂不允许开票')
  if (traits.isRisk) say('L-03', '开票方为风险纳税人，暂不允许开票')
  if (!STATUS_CODES_THAT_ISSUE.has(traits.statusCode)) say('L-04', '开票方纳税人状态不是正常或报验')
  if (!traits.isPilot) say('L-05', '开票方不是数字化电子票试点企业')
  const { typeValidFrom, typeValidTo } = traits
  const isEarly = typeValidFrom !== null && uploadCase.issueDay < typeValidFrom
  const isLate = typeValidTo !== null && uploadCase.issueDay > typeValidTo
  if (isEarly || isLate) say('L-06', '开票日期不在纳税人类型标签有效期内')
}

/** Source: rulebook 2.12. */
export function judgeBuyer(uploadCase: UploadCase, say: Say): void {
  const { head, isSpecial } = uploadCase
  if (!['', 'Y', 'N'].includes(head.gmfzrrbz)) say('L-39', '购买方自然人标志应为Y、N或空')
  const isPerson = head.gmfzrrbz === 'Y'
  if (isSpecial && head.gmfnsrsbh === '') say('L-37', '数电专票购买方纳税人识别号不能为空')
  if (!isPerson && head.gmfnsrsbh !== '' && !TAX_NO_PATTERN.test(head.gmfnsrsbh)) {
    say('L-38', '购买方纳税人识别号应为15至20位数字或大写字母')
  }
  if (isPerson) judgePerson(uploadCase, say)
  else if (head.zrrzjlxDm + head.zrrzjhm + head.zrrgjDm !== '') {
    say('L-43', '购买方不是自然人时，自然人证件类型、证件号码、国籍应为空')
  }
  judgeAgent(head, say)
}

function judgePerson({ head, isSpecial }: UploadCase, say: Say): void {
  if (isSpecial) say('L-53', '不能向自然人开具数电专票')
  const name = head.gmfmc
  if (!name.endsWith(PERSON_SUFFIX)) say('L-41', '自然人购买方名称应以（个人）结尾')
  else {
    const entered = name.slice(0, -PERSON_SUFFIX.length)
    if (entered.endsWith(PERSON_SUFFIX)) say('L-41', '自然人购买方名称重复附加（个人）')
    if (!isSpecial && countCharacters(entered) <= 1) say('L-40', '自然人购买方名称应多于一个字')
  }
  const { zrrzjlxDm: kind, zrrzjhm: number, zrrgjDm: country } = head
  const filledCount = [kind, number, country].filter((each) => each !== '').length
  if (filledCount === 0) return
  if (filledCount < 3) {
    say('L-44', '自然人证件类型、证件号码、国籍应同时填写')
    return
  }
  if (!IDENTITY_KINDS.has(kind)) {
    say('L-45', '自然人证件类型不在允许范围内')
    return
  }
  judgeCountry({ kind, number, country }, say)
  if (kind === '201' && head.gmfnsrsbh !== number) say('L-47', '居民身份证号码应与购买方纳税人识别号一致')
  if (kind !== '201' && head.gmfnsrsbh === '') say('L-51', '购买方纳税人识别号应填写纳税人识别号或证件号码')
}

/** 经办人: kind and number together; the rules on kinds and countries are the buyer's. */
function judgeAgent(head: UploadedInvoice['head'], say: Say): void {
  const { jbrsfzjzlDm: kind, jbrsfzjhm: number, jbrgjhdqDm: country } = head
  if (kind === '' && number === '') return
  if (kind === '' || number === '') {
    say('L-52', '经办人证件种类与证件号码应同时填写')
    return
  }
  if (!IDENTITY_KINDS.has(kind)) {
    say('L-52', '经办人证件种类不在允许范围内')
    return
  }
  // The agent's country may stay empty; the beginnings of the two permits are judged all the same.
  const told = country || (countryOfPermit(kind, number) ?? '')
  if (told !== '' || PERMIT_COUNTRIES[kind] !== undefined) {
    judgeCountry({ kind, number, country: told }, (_rule, text) => say('L-52', `经办人${text}`))
  }
}

function judgeCountry(identity: { kind: string; number: string; country: string }, say: Say): void {
  const { kind, number, country } = identity
  switch (kind) {
    case '201':
      if (country !== '156') say('L-46', '居民身份证对应国籍应为156')
      return
    case '227':
      if (country !== '156') say('L-48', '中国护照对应国籍应为156')
      return
    case '213':
    case '238':
      if (country !== '158') say('L-48', '台湾居民证件对应国籍应为158')
      return
    case '210':
      if (country !== countryOfPermit(kind, number)) say('L-49', '港澳居民来往内地通行证号码与国籍不一致')
      return
    case '237':
      if (country !== countryOfPermit(kind, number)) {
        say('L-50', '港澳居民居住证号码与国籍不一致')
      }
      return
    default:
      if (!COUNTRY_PATTERN.test(country)) say('L-44', '国籍代码不存在')
  }
}

/** Kinds whose number tells the country by its beginning. Source: rulebook 2.12. */
const PERMIT_COUNTRIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '210': { H: '344', M: '446' },
  '237': { '810000': '344', '820000': '446' },
}

/** Null for any other beginning, which is refused, and for kinds without such a rule. */
function countryOfPermit(kind: string, number: string): string | null {
  const countries = Object.entries(PERMIT_COUNTRIES[kind] ?? {})
  return countries.find(([start]) => number.startsWith(start))?.[1] ?? null
}
