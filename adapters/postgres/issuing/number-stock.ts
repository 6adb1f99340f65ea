/** How many numbers a unit has left this year, and of how many. */
import type pg from 'pg'
import type { NumberStock } from '../../../connector/issuing/supply-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

const LOAD_STOCK: Statement = {
  name: 'numbers.stock',
  text: `
    select coalesce(sum(size - next_offset + returned_count), 0)::integer as free_count,
      coalesce(sum(size), 0)::integer as granted_count
    from number_segments where using_unit_id = $1 and year = $2 and state = 'active'`,
}

export async function loadNumberStock(
  pool: pg.Pool,
  tx: Tx | null,
  usingUnitId: UsingUnitId,
  year: number,
): Promise<NumberStock> {
  const connection = tx === null ? pool : clientOf(tx)
  const [row] = await run<{ free_count: number; granted_count: number }>(connection, LOAD_STOCK, [usingUnitId, year])
  return { freeCount: row?.free_count ?? 0, grantedCount: row?.granted_count ?? 0 }
}
