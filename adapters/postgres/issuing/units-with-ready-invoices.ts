/**
 * Units that have invoices ready to be numbered, the longest waiting first. Walks the index of ready invoices from one
 * unit to the next, so that it costs one look per waiting unit, however many invoices each has.
 */
import type pg from 'pg'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import { run, type Statement, toPlainArray } from '../statement.js'

const UNITS_WITH_READY: Statement = {
  name: 'invoices.units_with_ready',
  text: `
    with recursive waiting as (
      (select using_unit_id, id from invoices
       where invoice_number is null and park_cause is null
       order by using_unit_id, id limit 1)
      union all
      select next.using_unit_id, next.id
      from waiting w
      cross join lateral (
        select using_unit_id, id from invoices
        where invoice_number is null and park_cause is null and using_unit_id > w.using_unit_id
        order by using_unit_id, id limit 1
      ) next
    )
    select using_unit_id from waiting where using_unit_id <> all($2::uuid[]) order by id limit $1`,
}

export async function loadUnitsWithReadyInvoices(
  pool: pg.Pool,
  limit: number,
  busy: readonly UsingUnitId[],
): Promise<readonly UsingUnitId[]> {
  const rows = await run<{ using_unit_id: UsingUnitId }>(pool, UNITS_WITH_READY, [limit, toPlainArray(busy)])
  return rows.map((row) => row.using_unit_id)
}
