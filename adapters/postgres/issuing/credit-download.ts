/** Credits a download that the bureau granted, and the interval it told; opens the period where it is the first. */
import type { QuotaStore } from '../../../connector/issuing/supply-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { formatAmount } from '../../../connector/kernel/amount.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import type { TaxPeriod } from '../../../connector/kernel/time.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

const CREDIT_DOWNLOAD: Statement = {
  name: 'quota.credit_download',
  text: `
    with quota as (
      insert into credit_quotas as q (using_unit_id, period, downloaded_amount, valid_from, valid_to, commit_seq)
      values ($1, $2, $3::numeric, $5::date, $6::date, 1)
      on conflict (using_unit_id, period) do update
      set downloaded_amount = q.downloaded_amount + excluded.downloaded_amount,
        valid_from = coalesce(excluded.valid_from, q.valid_from),
        valid_to = coalesce(excluded.valid_to, q.valid_to),
        commit_seq = q.commit_seq + 1
      returning using_unit_id, period, commit_seq
    )
    insert into quota_ledger (using_unit_id, period, commit_seq, reason, reference_id, available_delta,
      downloaded_delta)
    select using_unit_id, period, commit_seq, 'downloaded', $4::uuid, $3::numeric, $3::numeric from quota`,
}

/** Source: Leqi base capability, quota download and return (XZTHSXED); the answer names the interval of validity. */
export async function creditDownload(
  tx: Tx,
  usingUnitId: UsingUnitId,
  period: TaxPeriod,
  entry: Parameters<QuotaStore['creditDownload']>[3],
): Promise<void> {
  await run(clientOf(tx), CREDIT_DOWNLOAD, [
    usingUnitId,
    period,
    formatAmount(entry.amount),
    entry.moveId,
    entry.validFrom,
    entry.validTo,
  ])
}
