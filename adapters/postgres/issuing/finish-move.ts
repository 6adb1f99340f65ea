/** Closes or postpones a held move. Its next instant is as far from the database's present as from the caller's. */
import type { MoveStore } from '../../../connector/issuing/supply-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toNullableTimestamp, toTimestamp } from '../statement.js'

const FINISH_MOVE: Statement = {
  name: 'moves.finish',
  text: `
    with finished as (
      update bureau_moves
      set state = $3,
        due_at = case when $3 in ('granted', 'refused') then null else coalesce(now() + ($4::timestamptz - $6::timestamptz), due_at) end,
        leased_by = null,
        leased_until = null,
        answer = $5,
        closed_at = case when $3 in ('granted', 'refused') then $6::timestamptz end
      where id = $1 and fence = $2 and state = 'sent'
      returning id, fence
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, fence, at)
      select 'move', array[id], 'sent', $3, fence, $6 from finished where $3 <> 'sent'
    )
    select id from finished`,
}

export async function finishMove(tx: Tx, move: Parameters<MoveStore['finish']>[1]): Promise<boolean> {
  const finished = await run(clientOf(tx), FINISH_MOVE, [
    move.id,
    move.fence,
    move.to,
    toNullableTimestamp(move.dueAt),
    toJson(move.answer),
    toTimestamp(move.at),
  ])
  return finished.length === 1
}
