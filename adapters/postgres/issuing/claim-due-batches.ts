/**
 * Takes up batches that are due and in nobody's hands. One that is found in `sending` after an attempt was opened lost
 * its worker between the first byte and the answer: it is in doubt from now on, whatever became of the worker.
 */
import type pg from 'pg'
import type { BatchStore, HeldBatch } from '../../../connector/issuing/batch-ports.js'
import type { BatchState } from '../../../connector/issuing/states.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { run, type Statement, toPlainArray } from '../statement.js'
import { fairPick } from './fair-pick.js'

const PICK = fairPick({
  table: 'upload_batches',
  owner: 'using_unit_id',
  isWanted: 'r.state = any($3::text[])',
  limit: '$4',
})

// $1 owner, $2 lease in ms, $3 states, $4 limit
const CLAIM_DUE: Statement = {
  name: 'batches.claim_due',
  text: `${PICK}, claimed as (
      update upload_batches b
      set fence = b.fence + 1,
        leased_by = $1,
        leased_until = now() + $2 * interval '1 millisecond',
        due_at = now() + $2 * interval '1 millisecond',
        was_in_doubt = b.was_in_doubt or (b.state = 'sending' and b.attempts > 0),
        doubt_since = coalesce(b.doubt_since, case when b.state = 'sending' and b.attempts > 0 then now() end)
      where b.id = any(array(select id from picked))
      returning b.*
    )
    select id, using_unit_id, state, seller_name, attempts, was_in_doubt, doubt_since, receipt_no, accepted_at, polls,
      fence, size, open_count
    from claimed order by created_at, id`,
}

interface BatchRow {
  id: string
  using_unit_id: UsingUnitId
  state: BatchState
  seller_name: string
  attempts: number
  was_in_doubt: boolean
  doubt_since: Instant | null
  receipt_no: string | null
  accepted_at: Instant | null
  polls: number
  fence: string
  size: number
  open_count: number
}

export async function claimDueBatches(
  pool: pg.Pool,
  options: Parameters<BatchStore['claimDue']>[0],
): Promise<readonly HeldBatch[]> {
  const rows = await run<BatchRow>(pool, CLAIM_DUE, [
    options.lease.owner,
    options.lease.ms,
    toPlainArray(options.states),
    options.limit,
  ])
  return rows.map((row) => ({
    id: row.id,
    usingUnitId: row.using_unit_id,
    state: row.state,
    sellerName: row.seller_name,
    attempts: row.attempts,
    wasInDoubt: row.was_in_doubt,
    doubtSince: row.doubt_since,
    receiptNo: row.receipt_no,
    acceptedAt: row.accepted_at,
    polls: row.polls,
    fence: BigInt(row.fence),
    size: row.size,
    openCount: row.open_count,
  }))
}
