/** Enters a granted segment; the database itself refuses one that shares a number with any other. */
import type { NumberStore } from '../../../connector/issuing/supply-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

const ADD_SEGMENT: Statement = {
  name: 'numbers.add_segment',
  text: `
    insert into number_segments (id, using_unit_id, move_id, year, first_number, last_number, size)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict do nothing returning id`,
}

// The bureau answers a repeated serial with the same segment: that one is no overlap.
const FIND_SAME: Statement = {
  name: 'numbers.find_same_segment',
  text: `
    select id from number_segments
    where move_id = $1 and using_unit_id = $2 and first_number = $3 and last_number = $4`,
}

/** Source: Leqi base capability, batch number pre-assignment (QDFPPLFM); overlapping ranges are an incident. */
export async function addSegment(
  tx: Tx,
  segment: Parameters<NumberStore['addSegment']>[1],
): Promise<'added' | 'overlaps'> {
  const { id, usingUnitId, moveId, year, first, last, size } = segment
  const client = clientOf(tx)
  const added = await run(client, ADD_SEGMENT, [id, usingUnitId, moveId, year, first, last, size])
  if (added.length > 0) return 'added'
  const same = await run(client, FIND_SAME, [moveId, usingUnitId, first, last])
  return same.length > 0 ? 'added' : 'overlaps'
}
