/**
 * Lets what waits for a cause go on: oldest first, in slices, stepping over rows that another waker holds. What is woken
 * is due since it came, so that it is taken up at once and in the order of age.
 */
import type { WakeFilter } from '../../../connector/issuing/ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement, toPlainArray } from '../statement.js'

// $1 causes, $2 using unit or null, $3 business type or null, $4 limit per kind of row.
const WAKE_MESSAGES: Statement = {
  name: 'wake.messages',
  text: `
    with picked as (
      select id from inbox_messages m
      where park_cause = any($1::text[])
        and ($3::text is null or business_type = $3)
        and ($2::uuid is null
          or exists (select from business_types t where t.code = m.business_type and t.using_unit_id = $2))
      order by received_at limit $4 for update skip locked
    ), woken as (
      update inbox_messages m set park_cause = null, parked_at = null, due_at = m.received_at, leased_until = null
      where m.id = any(array(select id from picked)) returning m.id
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, cause)
      select 'inbox', array_agg(id), 'stored', 'stored', 'woken' from woken having count(*) > 0
    )
    select count(*)::integer as count from woken`,
}

const WAKE_ORDERS: Statement = {
  name: 'wake.orders',
  text: `
    with picked as (
      select id from orders
      where park_cause = any($1::text[])
        and ($3::text is null or business_type = $3)
        and ($2::uuid is null or using_unit_id is null or using_unit_id = $2)
      order by received_at limit $4 for update skip locked
    ), woken as (
      update orders o set park_cause = null, parked_at = null, due_at = o.received_at, leased_until = null
      where o.id = any(array(select id from picked)) returning o.id
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, cause)
      select 'order', array_agg(id), 'received', 'received', 'woken' from woken having count(*) > 0
    )
    select count(*)::integer as count from woken`,
}

const WAKE_INVOICES: Statement = {
  name: 'wake.invoices',
  text: `
    with picked as (
      select i.id from invoices i
      where park_cause = any($1::text[])
        and ($2::uuid is null or using_unit_id = $2)
        and ($3::text is null or (select o.business_type from orders o where o.id = i.order_id) = $3)
      order by id limit $4 for update of i skip locked
    ), woken as (
      update invoices i set park_cause = null, parked_at = null
      where i.id = any(array(select id from picked)) returning i.id
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, cause)
      select 'invoice', array_agg(id), 'draft', 'draft', 'woken' from woken having count(*) > 0
    )
    select count(*)::integer as count from woken`,
}

// A batch belongs to a unit, not to a business type.
const WAKE_BATCHES: Statement = {
  name: 'wake.batches',
  text: `
    with picked as (
      select id from upload_batches
      where park_cause = any($1::text[]) and ($2::uuid is null or using_unit_id = $2) and $3::text is null
      order by created_at limit $4 for update skip locked
    ), woken as (
      update upload_batches b
      set park_cause = null, due_at = b.created_at, leased_by = null, leased_until = null
      where b.id = any(array(select id from picked)) returning b.id, b.state, b.fence
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, fence, cause)
      select 'batch', array[id], state, state, fence, 'woken' from woken
    )
    select count(*)::integer as count from woken`,
}

export async function wake(
  tx: Tx,
  filter: WakeFilter,
): Promise<{ inbox: number; orders: number; invoices: number; batches: number }> {
  const client = clientOf(tx)
  const values = [toPlainArray(filter.causes), filter.usingUnitId ?? null, filter.businessType ?? null, filter.limit]
  const [inbox, orders, invoices, batches] = await Promise.all(
    [WAKE_MESSAGES, WAKE_ORDERS, WAKE_INVOICES, WAKE_BATCHES].map(async (statement) => {
      const [woken] = await run<{ count: number }>(client, statement, values)
      return woken?.count ?? 0
    }),
  )
  return { inbox: inbox ?? 0, orders: orders ?? 0, invoices: invoices ?? 0, batches: batches ?? 0 }
}
