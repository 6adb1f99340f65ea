/** available → reserved, with its ledger entry; the row's own condition decides whether it fits (I5). */
import type { QuotaStore } from '../../../connector/issuing/supply-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { formatAmount } from '../../../connector/kernel/amount.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import type { TaxPeriod } from '../../../connector/kernel/time.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

const RESERVE_QUOTA: Statement = {
  name: 'quota.reserve',
  text: `
    with quota as (
      update credit_quotas set reserved_amount = reserved_amount + $3::numeric, commit_seq = commit_seq + 1
      where using_unit_id = $1 and period = $2 and available_amount >= $3::numeric
      returning using_unit_id, period, commit_seq
    )
    insert into quota_ledger (using_unit_id, period, commit_seq, reason, reference_id, available_delta, reserved_delta)
    select using_unit_id, period, commit_seq, 'reserved', $4, -$3::numeric, $3::numeric from quota
    returning commit_seq`,
}

/** Units   net amount in yuan. Source: Leqi rulebook 3.1, blocked when the free quota is below the net amount. */
export async function reserveQuota(
  tx: Tx,
  usingUnitId: UsingUnitId,
  period: TaxPeriod,
  entry: Parameters<QuotaStore['reserve']>[3],
): Promise<boolean> {
  const values = [usingUnitId, period, formatAmount(entry.amount), entry.batchId]
  return (await run(clientOf(tx), RESERVE_QUOTA, values)).length === 1
}
