/**
 * Brings our books of a period down or up to the bureau's, in one ledger entry: downloads that the copy does not know
 * are booked, and what the bureau does not leave us is written off as gone. What is on its way may have used quota there
 * already and is taken off once more: too little is downloaded again, too much would be overspent.
 */
import type { RestoreStore } from '../../../connector/issuing/restore-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { formatAmount } from '../../../connector/kernel/amount.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import type { TaxPeriod } from '../../../connector/kernel/time.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

const OPEN_PERIOD: Statement = {
  name: 'restores.open_period',
  text: 'insert into credit_quotas (using_unit_id, period) values ($1, $2) on conflict do nothing',
}

// $3 downloaded less returned at the bureau, $4 of that unused.
const CORRECT_QUOTA: Statement = {
  name: 'restores.correct_quota',
  text: `
    with held as materialized (
      select using_unit_id, period, available_amount, reserved_amount,
        greatest($3::numeric - (downloaded_amount - returned_amount), 0) as found,
        greatest($4::numeric - reserved_amount, 0) as left_over
      from credit_quotas where using_unit_id = $1 and period = $2 for update
    ), change as (
      select using_unit_id, period, found, greatest(available_amount + found - left_over, 0) as gone from held
    ), corrected as (
      update credit_quotas q
      set downloaded_amount = q.downloaded_amount + c.found, expired_amount = q.expired_amount + c.gone,
        commit_seq = q.commit_seq + 1
      from change c
      where q.using_unit_id = c.using_unit_id and q.period = c.period and (c.found > 0 or c.gone > 0)
      returning q.using_unit_id, q.period, q.commit_seq, c.found, c.gone
    )
    insert into quota_ledger (using_unit_id, period, commit_seq, reason, available_delta, downloaded_delta, expired_delta)
    select using_unit_id, period, commit_seq, 'restored', found - gone, found, gone from corrected`,
}

export async function correctQuota(
  tx: Tx,
  unit: UsingUnitId,
  period: TaxPeriod,
  bureau: Parameters<RestoreStore['correctQuota']>[3],
): Promise<void> {
  const client = clientOf(tx)
  const amounts = [formatAmount(bureau.downloadedAmount), formatAmount(bureau.unusedAmount)]
  await Promise.all([run(client, OPEN_PERIOD, [unit, period]), run(client, CORRECT_QUOTA, [unit, period, ...amounts])])
}
