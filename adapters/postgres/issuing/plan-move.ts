/** Stores a claim, download or return with its serial before the call (P8, P9); one open move per unit and kind. */
import type pg from 'pg'
import type { MoveStore } from '../../../connector/issuing/supply-ports.js'
import { formatAmount } from '../../../connector/kernel/amount.js'
import { run, type Statement } from '../statement.js'

const PLAN_MOVE: Statement = {
  name: 'moves.plan',
  text: `
    with planned as (
      insert into bureau_moves (id, using_unit_id, kind, serial, number_count, amount, period, state, due_at)
      values ($1, $2, $3, $4, $5, $6, $7, 'planned', now())
      on conflict (using_unit_id, kind) where state in ('planned', 'sent', 'in_doubt') do nothing
      returning id
    ), moved as (
      insert into transitions (entity, entity_ids, to_state) select 'move', array[id], 'planned' from planned
    )
    select id from planned`,
}

export async function planMove(pool: pg.Pool, move: Parameters<MoveStore['plan']>[0]): Promise<{ id: string } | null> {
  const [planned] = await run<{ id: string }>(pool, PLAN_MOVE, [
    move.id,
    move.usingUnitId,
    move.kind,
    move.serial,
    move.numberCount,
    move.amount === null ? null : formatAmount(move.amount),
    move.period,
  ])
  return planned ?? null
}
