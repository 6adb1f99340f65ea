/**
 * Buyer: name, tax number, the person's flag. L-36 … L-38, L-40 … L-42, L-53, L-149. Identity papers: `identity.ts`.
 * Messages never repeat a name or a number of the buyer: it may be a person.
 */
import { isTaxNumber, judgeTaxNumber } from '../../taxpayer/tax-number.js'
import { DEFECT_REMEDY, type DraftCheck, type InvoiceCheck } from './check.js'
import { SHORT_NAME_LENGTH_MAX, TEXT_LENGTHS_MAX } from './field-limits.js'
import { PROMPTS } from './prompts.js'
import { countCharacters, isBlank, isLongerThan } from './texts.js'

/** What the sent name of a natural person ends with; written by the issuer itself. */
const PERSON_SUFFIX = '（个人）'
const PERSON_SUFFIXES_AT_END = /(?:[（(]个人[）)])+$/u

export const BUYER_DRAFT_CHECKS: readonly DraftCheck[] = [
  {
    id: 'L-36',
    appliesTo: 'draft',
    title: '购买方名称',
    condition: 'empty or more than 300 characters',
    reaction: 'block',
    section: '2.12',
    sources: ['S1'],
    passes: 'a buyer name of 300 characters',
    fails: 'a draft without a buyer name',
    run: ({ draft: { buyer } }, report) => {
      if (buyer.name === null || isBlank(buyer.name))
        report('/buyer/name', '缺少购买方名称', 'the buyer name is missing')
      else if (isLongerThan(buyer.name, TEXT_LENGTHS_MAX.partyName)) {
        report(
          '/buyer/name',
          `购买方名称超过 ${TEXT_LENGTHS_MAX.partyName} 个字符`,
          `the buyer name has more than ${TEXT_LENGTHS_MAX.partyName} characters`,
        )
      }
    },
  },
  {
    id: 'L-37',
    appliesTo: 'draft',
    title: '购买方识别号',
    condition: 'a special invoice without the tax number of the buyer',
    reaction: 'block',
    section: '2.12',
    sources: ['S1'],
    passes: 'a special invoice to a company with its tax number',
    fails: 'a special invoice to a company without its tax number',
    run: ({ draft: { kind, buyer } }, report) => {
      if (kind === 'special' && isBlank(buyer.taxNo)) {
        report('/buyer/taxNo', '专用发票须填写购买方识别号', 'a special invoice needs the tax number of the buyer')
      }
    },
  },
  {
    id: 'L-38',
    appliesTo: 'draft',
    title: '购买方识别号',
    condition: 'not a person: other than 15–20 digits and capitals; a person: more than 20 characters',
    reaction: 'block',
    section: '2.12',
    sources: ['S2', 'inferred'],
    isSwitchable: true,
    passes: 'a tax number of 15 digits',
    fails: 'a tax number of 14 digits',
    run: ({ draft: { buyer } }, report) => {
      const { taxNo } = buyer
      if (taxNo === null || isBlank(taxNo)) return
      if (buyer.isPerson !== true && !isTaxNumber(taxNo)) {
        report(
          '/buyer/taxNo',
          `购买方识别号（现为 ${taxNo.length} 位）须为 15–20 位数字或大写字母`,
          `the buyer's tax number (${taxNo.length} characters) must be 15–20 digits and capitals`,
        )
      }
      if (buyer.isPerson === true && isLongerThan(taxNo, TEXT_LENGTHS_MAX.taxNo)) {
        report(
          '/buyer/taxNo',
          `自然人的识别号超过 ${TEXT_LENGTHS_MAX.taxNo} 位`,
          `the person's number has more than ${TEXT_LENGTHS_MAX.taxNo} characters`,
        )
      }
    },
  },
  {
    id: 'L-38',
    part: 'alphabet',
    appliesTo: 'draft',
    title: '购买方识别号',
    condition: 'not a person: 18 characters with I, O, S, V or Z, which no credit code has',
    reaction: 'block',
    section: '7.1',
    sources: ['law', 'inferred'],
    isSwitchable: true,
    passes: 'a tax number of 17 characters with an O',
    fails: 'a credit code with the letter O for a zero',
    run: ({ draft: { buyer } }, report) => {
      const { taxNo } = buyer
      if (taxNo === null || buyer.isPerson === true || !isTaxNumber(taxNo)) return
      if (judgeTaxNumber(taxNo) === 'wrong_alphabet') {
        report(
          '/buyer/taxNo',
          '统一社会信用代码不应含有字母 I、O、S、V、Z，请核对是否误录',
          'a credit code never contains I, O, S, V or Z, please look for a mistyped digit',
        )
      }
    },
  },
  {
    id: 'L-38',
    part: 'digit',
    appliesTo: 'draft',
    title: '购买方识别号',
    condition: 'not a person: 18 characters whose check digit is wrong, as it is in a few real codes',
    reaction: 'warn',
    section: '7.1',
    sources: ['law', 'inferred'],
    isSwitchable: true,
    passes: 'a credit code with the right check digit',
    fails: 'a credit code with a wrong check digit',
    run: ({ draft: { buyer } }, report) => {
      const { taxNo } = buyer
      if (taxNo === null || buyer.isPerson === true || !isTaxNumber(taxNo)) return
      if (judgeTaxNumber(taxNo) === 'wrong_digit') {
        report(
          '/buyer/taxNo',
          '统一社会信用代码校验位不符，请核对',
          'the check digit of the credit code is wrong, please verify it',
        )
      }
    },
  },
  {
    id: 'L-40',
    appliesTo: 'draft',
    title: '购买方名称（自然人）',
    condition: 'a person on an ordinary invoice whose entered name has one character or less',
    reaction: 'block',
    section: '2.12',
    sources: ['S1'],
    passes: 'a person by the name 张先生',
    fails: 'a person by the name 张',
    run: ({ draft: { kind, buyer } }, report) => {
      if (kind !== 'ordinary' || buyer.isPerson !== true || buyer.name === null || isBlank(buyer.name)) return
      if (!isLongerThan(buyer.name.replace(PERSON_SUFFIXES_AT_END, '').trim(), 1)) {
        report('/buyer/name', '自然人名称须多于一个字', "a person's name must have more than one character")
      }
    },
  },
  {
    id: 'L-42',
    appliesTo: 'draft',
    title: '购买方名称（未标记自然人）',
    condition: 'an ordinary invoice without the person flag to a name of at most 4 characters (P9)',
    reaction: 'warn',
    section: '2.15',
    sources: ['S1'],
    passes: 'a buyer name of five characters',
    fails: 'a buyer name of three characters without the flag',
    run: ({ draft: { kind, buyer } }, report) => {
      if (kind !== 'ordinary' || buyer.isPerson === true || buyer.name === null || isBlank(buyer.name)) return
      if (!isLongerThan(buyer.name, SHORT_NAME_LENGTH_MAX)) report('/buyer/isPerson', PROMPTS.P9.zh, PROMPTS.P9.en)
    },
  },
  {
    id: 'L-53',
    appliesTo: 'draft',
    title: '专用发票的购买方',
    condition: 'a special invoice to a natural person',
    reaction: 'block',
    section: '2.6',
    sources: ['law', 'inferred'],
    isSwitchable: true,
    passes: 'an ordinary invoice to a person',
    fails: 'a special invoice to a person',
    run: ({ draft: { kind, buyer } }, report) => {
      if (kind === 'special' && buyer.isPerson === true) {
        report('/kind', '不得向自然人开具专用发票', 'a special invoice cannot be issued to a natural person')
      }
    },
  },
  {
    id: 'L-149',
    appliesTo: 'draft',
    title: '是否开票给自然人',
    condition: 'the person flag is set (P7, P8); P0 belongs beside the flag, where it is entered',
    reaction: 'warn',
    section: '2.15',
    sources: ['S1'],
    passes: 'a company buyer',
    fails: 'a person on an ordinary invoice',
    run: ({ draft: { kind, buyer } }, report) => {
      if (buyer.isPerson !== true) return
      const prompt = kind === 'ordinary' ? PROMPTS.P7 : PROMPTS.P8
      report('/buyer/isPerson', prompt.zh, prompt.en)
    },
  },
]

export const BUYER_INVOICE_CHECKS: readonly InvoiceCheck[] = [
  {
    id: 'L-36',
    part: 'sent',
    appliesTo: 'invoice',
    title: '购买方名称',
    condition: 'the name as it will be sent has more than 300 characters',
    reaction: 'block',
    section: '2.12',
    sources: ['S1'],
    passes: 'a person whose name with （个人） has 300 characters',
    fails: 'a person whose name with （个人） has 301 characters',
    run: ({ invoice: { buyer } }, report) => {
      if (isLongerThan(buyer.name, TEXT_LENGTHS_MAX.partyName)) {
        report(
          '/buyer/name',
          `购买方名称连同${PERSON_SUFFIX}超过 ${TEXT_LENGTHS_MAX.partyName} 个字符`,
          `the buyer name as sent has ${countCharacters(buyer.name)} characters, at most ${TEXT_LENGTHS_MAX.partyName}`,
        )
      }
    },
  },
  {
    id: 'L-41',
    appliesTo: 'invoice',
    title: '购买方名称（自然人）',
    condition: 'the name of a person does not end with （个人）, or carries it twice',
    reaction: 'fill',
    section: '2.12',
    sources: ['S1'],
    passes: 'a person whose sent name ends with （个人） once',
    fails: 'a person whose sent name ends with （个人） twice',
    run: ({ invoice: { buyer } }, report) => {
      if (buyer.isPerson === true && PERSON_SUFFIXES_AT_END.exec(buyer.name)?.[0] !== PERSON_SUFFIX) {
        report(
          '/buyer/name',
          `自然人名称须以一个${PERSON_SUFFIX}结尾`,
          `the name of a person must end with ${PERSON_SUFFIX} once`,
          DEFECT_REMEDY,
        )
      }
    },
  },
]
