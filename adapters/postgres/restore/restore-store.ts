/** The memory of restores, put together from its operations. */
import type pg from 'pg'
import type { RestoreStore } from '../../../connector/issuing/restore-ports.js'
import { beginRestore } from './begin-restore.js'
import { excludeOrders, loadProposal } from './by-hand.js'
import { loadInFlight, loadNextNumbers, loadUsed } from './compare.js'
import { correctQuota } from './correct-quota.js'
import { claimUnitRestore, listUnitRestores, recordRound, releaseUnit } from './unit-restores.js'

/** `graceMs`: first questions are asked so long after the detection, when nothing of an older process can be under way. */
export function makeRestoreStore(pool: pg.Pool, graceMs: number): RestoreStore {
  return {
    begin: (tx, restore) => beginRestore(tx, restore, graceMs),
    list: () => listUnitRestores(pool),
    claimDue: ({ leaseMs }) => claimUnitRestore(pool, leaseMs),
    loadInFlight: (unit) => loadInFlight(pool, unit),
    loadNextNumbers: (unit, limit) => loadNextNumbers(pool, unit, limit),
    loadUsed: (unit, period) => loadUsed(pool, unit, period),
    correctQuota,
    record: recordRound,
    loadProposal,
    exclude: excludeOrders,
    release: releaseUnit,
  }
}
