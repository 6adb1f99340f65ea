/** CXSXED and XZTHSXED: the credit quota, asked for and moved. */
import { Type } from 'typebox'
import type { BureauQuota } from '../../../connector/issuing/bureau.js'
import { type Amount, formatAmount } from '../../../connector/kernel/amount.js'
import type { LocalDate, TaxPeriod } from '../../../connector/kernel/time.js'
import type { UsingUnit } from '../../../connector/taxpayer/taxpayer.js'
import { type QuotaMoveRequest, UNLIMITED_QUOTA } from '../wire.js'
import type { JsonObject } from '../wire-json.js'
import { Field, odd, type Parsed, parsed, readAs, toAmount, toDate, toText } from './wire-values.js'

const QuotaState = Type.Object({
  ztsxbz: Field,
  bysxed: Field,
  kysyed: Field,
  yxzed: Field,
  yxzwsyed: Field,
  sq: Field,
})

const MoveGrant = Type.Object({ syqjq: Field, syqjz: Field })

const PERIOD = /^(\d{4})-?(0[1-9]|1[0-2])$/

export interface QuotaMove {
  serial: string
  direction: 'download' | 'return'
  amount: Amount
}

export function moveRequest(unit: UsingUnit, move: QuotaMove, asNumber: boolean): string {
  const yuan = formatAmount(move.amount)
  const request: QuotaMoveRequest = {
    nsrsbh: unit.taxNo,
    ptbh: unit.direct.leqiId,
    sqlx: move.direction === 'download' ? '0' : '1',
    sqed: yuan,
    ywlsh: move.serial,
  }
  const text = JSON.stringify(request)
  // Taken out of its quotes as it stands: a JavaScript number never holds money, and would lose the two decimals.
  return asNumber ? text.replace(`"sqed":"${yuan}"`, `"sqed":${yuan}`) : text
}

/**
 * Reads CXSXED.
 * Shape   9999999999999999 as month total or available amount means no limit (按需开票)
 * Units   yuan, at most two decimals, as text or number
 * Errors  odd: any figure that is not an amount, no flag, no period
 * Source  Leqi base capability document V4.000, CXSXED
 */
export function parseQuota(answer: JsonObject): Parsed<BureauQuota> {
  const state = readAs(QuotaState, answer)
  if (state === null) return odd('CXSXED')
  const flag = toText(state.ztsxbz)
  const monthTotal = toAmount(state.bysxed)
  const availableAmount = toAmount(state.kysyed)
  const downloadedAmount = toAmount(state.yxzed)
  const downloadedUnusedAmount = toAmount(state.yxzwsyed)
  const period = PERIOD.exec(toText(state.sq))
  if (flag !== 'Y' && flag !== 'N') return odd('ztsxbz')
  if (monthTotal === null) return odd('bysxed')
  if (availableAmount === null) return odd('kysyed')
  if (downloadedAmount === null) return odd('yxzed')
  if (downloadedUnusedAmount === null) return odd('yxzwsyed')
  if (period === null) return odd('sq')
  return parsed({
    isSuspended: flag === 'Y',
    monthTotal,
    availableAmount,
    downloadedAmount,
    downloadedUnusedAmount,
    // Year and month were matched above.
    period: `${period[1]}-${period[2]}` as TaxPeriod,
    isUnlimited: isUnlimited(state.bysxed) || isUnlimited(state.kysyed),
  })
}

/**
 * Reads the answer of XZTHSXED.
 * Shape   the interval of use, both ends included, for a download; nulls when it was not told
 * Errors  odd when an interval was told that is none
 * Source  Leqi base capability document V4.000, XZTHSXED
 */
export function parseMove(answer: JsonObject): Parsed<{ validFrom: LocalDate | null; validTo: LocalDate | null }> {
  const grant = readAs(MoveGrant, answer)
  if (grant === null) return odd('syqjq, syqjz')
  const validFrom = toDate(grant.syqjq)
  const validTo = toDate(grant.syqjz)
  const isTold = toText(grant.syqjq) !== '' || toText(grant.syqjz) !== ''
  if (isTold && (validFrom === null || validTo === null || validFrom > validTo)) return odd('syqjq, syqjz')
  return parsed({ validFrom, validTo })
}

function isUnlimited(field: Field): boolean {
  return toText(field).replace(/\.0+$/, '') === UNLIMITED_QUOTA
}
