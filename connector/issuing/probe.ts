/**
 * Finds out whether a stopped way to the bureau is open again: by one read, of one replica, never by an upload.
 *
 * | stop | gone when |
 * | --- | --- |
 * | bureau_unreachable | the read is answered, whatever the answer says |
 * | rate_limited | its pause is over; nobody is asked |
 * | the unit was not let in | the read succeeds |
 *
 * The transaction that removes a stop wakes what waited for it, oldest first.
 */
import { after, type Clock, type Instant } from '../kernel/time.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import { MENDED_PROBE_MS, STOPPED_MS_MAX, unreachableProbeDelayMs } from './backoff.js'
import type { BureauFailure, TaxpayerBureau } from './bureau.js'
import type { Channel } from './channel.js'
import { type Stop, stops } from './channel-ports.js'
import type { Directory } from './directory.js'
import { type IssuingStore, WAKE_SLICE_COUNT } from './ports.js'

const READ_TIMEOUT_MS = 30_000
/** Longer than the read may take, inner tries included. */
const PROBE_LEASE_MS = 45_000
const PROBE_COUNT_MAX = 20

export interface ProbeDeps {
  store: Pick<IssuingStore, 'database' | 'stops' | 'orders' | 'signals'>
  directory: () => Directory
  bureau: Pick<TaxpayerBureau, 'readProfile'>
  channel: Pick<Channel, 'isClockRight' | 'stopOf'>
  clock: Clock
  report: (report: ProbeReport) => void
}

type LiftDeps = Pick<ProbeDeps, 'store' | 'directory' | 'clock' | 'report'>

export type ProbeReport =
  | { event: 'channel.resumed'; directUnitId: string; usingUnitId: string | null; cause: string; stoppedMs: number }
  /** The second and last alert of a stop. */
  | {
      event: 'channel.stopped-for-long'
      directUnitId: string
      usingUnitId: string | null
      cause: string
      stoppedMs: number
    }

/** Probes every stop that is due; how many went. */
export async function probeStops(deps: ProbeDeps): Promise<number> {
  const due = await deps.store.stops.claimDue({ leaseMs: PROBE_LEASE_MS, limit: PROBE_COUNT_MAX })
  const gone = await Promise.all(due.map((stop) => probe(deps, stop)))
  return gone.filter((isGone) => isGone).length
}

/** A unit was answered although its way is stopped: somebody asked, and it is open again. */
export async function liftStops(deps: LiftDeps, unit: UsingUnit): Promise<void> {
  for (const stop of await deps.store.stops.load()) {
    if (stop.cause !== 'rate_limited' && stops(stop, unit)) await lift(deps, stop)
  }
}

/** Asks each bureau whose time this process does not know, or does not agree with. */
export async function compareClocks(deps: ProbeDeps): Promise<void> {
  const { directUnits, units } = deps.directory()
  const asked = directUnits.flatMap(({ id }) => {
    const unit = units.find(({ direct }) => direct.id === id)
    const isAsked = unit !== undefined && !deps.channel.isClockRight(id) && deps.channel.stopOf(unit) === null
    return isAsked ? [unit] : []
  })
  await Promise.all(asked.map((unit) => ask(deps, unit)))
}

async function probe(deps: ProbeDeps, stop: Stop): Promise<boolean> {
  if (stop.cause === 'rate_limited') return lift(deps, stop)
  const held = deps.directory().units.filter((each) => stops(stop, each))
  // In turns: one that is refused itself must not answer for all the others.
  const unit = held[stop.failedProbes % held.length]
  // Without a unit that issues nobody can ask, and nothing waits.
  if (unit === undefined) return lift(deps, stop)
  const failure = await ask(deps, unit)
  if (isMended(stop, failure)) return lift(deps, stop)
  await postpone(deps, stop)
  return false
}

async function ask(deps: ProbeDeps, unit: UsingUnit): Promise<BureauFailure | null> {
  const deadline = after(deps.clock.now(), READ_TIMEOUT_MS)
  const answer = await deps.bureau.readProfile(unit, { deadline, isProbe: true })
  return answer.kind === 'read' ? null : answer
}

function isMended({ cause }: Stop, failure: BureauFailure | null): boolean {
  if (failure === null) return true
  // Being refused, or told to slow down, or not let in, is being answered.
  const isAnswered = failure.kind === 'refused' || failure.kind === 'rate_limited' || failure.kind === 'unit_fault'
  return cause === 'bureau_unreachable' && isAnswered
}

async function lift(deps: LiftDeps, stop: Stop): Promise<boolean> {
  const { store } = deps
  const held = deps.directory().units.filter((unit) => stops(stop, unit))
  const isLifted = await store.database.transaction('stop.lift', async (tx) => {
    if (!(await store.stops.lift(tx, stop.id))) return false
    for (const { id: usingUnitId } of held) {
      await store.orders.wake(tx, { causes: [stop.cause], usingUnitId, limit: WAKE_SLICE_COUNT, goesOn: true })
    }
    await store.signals.announce(tx, ['stops', 'inbox', 'invoices', 'batches', 'moves'])
    return true
  })
  if (isLifted) deps.report({ event: 'channel.resumed', ...tell(stop, deps.clock.now()) })
  return isLifted
}

async function postpone(deps: ProbeDeps, stop: Stop): Promise<void> {
  const isUnreachable = stop.cause === 'bureau_unreachable'
  const probeInMs = isUnreachable ? unreachableProbeDelayMs(stop.failedProbes + 1) : MENDED_PROBE_MS
  const told = tell(stop, deps.clock.now())
  const isLong = told.stoppedMs >= STOPPED_MS_MAX
  await deps.store.stops.postpone(stop.id, { probeInMs, isTold: isLong })
  if (isLong && !stop.isTold) deps.report({ event: 'channel.stopped-for-long', ...told })
}

function tell({ directUnitId, usingUnitId, cause, since }: Stop, now: Instant) {
  return { directUnitId, usingUnitId, cause, stoppedMs: now - since }
}
