/** The memory of what is scarce and what the bureau tells: numbers, quota, moves, tables. The promises of `ports.ts` hold. */
import type { DifferentialCode, RateEntry, TaxClassification } from '../invoice/tax-tables.js'
import type { Amount } from '../kernel/amount.js'
import type { ParkCause } from '../kernel/fault.js'
import type { InvoiceNumber, UsingUnitId } from '../kernel/ids.js'
import type { Instant, TaxPeriod } from '../kernel/time.js'
import type { TaxpayerProfile, TaxpayerRisk } from '../taxpayer/taxpayer.js'
import type { MoveState } from './states.js'
import type { Held, Tx } from './transaction.js'

export interface TakenNumber {
  invoiceNumber: InvoiceNumber
  segmentId: string
}

export interface NumberStock {
  /** Numbers of this China year that are free, returned ones included. */
  freeCount: number
  /** Numbers ever granted in active segments of this year, to judge the share. */
  grantedCount: number
}

export interface NumberStore {
  stock(tx: Tx | null, usingUnitId: UsingUnitId, year: number): Promise<NumberStock>
  /** Takes up to `count` numbers of the year, returned ones first, then in segment order; locks the segment rows. */
  take(tx: Tx, usingUnitId: UsingUnitId, year: number, count: number): Promise<readonly TakenNumber[]>
  /** Definitely refused numbers become free again (or burned with a reason when reuse is switched off). */
  giveBack(
    tx: Tx,
    numbers: readonly { invoiceNumber: InvoiceNumber; segmentId: string; invoiceId: string }[],
    burnedReason: string | null,
  ): Promise<void>
  addSegment(
    tx: Tx,
    segment: {
      id: string
      usingUnitId: UsingUnitId
      moveId: string
      year: number
      first: InvoiceNumber
      last: InvoiceNumber
      size: number
    },
  ): Promise<'added' | 'overlaps'>
}

export interface QuotaState {
  period: TaxPeriod
  availableAmount: Amount
  /** yyyy-MM-dd, ends included; null when no download told an interval yet. */
  validFrom: string | null
  validTo: string | null
}

/** A quota whose row is locked, and who waits for it. */
export interface LockedQuota extends QuotaState {
  /** The oldest invoice of the unit that is parked for quota and could ever have it: within the month's total. */
  firstInLine: { id: string; quotaAmount: Amount; createdAt: Instant } | null
}

export interface QuotaStore {
  load(tx: Tx | null, usingUnitId: UsingUnitId, period: TaxPeriod): Promise<QuotaState | null>
  /** Locks the row until the end of the transaction. */
  lock(tx: Tx, usingUnitId: UsingUnitId, period: TaxPeriod): Promise<LockedQuota | null>
  /** available → reserved, one ledger entry per batch; false when it does not fit, and nothing happened. */
  reserve(tx: Tx, unit: UsingUnitId, period: TaxPeriod, entry: { amount: Amount; batchId: string }): Promise<boolean>
  /** reserved → settled (`settled`) or back to available (`released`), one ledger entry each. */
  settle(
    tx: Tx,
    unit: UsingUnitId,
    period: TaxPeriod,
    entry: { settledAmount: Amount; releasedAmount: Amount; batchId: string },
  ): Promise<void>
  creditDownload(
    tx: Tx,
    unit: UsingUnitId,
    period: TaxPeriod,
    entry: { amount: Amount; moveId: string; validFrom: string | null; validTo: string | null },
  ): Promise<void>
  recordBureau(unit: UsingUnitId, period: TaxPeriod, quota: unknown, at: Instant): Promise<void>
  /** Σ quota amount of the invoices of a unit that are parked for want of quota. */
  shortAmount(unit: UsingUnitId): Promise<Amount>
}

export interface HeldMove {
  id: string
  usingUnitId: UsingUnitId
  kind: 'number_claim' | 'quota_download' | 'quota_return'
  serial: string
  numberCount: number | null
  amount: Amount | null
  period: TaxPeriod | null
  state: MoveState
  attempts: number
  fence: bigint
}

export interface MoveStore {
  /** Stores a move before its call (P8/P9), due at once; null when one of this unit and kind is open already. */
  plan(move: {
    id: string
    usingUnitId: UsingUnitId
    kind: HeldMove['kind']
    serial: string
    numberCount: number | null
    amount: Amount | null
    period: TaxPeriod | null
  }): Promise<{ id: string } | null>
  /** Takes up due, unleased open moves: → sent, attempts + 1, fence + 1, lease; committed before it returns. */
  claimDue(options: {
    lease: { owner: string; ms: number }
    limit: number
    /** Units whose moves stay as they are: their way to the bureau is stopped. */
    resting: readonly UsingUnitId[]
  }): Promise<readonly HeldMove[]>
  /** Longer leases for held moves; returns the ids still held. */
  renewLeases(held: readonly Held[], leaseMs: number): Promise<ReadonlySet<string>>
  /** Closes or postpones a held move; false: the fence was lost. */
  finish(
    tx: Tx,
    move: { id: string; fence: bigint; to: MoveState; dueAt: Instant | null; answer: unknown; at: Instant },
  ): Promise<boolean>
}

export type TaxTableName = 'classifications' | 'rates' | 'differential'

/** How fresh a table of the bureau is. */
export interface TaxTableState {
  name: TaxTableName
  /** What the bureau wants to be told next time; null asks for the whole table. */
  stamp: string | null
  fetchedAt: Instant | null
  dueAt: Instant
}

/** What is true of every fetched table: when it came, and when it is to be fetched again. */
interface TaxTableFetch {
  fetchedAt: Instant
  dueAt: Instant
}

/**
 * Keeps what the bureau tells of tables and taxpayers. Each save raises the directory's revision and announces
 * `settings`; what waited for fresh tables is woken with them.
 */
export interface TaxTableStore {
  loadStates(): Promise<readonly TaxTableState[]>
  /** Adds or replaces `changed`, by code; keeps the other codes. */
  saveClassifications(fetch: TaxTableFetch & { stamp: string; changed: readonly TaxClassification[] }): Promise<void>
  /** Replaces the whole table. */
  saveRates(fetch: TaxTableFetch & { rates: readonly RateEntry[] }): Promise<void>
  /** Replaces the whole table. */
  saveDifferentialCodes(fetch: TaxTableFetch & { codes: readonly DifferentialCode[] }): Promise<void>
  /** The fetch failed: what was fetched before stays; tried again at `dueAt`. */
  saveTableFault(name: TaxTableName, fault: UnitFault, dueAt: Instant): Promise<void>
  /** Also marks the unit as verified, forgets its fault, and wakes what of it waits under `cured`. */
  saveProfile(usingUnitId: UsingUnitId, profile: TaxpayerProfile, cured: readonly ParkCause[]): Promise<void>
  saveRisk(usingUnitId: UsingUnitId, risk: TaxpayerRisk): Promise<void>
  /** A question about the unit failed; what is known of it stays. */
  saveUnitFault(usingUnitId: UsingUnitId, fault: UnitFault): Promise<void>
}

/** What a call to the bureau said when it failed. */
export interface UnitFault {
  code: string
  message: string
  at: Instant
}
