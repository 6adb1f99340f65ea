/** How many draft invoices of a unit wait under a cause. */
import type pg from 'pg'
import type { ParkCause } from '../../../connector/kernel/fault.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import { run, type Statement } from '../statement.js'

const COUNT_PARKED: Statement = {
  name: 'invoices.count_parked',
  text: 'select count(*)::integer as count from invoices where park_cause = $2 and using_unit_id = $1',
}

export async function countParked(pool: pg.Pool, usingUnitId: UsingUnitId, cause: ParkCause): Promise<number> {
  const [row] = await run<{ count: number }>(pool, COUNT_PARKED, [usingUnitId, cause])
  return row?.count ?? 0
}
