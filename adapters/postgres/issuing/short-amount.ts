/** What the parked invoices of a unit are short of, in all. */
import type pg from 'pg'
import { type Amount, amount } from '../../../connector/kernel/amount.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import { run, type Statement } from '../statement.js'

const SHORT_AMOUNT: Statement = {
  name: 'quota.short_amount',
  text: `
    select coalesce(sum(quota_amount), 0)::numeric(18,2) as amount from invoices
    where park_cause = 'quota_empty' and using_unit_id = $1`,
}

export async function loadShortAmount(pool: pg.Pool, usingUnitId: UsingUnitId): Promise<Amount> {
  const [row] = await run<{ amount: string }>(pool, SHORT_AMOUNT, [usingUnitId])
  return amount(row?.amount ?? '0')
}
