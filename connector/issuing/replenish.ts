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
import { after, type Clock, chinaYear, type Instant, taxPeriodOf } from '../kernel/time.js'
import { countNumbers, planClaim } from '../number-segment/replenish.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import { neverSentDelayMs, type Random } from './backoff.js'
import type { BureauFailure, ClaimAnswer, DownloadAnswer, NumberBureau, QuotaBureau } from './bureau.js'
import type { Directory } from './directory.js'
import type { IssuingStore } from './ports.js'
import type { HeldMove } from './supply-ports.js'
import type { Tx } from './transaction.js'

/** Longest wait for the answer to a claim or a quota call. */
const MOVE_TIMEOUT_MS = 30_000
/** Pause after the bureau refused a claim or download: nothing will have changed a second later. */
const REFUSED_PAUSE_MS = 60_000
/** Moves taken up at once. */
const MOVE_COUNT_MAX = 10
/** Parked rows woken by one grant; the sweep wakes the rest in slices. */
const WAKE_COUNT_MAX = 10_000

export interface ReplenishDeps {
  store: IssuingStore
  directory: () => Directory
  bureau: NumberBureau & QuotaBureau
  ids: IdSource
  clock: Clock
  random: Random
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
  if (!unit.isVerified || !unit.direct.isVerified) return 'nothing'
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
  const planned = await planMove(deps, unit, { kind: 'number_claim', numberCount, amount: null, period: null }, now)
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
  return (await planMove(deps, unit, move, now)) ? 'planned' : 'nothing'
}

async function planMove(
  deps: ReplenishDeps,
  unit: UsingUnit,
  move: Pick<HeldMove, 'kind' | 'numberCount' | 'amount' | 'period'>,
  now: Instant,
): Promise<boolean> {
  const planned = await deps.store.moves.plan({
    ...move,
    id: deps.ids.uuid(),
    usingUnitId: unit.id,
    serial: makeRequestSerial(unit, deps.ids),
    dueAt: now,
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

/** A round of moves; `dueAts`: when those that must be asked again are due. */
interface MoveRound {
  count: number
  dueAts: readonly Instant[]
}

/** Carries out due moves. */
export async function runMoves(deps: ReplenishDeps): Promise<MoveRound> {
  const held = await deps.store.moves.claimDue({
    now: deps.clock.now(),
    lease: { owner: deps.owner, ms: deps.leaseMs },
    limit: MOVE_COUNT_MAX,
  })
  const dueAts = await Promise.all(held.map((move) => runMove(deps, move)))
  return { count: held.length, dueAts: dueAts.filter((dueAt) => dueAt !== null) }
}

/** Carries out one move; when to ask again under its serial, or null. */
async function runMove(deps: ReplenishDeps, move: HeldMove): Promise<Instant | null> {
  const unit = deps.directory().unit(move.usingUnitId)
  if (unit === null) return null
  const answer = await callBureau(deps, unit, move)
  const at = deps.clock.now()
  const next = afterAnswer(deps, move, answer, at)
  await deps.store.database.transaction((tx) => conclude(deps, tx, unit, move, answer, { ...next, at }))
  deps.report({
    event: 'move.finished',
    taxNo: unit.taxNo,
    kind: move.kind,
    outcome: answer.kind,
    code: 'code' in answer ? answer.code : null,
    count: move.numberCount,
  })
  return next.dueAt
}

function callBureau(deps: ReplenishDeps, unit: UsingUnit, move: HeldMove): Promise<ClaimAnswer | DownloadAnswer> {
  const options = { deadline: after(deps.clock.now(), MOVE_TIMEOUT_MS) }
  if (move.kind === 'number_claim') {
    return deps.bureau.claimNumbers(unit, { serial: move.serial, count: move.numberCount ?? 0 }, options)
  }
  const direction = move.kind === 'quota_download' ? 'download' : 'return'
  const amount = move.amount
  if (amount === null) throw new Error(`quota move ${move.id} has no amount`)
  return deps.bureau.moveQuota(unit, { serial: move.serial, direction, amount }, options)
}

async function conclude(
  deps: ReplenishDeps,
  tx: Tx,
  unit: UsingUnit,
  move: HeldMove,
  answer: ClaimAnswer | DownloadAnswer,
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
  await deps.store.numbers.addSegment(tx, {
    id: deps.ids.uuid(),
    usingUnitId: unit.id,
    moveId: move.id,
    year: 2000 + Number(granted.first.slice(0, 2)),
    first: granted.first,
    last: granted.last,
    size,
  })
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
  await deps.store.quota.creditDownload(tx, unit.id, move.period, {
    amount: move.amount,
    moveId: move.id,
    validFrom: granted.validFrom,
    validTo: granted.validTo,
  })
  await wake(deps, tx, unit.id, 'quota_empty')
  await wake(deps, tx, unit.id, 'period_closed')
}

async function wake(
  deps: ReplenishDeps,
  tx: Tx,
  usingUnitId: UsingUnitId,
  cause: 'number_pool_empty' | 'quota_empty' | 'period_closed',
): Promise<void> {
  await deps.store.orders.wake(tx, { causes: [cause], usingUnitId, limit: WAKE_COUNT_MAX })
  await deps.store.signals.announce(tx, ['invoices'])
}

function afterAnswer(deps: ReplenishDeps, move: HeldMove, answer: ClaimAnswer | DownloadAnswer, at: Instant) {
  switch (answer.kind) {
    case 'granted':
      return { to: 'granted' as const, dueAt: null }
    case 'refused':
      return { to: 'refused' as const, dueAt: null }
    case 'in_doubt':
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
