/**
 * Gives ready invoices a number and a share of the quota, and freezes their content: one transaction, all or nothing
 * (P2 and P3). After its commit the bytes may leave; before it nothing has happened.
 *
 * What does not fit is parked with nothing taken; what fits goes on, in order of age.
 *
 * Numbering is what all invoices of a unit wait for, one batch after the other, and the quota row is locked meanwhile:
 * statements that need no answer of each other leave together. The quota row is locked before the segments everywhere.
 */
import { parseCanonicalInvoice } from '../invoice/canonical.js'
import { type Amount, fen } from '../kernel/amount.js'
import { sha256 } from '../kernel/digest.js'
import type { ParkCause } from '../kernel/fault.js'
import type { IdSource, UsingUnitId } from '../kernel/ids.js'
import { Defect } from '../kernel/never.js'
import { after, type Clock, chinaDate, chinaYear, type Instant, taxPeriodOf } from '../kernel/time.js'
import { checkSeller } from '../taxpayer/gate.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import type { FrozenItem, NewBatch, ReadyInvoice } from './batch-ports.js'
import type { Blank, InvoiceUploader } from './bureau.js'
import type { ChannelWatch } from './channel-ports.js'
import type { Directory } from './directory.js'
import type { IssuingStore } from './ports.js'
import type { Shelf } from './shelf.js'
import type { LockedQuota, QuotaState, TakenNumber } from './supply-ports.js'
import type { Tx } from './transaction.js'

/** Invoices in one upload. Source: Leqi base capability, QDFPSC takes at most 100. */
const BATCH_COUNT_MAX = 100

/** How long smaller invoices may overtake one that waits for quota, at first. */
const OVERTAKING_MS = 10 * 60 * 1_000

export interface ReserveDeps {
  store: IssuingStore
  directory: () => Directory
  /** Brings the directory up to date. */
  renewDirectory: () => Promise<void>
  uploader: Pick<InvoiceUploader, 'draw'>
  shelf: Shelf
  channel: Pick<ChannelWatch, 'stopOf'>
  ids: IdSource
  clock: Clock
  /** Who holds leases in this process. */
  owner: string
  leaseMs: number
}

/** A batch that this process holds and may send at once. */
interface ReservedBatch {
  id: string
  unit: UsingUnit
  fence: bigint
  items: readonly FrozenItem[]
}

export interface Reservation {
  batch: ReservedBatch | null
  /** How many invoices were parked, by cause. */
  parked: Partial<Record<ParkCause, number>>
  /** Whether the unit may have more that is ready. */
  hasMore: boolean
}

/** Reserves for the oldest ready invoices of one unit. */
export async function reserve(deps: ReserveDeps, unitId: UsingUnitId): Promise<Reservation> {
  // What woke these invoices may be newer than what this process knows of their unit.
  if (blockOf(deps, unitId) !== null) await deps.renewDirectory()
  const unit = deps.directory().unit(unitId)
  const blocked = blockOf(deps, unitId)
  return deps.store.database.transaction('reserve', async (tx) => {
    const now = deps.clock.now()
    const [ready, quota] = await Promise.all([
      deps.store.batches.lockReady(tx, unitId, BATCH_COUNT_MAX),
      deps.store.quota.lock(tx, unitId, taxPeriodOf(now)),
    ])
    if (ready.length === 0) return { batch: null, parked: {}, hasMore: false }
    if (unit === null || blocked !== null) return parkAll(deps, tx, ready, blocked ?? 'unit_unverified')
    const stop = deps.channel.stopOf(unit) === null ? null : await deps.store.stops.hold(tx, unit)
    if (stop !== null) return parkAll(deps, tx, ready, stop)
    return reserveReady(deps, tx, unit, ready, quota, now)
  })
}

/** Why a unit may not issue now, whatever the invoice. */
function blockOf({ directory, clock }: ReserveDeps, unitId: UsingUnitId): ParkCause | null {
  const current = directory()
  const unit = current.unit(unitId)
  if (unit === null) return 'unit_unverified'
  const finding = checkSeller(unit, current.tables, clock.now()).find(({ reaction }) => reaction === 'park')
  return finding === undefined ? null : (finding.fault.parkCause ?? 'seller_blocked')
}

async function reserveReady(
  deps: ReserveDeps,
  tx: Tx,
  unit: UsingUnit,
  ready: readonly ReadyInvoice[],
  quota: LockedQuota | null,
  now: Instant,
): Promise<Reservation> {
  const { store } = deps
  const wanted = planReservation(ready, quota, now)
  const numbers = await takeNumbers(deps, tx, unit, wanted.chosen.length, now)
  const plan = limitToNumbers(wanted, numbers.length)
  const parked = await parkPlanned(deps, tx, plan)
  const hasMore = ready.length === BATCH_COUNT_MAX
  if (plan.chosen.length === 0) return { batch: null, parked, hasMore }
  const blanks = await loadBlanks(deps, tx, unit, plan.chosen)
  const batch = freezeBatch(deps, unit, blanks, numbers, now)
  const entry = { amount: sumQuota(plan.chosen), batchId: batch.id }
  const orderIds = new Set(plan.chosen.map((invoice) => invoice.orderId))
  const [fits] = await Promise.all([
    store.quota.reserve(tx, unit.id, taxPeriodOf(now), entry),
    store.batches.freeze(tx, batch),
    store.orders.markInProgress(tx, [...orderIds]),
  ])
  if (!fits) throw new Defect(`quota of unit ${unit.taxNo} changed while its row was locked`)
  return { batch: { id: batch.id, unit, fence: 1n, items: batch.items }, parked, hasMore }
}

async function takeNumbers(
  deps: ReserveDeps,
  tx: Tx,
  unit: UsingUnit,
  count: number,
  now: Instant,
): Promise<readonly TakenNumber[]> {
  return count === 0 ? [] : deps.store.numbers.take(tx, unit.id, chinaYear(now), count)
}

interface ReservationPlan {
  chosen: readonly ReadyInvoice[]
  short: readonly { cause: ParkCause; invoices: readonly ReadyInvoice[] }[]
}

/**
 * Who goes and who waits: oldest first, each only with room in the quota. Smaller ones may overtake one that does not
 * fit, but not for ever: while it holds the line, what it needs is kept for it, and those behind it have the rest.
 *
 * Units   quota in net amounts; exactly zero left is fine
 * Source  Leqi rulebook 3.1 (block when free < net), 3.2 (issue date inside the interval, ends included)
 */
export function planReservation(
  ready: readonly ReadyInvoice[],
  quota: LockedQuota | null,
  now: Instant,
): ReservationPlan {
  if (quota !== null && !isInside(quota, chinaDate(now))) {
    return { chosen: [], short: [{ cause: 'period_closed', invoices: ready }] }
  }
  const first = quota?.firstInLine ?? null
  const holder = first !== null && holdsLine(now - first.createdAt) ? first : null
  let left: bigint = quota === null ? 0n : quota.availableAmount
  const chosen: ReadyInvoice[] = []
  const without: ReadyInvoice[] = []
  for (const invoice of ready) {
    // Ids grow with time.
    const kept = holder !== null && invoice.id > holder.id ? holder.quotaAmount : 0n
    if (quota === null || (invoice.quotaAmount > left - kept && invoice.quotaAmount > 0n)) {
      without.push(invoice)
    } else {
      chosen.push(invoice)
      left -= invoice.quotaAmount
    }
  }
  return { chosen, short: without.length === 0 ? [] : [{ cause: 'quota_empty', invoices: without }] }
}

/**
 * Whether an invoice that waits for quota keeps those behind it from taking what it needs. Line and overtaking take
 * turns that double: where quota trickles in, one turn is long enough to gather what even a big invoice needs, and what
 * no quota comes for does not stop a seller for good.
 *
 * | since it came | 0 … 10 min | … 20 min | … 40 min | … 80 min | … 160 min | … 320 min | … |
 * | --- | --- | --- | --- | --- | --- | --- | --- |
 * | those behind it | overtake | wait | overtake | wait | overtake | wait | … |
 */
export function holdsLine(ageMs: number): boolean {
  return ageMs >= OVERTAKING_MS && Math.floor(Math.log2(ageMs / OVERTAKING_MS)) % 2 === 0
}

/** Without a number the youngest of the chosen wait. */
function limitToNumbers(plan: ReservationPlan, numberCount: number): ReservationPlan {
  if (numberCount >= plan.chosen.length) return plan
  return {
    chosen: plan.chosen.slice(0, numberCount),
    short: [...plan.short, { cause: 'number_pool_empty', invoices: plan.chosen.slice(numberCount) }],
  }
}

function isInside(quota: QuotaState, today: string): boolean {
  return (quota.validFrom === null || today >= quota.validFrom) && (quota.validTo === null || today <= quota.validTo)
}

interface DrawnInvoice {
  id: string
  blank: Blank
}

/** From the shelf, or else drawn from the stored contents. */
async function loadBlanks(
  deps: ReserveDeps,
  tx: Tx,
  unit: UsingUnit,
  chosen: readonly ReadyInvoice[],
): Promise<readonly DrawnInvoice[]> {
  const found = chosen.map(({ id, contentSha256 }) => ({ id, blank: deps.shelf.take(id, { contentSha256, unit }) }))
  const missingIds = found.flatMap(({ id, blank }) => (blank === null ? [id] : []))
  const contents = missingIds.length === 0 ? null : await deps.store.batches.loadContents(tx, missingIds)
  return found.map(({ id, blank }) => {
    if (blank !== null) return { id, blank }
    const content = contents?.get(id)
    if (content === undefined) throw new Defect(`invoice ${id} has no content`)
    return { id, blank: deps.uploader.draw(unit, parseCanonicalInvoice(content)) }
  })
}

function freezeBatch(
  deps: ReserveDeps,
  unit: UsingUnit,
  drawn: readonly DrawnInvoice[],
  numbers: readonly TakenNumber[],
  now: Instant,
): NewBatch {
  const items = drawn.map(({ id, blank }, index): FrozenItem => {
    const taken = numbers[index]
    if (taken === undefined) throw new Defect('more invoices chosen than numbers taken')
    const frozen = blank(taken.invoiceNumber, now)
    return { invoiceId: id, ...taken, frozen, frozenSha256: sha256(frozen) }
  })
  return {
    id: deps.ids.uuid(),
    usingUnitId: unit.id,
    parentId: null,
    sellerName: unit.profile?.name ?? unit.name,
    frozenSha256: hashBatch(items),
    period: taxPeriodOf(now),
    issuedAt: now,
    items,
    lease: { owner: deps.owner, until: after(now, deps.leaseMs) },
    createdAt: now,
  }
}

/** Hash of a batch's bytes by those of its items, so that a part of it can be hashed without its texts. */
export function hashBatch(items: readonly { frozenSha256: string }[]): string {
  return sha256(items.map((item) => item.frozenSha256).join(''))
}

async function parkPlanned(deps: ReserveDeps, tx: Tx, plan: ReservationPlan): Promise<Reservation['parked']> {
  const parked: Reservation['parked'] = {}
  for (const { cause, invoices } of plan.short) {
    await deps.store.batches.parkInvoices(
      tx,
      invoices.map((invoice) => invoice.id),
      cause,
    )
    parked[cause] = invoices.length
  }
  if (plan.short.length > 0) await deps.store.signals.announce(tx, ['moves'])
  return parked
}

async function parkAll(
  deps: ReserveDeps,
  tx: Tx,
  ready: readonly ReadyInvoice[],
  cause: ParkCause,
): Promise<Reservation> {
  const parked = await parkPlanned(deps, tx, { chosen: [], short: [{ cause, invoices: ready }] })
  return { batch: null, parked, hasMore: ready.length === BATCH_COUNT_MAX }
}

function sumQuota(invoices: readonly ReadyInvoice[]): Amount {
  return fen(invoices.reduce((sum, invoice) => sum + invoice.quotaAmount, 0n))
}
