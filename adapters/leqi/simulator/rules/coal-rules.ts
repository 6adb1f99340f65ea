/** Coal: L-104 … L-107. Source: rulebook 2.13. */
import { sumOf } from '../exact.js'
import { countCharacters } from '../upload-form.js'
import { isDiscount, type Say, type UploadCase } from './case.js'

const COAL_CODES = new Set(['1020101000000000000', '1020102000000000000', '1020199000000000000'])
const COAL_KINDS = new Set(['0100', '0201', '0202', '0203', '0204', '0300'])
/** Net fen of the coal lines from which the quality text is required: ten million yuan. */
const QUALITY_FROM = 1_000_000_000n
/** The per cent sign is accepted in both widths: the bureau's text names one and prints the other. */
const QUALITY_PATTERN =
  /^每千克煤炭发热量：\d{1,4}千卡、干基全硫：\d{1,2}(\.\d{1,2})?[%％]、干燥无灰基挥发分：\d{1,2}(\.\d{1,2})?[%％]$/
/** The quality text and the remark share one field on the face, with a separator between them. */
const SHARED_LENGTH_MAX = 450

export function judgeCoal(uploadCase: UploadCase, say: Say): void {
  const { head, lines } = uploadCase
  const coalLines = lines.filter((line) => COAL_CODES.has(line.form.sphfwssflhbbm))
  for (const line of lines) {
    const isWanted = coalLines.includes(line) && !isDiscount(line)
    const isRight = isWanted ? COAL_KINDS.has(line.form.mtzl) : line.form.mtzl === ''
    if (!isRight) say('L-104', `第${line.place}行煤炭种类填写不正确`)
  }
  const isQualityNeeded = coalLines.length > 0 && sumOf(coalLines.map((line) => line.net)) >= QUALITY_FROM
  if (isQualityNeeded !== (head.mtpzxx !== '')) {
    say('L-105', '煤炭品质信息与煤炭金额不一致')
    return
  }
  if (!isQualityNeeded) return
  if (!QUALITY_PATTERN.test(head.mtpzxx)) say('L-106', '煤炭品质信息格式不正确')
  if (countCharacters(head.mtpzxx) + 1 + countCharacters(head.bz) > SHARED_LENGTH_MAX) {
    say('L-107', '煤炭品质信息与备注合计长度超过450')
  }
}
