/**
 * The engine: the stations of the story, wired to each other (design §3).
 *
 *   inbox ─► reserve ─► upload ─► poll ─► outbox     moves (numbers, quota)     settings ─► refresh (profiles, tables)
 *
 * Every station finds its work in the database, so a restart, another replica or a lost kick only delays. Kicks carry
 * the work on at once inside this process; `signal` carries it between processes.
 */
import pLimit, { type LimitFunction } from 'p-limit'
import type { HeldBatch } from '../issuing/batch-ports.js'
import { type PollDeps, poll } from '../issuing/poll.js'
import type { PendingEvent, WorkSignal } from '../issuing/ports.js'
import { type PublishDeps, publish } from '../issuing/publish.js'
import { type ReceiveDeps, resumeInbox, resumeOrders } from '../issuing/receive.js'
import { isUnitDue, type RefreshDeps, refreshTables, refreshUnit, retryUnitAt } from '../issuing/refresh.js'
import { planMoves, type ReplenishDeps, runMoves } from '../issuing/replenish.js'
import { type ReserveDeps, reserve } from '../issuing/reserve.js'
import { type Sendable, type UploadDeps, upload } from '../issuing/upload.js'
import { isFrozenTooLong, isUnsent, withdraw } from '../issuing/withdraw.js'
import { PARK_CAUSES } from '../kernel/fault.js'
import type { UsingUnitId } from '../kernel/ids.js'
import type { Service } from './lifecycle.js'
import { makeStation, type Station } from './station.js'

/** Longest rest of the hot stations: the net under lost kicks and foreign leases that ran out. */
const HOT_REST_MS = 1_000
/** How often everything that waits is looked at again, oldest first. */
const SWEEP_REST_MS = 30_000
/** How often supplies are judged when nothing asks for them. */
const SUPPLY_REST_MS = 5_000
/** Pause of a unit's supplies after a plan that led to nothing, so that an empty quota is not asked for all the time. */
const SUPPLY_PAUSE_MS = 10_000
/** Parked rows looked at again by one sweep; a slice, so that a sweep never floods the stations. */
const SWEEP_COUNT_MAX = 500
/** Units looked at in one round of reserving. */
const UNIT_COUNT_MAX = 100
/** Invoices that wait for a number when intake should give way: some three batches. */
const BEHIND_COUNT = 300
/** Polls under way at once. */
const POLL_COUNT_MAX = 8
/** Events published in one go; the publisher's window of confirms. */
const EVENT_COUNT_MAX = 200
/** Leases are renewed this often; three renewals may fail before one runs out. */
const RENEW_REST_MS = 5_000

export type EngineDeps = ReceiveDeps &
  ReserveDeps &
  Omit<UploadDeps, 'report'> &
  Omit<PollDeps, 'report'> &
  Omit<PublishDeps, 'outbox' | 'report'> &
  Omit<ReplenishDeps, 'report'> &
  Omit<RefreshDeps, 'tables' | 'report'> & {
    uploader: PollDeps['uploader'] & UploadDeps['uploader'] & ReserveDeps['uploader']
    /** Uploads under way at once for one using unit. */
    uploadConcurrency: number
    log: (event: string, fields: Record<string, unknown>, level: 'debug' | 'info' | 'warn' | 'error') => void
  }

export interface Engine extends Service {
  signal(signals: readonly WorkSignal[]): void
  /** Batches being uploaded or polled now. */
  inFlightCount(): number
  /** So many invoices came in. */
  expect(invoiceCount: number): void
  /** Invoices come in faster than they are numbered. */
  isBehind(): boolean
}

export function makeEngine(deps: EngineDeps): Engine {
  const report = (fields: { event: string }) => deps.log(fields.event, { ...fields }, levelOf(fields.event))
  const lanes = new Map<UsingUnitId, LimitFunction>()
  const held = new Map<string, bigint>()
  const tasks = new Set<Promise<void>>()
  const pauses = new Map<UsingUnitId, number>()
  /** Units that parked something since their supplies were last looked at. */
  const shortUnits = new Set<UsingUnitId>()
  const probes = new Map<UsingUnitId, number>()
  /** Invoices that came in and were not numbered yet, as far as this process knows; set right whenever none is ready. */
  let readyCount = 0
  const polls = pLimit(POLL_COUNT_MAX)
  const settleDeps = { ...deps, report }

  /** Runs a piece of work beside the stations; `stop` waits for it, an error is told. */
  function spawn(name: string, work: () => Promise<void>): void {
    const task = work()
      .catch((error: unknown) => onError(name, error))
      .finally(() => tasks.delete(task))
    tasks.add(task)
  }

  function onError(name: string, error: unknown): void {
    deps.log('station.failed', { station: name, error }, 'error')
  }

  function laneOf(unitId: UsingUnitId): LimitFunction {
    const lane = lanes.get(unitId) ?? pLimit(deps.uploadConcurrency)
    lanes.set(unitId, lane)
    return lane
  }

  async function reserveAll(): Promise<number> {
    const units = await deps.store.batches.unitsWithReadyInvoices(UNIT_COUNT_MAX)
    if (units.length === 0) readyCount = 0
    const found = await Promise.all(units.map(reserveUnit))
    return found.reduce((sum, count) => sum + count, 0)
  }

  async function reserveUnit(unitId: UsingUnitId): Promise<number> {
    const lane = laneOf(unitId)
    // Full lanes rest: what is not reserved yet can still wait for a better moment, or another replica.
    if (lane.activeCount + lane.pendingCount >= deps.uploadConcurrency) return 0
    const { batch, parked } = await reserve(deps, unitId)
    const parkedCount = Object.values(parked).reduce((sum, count) => sum + count, 0)
    // Other replicas' invoices are numbered here, too.
    readyCount = Math.max(0, readyCount - parkedCount - (batch?.items.length ?? 0))
    if (parkedCount > 0) {
      deps.log('invoices.parked', { unitId, ...parked }, 'warn')
      shortUnits.add(unitId)
      stations.moves.kick()
    }
    if (batch !== null) send({ ...batch, wasInDoubt: false, doubtSince: null })
    return batch === null && parkedCount === 0 ? 0 : 1
  }

  function send(batch: Sendable): void {
    held.set(batch.id, batch.fence)
    spawn('upload', async () => {
      try {
        const end = await laneOf(batch.unit.id)(() => upload(settleDeps, batch))
        if (end.next === 'poll') stations.poll.kickAt(end.dueAt)
        if (end.next === 'later') stations.resend.kickAt(end.dueAt)
        if (end.next === 'publish') publishSoon(end.events)
        if (end.next === 'divided') for (const child of end.children) send(child)
      } finally {
        held.delete(batch.id)
        stations.reserve.kick()
      }
    })
  }

  async function resend(): Promise<number> {
    const batches = await deps.store.batches.claimDue({
      now: deps.clock.now(),
      lease: { owner: deps.owner, ms: deps.leaseMs },
      states: ['reserved', 'sending', 'in_doubt'],
      limit: deps.uploadConcurrency,
    })
    await Promise.all(batches.map(resendBatch))
    return batches.length
  }

  async function resendBatch(batch: HeldBatch): Promise<void> {
    const unit = deps.directory().unit(batch.usingUnitId)
    if (unit === null) return
    if (isUnsent(batch)) {
      const items = await deps.store.batches.loadItems(null, batch.id)
      if (isFrozenTooLong(items, deps.clock.now())) {
        await withdraw(deps, batch, items)
        return
      }
    }
    send({ ...batch, unit, items: await deps.store.batches.loadFrozen(batch.id) })
  }

  async function pollDue(): Promise<number> {
    const freeCount = POLL_COUNT_MAX - polls.activeCount - polls.pendingCount
    if (freeCount <= 0) return 0
    const batches = await deps.store.batches.claimDue({
      now: deps.clock.now(),
      lease: { owner: deps.owner, ms: deps.leaseMs },
      states: ['accepted'],
      limit: freeCount,
    })
    for (const batch of batches) pollSoon(batch)
    // Fewer than asked for were all that is due; what becomes due later has its own kick.
    return batches.length === freeCount ? freeCount : 0
  }

  function pollSoon(batch: HeldBatch): void {
    const unit = deps.directory().unit(batch.usingUnitId)
    if (unit === null) return
    held.set(batch.id, batch.fence)
    spawn('poll', async () => {
      try {
        const { dueAt, events } = await polls(() => poll(settleDeps, batch, unit))
        if (events.length > 0) publishSoon(events)
        if (dueAt !== null) stations.poll.kickAt(dueAt)
      } finally {
        held.delete(batch.id)
        // There is a free hand again, and a due batch that was just being renewed was stepped over.
        stations.poll.kick()
      }
    })
  }

  function publishSoon(events: readonly PendingEvent[]): void {
    spawn('publish', () => publishAll(events))
  }

  async function publishDue(): Promise<number> {
    const lease = { owner: deps.owner, ms: deps.leaseMs }
    const events = await deps.store.outbox.claimDue({ now: deps.clock.now(), lease, limit: EVENT_COUNT_MAX })
    if (events.length > 0) await publishAll(events)
    return events.length
  }

  async function publishAll(events: readonly PendingEvent[]): Promise<void> {
    const dueAt = await publish({ ...deps, report, outbox: deps.store.outbox }, events)
    if (dueAt !== null) stations.outbox.kickAt(dueAt)
  }

  async function supply(): Promise<number> {
    const now = deps.clock.now()
    for (const unit of deps.directory().units) {
      const isShort = shortUnits.delete(unit.id)
      if (!isShort && (pauses.get(unit.id) ?? 0) > now) continue
      const planning = await planMoves({ ...deps, report }, unit)
      if (planning === 'nothing') pauses.set(unit.id, now + SUPPLY_PAUSE_MS)
      else pauses.delete(unit.id)
    }
    const { count, dueAts } = await runMoves({ ...deps, report })
    for (const dueAt of dueAts) stations.moves.kickAt(dueAt)
    return count
  }

  async function renewSettings(): Promise<number> {
    await deps.renewDirectory()
    for (const each of [stations.inbox, stations.reserve, stations.refresh]) each.kick()
    return 0
  }

  async function refresh(): Promise<number> {
    const refreshDeps = { ...deps, report, tables: deps.store.tables }
    for (const unit of deps.directory().units) {
      const now = deps.clock.now()
      if (!isUnitDue(unit, now) || (probes.get(unit.id) ?? 0) > now) continue
      const failure = await refreshUnit(refreshDeps, unit)
      if (failure !== null) probes.set(unit.id, retryUnitAt(failure, deps.clock.now()))
    }
    const asker = deps.directory().units.find((unit) => unit.isVerified)
    if (asker !== undefined) await refreshTables(refreshDeps, asker)
    return 0
  }

  /** The net under every wake-up: what waits is let go on in slices; what still cannot is parked again. */
  async function sweep(): Promise<number> {
    const causes = PARK_CAUSES.filter((cause) => cause !== 'manual_hold' && cause !== 'defect')
    await deps.store.database.transaction((tx) => deps.store.orders.wake(tx, { causes, limit: SWEEP_COUNT_MAX }))
    for (const station of [stations.inbox, stations.reserve, stations.resend]) station.kick()
    return 0
  }

  async function renew(): Promise<number> {
    const batches = [...held].map(([id, fence]) => ({ id, fence }))
    if (batches.length > 0) await deps.store.batches.renewLeases(batches, deps.leaseMs)
    return 0
  }

  const station = (name: string, restMsMax: number, run: () => Promise<number>) =>
    makeStation({ name, restMsMax, run, clock: deps.clock, onError })
  const stations = {
    settings: station('settings', SWEEP_REST_MS, renewSettings),
    refresh: station('refresh', SWEEP_REST_MS, refresh),
    inbox: station('inbox', HOT_REST_MS, async () => (await resumeInbox(deps)) + (await resumeOrders(deps))),
    reserve: station('reserve', HOT_REST_MS, reserveAll),
    resend: station('resend', HOT_REST_MS, resend),
    poll: station('poll', HOT_REST_MS, pollDue),
    outbox: station('outbox', HOT_REST_MS, publishDue),
    moves: station('moves', SUPPLY_REST_MS, supply),
    sweep: station('sweep', SWEEP_REST_MS, sweep),
    renew: station('renew', RENEW_REST_MS, renew),
  } satisfies Record<string, Station>

  const stationOf: Record<WorkSignal, Station> = {
    inbox: stations.inbox,
    orders: stations.inbox,
    invoices: stations.reserve,
    batches: stations.resend,
    moves: stations.moves,
    events: stations.outbox,
    settings: stations.settings,
  }

  return {
    signal: (signals) => {
      for (const signal of signals) stationOf[signal].kick()
    },
    inFlightCount: () => held.size,
    expect: (invoiceCount) => {
      readyCount += invoiceCount
    },
    isBehind: () => readyCount > BEHIND_COUNT,
    async start() {
      for (const each of Object.values(stations)) await each.start()
    },
    async stop() {
      const { renew: renewing, ...others } = stations
      await Promise.all(Object.values(others).map((each) => each.stop()))
      while (tasks.size > 0) await Promise.all(tasks)
      await renewing.stop()
    },
  }
}

function levelOf(event: string): 'debug' | 'info' | 'warn' {
  if (event.endsWith('failed') || event.startsWith('quota.')) return 'warn'
  return event.startsWith('batch.') || event.startsWith('results.') ? 'debug' : 'info'
}
