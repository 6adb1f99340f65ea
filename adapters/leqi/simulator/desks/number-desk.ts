/** QDFPPLFM: gives out segments of invoice numbers. */
import type { ClaimGrant } from '../../wire.js'
import type { Segment } from '../books.js'
import { type DeskAnswer, isOwnSerial, readField, refuse, refuseForeignTaxNo, type Visit } from './visit.js'

/** Most numbers one claim grants. Source: Leqi base capability document, QDFPPLFM. */
const CLAIM_COUNT_MAX = 5_000

/**
 * Shape   a closed segment [first..last]; the same serial with the same count gets the same segment again
 * Errors  refused with L-16 above 5,000 or for a repeated serial with another count
 * Source  rulebook 1.2
 */
export function claimNumbers(visit: Visit): DeskAnswer {
  const foreign = refuseForeignTaxNo(visit)
  if (foreign !== null) return foreign
  const countText = readField(visit.request, 'lysl')
  const serial = readField(visit.request, 'ywlsh')
  if (!isOwnSerial(visit, serial))
    return refuse('参数校验异常：业务流水号应为使用单位平台编号+直连单位平台编号+32位随机数')
  if (!/^[1-9]\d{0,9}$/.test(countText)) return refuse('参数校验异常：领用数量应为正整数')
  const count = Number(countText)
  if (count > CLAIM_COUNT_MAX) return refuse(`[L-16] 单次领用数量不能超过${CLAIM_COUNT_MAX}`)
  const account = visit.books.accountOf(visit.taxpayer)
  const earlier = account.claims.get(serial)
  if (earlier !== undefined) {
    return earlier.count === count ? grant(earlier) : refuse('[L-16] 业务流水号重复，且领用数量与首次申请不一致')
  }
  const { first, last } = visit.books.takeNumbers(visit.taxpayer, count, visit.nowMs)
  const segment: Segment = { first, last, count, serial, claimedAtMs: visit.nowMs, isVoid: false, usedCount: 0 }
  account.segments.push(segment)
  account.claims.set(serial, segment)
  return grant(segment)
}

function grant({ first, last, count }: Segment): DeskAnswer {
  const data: Omit<ClaimGrant, 'returncode'> = { fpqshm: first, fpzzhm: last, lysl: String(count) }
  return { kind: 'done', data }
}
