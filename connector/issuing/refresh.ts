/**
 * Keeps what the bureau knows up to date: each unit's profile and risk, and the three tax tables.
 *
 * The bureau advises daily for all of them (Leqi rulebook 2.14). A failed read changes nothing that was read before.
 */
import type { ParkCause } from '../kernel/fault.js'
import { assertNever } from '../kernel/never.js'
import { after, type Clock, type Instant } from '../kernel/time.js'
import { checkSeller } from '../taxpayer/gate.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import { MENDED_PROBE_MS, neverSentDelayMs, type Random } from './backoff.js'
import type { BureauFailure, TaxpayerBureau, UnitAddress } from './bureau.js'
import type { TaxTableName, TaxTableState, TaxTableStore } from './supply-ports.js'

const DAY_MS = 24 * 60 * 60 * 1000
/** Pause after a question that nobody answered. */
const UNREACHED_MS = 30 * 1000
/** What a unit that answered, and may issue, no longer waits for. */
const UNIT_CAUSES: readonly ParkCause[] = ['unit_unverified', 'seller_blocked', 'unit_key_fault', 'bureau_unreachable']
/** Longest wait for one read; the whole classification table is a few megabytes. */
const READ_TIMEOUT_MS = 60_000

export interface RefreshDeps {
  tables: TaxTableStore
  bureau: TaxpayerBureau
  clock: Clock
  random: Random
  report: (report: RefreshReport) => void
}

/** What refreshing one unit needs of it. */
type UnitRefreshDeps = Pick<RefreshDeps, 'clock' | 'report'> & {
  tables: Pick<TaxTableStore, 'saveProfile' | 'saveRisk' | 'saveUnitFault'>
  bureau: Pick<TaxpayerBureau, 'readProfile' | 'readRisk'>
}

interface RefreshReport {
  event: 'unit.refreshed' | 'unit.refresh-failed' | 'table.refreshed' | 'table.refresh-failed'
  name: string
  code?: string
  message?: string
}

/**
 * Reads profile and risk of a unit; a unit that answers is verified from then on, and when nothing stands against it any
 * more, what waited for that goes on. Returns the failure, if any.
 */
export async function refreshUnit(deps: UnitRefreshDeps, unit: UsingUnit): Promise<BureauFailure | null> {
  const options = { deadline: after(deps.clock.now(), READ_TIMEOUT_MS) }
  const profile = await deps.bureau.readProfile(unit, options)
  if (profile.kind !== 'read') return failUnit(deps, unit, profile)
  const risk = await deps.bureau.readRisk(unit, options)
  if (risk.kind !== 'read') return failUnit(deps, unit, risk)
  const known = { ...unit, isVerified: true, direct: { ...unit.direct, isVerified: true } }
  const isOpen = mayIssue({ ...known, profile: profile.value, risk: risk.value }, deps.clock.now())
  await deps.tables.saveRisk(unit.id, risk.value)
  await deps.tables.saveProfile(unit.id, profile.value, isOpen ? UNIT_CAUSES : [])
  deps.report({ event: 'unit.refreshed', name: unit.taxNo })
  return null
}

/** Whether a unit's profile or risk is missing or a day old; or, of a unit that may not issue, some minutes old. */
export function isUnitDue(unit: UsingUnit, now: Instant): boolean {
  const ageMsMax = mayIssue(unit, now) ? DAY_MS : MENDED_PROBE_MS
  const reads = [unit.profile?.fetchedAt, unit.risk?.fetchedAt]
  return reads.some((fetchedAt) => fetchedAt === undefined || now - fetchedAt >= ageMsMax)
}

/** When to ask again about a unit after a question failed: what a person must mend is not asked every few seconds. */
export function retryUnitAt(failure: BureauFailure, now: Instant): Instant {
  switch (failure.kind) {
    case 'unit_fault':
    case 'refused':
      return after(now, MENDED_PROBE_MS)
    case 'rate_limited':
      return after(now, failure.retryAfterMs)
    case 'never_sent':
    case 'in_doubt':
    case 'number_held':
      return after(now, UNREACHED_MS)
    default:
      return assertNever(failure)
  }
}

function mayIssue(unit: UsingUnit, now: Instant): boolean {
  return checkSeller(unit, null, now).every(({ reaction }) => reaction !== 'park')
}

/** Reads every table that is due, asked in the name of one verified unit. Returns the failures by table. */
export async function refreshTables(
  deps: RefreshDeps,
  asker: UnitAddress,
): Promise<readonly { name: TaxTableName; failure: BureauFailure }[]> {
  const failures: { name: TaxTableName; failure: BureauFailure }[] = []
  for (const state of await deps.tables.loadStates()) {
    if (state.dueAt > deps.clock.now()) continue
    const failure = await refreshTable(deps, asker, state)
    if (failure === null) deps.report({ event: 'table.refreshed', name: state.name })
    else failures.push({ name: state.name, failure })
  }
  return failures
}

async function refreshTable(
  deps: RefreshDeps,
  asker: UnitAddress,
  state: TaxTableState,
): Promise<BureauFailure | null> {
  const { bureau, tables } = deps
  const at = deps.clock.now()
  const options = { deadline: after(at, READ_TIMEOUT_MS) }
  const fetch = { fetchedAt: at, dueAt: after(at, DAY_MS) }
  switch (state.name) {
    case 'classifications': {
      const answer = await bureau.readClassifications(asker, state.stamp, options)
      if (answer.kind !== 'read') return failTable(deps, state, answer, at)
      await tables.saveClassifications({ ...fetch, ...answer.value })
      return null
    }
    case 'rates': {
      const answer = await bureau.readRates(asker, options)
      if (answer.kind !== 'read') return failTable(deps, state, answer, at)
      await tables.saveRates({ ...fetch, rates: answer.value })
      return null
    }
    case 'differential': {
      const answer = await bureau.readDifferentialCodes(asker, options)
      if (answer.kind !== 'read') return failTable(deps, state, answer, at)
      await tables.saveDifferentialCodes({ ...fetch, codes: answer.value })
      return null
    }
    default:
      return assertNever(state.name)
  }
}

async function failUnit(deps: UnitRefreshDeps, unit: UsingUnit, failure: BureauFailure): Promise<BureauFailure> {
  const { code, message } = failure
  await deps.tables.saveUnitFault(unit.id, { code, message, at: deps.clock.now() })
  deps.report({ event: 'unit.refresh-failed', name: unit.taxNo, code, message })
  return failure
}

async function failTable(
  deps: RefreshDeps,
  state: TaxTableState,
  failure: BureauFailure,
  at: Instant,
): Promise<BureauFailure> {
  const { code, message } = failure
  await deps.tables.saveTableFault(state.name, { code, message, at }, after(at, neverSentDelayMs(6, deps.random)))
  deps.report({ event: 'table.refresh-failed', name: state.name, code, message })
  return failure
}
