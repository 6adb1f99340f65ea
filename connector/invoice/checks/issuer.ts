/** Issuer: the unit that sells, its settings and the freshness of what is known of it. L-01 … L-08, L-17, L-20, L-23, L-24, L-27. */
import {
  type CheckFacts,
  type DraftCheck,
  type Examples,
  type InvoiceCheck,
  TABLES_REMEDY,
  UNIT_REMEDY,
} from './check.js'
import { TEXT_LENGTHS_MAX } from './field-limits.js'
import { isBlank, isLongerThan } from './texts.js'

const SELLER_TAX_NUMBER_FORM = /^[0-9A-Z]{1,20}$/

/** A check that the seller gate carries out before the draft is looked at; listed here, so that the registry is whole. */
export interface SellerCheck extends CheckFacts, Examples {
  appliesTo: 'seller'
}

export const SELLER_CHECKS: readonly SellerCheck[] = [
  {
    id: 'L-01',
    appliesTo: 'seller',
    title: '风险纳税人类型',
    condition: 'the seller is a taxpayer of risk class I (01)',
    reaction: 'park',
    section: '2.14',
    sources: ['S1'],
    passes: 'a seller of risk class II',
    fails: 'a seller of risk class I',
  },
  {
    id: 'L-02',
    appliesTo: 'seller',
    title: '纳税人预警级别',
    condition: 'the warning level is red (01)',
    reaction: 'park',
    section: '2.14',
    sources: ['S1'],
    passes: 'a seller under a yellow warning',
    fails: 'a seller under a red warning',
  },
  {
    id: 'L-03',
    appliesTo: 'seller',
    title: '风险纳税人标志',
    condition: 'the risk taxpayer flag is Y',
    reaction: 'park',
    section: '2.14',
    sources: ['S1'],
    passes: 'a seller without the risk flag',
    fails: 'a seller with the risk flag',
  },
  {
    id: 'L-04',
    appliesTo: 'seller',
    title: '纳税人状态',
    condition: 'the status is neither 03 正常 nor 09 报验',
    reaction: 'park',
    section: '2.14',
    sources: ['S1'],
    passes: 'a seller in status 09 报验',
    fails: 'a seller in status 05 非正常',
  },
  {
    id: 'L-05',
    appliesTo: 'seller',
    title: '数电票试点企业标识',
    condition: 'the seller is not enabled for digital invoices',
    reaction: 'park',
    section: '2.14',
    sources: ['S3'],
    passes: 'a seller that is enabled for digital invoices',
    fails: 'a seller that is not enabled for digital invoices',
  },
  {
    id: 'L-06',
    appliesTo: 'seller',
    title: '纳税人类型标签有效期',
    condition: 'the date of issue lies outside the validity of the taxpayer type',
    reaction: 'park',
    section: '2.14',
    sources: ['S3'],
    passes: 'a date of issue on the last day of the validity',
    fails: 'a date of issue on the day after the validity',
  },
  {
    id: 'L-07',
    appliesTo: 'seller',
    title: '风险、基本信息、税率、编码的更新时间',
    condition: 'cached data is older than a day; never read parks instead',
    reaction: 'warn',
    section: '2.14',
    sources: ['S1'],
    passes: 'data that was read 24 hours ago',
    fails: 'data that was read longer than 24 hours ago',
  },
  {
    id: 'L-08',
    appliesTo: 'seller',
    title: '能力与开票单位授权',
    condition:
      'a unit is not verified, or its direct unit lacks the base capability (a specific kind cannot be expressed)',
    reaction: 'park',
    section: '5, 8.1',
    sources: ['S4'],
    passes: 'a verified unit with capability 202007',
    fails: 'a unit without capability 202007',
  },
]

export const ISSUER_DRAFT_CHECKS: readonly DraftCheck[] = [
  {
    id: 'L-07',
    part: 'needed',
    appliesTo: 'draft',
    title: '开票所需的基础数据',
    condition: 'a table or the base data that this draft is judged by was never read',
    reaction: 'park',
    section: '2.14',
    sources: ['S1'],
    passes: 'an ordinary draft while the differential table was never read',
    fails: 'a draft while the code table was never read',
    run: ({ draft, context: { unit, tables } }, report) => {
      const tell = (name: string, nameEn: string) =>
        report('', `尚未下载${name}，暂不能判断`, `${nameEn} was never read, nothing can be judged yet`, TABLES_REMEDY)
      if (tables.classificationFetchedAt === null) tell('税收分类编码表', 'the classification table')
      if (tables.ratesFetchedAt === null) tell('可用税率表', 'the rate table')
      if (draft.differential !== null && tables.differentialFetchedAt === null) {
        tell('差额征税编码表', 'the differential table')
      }
      if (unit.profile === null) {
        report('', '尚未取得纳税人基本信息，暂不能判断', 'the taxpayer base data was never read', UNIT_REMEDY)
      }
    },
  },
  {
    id: 'L-17',
    appliesTo: 'draft',
    title: '平台编号',
    condition: 'the direct unit has no platform id, or one of more than 20 characters',
    reaction: 'block',
    section: '2.13',
    sources: ['S1'],
    passes: 'a direct unit with a platform id of 20 characters',
    fails: 'a direct unit with a platform id of 21 characters',
    run: ({ context: { unit } }, report) => {
      const id = unit.direct.leqiId
      if (id === '' || isLongerThan(id, TEXT_LENGTHS_MAX.platformId)) {
        report(
          '',
          '直连单位的平台编号须为 1–20 位',
          'the platform id of the direct unit must have 1–20 characters',
          UNIT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-20',
    appliesTo: 'draft',
    title: '区域代码',
    condition: 'neither configured nor known from the base data, or more than 20 characters',
    reaction: 'block',
    section: '2.13',
    sources: ['S1'],
    passes: 'a unit without a configured region whose tax bureau is known',
    fails: 'a unit without a configured region whose tax bureau is unknown',
    run: ({ context: { unit } }, report) => {
      const region = unit.region ?? unit.profile?.taxBureauCode ?? ''
      if (region === '' || isLongerThan(region, TEXT_LENGTHS_MAX.region)) {
        report(
          '',
          '开票单位的区域代码未配置，且主管税务机关未知，或超过 20 位',
          'the unit has no region code and its tax bureau is unknown, or the code has more than 20 characters',
          UNIT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-23',
    appliesTo: 'draft',
    title: '销售方识别号',
    condition: 'the unit has no tax number of 1–20 digits and capitals',
    reaction: 'block',
    section: '7.2',
    sources: ['S1'],
    passes: 'a unit with a credit code',
    fails: 'a unit whose tax number has a small letter',
    run: ({ context: { unit } }, report) => {
      if (!SELLER_TAX_NUMBER_FORM.test(unit.taxNo)) {
        report(
          '',
          '销售方识别号须为 1–20 位数字或大写字母',
          "the seller's tax number must be 1–20 digits and capitals",
          UNIT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-27',
    appliesTo: 'draft',
    title: '开票人',
    condition: 'neither the order nor the settings name a drawer, or the name has more than 300 characters',
    reaction: 'block',
    section: '2.13',
    sources: ['S1'],
    passes: 'a draft without a drawer whose unit has one',
    fails: 'a draft whose drawer has 301 characters',
    run: ({ draft, context: { unit } }, report) => {
      const drawer = draft.drawer ?? unit.settings.drawer
      if (isBlank(drawer)) report('/drawer', '缺少开票人', 'no drawer is named')
      else if (isLongerThan(drawer, TEXT_LENGTHS_MAX.drawer)) {
        report(
          '/drawer',
          `开票人超过 ${TEXT_LENGTHS_MAX.drawer} 个字符`,
          `the drawer has more than ${TEXT_LENGTHS_MAX.drawer} characters`,
        )
      }
    },
  },
]

export const ISSUER_INVOICE_CHECKS: readonly InvoiceCheck[] = [
  {
    id: 'L-23',
    part: 'unit',
    appliesTo: 'invoice',
    title: '销售方识别号',
    condition: "the invoice's seller is not the using unit",
    reaction: 'block',
    section: '7.2',
    sources: ['S1'],
    passes: "an invoice with the unit's tax number",
    fails: "an invoice with another seller's tax number",
    run: ({ invoice: { seller }, context: { unit } }, report) => {
      if (seller.taxNo !== unit.taxNo) {
        report('', '发票的销售方不是本开票单位', "the invoice's seller is not the using unit", UNIT_REMEDY)
      }
    },
  },
  {
    id: 'L-24',
    appliesTo: 'invoice',
    title: '销售方名称',
    condition: 'empty or more than 300 characters',
    reaction: 'block',
    section: '2.10',
    sources: ['S1'],
    passes: 'a seller name of 300 characters',
    fails: 'a seller name of 301 characters',
    run: ({ invoice: { seller } }, report) => {
      if (isBlank(seller.name) || isLongerThan(seller.name, TEXT_LENGTHS_MAX.partyName)) {
        report('', '销售方名称须为 1–300 个字符', "the seller's name must have 1–300 characters", UNIT_REMEDY)
      }
    },
  },
]
