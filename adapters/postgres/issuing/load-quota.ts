/** The quota of a unit in a period, and the lock on its row. */
import type pg from 'pg'
import type { LockedQuota, QuotaState } from '../../../connector/issuing/supply-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { amount } from '../../../connector/kernel/amount.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import type { Instant, TaxPeriod } from '../../../connector/kernel/time.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

const LOAD_QUOTA: Statement = {
  name: 'quota.load',
  text: `
    select period, available_amount, valid_from, valid_to from credit_quotas
    where using_unit_id = $1 and period = $2`,
}

// What exceeds the total of the month as the bureau last told it can never be served and is no reason to wait.
const LOCK_QUOTA: Statement = {
  name: 'quota.lock',
  text: `
    select q.period, q.available_amount, q.valid_from, q.valid_to,
      first.id as first_id, first.quota_amount as first_amount, first.created_at as first_created_at
    from credit_quotas q
    left join lateral (
      select i.id, i.quota_amount, i.created_at from invoices i
      where i.park_cause = 'quota_empty' and i.using_unit_id = $1
        and i.quota_amount <= coalesce((q.bureau->>'monthTotal')::numeric, i.quota_amount)
      order by i.id limit 1
    ) first on true
    where q.using_unit_id = $1 and q.period = $2 for update of q`,
}

interface QuotaRow {
  period: TaxPeriod
  available_amount: string
  valid_from: string | null
  valid_to: string | null
}

type LockedRow = QuotaRow &
  (
    | { first_id: string; first_amount: string; first_created_at: Instant }
    | { first_id: null; first_amount: null; first_created_at: null }
  )

export async function loadQuota(
  pool: pg.Pool,
  tx: Tx | null,
  usingUnitId: UsingUnitId,
  period: TaxPeriod,
): Promise<QuotaState | null> {
  const [row] = await run<QuotaRow>(tx === null ? pool : clientOf(tx), LOAD_QUOTA, [usingUnitId, period])
  return row === undefined ? null : toQuotaState(row)
}

export async function lockQuota(tx: Tx, usingUnitId: UsingUnitId, period: TaxPeriod): Promise<LockedQuota | null> {
  const [row] = await run<LockedRow>(clientOf(tx), LOCK_QUOTA, [usingUnitId, period])
  if (row === undefined) return null
  const firstInLine =
    row.first_id === null
      ? null
      : { id: row.first_id, quotaAmount: amount(row.first_amount), createdAt: row.first_created_at }
  return { ...toQuotaState(row), firstInLine }
}

function toQuotaState(row: QuotaRow): QuotaState {
  return {
    period: row.period,
    availableAmount: amount(row.available_amount),
    validFrom: row.valid_from,
    validTo: row.valid_to,
  }
}
