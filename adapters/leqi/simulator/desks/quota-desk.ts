/**
 * CXSXED and XZTHSXED: the month's quota (发票额度), downloads and returns.
 *
 * Invariants: a download never exceeds what is available, a return never what is downloaded and unused; a repeated
 * serial never moves anything twice.
 */
import { type QuotaMoveAnswer, type QuotaStateAnswer, UNLIMITED_QUOTA } from '../../wire.js'
import { availableOf, type PeriodLedger, type QuotaMove, unusedOf } from '../books.js'
import { daysOfPeriod, toChinaDate, toPeriod } from '../clock.js'
import { readFen, toYuan } from '../exact.js'
import { type DeskAnswer, isOwnSerial, readField, refuse, refuseForeignTaxNo, type Visit } from './visit.js'

/** Day of the month on which VAT returns are due; holidays move it in real life, never here. Source: rulebook 3.3. */
const FILING_DEADLINE_DAY = '15'
const AMOUNT_PATTERN = /^\d{1,18}(\.\d{1,2})?$/

/** Source: Leqi base capability document, CXSXED; rulebook 3.1 and 3.4. */
export function queryQuota(visit: Visit): DeskAnswer {
  const foreign = refuseForeignTaxNo(visit)
  if (foreign !== null) return foreign
  const { traits } = visit.taxpayer
  const ledger = visit.books.ledgerOf(visit.taxpayer, toPeriod(visit.nowMs))
  const data: Omit<QuotaStateAnswer, 'returncode'> = {
    ztsxbz: traits.isQuotaSuspended ? 'Y' : 'N',
    bysxed: traits.hasUnlimitedQuota ? UNLIMITED_QUOTA : toYuan(ledger.total),
    kysyed: traits.hasUnlimitedQuota ? UNLIMITED_QUOTA : toYuan(availableOf(ledger)),
    yxzed: toYuan(ledger.downloaded),
    yxzwsyed: toYuan(unusedOf(ledger)),
    sq: ledger.period,
  }
  return { kind: 'done', data }
}

/**
 * Units   net yuan
 * Errors  refused with L-112 while suspended, L-113 above the bounds or for a repeated serial with other figures
 * Source  rulebook 3.2; Leqi base capability document, XZTHSXED
 */
export function moveQuota(visit: Visit): DeskAnswer {
  const foreign = refuseForeignTaxNo(visit)
  if (foreign !== null) return foreign
  const direction = readField(visit.request, 'sqlx')
  const amountText = readField(visit.request, 'sqed')
  const serial = readField(visit.request, 'ywlsh')
  if (readField(visit.request, 'ptbh') !== visit.direct.leqiId)
    return refuse('参数校验异常：平台编号不是直连单位的平台编号')
  if (direction !== '0' && direction !== '1') return refuse('参数校验异常：申请类型应为0或1')
  if (!isOwnSerial(visit, serial))
    return refuse('参数校验异常：业务流水号应为使用单位平台编号+直连单位平台编号+32位随机数')
  if (!AMOUNT_PATTERN.test(amountText)) return refuse('参数校验异常：申请额度格式不正确')
  const amount = readFen(amountText)
  if (amount === 0n) return refuse('参数校验异常：申请额度应大于0')

  const wanted = { serial, direction: direction === '0' ? 'download' : 'return', amount } as const
  const account = visit.books.accountOf(visit.taxpayer)
  const earlier = account.moves.get(serial)
  if (earlier !== undefined) {
    const isSame = earlier.direction === wanted.direction && earlier.amount === amount
    return isSame ? answer(earlier) : refuse('[L-113] 业务流水号重复，且申请类型或申请额度与首次申请不一致')
  }
  const ledger = visit.books.ledgerOf(visit.taxpayer, toPeriod(visit.nowMs))
  const refusal = wanted.direction === 'download' ? download(visit, ledger, amount) : giveBack(ledger, amount)
  if (refusal !== null) return refusal
  const { period, windowFrom, windowTo } = ledger
  const move: QuotaMove = { ...wanted, period, atMs: visit.nowMs, windowFrom, windowTo }
  account.moves.set(serial, move)
  return answer(move)
}

function download(visit: Visit, ledger: PeriodLedger, amount: bigint): DeskAnswer | null {
  const { traits } = visit.taxpayer
  if (traits.isQuotaSuspended) return refuse('[L-112] 当前纳税人已暂停赋额，不能下载发票额度')
  if (!traits.hasUnlimitedQuota && amount > availableOf(ledger)) {
    return refuse('[L-113] 申请下载额度大于可用剩余额度')
  }
  ledger.downloaded += amount
  const days = daysOfPeriod(ledger.period)
  const deadline = ledger.period + FILING_DEADLINE_DAY
  const isBeforeDeadline = toChinaDate(visit.nowMs).replaceAll('-', '') <= deadline
  ledger.windowFrom = days.first
  ledger.windowTo = !traits.isFiled && isBeforeDeadline ? deadline : days.last
  return null
}

function giveBack(ledger: PeriodLedger, amount: bigint): DeskAnswer | null {
  if (amount > unusedOf(ledger)) return refuse('[L-113] 申请退回额度大于已下载未使用额度')
  ledger.downloaded -= amount
  return null
}

/** The window is answered for a download only; the balance never is. Source: rulebook 3.2. */
function answer(move: QuotaMove): DeskAnswer {
  if (move.direction === 'return') return { kind: 'done', data: {} }
  const data: Omit<QuotaMoveAnswer, 'returncode'> = { syqjq: move.windowFrom ?? '', syqjz: move.windowTo ?? '' }
  return { kind: 'done', data }
}
