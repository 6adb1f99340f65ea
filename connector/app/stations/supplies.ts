/** What units need from the bureau: numbers and quota; profiles, risks and tables. */
import pLimit from 'p-limit'
import { isUnitDue, refreshTables, refreshUnit, retryUnitAt } from '../../issuing/refresh.js'
import { planMoves, runMoves } from '../../issuing/replenish.js'
import type { UsingUnitId } from '../../kernel/ids.js'
import type { UsingUnit } from '../../taxpayer/taxpayer.js'
import type { Stage } from './stage.js'

/** Pause of a unit's supplies after a plan that led to nothing, so that an empty quota is not asked for all the time. */
const SUPPLY_PAUSE_MS = 10_000
/** Units whose supplies are judged at once; each may ask the bureau. */
const PLAN_COUNT_MAX = 8
/** Rounds of claims and downloads under way at once. */
const MOVE_ROUND_COUNT_MAX = 4

export interface Supplies {
  supply(): Promise<number>
  refresh(): Promise<number>
  /** Units that could not be asked may be asked again. */
  forgetProbes(): void
  /** A unit parked something for want of a supply. */
  markShort(unitId: UsingUnitId): void
}

export function makeSupplies(stage: Stage): Supplies {
  const { deps, holds, stopping } = stage
  const { report } = stage
  const pauses = new Map<UsingUnitId, number>()
  /** Units that parked something since their supplies were last looked at. */
  const shortUnits = new Set<UsingUnitId>()
  const probes = new Map<UsingUnitId, number>()
  /** Units whose supplies are being judged. */
  const planning = new Set<UsingUnitId>()
  const plans = pLimit(PLAN_COUNT_MAX)
  const moves = pLimit(MOVE_ROUND_COUNT_MAX)

  const isStopped = (unit: UsingUnit) => deps.channel.stopOf(unit) !== null

  async function supply(): Promise<number> {
    if (stopping.aborted || deps.channel.isClockWrong()) return 0
    const now = deps.clock.now()
    for (const unit of deps.directory().units) {
      if (planning.has(unit.id)) continue
      const isShort = shortUnits.delete(unit.id)
      if (!isShort && (pauses.get(unit.id) ?? 0) > now) continue
      planning.add(unit.id)
      stage.spawn('supply', () => plans(() => supplyUnit(unit)).finally(() => planning.delete(unit.id)))
    }
    // Nobody waits for a unit that the bureau lets wait, neither here nor in the next round.
    if (moves.activeCount < MOVE_ROUND_COUNT_MAX) stage.spawn('move', () => moves(moveDue))
    return 0
  }

  async function supplyUnit(unit: UsingUnit): Promise<void> {
    if (stopping.aborted) return
    const planned = await planMoves({ ...deps, holds, report }, unit)
    if (planned === 'nothing') pauses.set(unit.id, deps.clock.now() + SUPPLY_PAUSE_MS)
    else pauses.delete(unit.id)
    if (planned === 'planned' || shortUnits.has(unit.id)) stage.kick('moves')
  }

  async function moveDue(): Promise<void> {
    if (stopping.aborted) return
    const { count, delaysMs } = await runMoves({ ...deps, holds, report })
    for (const delayMs of delaysMs) stage.kickIn('moves', delayMs)
    if (count > 0) stage.kick('moves')
  }

  async function refresh(): Promise<number> {
    const refreshDeps = { ...deps, report, tables: deps.store.tables }
    for (const unit of deps.directory().units) {
      const now = deps.clock.now()
      if (stopping.aborted) return 0
      if (!isUnitDue(unit, now) || (probes.get(unit.id) ?? 0) > now || isStopped(unit)) continue
      const failure = await refreshUnit(refreshDeps, unit)
      if (failure !== null) probes.set(unit.id, retryUnitAt(failure, deps.clock.now()))
    }
    const asker = deps.directory().units.find((unit) => unit.isVerified && !isStopped(unit))
    if (asker !== undefined && !stopping.aborted) await refreshTables(refreshDeps, asker)
    return 0
  }

  return {
    supply,
    refresh,
    forgetProbes: () => probes.clear(),
    markShort(unitId) {
      shortUnits.add(unitId)
      stage.kick('moves')
    },
  }
}
