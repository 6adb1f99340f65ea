/** Makes results due once more, under their own ids. */
import type { ResultFilter, ResultStore } from '../../../connector/issuing/replay-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { assert } from '../../../connector/kernel/never.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'
import { MEANT, toValues } from './filter.js'

// $1 … $7 the filter, $8 limit
const REPLAY: Statement = {
  name: 'results.replay',
  text: `
    with meant as materialized (
      select e.id ${MEANT} order by e.id limit $8
    ), published as (
      update outbox_events e
      set state = 'pending', due_at = now(), replays = e.replays + 1, unroutable_at = null
      where e.id = any(array(select id from meant)) and e.state = 'published'
        and $6 is distinct from 'callback' and not $7
      returning e.id
    ), tried as materialized (
      select d.event_id, d.state, d.fence from callback_deliveries d
      where d.event_id = any(array(select id from meant)) and $6 is distinct from 'amqp'
        and (not $7 or d.state <> 'delivered') and d.attempts > 0 and (d.leased_until is null or d.leased_until <= now())
      for update
    ), queued as (
      update callback_deliveries d
      set state = 'pending', tries = 0, replays = d.replays + 1, due_at = now(), leased_by = null, leased_until = null
      where d.event_id = any(array(select event_id from tried))
      returning d.event_id
    ), logged as (
      insert into transitions (entity, entity_ids, from_state, to_state, fence, cause)
      select 'event', array_agg(id), 'published', 'pending', 0, 'replay' from published having count(*) > 0
      union all
      select 'delivery', array_agg(event_id), state, 'pending', fence, 'replay' from tried where state <> 'pending'
      group by state, fence
    )
    select (select count(*)::integer from meant) as matched, (select count(*)::integer from published) as amqp,
      (select count(*)::integer from queued) as callback`,
}

export async function replayResults(tx: Tx, filter: ResultFilter, limit: number): ReturnType<ResultStore['replay']> {
  const values = [...toValues(filter), limit]
  const [row] = await run<{ matched: number; amqp: number; callback: number }>(clientOf(tx), REPLAY, values)
  assert(row !== undefined, 'a select without a table answered no row')
  return { matchedCount: row.matched, amqpCount: row.amqp, callbackCount: row.callback }
}
