/** Quota of an end that was turned round: available → settled, or back, with its entry. */
import type { DoubtStore } from '../../../connector/issuing/doubt-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { formatAmount } from '../../../connector/kernel/amount.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import type { TaxPeriod } from '../../../connector/kernel/time.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

const MOVE_QUOTA: Statement = {
  name: 'doubts.move_quota',
  text: `
    with quota as (
      update credit_quotas set settled_amount = settled_amount + $3::numeric, commit_seq = commit_seq + 1
      where using_unit_id = $1 and period = $2 and available_amount >= $3::numeric
      returning using_unit_id, period, commit_seq
    )
    insert into quota_ledger (using_unit_id, period, commit_seq, reason, reference_id, available_delta, settled_delta)
    select using_unit_id, period, commit_seq, 'corrected', $4::uuid, -$3::numeric, $3::numeric from quota
    returning commit_seq`,
}

export async function moveQuota(
  tx: Tx,
  usingUnitId: UsingUnitId,
  period: TaxPeriod,
  entry: Parameters<DoubtStore['moveQuota']>[3],
): Promise<boolean> {
  const values = [usingUnitId, period, formatAmount(entry.settledAmount), entry.batchId]
  return (await run(clientOf(tx), MOVE_QUOTA, values)).length === 1
}
