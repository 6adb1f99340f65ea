/**
 * What one try showed about the way to the bureau, whatever it meant for the call itself.
 *
 * Texts are our own: the bureau's may quote buyers, and these stand in logs and on the health page.
 */
import type { BureauFailure } from '../../connector/issuing/bureau.js'
import type { Sight } from '../../connector/issuing/channel-ports.js'
import { type Instant, instant } from '../../connector/kernel/time.js'
import type { HttpOutcome } from './client.js'
import { describeFault } from './response-codes.js'

/** The platform or a gateway before it answered, and not as one that works. */
const BROKEN_CODE = /^BUR-(HTTP-5\d\d|(ERROR-)?(500|5001))$/
/** A gateway that wants other credentials, or settings that no call can be made with: nothing came to the bureau. */
const CLOSED_CODE = /^BUR-(HTTP-(401|403|407)|URL|URL-insecure|PROXY)$/

/** An answer came and could not be read, or not be believed; the rest of the code says where reading ended. */
const UNREADABLE_CODE = /^BUR-ANSWER-/

export interface SeenCall {
  isRead: boolean
  /** The caller itself ended the call. */
  isGivenUp: boolean
}

/** `outcome`: null when nothing was sent; `failure`: null when it was answered with 00. */
export function toSight(
  outcome: HttpOutcome | null,
  failure: BureauFailure | null,
  { isRead, isGivenUp }: SeenCall,
): Sight {
  const bureauDate = outcome?.kind === 'response' ? toInstant(outcome.date) : null
  if (failure === null || failure.kind === 'refused') return { bureauDate, way: 'open' }
  const { code } = failure
  if (failure.kind === 'rate_limited') {
    return { bureauDate, way: 'busy', pauseMs: failure.retryAfterMs, code, message: '平台限流，按要求暂停' }
  }
  if (failure.kind === 'unit_fault' && !CLOSED_CODE.test(code)) {
    const { reach, meaning } = describeFault(code)
    if (reach === 'call') return { bureauDate, way: 'open' }
    const message = code.startsWith('BUR-KEY-') ? failure.message : meaning
    return { bureauDate, way: 'closed', reach, cause: failure.park, code, message }
  }
  if (CLOSED_CODE.test(code)) {
    const message = `网关或配置不允许调用（${code}）`
    return { bureauDate, way: 'closed', reach: 'direct_unit', cause: 'unit_key_fault', code, message }
  }
  if (isRead && UNREADABLE_CODE.test(code)) return { bureauDate, way: 'garbled', code, message: failure.message }
  const isBroken = code.startsWith('BUR-NET-') || BROKEN_CODE.test(code)
  if (!isBroken || isGivenUp) return { bureauDate, way: 'unclear' }
  return { bureauDate, way: 'broken', code, message: `税局不可达或不应答（${code}）` }
}

/** An HTTP date; null: none, or one that nobody can read. */
function toInstant(date: string | null): Instant | null {
  const at = date === null ? Number.NaN : Date.parse(date)
  return Number.isNaN(at) ? null : instant(at)
}
