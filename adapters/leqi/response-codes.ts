/**
 * The one table of the bureau's codes, and what each proves (design D14).
 *
 * Three layers carry codes: `platform` (httpStatusCode), `error` (Response.Error), `returncode` (decrypted answer).
 * A unit fault is never processed; a refusal proves that nothing of the call was stored; whatever is not listed is in
 * doubt, save a returncode inside a decrypted answer, which is a refusal by its place.
 * The fourth layer, HTTP itself, is at the end: it proves nothing about a call that changes something.
 * Edition 2025-09. Source: Leqi sandbox guide V5.004, FAQ V2.000, collection document V2.011, capability V4.000.
 */
import { ratePauseMs } from '../../connector/issuing/backoff.js'
import type { BureauFailure, UnitFaultCause } from '../../connector/issuing/bureau.js'
import type { ParkCause } from '../../connector/kernel/fault.js'
import type { Opened, UnreadableReason } from './envelope.js'
import { findTextHint } from './text-patterns.js'

type Layer = 'platform' | 'error' | 'returncode'

/** Whom a fault concerns: this call alone, its using unit, or every using unit of the direct unit. */
export type FaultReach = 'call' | 'using_unit' | 'direct_unit'

type CodeClass =
  | { class: 'unit_fault'; park: UnitFaultCause; reach: FaultReach }
  | { class: 'in_doubt' }
  | { class: 'refused'; park?: ParkCause }

type CodeRow = CodeClass & { layer: Layer; codes: readonly string[]; meaning: string }

const CODE_TABLE: readonly CodeRow[] = [
  { layer: 'platform', codes: ['500'], class: 'in_doubt', meaning: '云服务集成平台请求或服务接入异常' },
  { layer: 'platform', codes: ['5001'], class: 'in_doubt', meaning: '云服务集成平台响应异常' },
  { layer: 'platform', codes: ['-1'], class: 'in_doubt', meaning: '未知错误' },
  fault(['4032'], 'unit_unverified', 'using_unit', '使用单位无授权服务，或能力已到期'),
  fault(['4033'], 'unit_unverified', 'using_unit', '使用单位未授权此服务，或单位编号不匹配'),
  fault(['4047'], 'unit_unverified', 'direct_unit', '未查询到测试批次号：测试未开始、已过期，或沙箱标志不符'),
  fault(['4049'], 'unit_unverified', 'direct_unit', '未查询到该能力与服务的信息：未订阅或编码有误'),
  fault(['4054'], 'unit_unverified', 'direct_unit', '未查询到直连单位'),
  fault(['4055'], 'unit_unverified', 'using_unit', '未查询到使用单位'),
  fault(['4056'], 'unit_unverified', 'direct_unit', '云服务应用未找到'),
  fault(['4057'], 'unit_key_fault', 'direct_unit', '报文解密失败：密钥或环境有误'),
  fault(['4061'], 'unit_unverified', 'direct_unit', '未查询到服务信息：服务编码有误'),
  fault(['4063'], 'unit_unverified', 'call', '沙箱业务校验不通过：购方须为直连单位或其虚拟单位'),
  fault(['4067'], 'unit_unverified', 'direct_unit', '来源IP与备案出口IP不一致'),
  fault(['40321'], 'seller_blocked', 'using_unit', '使用单位无资格'),
  fault(['40322'], 'unit_unverified', 'direct_unit', '直连单位无资格'),
  // Base services print only 01; the other codes are those of the collection and deduction services.
  { layer: 'error', codes: ['01', '03', '04', '-2'], class: 'refused', meaning: '税局拒绝' },
  { layer: 'error', codes: ['11'], class: 'refused', park: 'seller_blocked', meaning: '当前企业无资格办理此业务' },
  { layer: 'returncode', codes: ['11'], class: 'refused', park: 'seller_blocked', meaning: '当前企业无资格办理此业务' },
  // These name a state of processing, not a refusal: they do not prove that nothing was stored.
  { layer: 'returncode', codes: ['09', '10', '99'], class: 'in_doubt', meaning: '税局处理中或系统异常' },
]

/** Whole ranges that are never processed, for codes of them that no list names yet (design D14). */
const UNIT_FAULT_RANGES: readonly (readonly [from: number, to: number])[] = [
  [4047, 4067],
  [40320, 40329],
]

const UNREADABLE_MEANING: Record<UnreadableReason, string> = {
  empty: '税局应答为空',
  'not-json': '税局应答不是JSON',
  'no-envelope': '税局应答缺少报文结构',
  'no-data': '税局应答缺少Data',
  'not-decryptable': '税局应答无法解密',
  'not-json-inside': '税局应答解密后不是JSON',
  'no-returncode': '税局应答缺少returncode',
}

/**
 * What a readable failure or an unreadable answer means.
 * Shape   null: an answer with returncode 00
 * Errors  none thrown; whatever is unknown is `in_doubt`
 * Source  protocol 2.6, 2.7; rulebook 8.1
 */
export function toFailure(opened: Opened): BureauFailure | null {
  if (opened.kind === 'unreadable') {
    const { reason, requestId } = opened
    return { kind: 'in_doubt', code: `BUR-ANSWER-${reason}`, message: UNREADABLE_MEANING[reason], requestId }
  }
  if (opened.kind === 'answer') {
    if (opened.returncode === '00') return null
    const said: Said = { ...opened, layer: 'returncode', code: opened.returncode }
    if (opened.isEncrypted) return classify(said, { class: 'refused' })
    // In clear it is no proof of anything: only a decrypted refusal counts.
    return { kind: 'in_doubt', code: toFailureCode(said), message: said.message, requestId: said.requestId }
  }
  return classify({ ...opened, layer: opened.kind }, { class: 'in_doubt' })
}

/**
 * What an HTTP status other than 200 means, when the body says nothing better.
 * Shape   for a call that changes something only 429 is definite
 * Units   `retryAfter` as in the header, seconds
 */
export function toHttpFailure(status: number, retryAfter: string | null, options: { isRead: boolean }): BureauFailure {
  const code = `BUR-HTTP-${status}`
  const message = `税局或网关返回HTTP ${status}`
  if (status === 429) return { kind: 'rate_limited', code, message, retryAfterMs: ratePauseMs(retryAfter) }
  const isClosedDoor = status === 401 || status === 403 || status === 407
  if (isClosedDoor && options.isRead) return { kind: 'unit_fault', code, message, park: 'unit_key_fault' }
  return { kind: 'in_doubt', code, message, requestId: null }
}

/**
 * Whom a unit fault concerns, and what it means in our own words.
 * Shape   for the code of a failure, `BUR-4032` or `BUR-ERROR-4032`; of codes without a row the whole direct unit
 */
export function describeFault(code: string): { reach: FaultReach; meaning: string } {
  const row = findRow('platform', code.replace(/^BUR-(ERROR-)?/, ''))
  const reach = row?.class === 'unit_fault' ? row.reach : 'direct_unit'
  return { reach, meaning: row?.meaning ?? `平台不受理（${code}）` }
}

interface Said {
  layer: Layer
  code: string
  message: string
  requestId: string | null
}

function classify(said: Said, otherwise: CodeClass): BureauFailure {
  const row = findRow(said.layer, said.code) ?? (said.layer === 'error' ? findRow('platform', said.code) : undefined)
  const verdict = row ?? rangeClass(said) ?? otherwise
  const code = toFailureCode(said)
  const message = said.message !== '' ? said.message : (row?.meaning ?? `税局返回代码${said.code}`)
  const { requestId } = said
  if (verdict.class === 'unit_fault') return { kind: 'unit_fault', code, message, park: verdict.park }
  const hint = findTextHint(said.message)
  if (hint?.kind === 'rate_limited') return { kind: 'rate_limited', code, message, retryAfterMs: ratePauseMs(null) }
  if (verdict.class === 'in_doubt') return { kind: 'in_doubt', code, message, requestId }
  // "Already exists" may be our own earlier success: neither refused nor issued until the bureau says more.
  if (hint?.kind === 'number_held') return { kind: 'number_held', code: 'BUR-NUMBER-HELD', message, requestId }
  const park = verdict.park ?? (hint?.kind === 'park' ? hint.cause : null)
  return { kind: 'refused', code, message, requestId, park }
}

function findRow(layer: Layer, code: string): CodeRow | undefined {
  return CODE_TABLE.find((row) => row.layer === layer && row.codes.includes(code))
}

/** Of the platform's own codes, which some servers put into `Error`. */
function rangeClass({ layer, code }: Said): CodeClass | null {
  if (layer === 'returncode' || !/^\d{4,5}$/.test(code)) return null
  const value = Number(code)
  const isInRange = UNIT_FAULT_RANGES.some(([from, to]) => from <= value && value <= to)
  return isInRange ? { class: 'unit_fault', park: 'unit_unverified', reach: 'direct_unit' } : null
}

function toFailureCode({ layer, code }: Said): string {
  const safe = code.replace(/[^A-Za-z0-9_-]/g, '').slice(0, 20)
  const prefix: Record<Layer, string> = { platform: 'BUR-', error: 'BUR-ERROR-', returncode: 'BUR-RETURN-' }
  return `${prefix[layer]}${safe === '' ? 'none' : safe}`
}

function fault(codes: readonly string[], park: UnitFaultCause, reach: FaultReach, meaning: string): CodeRow {
  return { layer: 'platform', codes, class: 'unit_fault', park, reach, meaning }
}
