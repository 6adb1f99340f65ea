/** Writes attempts down and moves their deliveries, where the worker still holds them (P7); once, however often it runs. */
import type { ConcludedAttempt } from '../../../connector/issuing/delivery-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'

const CONCLUDE: Statement = {
  name: 'deliveries.conclude',
  text: `
    with incoming as materialized (
      select * from json_to_recordset($1) as r(id uuid, event_id uuid, attempt_no integer, fence bigint, outcome text,
        status_code integer, code text, body_sha256 text, started_at timestamptz, duration_ms integer, to_state text,
        delay_ms double precision)
    ), held as materialized (
      select i.*, d.state as from_state
      from callback_deliveries d join incoming i on i.event_id = d.event_id and i.fence = d.fence
      where d.event_id = any(array(select event_id from incoming)) and d.state in ('pending', 'retrying')
        and d.leased_by is not null
      for update of d
    ), moved as (
      update callback_deliveries d
      set state = h.to_state,
        due_at = now() + h.delay_ms * interval '1 millisecond',
        leased_by = null,
        leased_until = null,
        delivered_at = case when h.to_state = 'delivered' then coalesce(d.delivered_at, now()) else d.delivered_at end
      from held h
      where d.event_id = any(array(select event_id from held)) and d.event_id = h.event_id
    ), attempted as (
      insert into callback_attempts (id, event_id, attempt_no, fence, outcome, status_code, code, body_sha256, started_at,
        duration_ms)
      select id, event_id, attempt_no, fence, outcome, status_code, code, body_sha256, started_at, duration_ms from held
    ), logged as (
      insert into transitions (entity, entity_ids, from_state, to_state, fence, cause)
      select 'delivery', array_agg(event_id), from_state, to_state, fence, code
      from held where from_state <> to_state group by from_state, to_state, fence, code
    )
    select event_id from held`,
}

export async function concludeAttempts(tx: Tx, attempts: readonly ConcludedAttempt[]): Promise<ReadonlySet<string>> {
  const rows = attempts.map((attempt) => ({
    id: attempt.id,
    event_id: attempt.eventId,
    attempt_no: attempt.attemptNo,
    // As text: JSON.stringify would take a bigint for an amount.
    fence: attempt.fence.toString(),
    outcome: attempt.outcome,
    status_code: attempt.status,
    code: attempt.code,
    body_sha256: attempt.bodySha256,
    started_at: toTimestamp(attempt.startedAt),
    duration_ms: attempt.durationMs,
    to_state: attempt.to,
    delay_ms: attempt.delayMs,
  }))
  const held = await run<{ event_id: string }>(clientOf(tx), CONCLUDE, [toJson(rows)])
  return new Set(held.map(({ event_id }) => event_id))
}
