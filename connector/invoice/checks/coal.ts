/** Coal: kind of each line, quality of a large delivery. L-104 … L-107. */
import {
  DEFECT_REMEDY,
  type DraftCheck,
  type DraftLineCheck,
  type InvoiceCheck,
  type InvoiceLineCheck,
} from './check.js'
import { COAL_CODES, COAL_KINDS } from './code-lists.js'
import { COAL_QUALITY_NET_MIN_FEN, TEXT_LENGTHS_MAX } from './field-limits.js'
import { countCharacters, isBlank, isLongerThan } from './texts.js'

/**
 * Calorific value, sulphur and volatile matter in the prescribed words. The document prints a half-width percent sign
 * and calls it Chinese; both are let pass.
 */
const COAL_QUALITY_FORM =
  /^每千克煤炭发热量：\d{1,4}千卡、干基全硫：\d{1,2}(?:\.\d{1,2})?[%％]、干燥无灰基挥发分：\d{1,2}(?:\.\d{1,2})?[%％]$/u

export const COAL_DRAFT_LINE_CHECKS: readonly DraftLineCheck[] = [
  {
    id: 'L-104',
    appliesTo: 'draft line',
    title: '煤炭种类',
    condition: 'a coal code without a kind of the list, or a kind on another code',
    reaction: 'block',
    section: '2.13',
    sources: ['S1'],
    passes: 'raw coal of kind 0300',
    fails: 'raw coal without a kind',
    run: ({ line: { taxCode, coalKind }, path, name, nameEn }, report) => {
      const isCoal = taxCode !== null && COAL_CODES.has(taxCode)
      if (isCoal && !COAL_KINDS.has(coalKind ?? '')) {
        report(
          `${path}/coalKind`,
          `${name}为煤炭，煤炭种类 ${coalKind ?? '为空'} 不在代码表中`,
          `${nameEn} is coal and needs a kind of coal, not ${coalKind ?? 'none'}`,
        )
      } else if (!isCoal && !isBlank(coalKind)) {
        report(
          `${path}/coalKind`,
          `${name}不是煤炭，不得填写煤炭种类`,
          `${nameEn} is no coal and must not have a kind of coal`,
        )
      }
    },
  },
]

export const COAL_DRAFT_CHECKS: readonly DraftCheck[] = [
  {
    id: 'L-106',
    appliesTo: 'draft',
    title: '煤炭品质信息的格式',
    condition: 'not the fixed form, or more than 50 characters',
    reaction: 'block',
    section: '2.13',
    sources: ['S1'],
    passes: 'heat, sulphur and volatile matter in the fixed form',
    fails: 'sulphur missing',
    run: ({ draft: { coalQuality } }, report) => {
      if (coalQuality === null || isBlank(coalQuality)) return
      if (!COAL_QUALITY_FORM.test(coalQuality) || isLongerThan(coalQuality, TEXT_LENGTHS_MAX.coalQuality)) {
        report(
          '/coalQuality',
          '煤炭品质信息须为：每千克煤炭发热量：N千卡、干基全硫：P%、干燥无灰基挥发分：P%',
          'the coal quality must read 每千克煤炭发热量：N千卡、干基全硫：P%、干燥无灰基挥发分：P%',
        )
      }
    },
  },
  {
    id: 'L-107',
    appliesTo: 'draft',
    title: '煤炭品质信息与备注',
    condition: 'together with one separator longer than 450 characters',
    reaction: 'block',
    section: '2.13',
    sources: ['S1'],
    passes: 'a quality and a remark of 450 characters with the separator',
    fails: 'a quality and a remark of 451 characters with the separator',
    run: ({ draft: { coalQuality, remark } }, report) => {
      if (coalQuality === null || isBlank(coalQuality)) return
      const length = countCharacters(coalQuality) + 1 + countCharacters(remark ?? '')
      if (length > TEXT_LENGTHS_MAX.remarkBlue) {
        report(
          '/remark',
          `煤炭品质信息与备注合计 ${length} 个字符，最多 ${TEXT_LENGTHS_MAX.remarkBlue} 个`,
          `coal quality and remark have ${length} characters together, at most ${TEXT_LENGTHS_MAX.remarkBlue}`,
        )
      }
    },
  },
]

export const COAL_INVOICE_CHECKS: readonly InvoiceCheck[] = [
  {
    id: 'L-105',
    appliesTo: 'invoice',
    title: '煤炭品质信息',
    condition: 'coal of ten million net or more without it, or less with it; discounts reduce the sum',
    reaction: 'block',
    section: '2.13',
    sources: ['S1'],
    passes: 'coal of 10,000,000.00 with its quality',
    fails: 'coal of 10,000,000.00 without its quality',
    run: ({ invoice: { lines, coalQuality } }, report) => {
      let net = 0n
      for (const line of lines) if (COAL_CODES.has(line.taxCode)) net += line.netAmount
      const isNeeded = net >= COAL_QUALITY_NET_MIN_FEN
      if (isNeeded === isBlank(coalQuality)) {
        report(
          '/coalQuality',
          isNeeded ? '煤炭金额达到 1000 万元，须填写煤炭品质信息' : '煤炭金额不足 1000 万元，不得填写煤炭品质信息',
          isNeeded
            ? 'coal of ten million yuan or more needs its quality'
            : 'coal of less than ten million yuan must not carry its quality',
        )
      }
    },
  },
]

export const COAL_INVOICE_LINE_CHECKS: readonly InvoiceLineCheck[] = [
  {
    id: 'L-104',
    part: 'discount',
    appliesTo: 'invoice line',
    title: '折扣行的煤炭种类',
    condition: 'filled on a discount line',
    reaction: 'block',
    section: '2.13',
    sources: ['S1'],
    passes: 'a coal discount without a kind',
    fails: 'a coal discount with a kind',
    run: ({ line, path, name, nameEn }, report) => {
      if (line.nature === 'discount' && line.coalKind !== null) {
        report(
          `${path}/coalKind`,
          `${name}的折扣行不得填写煤炭种类`,
          `the discount of ${nameEn} must not carry a kind of coal`,
          DEFECT_REMEDY,
        )
      }
    },
  },
]
