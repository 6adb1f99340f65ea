/** QDFPPLFM: claiming a segment of invoice numbers. */
import { Type } from 'typebox'
import type { InvoiceNumber } from '../../../connector/kernel/ids.js'
import { assert } from '../../../connector/kernel/never.js'
import { chinaYear, type Instant } from '../../../connector/kernel/time.js'
import type { UsingUnit } from '../../../connector/taxpayer/taxpayer.js'
import { CLAIM_NUMBER_COUNT_MAX, type ClaimRequest } from '../wire.js'
import type { JsonObject } from '../wire-json.js'
import { Field, odd, type Parsed, parsed, readAs, toText } from './wire-values.js'

const NUMBER = /^\d{20}$/
const COUNT = /^\d{1,10}$/

const ClaimGrant = Type.Object({ fpqshm: Field, fpzzhm: Field, lysl: Field })

export function claimRequest(unit: UsingUnit, request: { serial: string; count: number }, asNumber: boolean): string {
  assert(request.count >= 1 && request.count <= CLAIM_NUMBER_COUNT_MAX, 'a claim asks for 1 to 5,000 numbers')
  const lysl = asNumber ? request.count : String(request.count)
  const claim: ClaimRequest = { nsrsbh: unit.taxNo, lysl, ywlsh: request.serial }
  return JSON.stringify(claim)
}

/**
 * Reads the granted segment.
 * Shape   closed interval; both ends of one year, `last − first + 1 = count`, no more than asked
 * Units   numbers are 20 digits: BigInt, never a JavaScript number
 * Errors  odd, when any of this does not hold: a segment is taken whole or not at all
 * Source  Leqi base capability document V4.000, QDFPPLFM; rulebook 1.1, 1.2
 */
export function parseClaim(
  answer: JsonObject,
  asked: { count: number; at: Instant },
): Parsed<{ first: InvoiceNumber; last: InvoiceNumber; count: number }> {
  const grant = readAs(ClaimGrant, answer)
  if (grant === null) return odd('fpqshm')
  const first = toText(grant.fpqshm)
  const last = toText(grant.fpzzhm)
  const count = COUNT.test(toText(grant.lysl)) ? Number(toText(grant.lysl)) : 0
  if (!NUMBER.test(first) || !NUMBER.test(last)) return odd('fpqshm, fpzzhm')
  if (count < 1 || count > asked.count) return odd('lysl')
  if (BigInt(last) - BigInt(first) + 1n !== BigInt(count)) return odd('fpzzhm − fpqshm + 1 ≠ lysl')
  if (!isOneYear(first, last, asked.at)) return odd('fpqshm, fpzzhm: 年份')
  // Twenty digits were checked above; the brand has no other constructor at this door.
  return parsed({ first: first as InvoiceNumber, last: last as InvoiceNumber, count })
}

/** Both ends of one year, and that year within one of today's: a claim around New Year may be answered across it. */
function isOneYear(first: string, last: string, at: Instant): boolean {
  const prefix = first.slice(0, 2)
  const year = chinaYear(at)
  const near = [year - 1, year, year + 1].map((each) => String(each % 100).padStart(2, '0'))
  return last.slice(0, 2) === prefix && near.includes(prefix)
}
