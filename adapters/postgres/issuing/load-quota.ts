/** The quota of a unit in a period, and the lock on its row. */
import type pg from 'pg'
import type { QuotaState } from '../../../connector/issuing/supply-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { amount } from '../../../connector/kernel/amount.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import type { TaxPeriod } from '../../../connector/kernel/time.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

const LOAD_QUOTA: Statement = {
  name: 'quota.load',
  text: `
    select period, available_amount, valid_from, valid_to from credit_quotas
    where using_unit_id = $1 and period = $2`,
}

const LOCK_QUOTA: Statement = { name: 'quota.lock', text: `${LOAD_QUOTA.text} for update` }

interface QuotaRow {
  period: TaxPeriod
  available_amount: string
  valid_from: string | null
  valid_to: string | null
}

export async function loadQuota(
  pool: pg.Pool,
  tx: Tx | null,
  usingUnitId: UsingUnitId,
  period: TaxPeriod,
): Promise<QuotaState | null> {
  const [row] = await run<QuotaRow>(tx === null ? pool : clientOf(tx), LOAD_QUOTA, [usingUnitId, period])
  return row === undefined ? null : toQuotaState(row)
}

export async function lockQuota(tx: Tx, usingUnitId: UsingUnitId, period: TaxPeriod): Promise<QuotaState | null> {
  const [row] = await run<QuotaRow>(clientOf(tx), LOCK_QUOTA, [usingUnitId, period])
  return row === undefined ? null : toQuotaState(row)
}

function toQuotaState(row: QuotaRow): QuotaState {
  return {
    period: row.period,
    availableAmount: amount(row.available_amount),
    validFrom: row.valid_from,
    validTo: row.valid_to,
  }
}
