/**
 * Numbering and uploading: ready invoices become batches, batches leave by the lane of their unit.
 *
 * A batch that is still in its lane when the engine stops is let go: none of it has left, and another replica or the next
 * start sends it at once.
 */
import pLimit, { type LimitFunction } from 'p-limit'
import type { HeldBatch } from '../../issuing/batch-ports.js'
import type { Hold } from '../../issuing/held.js'
import { reserve } from '../../issuing/reserve.js'
import { type Sendable, type UploadEnd, upload } from '../../issuing/upload.js'
import { isFrozenTooLong, isUnsent, withdraw } from '../../issuing/withdraw.js'
import { oldestAge, type UsingUnitId } from '../../kernel/ids.js'
import type { UsingUnit } from '../../taxpayer/taxpayer.js'
import type { Results } from './results.js'
import type { Stage } from './stage.js'
import type { Supplies } from './supplies.js'

/** Units looked at in one round of reserving. */
const UNIT_COUNT_MAX = 100
/** Invoices that wait for a number when intake should give way: some three batches. */
const BEHIND_COUNT = 300

export interface Uploads {
  reserveAll(): Promise<number>
  resend(): Promise<number>
  /** So many invoices came in. */
  expect(invoiceCount: number): void
  /** Invoices come in faster than they are numbered. */
  isBehind(): boolean
}

export function makeUploads(stage: Stage, results: Results, supplies: Supplies): Uploads {
  const { deps, holds, stopping } = stage
  const lanes = new Map<UsingUnitId, LimitFunction>()
  /** Invoices that came in and were not numbered yet, as far as this process knows; set right whenever none is ready. */
  let readyCount = 0

  function laneOf(unitId: UsingUnitId): LimitFunction {
    const lane = lanes.get(unitId) ?? pLimit(deps.uploadConcurrency)
    lanes.set(unitId, lane)
    return lane
  }

  function isFull(lane: LimitFunction): boolean {
    return lane.activeCount + lane.pendingCount >= deps.uploadConcurrency
  }

  /** Nothing is frozen with a date that may not be the bureau's; what cannot be called is parked without a date. */
  function isUndated(unit: UsingUnit): boolean {
    if (deps.channel.stopOf(unit) !== null) return false
    return unit.isVerified && unit.direct.isVerified && !deps.channel.isClockRight(unit.direct.id)
  }

  async function reserveAll(): Promise<number> {
    if (stopping.aborted) return 0
    // Full lanes rest: what is not reserved yet can still wait for a better moment, or another replica. And whoever can
    // send nothing now must not take the turn of one that can.
    const busy = [...lanes].flatMap(([unitId, lane]) => (isFull(lane) ? [unitId] : []))
    for (const unit of deps.directory().units) if (isUndated(unit)) busy.push(unit.id)
    const units = await deps.store.batches.unitsWithReadyInvoices(UNIT_COUNT_MAX, busy)
    if (units.length + busy.length === 0) readyCount = 0
    const found = await Promise.all(units.map(reserveUnit))
    return found.reduce((sum, count) => sum + count, 0)
  }

  async function reserveUnit(unitId: UsingUnitId): Promise<number> {
    if (stopping.aborted) return 0
    const sinceMs = deps.timers.elapsedMs()
    const { batch, parked } = await reserve(deps, unitId)
    const parkedCount = Object.values(parked).reduce((sum, count) => sum + count, 0)
    // Other replicas' invoices are numbered here, too.
    readyCount = Math.max(0, readyCount - parkedCount - (batch?.items.length ?? 0))
    if (parkedCount > 0) {
      deps.log('invoices.parked', { unitId, ...parked }, 'warn')
      supplies.markShort(unitId)
    }
    if (batch !== null) {
      reportReserved(batch.id, batch.items)
      send({ ...batch, wasInDoubt: false, doubtSince: null }, sinceMs)
    }
    return batch === null && parkedCount === 0 ? 0 : 1
  }

  /** An invoice's id is as old as its order is accepted. */
  function reportReserved(batchId: string, items: readonly { invoiceId: string }[]): void {
    const ids = items.map(({ invoiceId }) => invoiceId)
    const report = { batchId, size: items.length, waitedMs: oldestAge(ids, deps.clock.now()) }
    stage.report({ event: 'batch.reserved', ...report })
  }

  function send(batch: Sendable, sinceMs: number): void {
    const hold = holds.take('batches', [batch], sinceMs)
    stage.spawn('upload', async () => {
      try {
        await laneOf(batch.unit.id)(() => sendNow(batch, hold))
      } finally {
        hold.release()
        stage.kick('reserve')
      }
    })
  }

  async function sendNow(batch: Sendable, hold: Hold): Promise<void> {
    if (stopping.aborted) return deps.store.batches.letGo([batch])
    goOn(await upload({ ...deps, report: stage.report }, batch, hold), hold)
  }

  function goOn(end: UploadEnd, { sinceMs }: Hold): void {
    if (end.next === 'poll') stage.kickIn('poll', end.delayMs)
    if (end.next === 'later') stage.kickIn('resend', end.delayMs)
    if (end.next === 'publish') results.publishSoon(end.events, sinceMs)
    if (end.next === 'divided') for (const child of end.children) send(child, sinceMs)
  }

  async function resend(): Promise<number> {
    if (stopping.aborted || deps.channel.isClockWrong()) return 0
    const sinceMs = deps.timers.elapsedMs()
    const batches = await deps.store.batches.claimDue({
      lease: { owner: deps.owner, ms: deps.leaseMs },
      states: ['reserved', 'sending', 'in_doubt'],
      limit: deps.uploadConcurrency,
    })
    await Promise.all(batches.map((batch) => resendBatch(batch, sinceMs)))
    return batches.length
  }

  async function resendBatch(batch: HeldBatch, sinceMs: number): Promise<void> {
    const unit = deps.directory().unit(batch.usingUnitId)
    if (unit === null) return
    if (isUnsent(batch)) {
      const items = await deps.store.batches.loadItems(null, batch.id)
      if (isFrozenTooLong(items, deps.clock.now())) {
        await withdraw(deps, batch, items)
        return
      }
    }
    send({ ...batch, unit, items: await deps.store.batches.loadFrozen(batch.id) }, sinceMs)
  }

  return {
    reserveAll,
    resend,
    expect: (invoiceCount) => {
      readyCount += invoiceCount
    },
    isBehind: () => readyCount > BEHIND_COUNT,
  }
}
