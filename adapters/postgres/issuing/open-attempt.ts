/**
 * Writes that bytes are about to leave, before they do (P3); the lease begins anew, as the call is about to. Asked again
 * for the same attempt, it finds what it wrote.
 */
import type { BatchStore } from '../../../connector/issuing/batch-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement, toTimestamp } from '../statement.js'

// Invoices in doubt stay in doubt while their bytes are sent again; only those provably not at the bureau move.
const OPEN_ATTEMPT: Statement = {
  name: 'batches.open_attempt',
  text: `
    with known as materialized (
      select attempt_no from upload_attempts where id = $3 and fence = $2
    ), held as materialized (
      select id, state from upload_batches
      where id = $1 and fence = $2 and state in ('reserved', 'sending', 'in_doubt') and park_cause is null
        and not exists (select from known)
      for update
    ), opened as (
      update upload_batches b
      set state = 'sending',
        attempts = b.attempts + 1,
        leased_until = now() + $6 * interval '1 millisecond',
        due_at = now() + $6 * interval '1 millisecond'
      from held h where b.id = h.id
      returning b.id, b.fence, b.attempts, h.state as from_state
    ), attempt as (
      insert into upload_attempts (id, batch_id, attempt_no, fence, started_at, deadline_at)
      select $3, id, attempts, fence, $4, $5 from opened
    ), sent as (
      update invoices i set state = 'sending'
      where (select state from held) = 'reserved'
        and i.id = any(array(select invoice_id from upload_items where batch_id = $1))
        and i.batch_id = $1 and i.state = 'reserved'
      returning i.id
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, fence)
      select 'batch', array[id], from_state, 'sending', fence from opened where from_state <> 'sending'
      union all
      select 'invoice', array_agg(id), 'reserved', 'sending', 0 from sent having count(*) > 0
    )
    select attempts from opened union all select attempt_no from known`,
}

export async function openAttempt(
  tx: Tx,
  attempt: Parameters<BatchStore['openAttempt']>[1],
): Promise<{ attemptNo: number } | null> {
  const [opened] = await run<{ attempts: number }>(clientOf(tx), OPEN_ATTEMPT, [
    attempt.id,
    attempt.fence,
    attempt.attemptId,
    toTimestamp(attempt.startedAt),
    toTimestamp(attempt.deadlineAt),
    attempt.leaseMs,
  ])
  return opened === undefined ? null : { attemptNo: opened.attempts }
}
