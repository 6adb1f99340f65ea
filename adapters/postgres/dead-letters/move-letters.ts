/**
 * Moves letters, each in its own row and only where it still is what it was chosen as: of two who move one letter, or of
 * one who moves it and a wake-up, one wins.
 */
import type { DeadLetterStore, LetterFilter, MovedSlice } from '../../../connector/dead-letters/ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { assert } from '../../../connector/kernel/never.js'
import { clientOf } from '../database.js'
import { run, type Statement, toTimestamp } from '../statement.js'
import { CHOSEN, toFilterValues } from './read-letters.js'

/** Still what it was chosen as. */
const UNCHANGED_MESSAGE = `m.id = c.id and c.kind = 'message'
        and coalesce(m.disposition, 'parked') = c.state and m.park_cause is not distinct from c.cause`
const UNCHANGED_ORDER = `o.id = c.id and c.kind = 'order' and o.park_cause = c.cause`

const movedOf = (orders: string) => `
    select array(select id from messages union all select id from ${orders})::text[] as ids,
      (select count(*)::integer from oldest) as chosen_count`

// $8 limit, $9 start of the run.
const RELEASE: Statement = {
  name: 'letters.release',
  text: `
    with ${CHOSEN}, oldest as materialized (
      select * from chosen where released_at is null or released_at < $9::timestamptz order by received_at, id limit $8
    ), messages as (
      update inbox_messages m
      set disposition = null, order_id = null, park_cause = null, parked_at = null, due_at = m.received_at,
        leased_until = null, attempts = 0, released_at = $9::timestamptz
      from oldest c where ${UNCHANGED_MESSAGE}
      returning m.id, c.state
    ), released_orders as (
      update orders o
      set park_cause = null, parked_at = null, due_at = o.received_at, leased_until = null, attempts = 0,
        released_at = $9::timestamptz
      from oldest c where ${UNCHANGED_ORDER}
      returning o.id
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, cause)
      select 'inbox', array_agg(id), case state when 'parked' then 'stored' else state end, 'stored', 'released'
      from messages group by state
      union all
      select 'order', array_agg(id), 'received', 'received', 'released' from released_orders having count(*) > 0
    )
    ${movedOf('released_orders')}`,
}

const DISCARD: Statement = {
  name: 'letters.discard',
  text: `
    with ${CHOSEN}, oldest as materialized (
      select * from chosen where state <> 'discarded' order by received_at, id limit $8
    ), messages as (
      update inbox_messages m
      set disposition = 'discarded', park_cause = null, parked_at = null, due_at = null, leased_until = null
      from oldest c where ${UNCHANGED_MESSAGE}
      returning m.id, c.state
    ), ended_orders as (
      update orders o set park_cause = 'discarded', parked_at = now()
      from oldest c where ${UNCHANGED_ORDER}
      returning o.id
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, cause)
      select 'inbox', array_agg(id), case state when 'parked' then 'stored' else state end, 'discarded', 'discarded'
      from messages group by state
      union all
      select 'order', array_agg(id), 'received', 'received', 'discarded' from ended_orders having count(*) > 0
    )
    ${movedOf('ended_orders')}`,
}

const HOLD: Statement = {
  name: 'letters.hold',
  text: `
    with ${CHOSEN}, oldest as materialized (
      select * from chosen where state = 'parked' and cause <> 'manual_hold' order by received_at, id limit $8
    ), messages as (
      update inbox_messages m set park_cause = 'manual_hold'
      from oldest c where ${UNCHANGED_MESSAGE}
      returning m.id
    ), held_orders as (
      update orders o set park_cause = 'manual_hold'
      from oldest c where ${UNCHANGED_ORDER}
      returning o.id
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, cause)
      select 'inbox', array_agg(id), 'stored', 'stored', 'manual_hold' from messages having count(*) > 0
      union all
      select 'order', array_agg(id), 'received', 'received', 'manual_hold' from held_orders having count(*) > 0
    )
    ${movedOf('held_orders')}`,
}

export function releaseLetters(
  tx: Tx,
  filter: LetterFilter,
  { startedAt, limit }: Parameters<DeadLetterStore['release']>[2],
): Promise<MovedSlice> {
  return move(tx, RELEASE, filter, [limit, toTimestamp(startedAt)])
}

export function discardLetters(tx: Tx, filter: LetterFilter, limit: number): Promise<MovedSlice> {
  return move(tx, DISCARD, filter, [limit])
}

export function holdLetters(tx: Tx, filter: LetterFilter, limit: number): Promise<MovedSlice> {
  return move(tx, HOLD, filter, [limit])
}

async function move(
  tx: Tx,
  statement: Statement,
  filter: LetterFilter,
  values: readonly unknown[],
): Promise<MovedSlice> {
  const parameters = [...toFilterValues(filter), ...values]
  const [row] = await run<{ ids: string[]; chosen_count: number }>(clientOf(tx), statement, parameters)
  assert(row !== undefined, 'a select without a table answered no row')
  return { ids: row.ids, chosenCount: row.chosen_count }
}
