/** Writes how held messages ended or what they wait for; only under their fence, and where nobody has decided before. */
import type { InboxStore } from '../../../connector/issuing/ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson } from '../statement.js'

const DECIDE_MESSAGES: Statement = {
  name: 'inbox.decide',
  text: `
    with incoming as materialized (
      select * from json_to_recordset($1) as r(id uuid, fence bigint, disposition text, order_id uuid,
        faults jsonb, park_cause text)
    ), decided as (
      update inbox_messages m
      set disposition = d.disposition,
        order_id = d.order_id,
        faults = d.faults,
        park_cause = d.park_cause,
        -- A try that ended is no try that broke off: what waits may be looked at for ever.
        attempts = case when d.park_cause is null then m.attempts else 0 end,
        parked_at = case when d.park_cause is not null then now() end,
        due_at = case when d.disposition is null and d.park_cause is null then m.due_at end,
        leased_until = null
      from incoming d
      where m.id = any(array(select id from incoming)) and m.id = d.id and m.fence = d.fence
        and m.disposition is null and m.park_cause is null
      returning m.id, m.disposition, m.park_cause
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, cause)
      select 'inbox', array_agg(id), 'stored', coalesce(disposition, 'stored'), park_cause
      from decided where disposition is not null or park_cause is not null group by disposition, park_cause
    )
    select id from decided`,
}

export async function decideMessages(
  tx: Tx,
  decisions: Parameters<InboxStore['decide']>[1],
): Promise<readonly string[]> {
  if (decisions.length === 0) return []
  const rows = decisions.map((decision) => ({
    id: decision.id,
    fence: decision.fence.toString(),
    disposition: decision.disposition,
    order_id: decision.orderId,
    faults: decision.faults.length === 0 ? undefined : decision.faults,
    park_cause: decision.parkCause,
  }))
  return (await run<{ id: string }>(clientOf(tx), DECIDE_MESSAGES, [toJson(rows)])).map(({ id }) => id)
}
