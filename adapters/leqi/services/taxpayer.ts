/**
 * CXNSRJBXX and CXNSRFXXX: what the bureau knows of a taxpayer.
 *
 * An answer that names another taxpayer is odd, never taken: one company must not see another's data. The sandbox
 * answers with one fixed taxpayer, so there the name is not compared.
 */
import { Type } from 'typebox'
import { chinaDate, type Instant, type LocalDate } from '../../../connector/kernel/time.js'
import type { TaxpayerProfile, TaxpayerRisk, TaxpayerType } from '../../../connector/taxpayer/taxpayer.js'
import type { TaxpayerQuery } from '../wire.js'
import { isJsonObject, type JsonObject } from '../wire-json.js'
import { Field, odd, type Parsed, parsed, readAs, readRows, toCode, toDate, toParts, toText } from './wire-values.js'

const BasicBlock = Type.Object({
  nsrsbh: Field,
  nsrmc: Field,
  nsrlx: Field,
  hydm: Field,
  zgswskfjdm: Field,
  xdpsdqybz: Field,
  nsrztdm: Field,
  yxqq: Field,
  yxqz: Field,
})

const NatureRow = Type.Object({ qyhyxzdm: Field, yxqq: Field, yxqz: Field })

const RiskAnswer = Type.Object({ nsrsbh: Field, fxnsrlx: Field, nsryjjb: Field, fxnsrbz: Field })

const TAXPAYER_TYPES: readonly TaxpayerType[] = ['1', '2', '3', '4', '5']

export interface TaxpayerQuestion {
  taxNo: string
  isSandbox: boolean
  at: Instant
}

export function taxpayerQuery(taxNo: string): string {
  const query: TaxpayerQuery = { nsrsbh: taxNo }
  return JSON.stringify(query)
}

/**
 * Reads CXNSRJBXX.
 * Shape   blocks `jcxx` and `qyhyxzGrid`; some servers put the first block's fields on top
 * Errors  odd: another taxpayer, no name, unknown type or state
 * Source  Leqi base capability document V4.000, CXNSRJBXX
 */
export function parseProfile(answer: JsonObject, question: TaxpayerQuestion): Parsed<TaxpayerProfile> {
  const block = readAs(BasicBlock, isJsonObject(answer.jcxx) ? answer.jcxx : answer)
  if (block === null) return odd('jcxx')
  if (!isAsked(toText(block.nsrsbh), question)) return odd('nsrsbh')
  const name = toText(block.nsrmc)
  const taxpayerType = TAXPAYER_TYPES.find((type) => type === toText(block.nsrlx))
  const statusCode = toCode(block.nsrztdm, 2)
  const isPilot = toFlag(toText(block.xdpsdqybz))
  if (name === '') return odd('nsrmc')
  if (taxpayerType === undefined) return odd('nsrlx')
  if (!/^\d{2}$/.test(statusCode)) return odd('nsrztdm')
  if (isPilot === null) return odd('xdpsdqybz')
  return parsed({
    name,
    taxpayerType,
    industry: toCode(block.hydm, 4),
    industryNatures: readNatures(answer.qyhyxzGrid, chinaDate(question.at)),
    taxBureauCode: toText(block.zgswskfjdm),
    isPilot,
    statusCode,
    typeValidFrom: toDate(block.yxqq),
    typeValidTo: toDate(block.yxqz),
    fetchedAt: question.at,
  })
}

/**
 * Reads CXNSRFXXX.
 * Errors  odd: another taxpayer, or no readable risk flag
 * Source  Leqi base capability document V4.000, CXNSRFXXX
 */
export function parseRisk(answer: JsonObject, question: TaxpayerQuestion): Parsed<TaxpayerRisk> {
  const block = readAs(RiskAnswer, answer)
  if (block === null) return odd('fxnsrbz')
  if (!isAsked(toText(block.nsrsbh), question)) return odd('nsrsbh')
  const isRisk = toFlag(toText(block.fxnsrbz))
  if (isRisk === null) return odd('fxnsrbz')
  return parsed({
    riskType: toShortCode(block.fxnsrlx),
    // The document gives the level one character although its codes have two.
    warningLevel: toShortCode(block.nsryjjb),
    isRisk,
    fetchedAt: question.at,
  })
}

function isAsked(taxNo: string, question: TaxpayerQuestion): boolean {
  return question.isSandbox || taxNo === '' || taxNo === question.taxNo
}

function toFlag(text: string): boolean | null {
  return text === 'Y' ? true : text === 'N' ? false : null
}

function toShortCode(field: Field): string {
  const text = toText(field)
  return text.length === 1 ? `0${text}` : text
}

/** Natures valid on a day; several codes may stand in one row. */
function readNatures(list: unknown, today: LocalDate): readonly string[] {
  const read = readRows(list, NatureRow, (row) => {
    const from = toDate(row.yxqq)
    const to = toDate(row.yxqz)
    const isValid = (from === null || from <= today) && (to === null || today <= to)
    return isValid ? toParts(row.qyhyxzdm) : []
  })
  return [...new Set(read?.rows.flat())]
}
