/** reserved → settled and reserved → available again, each with its ledger entry, in one update of the hot row. */
import type { QuotaStore } from '../../../connector/issuing/supply-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { formatAmount } from '../../../connector/kernel/amount.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import { Defect } from '../../../connector/kernel/never.js'
import type { TaxPeriod } from '../../../connector/kernel/time.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

// $3 settled, $4 released, $5 batch. Sequence numbers are those that the row held after the update, counted back.
const SETTLE_QUOTA: Statement = {
  name: 'quota.settle',
  text: `
    with quota as (
      update credit_quotas
      set reserved_amount = reserved_amount - $3::numeric - $4::numeric,
        settled_amount = settled_amount + $3::numeric,
        commit_seq = commit_seq + 2
      where using_unit_id = $1 and period = $2
      returning using_unit_id, period, commit_seq
    )
    insert into quota_ledger (using_unit_id, period, commit_seq, reason, reference_id, available_delta, reserved_delta,
      settled_delta)
    select using_unit_id, period, commit_seq - 1, 'settled', $5::uuid, 0, -$3::numeric, $3::numeric from quota
    union all
    select using_unit_id, period, commit_seq, 'released', $5::uuid, $4::numeric, -$4::numeric, 0 from quota
    returning commit_seq`,
}

/** Errors: Defect when the period has no quota row; a refusal of the server when more is settled than was reserved. */
export async function settleQuota(
  tx: Tx,
  usingUnitId: UsingUnitId,
  period: TaxPeriod,
  entry: Parameters<QuotaStore['settle']>[3],
): Promise<void> {
  const values = [
    usingUnitId,
    period,
    formatAmount(entry.settledAmount),
    formatAmount(entry.releasedAmount),
    entry.batchId,
  ]
  const entries = await run(clientOf(tx), SETTLE_QUOTA, values)
  if (entries.length === 0) throw new Defect(`quota settled in ${period}, where none was reserved`)
}
