/**
 * The memory of restores: that the database is an older copy of itself, and what was found out since.
 *
 * Knows: the ground of a suspicion, the units under it, what the bureau was asked. Must not know: SQL, how a restore is
 * noticed (`app/restore-watch.ts`), what to conclude (`restore.ts`).
 */
import type { InvoiceKind } from '../invoice/draft.js'
import type { Amount } from '../kernel/amount.js'
import type { InvoiceNumber, UsingUnitId } from '../kernel/ids.js'
import type { Instant, TaxPeriod } from '../kernel/time.js'
import type { Tx } from './transaction.js'

/**
 * Why the database may be older than what was done with it.
 *   other_server, other_timeline, other_schema   it is not the place that was written last: restored, moved or promoted
 *   behind_high_water                            it holds less than a note kept outside of it says
 *   operator                                     somebody said so
 */
export type RestoreGround = 'other_server' | 'other_timeline' | 'other_schema' | 'behind_high_water' | 'operator'

/** reconciling: the bureau is being asked · held: a person must decide · released: the unit issues again. */
export type UnitRestoreState = 'reconciling' | 'held' | 'released'

/** What the bureau's answers came to; every part is told to the operator. */
export interface RestoreFindings {
  /** Numbers above the high-water that the bureau holds. */
  usedNumbers: readonly InvoiceNumber[]
  /** Numbers of ours on their way that the bureau holds with another issue time. */
  foreignNumbers: readonly InvoiceNumber[]
  /** Quota used at the bureau less what our invoices used, net yuan; null: not told, or no figure to compare (按需). */
  usedDifference: string | null
  /** Code of the answer when the bureau does not tell what it holds under a number. */
  unavailable: string | null
}

export interface UnitRestore {
  restoreId: string
  usingUnitId: UsingUnitId
  state: UnitRestoreState
  ground: RestoreGround
  /** The last thing that the database knew; what is newer, only the bureau knows. */
  knownUntil: Instant
  detectedAt: Instant
  /** Rounds of questions that found nothing against the unit. */
  cleanRounds: number
  findings: RestoreFindings | null
}

/** A batch that was on its way when the copy was made. */
export interface InFlightBatch {
  id: string
  fence: bigint
  items: readonly { invoiceNumber: InvoiceNumber; kind: InvoiceKind; issuedAt: Instant }[]
}

export interface RestoreProposal {
  id: bigint
  taxNo: string
  usingUnitId: UsingUnitId
  restoreId: string
  reason: string
  by: string
}

export interface RestoreStore {
  /**
   * Opens a restore for all units: segments are stopped, so that no number of theirs is ever handed out again; what was
   * on its way is in doubt and waits; the directory's units wait with it.
   */
  begin(tx: Tx, restore: { id: string; ground: RestoreGround; detail: unknown; at: Instant }): Promise<void>
  /** Units under an open restore, by tax number. */
  list(): Promise<readonly (UnitRestore & { taxNo: string })[]>
  /** Takes up the due unit that waits longest, for `leaseMs`; committed before it returns. */
  claimDue(options: { leaseMs: number }): Promise<UnitRestore | null>
  loadInFlight(unit: UsingUnitId): Promise<readonly InFlightBatch[]>
  /** The numbers that would have been handed out next, at most `limit`. */
  loadNextNumbers(unit: UsingUnitId, limit: number): Promise<readonly InvoiceNumber[]>
  /** Σ quota of this period's invoices that are issued, and of those on their way. */
  loadUsed(unit: UsingUnitId, period: TaxPeriod): Promise<{ settledAmount: Amount; reservedAmount: Amount }>
  /** Sets what is available to what the bureau leaves, less what is on its way; one ledger entry, none without change. */
  correctQuota(
    tx: Tx,
    unit: UsingUnitId,
    period: TaxPeriod,
    bureau: { downloadedAmount: Amount; unusedAmount: Amount },
  ): Promise<void>
  /** Keeps what a round found; false when the unit is not being reconciled any more, or after another restore. */
  record(
    tx: Tx,
    round: Pick<UnitRestore, 'usingUnitId' | 'restoreId'>,
    change: { state: UnitRestoreState; cleanRounds: number; findings: RestoreFindings | null; dueInMs: number | null },
  ): Promise<boolean>
  loadProposal(tx: Tx, id: bigint): Promise<RestoreProposal | null>
  /** Drafts of these orders that wait for the restore wait for a person instead; the keys that were found. */
  exclude(tx: Tx, orderKeys: readonly string[]): Promise<readonly string[]>
  /** held → released, by a person; false when the unit is not held. */
  release(tx: Tx, unit: UsingUnitId, restoreId: string): Promise<boolean>
}

/** Where the database stands; null: it does not tell. */
export interface DatabasePlace {
  server: string | null
  timeline: number | null
  schema: string
}

/** Why a database at `present` may be an older copy of what stood at `known`; null when nothing speaks for it. */
export function judgePlace(known: DatabasePlace, present: DatabasePlace): RestoreGround | null {
  if (isOther(known.server, present.server)) return 'other_server'
  if (known.schema !== present.schema) return 'other_schema'
  return isOther(known.timeline, present.timeline) ? 'other_timeline' : null
}

function isOther(known: string | number | null, present: string | number | null): boolean {
  return known !== null && present !== null && known !== present
}
