/**
 * Moves a held batch, and with it the invoices named; one statement, so that a lost fence changes nothing at all.
 * `due_at` follows the state: none for a batch that is final or parked; else as far from the database's present as was
 * asked from the caller's, or the end of the lease.
 */
import type { BatchStore } from '../../../connector/issuing/batch-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toNullableTimestamp, toTimestamp } from '../statement.js'

// The states of the invoices before are read for the log; they hold, because the batch is locked by then.
// $1 batch, $2 fence, $3 allowed states, $4 the change; a key that is absent from it keeps its column.
const MOVE_BATCH: Statement = {
  name: 'batches.move',
  text: `
    with change as materialized (
      select *, $4::jsonb as given,
        to_state in ('settled', 'refused', 'divided', 'withdrawn', 'needs_person') as is_final
      from jsonb_to_record($4) as c(to_state text, due_at timestamptz, release boolean, polls integer, park_cause text, doubt_since timestamptz, open_count integer,
        at timestamptz, invoices_from text[], invoices_to text)
    ), held as materialized (
      select id, state, fence from upload_batches where id = $1 and fence = $2 and state = any($3::text[]) for update
    ), moved_batch as (
      update upload_batches b
      set state = c.to_state,
        park_cause = case when c.given ? 'park_cause' then c.park_cause else b.park_cause end,
        due_at = case
          when c.is_final or (case when c.given ? 'park_cause' then c.park_cause else b.park_cause end) is not null
          then null else coalesce(now() + (c.due_at - c.at), b.due_at, now()) end,
        leased_by = case when c.release then null else b.leased_by end,
        leased_until = case when c.release then null else b.leased_until end,
        polls = coalesce(c.polls, b.polls),
        was_in_doubt = b.was_in_doubt or c.to_state = 'in_doubt',
        doubt_since = coalesce(c.doubt_since, b.doubt_since, case when c.to_state = 'in_doubt' then c.at end),
        open_count = coalesce(c.open_count, b.open_count),
        closed_at = case when c.is_final then c.at end
      from held h cross join change c
      where b.id = h.id
      returning b.id, b.fence, h.state as from_state, b.state as to_state, b.park_cause, c.at
    ), before as materialized (
      select i.id, i.state from change c cross join invoices i
      where (select c.invoices_to from held cross join change c) is not null
        and i.id = any(array(select invoice_id from upload_items where batch_id = $1))
        and i.batch_id = $1 and i.state = any(c.invoices_from)
    ), moved_invoices as (
      update invoices i set state = c.invoices_to
      from change c
      where i.id = any(array(select id from before)) and i.batch_id = $1 and i.state = any(c.invoices_from)
    ), noted as (
      insert into transitions (entity, entity_ids, from_state, to_state, fence, cause, at)
      select 'batch', array[id], from_state, to_state, fence, park_cause, at from moved_batch
      where from_state <> to_state or park_cause is not null
      union all
      select 'invoice', array_agg(b.id), b.state, c.invoices_to, 0, null, c.at
      from before b cross join change c
      where b.state <> c.invoices_to group by b.state, c.invoices_to, c.at
    )
    select (select count(*) from moved_batch)::integer as count`,
}

export async function moveBatch(tx: Tx, change: Parameters<BatchStore['move']>[1]): Promise<boolean> {
  const given = {
    to_state: change.to,
    due_at: toNullableTimestamp(change.dueAt),
    release: change.release,
    polls: change.polls,
    park_cause: change.parkCause,
    doubt_since: change.doubtSince === undefined ? undefined : toTimestamp(change.doubtSince),
    open_count: change.openCount,
    at: toTimestamp(change.at),
    invoices_from: change.invoices?.from,
    invoices_to: change.invoices?.to,
  }
  const from = `{${change.from.join(',')}}`
  const [moved] = await run<{ count: number }>(clientOf(tx), MOVE_BATCH, [change.id, change.fence, from, toJson(given)])
  return moved?.count === 1
}
