/**
 * Keeps the units supplied: claims numbers below the warning count, downloads quota when it runs short (P8, P9).
 *
 * A move is a row with its serial before the call. Whatever happens to the answer, the same serial with the same figures
 * is asked again until the bureau says granted or refused; credit is booked only then, and what waited for it wakes in
 * the same transaction.
 */

import { limitDownload, wantedDownload } from '../credit-quota/replenish.js'
import type { IdSource, UsingUnitId } from '../kernel/ids.js'
import { assertNever } from '../kernel/never.js'
import {
  after,
  chinaYear,
  type Instant,
  type LocalDate,
  type TaxPeriod,
  type Timers,
  taxPeriodOf,
} from '../kernel/time.js'
import { countNumbers, planClaim } from '../number-segment/replenish.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import { type AskDeps, askTwice, inDoubt, MOVE_TIMEOUT_MS, type MoveAnswer } from './ask-twice.js'
import { neverSentDelayMs, type Random } from './backoff.js'
import type { BureauFailure, ClaimAnswer, DownloadAnswer } from './bureau.js'
import type { ChannelWatch } from './channel-ports.js'
import type { Directory } from './directory.js'
import type { Hold, Holds } from './held.js'
import { type IssuingStore, WAKE_SLICE_COUNT } from './ports.js'
import type { HeldMove } from './supply-ports.js'
import type { Tx } from './transaction.js'

/** Pause after the bureau refused a claim or download: nothing will have changed a second later. */
const REFUSED_PAUSE_MS = 60_000
/** Moves taken up at once. */
const MOVE_COUNT_MAX = 10

export interface ReplenishDeps extends AskDeps {
  store: IssuingStore
  directory: () => Directory
  channel: Pick<ChannelWatch, 'stopOf'>
  ids: IdSource
  timers: Pick<Timers, 'elapsedMs'>
  random: Random
  holds: Pick<Holds, 'take'>
  owner: string
  leaseMs: number
  report: (report: ReplenishReport) => void
}

interface ReplenishReport {
  event: 'move.planned' | 'move.finished' | 'quota.unread' | 'quota.exhausted'
  taxNo: string
  kind: HeldMove['kind']
  outcome?: string
  code?: string | null
  count?: number | null
}

/** `unread`: the bureau could not be asked what it offers, so nobody knows yet. */
type Planning = 'planned' | 'nothing' | 'unread'

/** Plans what a unit is short of. */
export async function planMoves(deps: ReplenishDeps, unit: UsingUnit): Promise<Planning> {
  const isOpen = deps.channel.stopOf(unit) === null
  if (!unit.isVerified || !unit.direct.isVerified || unit.isRestored || !isOpen) return 'nothing'
  const isClaimPlanned = await planNumberClaim(deps, unit)
  const download = await planDownload(deps, unit)
  return isClaimPlanned ? 'planned' : download
}

async function planNumberClaim(deps: ReplenishDeps, unit: UsingUnit): Promise<boolean> {
  const now = deps.clock.now()
  const stock = await deps.store.numbers.stock(null, unit.id, chinaYear(now))
  const waitingCount = await deps.store.batches.countParked(unit.id, 'number_pool_empty')
  const numberCount = planClaim(unit.settings, stock, waitingCount)
  if (numberCount === 0) return false
  const planned = await planMove(deps, unit, { kind: 'number_claim', numberCount, amount: null, period: null })
  return planned
}

async function planDownload(deps: ReplenishDeps, unit: UsingUnit): Promise<Planning> {
  const now = deps.clock.now()
  const period = taxPeriodOf(now)
  const quota = await deps.store.quota.load(null, unit.id, period)
  const wanted = wantedDownload(
    unit.settings,
    quota?.availableAmount ?? null,
    await deps.store.quota.shortAmount(unit.id),
  )
  if (wanted === null) return 'nothing'
  const answer = await deps.bureau.queryQuota(unit, { deadline: after(now, MOVE_TIMEOUT_MS) })
  if (answer.kind !== 'quota') {
    deps.report({
      event: 'quota.unread',
      taxNo: unit.taxNo,
      kind: 'quota_download',
      outcome: answer.kind,
      code: answer.code,
    })
    return 'unread'
  }
  await deps.store.quota.recordBureau(unit.id, period, answer.quota, now)
  const amount = answer.quota.period === period ? limitDownload(wanted, answer.quota) : null
  if (amount === null) {
    deps.report({ event: 'quota.exhausted', taxNo: unit.taxNo, kind: 'quota_download' })
    return 'nothing'
  }
  const move = { kind: 'quota_download' as const, numberCount: null, amount, period }
  return (await planMove(deps, unit, move)) ? 'planned' : 'nothing'
}

async function planMove(
  deps: ReplenishDeps,
  unit: UsingUnit,
  move: Pick<HeldMove, 'kind' | 'numberCount' | 'amount' | 'period'>,
): Promise<boolean> {
  const planned = await deps.store.moves.plan({
    ...move,
    id: deps.ids.uuid(),
    usingUnitId: unit.id,
    serial: makeRequestSerial(unit, deps.ids),
  })
  if (planned !== null) {
    deps.report({ event: 'move.planned', taxNo: unit.taxNo, kind: move.kind, count: move.numberCount })
  }
  return planned !== null
}

/**
 * 业务流水号: using unit's id + direct unit's id + 32 random characters.
 * Source: Leqi base capability, QDFPPLFM and XZTHSXED.
 */
function makeRequestSerial(unit: UsingUnit, ids: IdSource): string {
  return `${unit.leqiId}${unit.direct.leqiId}${ids.serial()}`
}

/** A round of moves; `delaysMs`: how long those wait that must be asked again. */
interface MoveRound {
  count: number
  delaysMs: readonly number[]
}

/** Carries out due moves. */
export async function runMoves(deps: ReplenishDeps): Promise<MoveRound> {
  const sinceMs = deps.timers.elapsedMs()
  const held = await deps.store.moves.claimDue({
    lease: { owner: deps.owner, ms: deps.leaseMs },
    limit: MOVE_COUNT_MAX,
    resting: deps
      .directory()
      .units.filter((unit) => deps.channel.stopOf(unit) !== null)
      .map(({ id }) => id),
  })
  const delaysMs = await Promise.all(held.map((move) => holdMove(deps, move, sinceMs)))
  return { count: held.length, delaysMs: delaysMs.filter((delayMs) => delayMs !== null) }
}

async function holdMove(deps: ReplenishDeps, move: HeldMove, sinceMs: number): Promise<number | null> {
  const hold = deps.holds.take('moves', [move], sinceMs)
  try {
    return await runMove(deps, move, hold)
  } finally {
    hold.release()
  }
}

/** Carries out one move; how long to wait before asking again under its serial, or null. */
async function runMove(deps: ReplenishDeps, move: HeldMove, hold: Hold): Promise<number | null> {
  const unit = deps.directory().unit(move.usingUnitId)
  if (unit === null || !hold.isTrusted()) return null
  const { answer, delayMs } = await settle(deps, unit, move, await askTwice(deps, unit, move, hold))
  deps.report({
    event: 'move.finished',
    taxNo: unit.taxNo,
    kind: move.kind,
    outcome: answer.kind,
    code: 'code' in answer ? answer.code : null,
    count: move.numberCount,
  })
  return delayMs
}

/** Writes an answer down; a segment that shares a number with another one cannot be ours, and is asked for again. */
async function settle(
  deps: ReplenishDeps,
  unit: UsingUnit,
  move: HeldMove,
  answer: MoveAnswer,
): Promise<{ answer: MoveAnswer; delayMs: number | null }> {
  const at = deps.clock.now()
  const next = afterAnswer(deps, move, answer, at)
  try {
    await deps.store.database.transaction('move.settle', (tx) =>
      conclude(deps, tx, unit, move, answer, { ...next, at }),
    )
  } catch (error) {
    if (!(error instanceof SegmentOverlaps)) throw error
    return settle(deps, unit, move, inDoubt('BUR-SEGMENT-overlap', '税局分配的号段与已有号段重叠'))
  }
  return { answer, delayMs: next.dueAt === null ? null : next.dueAt - at }
}

/** Rolls the transaction back that would have credited it. */
class SegmentOverlaps extends Error {
  override name = 'SegmentOverlaps'
}

async function conclude(
  deps: ReplenishDeps,
  tx: Tx,
  unit: UsingUnit,
  move: HeldMove,
  answer: MoveAnswer,
  next: ReturnType<typeof afterAnswer> & { at: Instant },
): Promise<void> {
  const isHeld = await deps.store.moves.finish(tx, { id: move.id, fence: move.fence, ...next, answer })
  if (!isHeld || answer.kind !== 'granted') return
  if ('first' in answer) await creditNumbers(deps, tx, unit, move, answer)
  else await creditQuota(deps, tx, unit, move, answer)
}

async function creditNumbers(
  deps: ReplenishDeps,
  tx: Tx,
  unit: UsingUnit,
  move: HeldMove,
  granted: Extract<ClaimAnswer, { kind: 'granted' }>,
): Promise<void> {
  const size = Number(countNumbers(granted.first, granted.last))
  const added = await deps.store.numbers.addSegment(tx, {
    id: deps.ids.uuid(),
    usingUnitId: unit.id,
    moveId: move.id,
    year: 2000 + Number(granted.first.slice(0, 2)),
    first: granted.first,
    last: granted.last,
    size,
  })
  if (added === 'overlaps') throw new SegmentOverlaps()
  await wake(deps, tx, unit.id, 'number_pool_empty')
}

async function creditQuota(
  deps: ReplenishDeps,
  tx: Tx,
  unit: UsingUnit,
  move: HeldMove,
  granted: Extract<DownloadAnswer, { kind: 'granted' }>,
): Promise<void> {
  if (move.amount === null || move.period === null) throw new Error(`quota move ${move.id} lacks amount or period`)
  await deps.store.quota.creditDownload(tx, unit.id, creditedPeriod(move.period, granted.validFrom), {
    amount: move.amount,
    moveId: move.id,
    validFrom: granted.validFrom,
    validTo: granted.validTo,
  })
  await wake(deps, tx, unit.id, 'quota_empty')
  await wake(deps, tx, unit.id, 'period_closed')
}

/**
 * The month that a download counts in at the bureau: that of its interval of use. A wish of the last evening of a month
 * may arrive on the first morning of the next one, and the request names no month.
 * Source: Leqi base capability, XZTHSXED (syqjq); rulebook 3.2.
 */
function creditedPeriod(wished: TaxPeriod, validFrom: LocalDate | null): TaxPeriod {
  // yyyy-MM-dd begins with its month.
  return validFrom === null ? wished : (validFrom.slice(0, 'yyyy-MM'.length) as TaxPeriod)
}

async function wake(
  deps: ReplenishDeps,
  tx: Tx,
  usingUnitId: UsingUnitId,
  cause: 'number_pool_empty' | 'quota_empty' | 'period_closed',
): Promise<void> {
  await deps.store.orders.wake(tx, { causes: [cause], usingUnitId, limit: WAKE_SLICE_COUNT, goesOn: true })
  await deps.store.signals.announce(tx, ['invoices'])
}

function afterAnswer(deps: ReplenishDeps, move: HeldMove, answer: MoveAnswer, at: Instant) {
  switch (answer.kind) {
    case 'granted':
      return { to: 'granted' as const, dueAt: null }
    case 'refused':
      return { to: 'refused' as const, dueAt: null }
    case 'in_doubt':
    case 'number_held':
    case 'never_sent':
      return { to: 'in_doubt' as const, dueAt: after(at, retryDelayMs(deps, move, answer)) }
    case 'rate_limited':
      return { to: 'in_doubt' as const, dueAt: after(at, answer.retryAfterMs) }
    case 'unit_fault':
      return { to: 'in_doubt' as const, dueAt: after(at, REFUSED_PAUSE_MS) }
    default:
      return assertNever(answer)
  }
}

function retryDelayMs(deps: ReplenishDeps, move: HeldMove, answer: BureauFailure): number {
  const asked = answer.kind === 'never_sent' ? answer.retryAfterMs : null
  return asked ?? neverSentDelayMs(move.attempts, deps.random)
}
