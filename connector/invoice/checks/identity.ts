/** Identity papers of a natural person who buys: type, number and nationality. L-43 … L-51. */
import { isIdCardNumber } from '../../taxpayer/tax-number.js'
import type { DraftBuyer } from '../draft.js'
import { DEFECT_REMEDY, type DraftCheck, type InvoiceCheck, type Report } from './check.js'
import { COUNTRIES, ID_CARD, PERSON_ID_TYPES } from './code-lists.js'
import { isBlank } from './texts.js'

const CHINA = '156'
const TAIWAN = '158'

/** Types that stand for one nationality. 227 中国护照, 213 台胞通行证, 238 台湾居民居住证. */
const NATIONALITY_OF_TYPE: ReadonlyMap<string, string> = new Map([
  ['227', CHINA],
  ['213', TAIWAN],
  ['238', TAIWAN],
])

/** Types whose number tells Hong Kong from Macau by its start. 210 来往内地通行证, 237 港澳居民居住证. */
const TRAVEL_PERMIT: PrefixRule = { idType: '210', hongKong: 'H', macau: 'M' }
const RESIDENCE_PERMIT: PrefixRule = { idType: '237', hongKong: '810000', macau: '820000' }
const HONG_KONG = '344'
const MACAU = '446'

interface PrefixRule {
  idType: string
  hongKong: string
  macau: string
}

export const IDENTITY_DRAFT_CHECKS: readonly DraftCheck[] = [
  {
    id: 'L-43',
    appliesTo: 'draft',
    title: '自然人证件类型、号码、国籍',
    condition: 'filled without the person flag',
    reaction: 'block',
    section: '2.12',
    sources: ['S1'],
    passes: 'a company without identity papers',
    fails: 'a company with an identity card',
    run: ({ draft: { buyer } }, report) => {
      if (buyer.isPerson !== true && countFilled(buyer) > 0) {
        report(
          '/buyer/isPerson',
          '填写了自然人证件，但未标记购买方为自然人',
          'identity papers are given, but the buyer is not marked as a person',
        )
      }
    },
  },
  {
    id: 'L-44',
    appliesTo: 'draft',
    title: '自然人证件类型、号码、国籍',
    condition: 'some of the three filled and some empty',
    reaction: 'block',
    section: '2.12',
    sources: ['S1'],
    passes: 'a person with all three',
    fails: 'a person with a document number alone',
    run: ({ draft: { buyer } }, report) => {
      const count = countFilled(buyer)
      if (buyer.isPerson !== true || count === 0 || count === 3) return
      const missing = isBlank(buyer.idType) ? 'idType' : isBlank(buyer.idNo) ? 'idNo' : 'nationality'
      report(
        `/buyer/${missing}`,
        '证件类型、证件号码、国籍须同时填写或同时为空',
        'document type, number and nationality go together, all or none',
      )
    },
  },
  {
    id: 'L-45',
    appliesTo: 'draft',
    title: '自然人证件类型、国籍',
    condition: 'the type is not one of the eight, or the nationality is not in the country table',
    reaction: 'block',
    section: '2.12',
    sources: ['S1'],
    passes: 'a foreign passport (208) of country 840',
    fails: 'a military card (202)',
    run: ({ draft: { buyer } }, report) => {
      const { idType, nationality } = buyer
      if (idType !== null && !isBlank(idType) && !PERSON_ID_TYPES.has(idType)) {
        report(
          '/buyer/idType',
          `自然人证件类型 ${idType} 不可用`,
          `document type ${idType} is not accepted for persons`,
        )
      }
      if (nationality !== null && !isBlank(nationality) && !COUNTRIES.has(nationality)) {
        report(
          '/buyer/nationality',
          `国籍代码 ${nationality} 不在代码表中`,
          `nationality ${nationality} is not in the table`,
        )
      }
    },
  },
  {
    id: 'L-46',
    appliesTo: 'draft',
    title: '居民身份证的国籍',
    condition: 'an identity card (201) with a nationality other than 156',
    reaction: 'block',
    section: '2.12',
    sources: ['S1'],
    passes: 'an identity card with nationality 156',
    fails: 'an identity card with nationality 840',
    run: ({ draft: { buyer } }, report) => {
      if (isComplete(buyer) && buyer.idType === ID_CARD && buyer.nationality !== CHINA) {
        report('/buyer/nationality', `居民身份证的国籍须为 ${CHINA}`, `an identity card goes with nationality ${CHINA}`)
      }
    },
  },
  {
    id: 'L-47',
    appliesTo: 'draft',
    title: '居民身份证号码与购买方识别号',
    condition: 'an identity card (201) whose number is not the given tax number of the buyer',
    reaction: 'block',
    section: '2.12',
    sources: ['S1'],
    passes: 'an identity card without a tax number, which is filled',
    fails: 'an identity card beside another tax number',
    run: ({ draft: { buyer } }, report) => {
      if (!isComplete(buyer) || buyer.idType !== ID_CARD || isBlank(buyer.taxNo)) return
      if (buyer.taxNo?.toUpperCase() !== buyer.idNo?.toUpperCase()) {
        report(
          '/buyer/taxNo',
          '购买方识别号须与居民身份证号码一致',
          "the buyer's tax number must be the number of the identity card",
        )
      }
    },
  },
  {
    id: 'L-47',
    part: 'digit',
    appliesTo: 'draft',
    title: '居民身份证号码',
    condition: 'an identity card (201) whose number has a wrong form, date or check digit',
    reaction: 'block',
    section: '7.2',
    sources: ['law', 'inferred'],
    isSwitchable: true,
    passes: 'an identity card number with the right check digit',
    fails: 'an identity card number with a wrong check digit',
    run: ({ draft: { buyer } }, report) => {
      if (!isComplete(buyer) || buyer.idType !== ID_CARD || buyer.idNo === null) return
      if (!isIdCardNumber(buyer.idNo.toUpperCase())) {
        report('/buyer/idNo', '居民身份证号码有误', 'the number of the identity card is wrong')
      }
    },
  },
  {
    id: 'L-48',
    appliesTo: 'draft',
    title: '中国护照、台湾居民证件的国籍',
    condition: 'type 227 with a nationality other than 156; type 213 or 238 with one other than 158',
    reaction: 'block',
    section: '2.12',
    sources: ['S1'],
    passes: 'a Taiwan permit (213) with nationality 158',
    fails: 'a Chinese passport (227) with nationality 158',
    run: ({ draft: { buyer } }, report) => {
      if (!isComplete(buyer)) return
      const wanted = NATIONALITY_OF_TYPE.get(buyer.idType ?? '')
      if (wanted !== undefined && buyer.nationality !== wanted) {
        report(
          '/buyer/nationality',
          `证件类型 ${buyer.idType} 的国籍须为 ${wanted}`,
          `document type ${buyer.idType} goes with nationality ${wanted}`,
        )
      }
    },
  },
  {
    id: 'L-49',
    appliesTo: 'draft',
    title: '港澳居民来往内地通行证',
    condition: 'type 210: a number that starts neither with H nor M, H without 344, M without 446',
    reaction: 'block',
    section: '2.12',
    sources: ['S1'],
    passes: 'a permit H… with nationality 344',
    fails: 'a permit M… with nationality 344',
    run: ({ draft: { buyer } }, report) => checkPrefix(TRAVEL_PERMIT, buyer, report),
  },
  {
    id: 'L-50',
    appliesTo: 'draft',
    title: '港澳居民居住证',
    condition: 'type 237: a number that starts neither with 810000 nor 820000, or without 344 / 446',
    reaction: 'block',
    section: '2.12',
    sources: ['S1'],
    passes: 'a permit 820000… with nationality 446',
    fails: 'a permit 830000…',
    run: ({ draft: { buyer } }, report) => checkPrefix(RESIDENCE_PERMIT, buyer, report),
  },
]

export const IDENTITY_INVOICE_CHECKS: readonly InvoiceCheck[] = [
  {
    id: 'L-47',
    part: 'sent',
    appliesTo: 'invoice',
    title: '居民身份证号码与购买方识别号',
    condition: 'the tax number to be sent is not the number of the identity card',
    reaction: 'fill',
    section: '2.12',
    sources: ['S1'],
    passes: 'an invoice whose tax number was filled with the card number',
    fails: 'an invoice with an identity card and no tax number',
    run: ({ invoice: { buyer } }, report) => {
      if (buyer.idType === ID_CARD && buyer.taxNo !== buyer.idNo) {
        report(
          '/buyer/idNo',
          '购买方识别号须与居民身份证号码完全一致',
          "the buyer's tax number must be exactly the number of the identity card",
        )
      }
    },
  },
  {
    id: 'L-51',
    appliesTo: 'invoice',
    title: '其他证件与购买方识别号',
    condition: 'a person with another document and no tax number (the document number is filled in)',
    reaction: 'fill',
    section: '2.12',
    sources: ['S1'],
    passes: 'an invoice whose tax number was filled with the passport number',
    fails: 'an invoice with a passport and no tax number',
    run: ({ invoice: { buyer } }, report) => {
      if (buyer.idType !== null && buyer.idType !== ID_CARD && isBlank(buyer.taxNo)) {
        report(
          '/buyer/taxNo',
          '有自然人证件而没有购买方识别号',
          'identity papers without a tax number of the buyer',
          DEFECT_REMEDY,
        )
      }
    },
  },
]

function countFilled({ idType, idNo, nationality }: DraftBuyer): number {
  return Number(!isBlank(idType)) + Number(!isBlank(idNo)) + Number(!isBlank(nationality))
}

function isComplete(buyer: DraftBuyer): boolean {
  return buyer.isPerson === true && buyer.idType !== null && countFilled(buyer) === 3
}

function checkPrefix({ idType, hongKong, macau }: PrefixRule, buyer: DraftBuyer, report: Report): void {
  if (!isComplete(buyer) || buyer.idType !== idType || buyer.idNo === null) return
  const wanted = buyer.idNo.startsWith(hongKong) ? HONG_KONG : buyer.idNo.startsWith(macau) ? MACAU : null
  if (wanted === null) {
    report(
      '/buyer/idNo',
      `证件类型 ${idType} 的号码须以 ${hongKong} 或 ${macau} 开头`,
      `the number of document type ${idType} must start with ${hongKong} or ${macau}`,
    )
  } else if (buyer.nationality !== wanted) {
    report(
      '/buyer/nationality',
      `该证件号码的国籍须为 ${wanted}`,
      `the number of this document goes with nationality ${wanted}`,
    )
  }
}
