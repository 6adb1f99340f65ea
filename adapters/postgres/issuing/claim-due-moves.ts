/** Takes up open moves that are due: whatever they were, they count as sent before the call is made. */
import type pg from 'pg'
import type { MoveState } from '../../../connector/issuing/states.js'
import type { HeldMove, MoveStore } from '../../../connector/issuing/supply-ports.js'
import { amount } from '../../../connector/kernel/amount.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import type { TaxPeriod } from '../../../connector/kernel/time.js'
import { run, type Statement, toPlainArray } from '../statement.js'

// $1 owner, $2 lease in ms, $3 limit, $4 resting units
const CLAIM_MOVES: Statement = {
  name: 'moves.claim_due',
  text: `
    with picked as (
      select id, state from bureau_moves
      where due_at <= now() and (leased_until is null or leased_until <= now()) and using_unit_id <> all($4::uuid[])
      order by due_at limit $3 for update skip locked
    ), claimed as (
      update bureau_moves m
      set state = 'sent',
        attempts = m.attempts + 1,
        fence = m.fence + 1,
        leased_by = $1,
        leased_until = now() + $2 * interval '1 millisecond',
        due_at = now() + $2 * interval '1 millisecond'
      where m.id = any(array(select id from picked))
      returning m.*
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, fence)
      select 'move', array[c.id], p.state, 'sent', c.fence
      from claimed c join picked p on p.id = c.id where p.state <> 'sent'
    )
    select id, using_unit_id, kind, serial, number_count, amount, period, state, attempts, fence
    from claimed order by created_at, id`,
}

interface MoveRow {
  id: string
  using_unit_id: UsingUnitId
  kind: HeldMove['kind']
  serial: string
  number_count: number | null
  amount: string | null
  period: TaxPeriod | null
  state: MoveState
  attempts: number
  fence: string
}

export async function claimDueMoves(
  pool: pg.Pool,
  options: Parameters<MoveStore['claimDue']>[0],
): Promise<readonly HeldMove[]> {
  const values = [options.lease.owner, options.lease.ms, options.limit, toPlainArray(options.resting)]
  const rows = await run<MoveRow>(pool, CLAIM_MOVES, values)
  return rows.map((row) => ({
    id: row.id,
    usingUnitId: row.using_unit_id,
    kind: row.kind,
    serial: row.serial,
    numberCount: row.number_count,
    amount: row.amount === null ? null : amount(row.amount),
    period: row.period,
    state: row.state,
    attempts: row.attempts,
    fence: BigInt(row.fence),
  }))
}
