/**
 * After a restore from an older backup the bureau knows more than the database. Nothing is uploaded for a unit until
 * both agree, or two people say so (reliability 3.7).
 *
 * What the bureau is asked of each unit, in two rounds a minute apart, the first one after everything that an older
 * process could have had under way is over:
 *   numbers on their way     held there with our issue time: ours, the upload may be repeated; with another issue time:
 *                            something else was issued under the number since, which is for a person
 *   numbers that come next   held there: orders were issued that the copy knows nothing of
 *   quota used this month    more or less than ours accounts for: the same
 * Two clean rounds release the unit. Anything else holds it, with the findings, until a person released it.
 */
import { type Amount, fen, formatAmount } from '../kernel/amount.js'
import type { InvoiceNumber, UsingUnitId } from '../kernel/ids.js'
import {
  after,
  type Clock,
  chinaDate,
  chinaDateTime,
  type Instant,
  type LocalDate,
  taxPeriodOf,
} from '../kernel/time.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import { RESTORE_ROUND_MS, RESTORE_UNREACHED_MS } from './backoff.js'
import type { BureauFailure, BureauQuota, InvoiceBureau, InvoiceTrace, NumberQuestion, QuotaBureau } from './bureau.js'
import type { Directory } from './directory.js'
import type { IssuingStore } from './ports.js'
import type { InFlightBatch, RestoreFindings, RestoreStore, UnitRestore } from './restore-ports.js'
import type { Tx } from './transaction.js'

/** Rounds that must find nothing: what the bureau tells may lag. */
const CLEAN_ROUND_COUNT = 2
/** A round ends well before it; another replica takes over a round that did not. */
const ROUND_LEASE_MS = 5 * 60_000
const READ_TIMEOUT_MS = 30_000
/** Questions under way at once. */
const QUESTION_COUNT_MAX = 8
/**
 * Numbers are handed out in order, a batch of at most 100 after the other, several at once: the first ones of the next
 * batches tell whether anything came after the copy was made.
 */
const PROBE_STRIDE = 100
const PROBE_COUNT = 15
const PROBE_BATCH_COUNT = 4
/** Days between the copy and today that can be asked about; a longer gap is for a person. */
const PROBE_DAY_COUNT_MAX = 31
const WAKE_COUNT_MAX = 10_000
const DAY_MS = 24 * 60 * 60 * 1000

export interface RestoreDeps {
  restores: RestoreStore
  store: IssuingStore
  directory: () => Directory
  bureau: InvoiceBureau & Pick<QuotaBureau, 'queryQuota'>
  clock: Clock
  report: (report: RestoreReport) => void
}

export interface RestoreReport {
  event: 'restore.round' | 'restore.unread' | 'restore.released' | 'restore.held'
  taxNo: string
  code?: string
  findings?: RestoreFindings
}

/** Carries out one round of questions about one unit; returns how many it found due. */
export async function reconcileNext(deps: RestoreDeps): Promise<number> {
  const restore = await deps.restores.claimDue({ leaseMs: ROUND_LEASE_MS })
  if (restore === null) return 0
  const unit = deps.directory().unit(restore.usingUnitId)
  // A unit without settings never issued anything, and will not before it has some.
  if (unit === null) await conclude(deps, restore, restore.usingUnitId, NOTHING_FOUND, CLEAN_ROUND_COUNT)
  else await reconcile(deps, restore, unit)
  return 1
}

/** A person lets a unit issue again although the findings stand; false when it was not held. */
export async function releaseHeld(
  deps: Pick<RestoreDeps, 'restores' | 'store'>,
  tx: Tx,
  unit: UsingUnitId,
  restoreId: string,
): Promise<boolean> {
  if (!(await deps.restores.release(tx, unit, restoreId))) return false
  await wakeUnit(deps, tx, unit)
  return true
}

const NOTHING_FOUND: Told = {
  findings: { usedNumbers: [], foreignNumbers: [], usedDifference: null, unavailable: null },
  quota: null,
  foreignBatches: [],
}

interface Told {
  findings: RestoreFindings
  quota: BureauQuota | null
  foreignBatches: readonly InFlightBatch[]
}

async function reconcile(deps: RestoreDeps, restore: UnitRestore, unit: UsingUnit): Promise<void> {
  const told = await askBureau(deps, restore, unit)
  if ('kind' in told) {
    deps.report({ event: 'restore.unread', taxNo: unit.taxNo, code: told.code })
    const { cleanRounds, findings } = restore
    await deps.store.database.transaction('other', (tx) =>
      deps.restores.record(tx, restore, { state: 'reconciling', cleanRounds, findings, dueInMs: RESTORE_UNREACHED_MS }),
    )
    return
  }
  const isClean = isNothing(told.findings)
  const state = await conclude(deps, restore, unit.id, told, isClean ? restore.cleanRounds + 1 : 0)
  const event = state === 'reconciling' ? 'restore.round' : (`restore.${state}` as const)
  deps.report({ event, taxNo: unit.taxNo, findings: told.findings })
}

function isNothing({ usedNumbers, foreignNumbers, usedDifference, unavailable }: RestoreFindings): boolean {
  const isQuotaEqual = usedDifference === null || /^-?0\.00$/.test(usedDifference)
  return usedNumbers.length === 0 && foreignNumbers.length === 0 && isQuotaEqual && unavailable === null
}

/** One transaction: the books, what is for a person, and whether the unit issues again. */
function conclude(
  deps: RestoreDeps,
  restore: UnitRestore,
  unitId: UsingUnitId,
  { findings, quota, foreignBatches }: Told,
  cleanRounds: number,
): Promise<'reconciling' | 'held' | 'released'> {
  const state = !isNothing(findings) ? 'held' : cleanRounds < CLEAN_ROUND_COUNT ? 'reconciling' : 'released'
  return deps.store.database.transaction('other', async (tx) => {
    const at = deps.clock.now()
    const dueInMs = state === 'reconciling' ? RESTORE_ROUND_MS : null
    if (!(await deps.restores.record(tx, restore, { state, cleanRounds, findings, dueInMs }))) return restore.state
    for (const batch of foreignBatches) await handOver(deps, tx, batch, at)
    if (quota !== null) {
      await deps.restores.correctQuota(tx, unitId, quota.period, {
        downloadedAmount: quota.downloadedAmount,
        unusedAmount: quota.downloadedUnusedAmount,
      })
    }
    if (state === 'released') await wakeUnit(deps, tx, unitId)
    return state
  })
}

/** Something else stands at the bureau under one of its numbers: its bytes must not leave again. */
async function handOver(deps: RestoreDeps, tx: Tx, batch: InFlightBatch, at: Instant): Promise<void> {
  await deps.store.batches.move(tx, {
    id: batch.id,
    fence: batch.fence,
    from: ['in_doubt'],
    to: 'needs_person',
    dueAt: null,
    release: true,
    parkCause: null,
    at,
    invoices: { from: ['in_doubt'], to: 'needs_person' },
  })
}

async function wakeUnit(deps: Pick<RestoreDeps, 'store'>, tx: Tx, usingUnitId: UsingUnitId): Promise<void> {
  await deps.store.orders.wake(tx, { causes: ['restored'], usingUnitId, limit: WAKE_COUNT_MAX })
  await deps.store.signals.announce(tx, ['settings', 'inbox', 'invoices', 'batches', 'moves'])
}

async function askBureau(deps: RestoreDeps, restore: UnitRestore, unit: UsingUnit): Promise<Told | BureauFailure> {
  const now = deps.clock.now()
  const answer = await deps.bureau.queryQuota(unit, { deadline: after(now, READ_TIMEOUT_MS) })
  if (answer.kind !== 'quota') return isPassing(answer) ? answer : heldFor(answer.code)
  const batches = await deps.restores.loadInFlight(unit.id)
  const own = await askInFlight(deps, unit, batches)
  if ('kind' in own) return isPassing(own) ? own : heldFor(own.code)
  const used = await probe(deps, unit, daysBetween(restore.knownUntil, now))
  if ('kind' in used) return isPassing(used) ? used : heldFor(used.code)
  const quota = answer.quota.isUnlimited || answer.quota.period !== taxPeriodOf(now) ? null : answer.quota
  const findings: RestoreFindings = {
    usedNumbers: used.numbers,
    foreignNumbers: own.foreign,
    usedDifference: quota === null ? null : formatAmount(await compareUsed(deps, unit, quota)),
    unavailable: null,
  }
  const foreign = new Set<string>(own.foreign)
  const foreignBatches = batches.filter(({ items }) => items.some((item) => foreign.has(item.invoiceNumber)))
  return { findings, quota, foreignBatches }
}

/** What the bureau does not tell, a person must find out. */
function heldFor(code: string): Told {
  return { ...NOTHING_FOUND, findings: { ...NOTHING_FOUND.findings, unavailable: code } }
}

/** The same question may be answered in half a minute. */
function isPassing({ kind }: BureauFailure): boolean {
  return kind === 'never_sent' || kind === 'in_doubt' || kind === 'rate_limited'
}

async function askInFlight(
  deps: RestoreDeps,
  unit: UsingUnit,
  batches: readonly InFlightBatch[],
): Promise<{ foreign: readonly InvoiceNumber[] } | BureauFailure> {
  const items = batches.flatMap((batch) => batch.items)
  const questions = items.map(({ invoiceNumber, kind, issuedAt }) => ({
    invoiceNumber,
    kind,
    issuedOn: chinaDate(issuedAt),
  }))
  const traces = await askAll(deps, unit, questions)
  if ('kind' in traces) return traces
  const foreign = items.filter(({ issuedAt }, index) => {
    const trace = traces[index]
    return trace !== null && trace !== undefined && trace.issuedAt !== chinaDateTime(issuedAt)
  })
  return { foreign: foreign.map(({ invoiceNumber }) => invoiceNumber) }
}

async function probe(
  deps: RestoreDeps,
  unit: UsingUnit,
  days: readonly LocalDate[],
): Promise<{ numbers: readonly InvoiceNumber[] } | BureauFailure> {
  if (days.length > PROBE_DAY_COUNT_MAX)
    return { kind: 'refused', code: 'RST-span', message: '', requestId: null, park: null }
  const next = await deps.restores.loadNextNumbers(unit.id, PROBE_STRIDE * PROBE_BATCH_COUNT)
  const chosen = next.filter((_, index) => index % PROBE_STRIDE < PROBE_COUNT)
  const questions = chosen.flatMap((invoiceNumber) =>
    days.flatMap((issuedOn) =>
      (['ordinary', 'special'] as const).map((kind): NumberQuestion => ({ invoiceNumber, kind, issuedOn })),
    ),
  )
  const traces = await askAll(deps, unit, questions)
  if ('kind' in traces) return traces
  const used = questions.filter((_, index) => traces[index] !== null).map(({ invoiceNumber }) => invoiceNumber)
  return { numbers: [...new Set(used)] }
}

/** Traces in the order of the questions; the first failure ends it. */
async function askAll(
  deps: RestoreDeps,
  unit: UsingUnit,
  questions: readonly NumberQuestion[],
): Promise<readonly (InvoiceTrace | null)[] | BureauFailure> {
  const traces: (InvoiceTrace | null)[] = []
  for (let start = 0; start < questions.length; start += QUESTION_COUNT_MAX) {
    const options = { deadline: after(deps.clock.now(), READ_TIMEOUT_MS) }
    const answers = await Promise.all(
      questions
        .slice(start, start + QUESTION_COUNT_MAX)
        .map((question) => deps.bureau.readInvoice(unit, question, options)),
    )
    for (const answer of answers) {
      if (answer.kind !== 'read') return answer
      traces.push(answer.value)
    }
  }
  return traces
}

/** Beyond what our invoices used for certain and might have used: positive, somebody used more; negative, less. */
async function compareUsed(deps: RestoreDeps, unit: UsingUnit, quota: BureauQuota): Promise<Amount> {
  const { settledAmount, reservedAmount } = await deps.restores.loadUsed(unit.id, quota.period)
  const used = quota.downloadedAmount - quota.downloadedUnusedAmount
  if (used > settledAmount + reservedAmount) return fen(used - settledAmount - reservedAmount)
  return used < settledAmount ? fen(used - settledAmount) : fen(0n)
}

/** Every China date from one instant to another, both included. */
function daysBetween(from: Instant, to: Instant): readonly LocalDate[] {
  const days = new Set<LocalDate>()
  for (let at = from; at < to && days.size <= PROBE_DAY_COUNT_MAX; at = after(at, DAY_MS)) days.add(chinaDate(at))
  days.add(chinaDate(to))
  return [...days]
}
