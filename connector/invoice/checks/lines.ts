/** Lines: their number, names, quantity and price. L-54 … L-57. Discounts: `discounts.ts`. */
import {
  DEFECT_REMEDY,
  type DraftCheck,
  type DraftLineCheck,
  type InvoiceCheck,
  type InvoiceLineCheck,
  TABLES_REMEDY,
} from './check.js'
import { LINE_COUNTS, TEXT_LENGTHS_MAX } from './field-limits.js'
import { countCharacters, isBlank, isLongerThan } from './texts.js'

const PLAIN_DECIMAL = /^-?\d+(?:\.\d+)?$/
/** A name that already carries `*short name*`. */
const STARRED_NAME = /^\*[^*]+\*/u
/** The two stars around the short name. */
const STAR_COUNT = 2

export const LINES_DRAFT_CHECKS: readonly DraftCheck[] = [
  {
    id: 'L-54',
    appliesTo: 'draft',
    title: '明细行数',
    condition: 'a draft without a line',
    reaction: 'block',
    section: '2.10',
    sources: ['S1'],
    passes: 'a draft with the freight alone',
    fails: 'a draft without lines',
    run: ({ lines }, report) => {
      if (lines.length === 0) report('/lines', '没有可开票的明细行', 'there is no line to invoice')
    },
  },
]

export const LINES_DRAFT_LINE_CHECKS: readonly DraftLineCheck[] = [
  {
    id: 'L-56',
    appliesTo: 'draft line',
    title: '项目名称',
    condition: 'empty or more than 600 characters',
    reaction: 'block',
    section: '2.11',
    sources: ['S1'],
    passes: 'a line named 咖啡杯',
    fails: 'a line without a name',
    run: ({ line, path, name, nameEn }, report) => {
      if (line.name === null || isBlank(line.name)) {
        report(`${path}/name`, `${name}缺少项目名称`, `${nameEn} has no item name`)
      } else if (isLongerThan(line.name, TEXT_LENGTHS_MAX.itemName)) {
        report(
          `${path}/name`,
          `${name}项目名称超过 ${TEXT_LENGTHS_MAX.itemName} 个字符`,
          `the item name of ${nameEn} has more than ${TEXT_LENGTHS_MAX.itemName} characters`,
        )
      }
    },
  },
  {
    id: 'L-57',
    appliesTo: 'draft line',
    title: '数量',
    condition: 'the quantity has more than 25 characters',
    reaction: 'block',
    section: '2.1',
    sources: ['S1'],
    passes: 'a quantity of 25 characters',
    fails: 'a quantity of 26 characters',
    run: ({ line, path, name, nameEn }, report) => {
      if (line.quantity !== null && line.quantity.toString().length > TEXT_LENGTHS_MAX.quantityOrPrice) {
        report(
          `${path}/quantity`,
          `${name}数量超过 ${TEXT_LENGTHS_MAX.quantityOrPrice} 个字符`,
          `the quantity of ${nameEn} has more than ${TEXT_LENGTHS_MAX.quantityOrPrice} characters`,
        )
      }
    },
  },
]

export const LINES_INVOICE_CHECKS: readonly InvoiceCheck[] = [
  {
    id: 'L-54',
    part: 'limit',
    appliesTo: 'invoice',
    title: '明细行数',
    condition: 'more than 5,000 lines on one invoice after splitting',
    reaction: 'split',
    section: '2.10',
    sources: ['S1'],
    passes: 'an invoice of one line',
    fails: 'an invoice of 5,001 lines',
    run: ({ invoice: { lines } }, report) => {
      if (lines.length > LINE_COUNTS.max) {
        report(
          '/lines',
          `发票有 ${lines.length} 行，最多 ${LINE_COUNTS.max} 行`,
          `the invoice has ${lines.length} lines, at most ${LINE_COUNTS.max}`,
          DEFECT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-54',
    part: 'advised',
    appliesTo: 'invoice',
    title: '明细行数',
    condition: 'more than 2,000 lines on one invoice',
    reaction: 'warn',
    section: '2.10',
    sources: ['S1'],
    passes: 'an invoice of 2,000 lines',
    fails: 'an invoice of 2,001 lines',
    run: ({ invoice: { lines } }, report) => {
      if (lines.length > LINE_COUNTS.advised && lines.length <= LINE_COUNTS.max) {
        report(
          '/lines',
          `发票有 ${lines.length} 行，建议不超过 ${LINE_COUNTS.advised} 行`,
          `the invoice has ${lines.length} lines, better not above ${LINE_COUNTS.advised}`,
        )
      }
    },
  },
]

export const LINES_INVOICE_LINE_CHECKS: readonly InvoiceLineCheck[] = [
  {
    id: 'L-55',
    appliesTo: 'invoice line',
    title: '商品服务简称',
    condition: "not the code table's short name, empty, or more than 120 characters",
    reaction: 'fill',
    section: '2.11',
    sources: ['S1', 'S3'],
    passes: "a line with the table's short name",
    fails: 'a line with another short name',
    run: ({ line, path, name, nameEn, context }, report) => {
      const wanted = context.tables.classification(line.taxCode)?.shortName ?? line.shortName
      if (line.shortName !== wanted) {
        report(
          `${path}/shortName`,
          `${name}商品服务简称 ${line.shortName} 应为 ${wanted}`,
          `the short name ${line.shortName} of ${nameEn} must be ${wanted}`,
        )
      }
      if (line.shortName === '' || isLongerThan(line.shortName, TEXT_LENGTHS_MAX.shortName)) {
        report(
          `${path}/shortName`,
          `${name}商品服务简称须为 1–${TEXT_LENGTHS_MAX.shortName} 个字符`,
          `the short name of ${nameEn} must have 1–${TEXT_LENGTHS_MAX.shortName} characters`,
          TABLES_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-56',
    part: 'composed',
    appliesTo: 'invoice line',
    title: '货物或应税劳务、服务名称',
    condition: 'the item name carries stars already, or `*short name*item name` has more than 300 characters',
    reaction: 'block',
    section: '2.11',
    sources: ['S1', 'inferred'],
    passes: 'a composed name of 300 characters',
    fails: 'a composed name of 301 characters',
    run: ({ line, path, name, nameEn }, report) => {
      if (STARRED_NAME.test(line.name)) {
        report(
          `${path}/name`,
          `${name}项目名称不应自带 *简称*`,
          `the item name of ${nameEn} must not carry a short name in stars`,
        )
      }
      const length = countComposed(line.shortName, line.name)
      if (length > TEXT_LENGTHS_MAX.composedName) {
        report(
          `${path}/name`,
          `${name}的 *简称*项目名称 有 ${length} 个字符，最多 ${TEXT_LENGTHS_MAX.composedName} 个`,
          `the composed name of ${nameEn} has ${length} characters, at most ${TEXT_LENGTHS_MAX.composedName}`,
        )
      }
    },
  },
  {
    id: 'L-57',
    part: 'pair',
    appliesTo: 'invoice line',
    title: '数量、单价',
    condition: 'one without the other, no plain decimal, or more than 25 characters',
    reaction: 'block',
    section: '2.1',
    sources: ['S1'],
    passes: 'a line without quantity and price',
    fails: 'a line with a quantity and no price',
    run: ({ line: { quantity, unitPrice }, path, name, nameEn }, report) => {
      if ((quantity === null) !== (unitPrice === null)) {
        const missing = quantity === null ? 'quantity' : 'unitPrice'
        report(
          `${path}/${missing}`,
          `${name}数量和单价须同时填写或同时为空`,
          `quantity and price of ${nameEn} go together, both or neither`,
        )
        return
      }
      if (!isSendable(quantity) || !isSendable(unitPrice)) {
        report(
          `${path}/${isSendable(quantity) ? 'unitPrice' : 'quantity'}`,
          `${name}数量、单价须为不超过 ${TEXT_LENGTHS_MAX.quantityOrPrice} 个字符的小数`,
          `quantity and price of ${nameEn} must be plain decimals of at most ${TEXT_LENGTHS_MAX.quantityOrPrice} characters`,
        )
      }
    },
  },
]

function countComposed(shortName: string, name: string): number {
  const units = shortName.length + name.length + STAR_COUNT
  return units <= TEXT_LENGTHS_MAX.composedName
    ? units
    : countCharacters(shortName) + countCharacters(name) + STAR_COUNT
}

function isSendable(figure: string | null): boolean {
  return figure === null || (figure.length <= TEXT_LENGTHS_MAX.quantityOrPrice && PLAIN_DECIMAL.test(figure))
}
