/**
 * Lets what waits go on, stepping over rows that another waker holds. What is woken is due since it came, so that it is
 * taken up at once and in the order of age.
 *
 *   wake     the cause has gone: the oldest, at most so many of each kind
 *   wakeOn   the next slice of what such a wake has left asleep, wakings taking turns
 *   sweep    no cause is known to have gone: those that were looked at longest ago, so that all have their turn
 *
 * What the unit cannot supply now stays asleep whoever wakes: an invoice that needs more quota than there is, or one of
 * a unit without a free number, would only be parked again.
 */
import type { WakeFilter, Woken } from '../../../connector/issuing/ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import type { ParkCause } from '../../../connector/kernel/fault.js'
import { clientOf } from '../database.js'
import { run, type Statement, toPlainArray } from '../statement.js'

// In all: $1 causes, $2 using unit or null, $3 business type or null, $4 limit, $5 id of the waking that goes on or null.
const OF_THE_WAKING = `
  ($5::bigint is null or parked_at <= (select parked_until from wakings where id = $5::bigint))`

const messages = (order: string) => `
  with picked as (
    select id from inbox_messages m
    where park_cause = any($1::text[])
      and ($3::text is null or business_type = $3)
      and ($2::uuid is null
        or exists (select from business_types t where t.code = m.business_type and t.using_unit_id = $2))
      and ${OF_THE_WAKING}
    order by ${order} limit $4 for update skip locked
  ), woken as (
    update inbox_messages m
    set park_cause = null, parked_at = null, due_at = least(m.received_at, now()), leased_until = null
    where m.id = any(array(select id from picked)) returning m.id
  ), moved as (
    insert into transitions (entity, entity_ids, from_state, to_state, cause)
    select 'inbox', array_agg(id), 'stored', 'stored', 'woken' from woken having count(*) > 0
  )
  select count(*)::integer as count from woken`

const orders = (order: string) => `
  with picked as (
    select id from orders
    where park_cause = any($1::text[])
      and ($3::text is null or business_type = $3)
      and ($2::uuid is null or using_unit_id is null or using_unit_id = $2)
      and ${OF_THE_WAKING}
    order by ${order} limit $4 for update skip locked
  ), woken as (
    update orders o
    set park_cause = null, parked_at = null, due_at = least(o.received_at, now()), leased_until = null
    where o.id = any(array(select id from picked)) returning o.id
  ), moved as (
    insert into transitions (entity, entity_ids, from_state, to_state, cause)
    select 'order', array_agg(id), 'received', 'received', 'woken' from woken having count(*) > 0
  )
  select count(*)::integer as count from woken`

// The latest period is the running one, or the last in which the unit issued.
const invoices = (order: string) => `
  with picked as (
    select i.id from invoices i
    where park_cause = any($1::text[])
      and ($2::uuid is null or using_unit_id = $2)
      and ($3::text is null or (select o.business_type from orders o where o.id = i.order_id) = $3)
      and ${OF_THE_WAKING}
      and (park_cause <> 'quota_empty' or quota_amount <= (
        select q.available_amount from credit_quotas q
        where q.using_unit_id = i.using_unit_id order by q.period desc limit 1))
      and (park_cause <> 'number_pool_empty' or (
        select s.id from number_segments s where s.using_unit_id = i.using_unit_id and s.state = 'active' limit 1
      ) is not null)
    order by ${order} limit $4 for update of i skip locked
  ), woken as (
    update invoices i set park_cause = null, parked_at = null
    where i.id = any(array(select id from picked)) returning i.id
  ), moved as (
    insert into transitions (entity, entity_ids, from_state, to_state, cause)
    select 'invoice', array_agg(id), 'draft', 'draft', 'woken' from woken having count(*) > 0
  )
  select count(*)::integer as count from woken`

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
      set park_cause = null, due_at = least(b.created_at, now()), leased_by = null, leased_until = null
      where b.id = any(array(select id from picked)) returning b.id, b.state, b.fence
    ), moved as (
      insert into transitions (entity, entity_ids, from_state, to_state, fence, cause)
      select 'batch', array[id], state, state, fence, 'woken' from woken
    )
    select count(*)::integer as count from woken`,
}

const WAKE = {
  inbox: { name: 'wake.messages', text: messages('received_at') },
  orders: { name: 'wake.orders', text: orders('received_at') },
  invoices: { name: 'wake.invoices', text: invoices('id') },
} satisfies Record<string, Statement>

const SWEEP = {
  inbox: { name: 'sweep.messages', text: messages('parked_at') },
  orders: { name: 'sweep.orders', text: orders('parked_at') },
  invoices: { name: 'sweep.invoices', text: invoices('parked_at') },
} satisfies Record<string, Statement>

const GO_ON_LATER: Statement = {
  name: 'wakings.insert',
  text: `
    insert into wakings (causes, using_unit_id, business_type) values ($1::text[], $2, $3)
    on conflict (causes, coalesce(using_unit_id::text, ''), coalesce(business_type, ''))
    do update set parked_until = now()`,
}

const NEXT_WAKING: Statement = {
  name: 'wakings.next',
  text: `
    select id, causes, using_unit_id, business_type from wakings
    order by turn_at limit 1 for update skip locked`,
}

const END_TURN: Statement = {
  name: 'wakings.end_turn',
  text: 'update wakings set turn_at = clock_timestamp() where id = $1',
}

const END_WAKING: Statement = { name: 'wakings.end', text: 'delete from wakings where id = $1' }

interface WakingRow {
  id: string
  causes: readonly ParkCause[]
  using_unit_id: string | null
  business_type: string | null
}

export async function wake(tx: Tx, filter: WakeFilter): Promise<Woken> {
  const which = [toPlainArray(filter.causes), filter.usingUnitId ?? null, filter.businessType ?? null]
  const [woken, batches] = await Promise.all([
    wakeRows(tx, WAKE, [...which, filter.limit, null]),
    count(tx, WAKE_BATCHES, [...which, filter.limit]),
  ])
  if (filter.goesOn === true && hasMore(woken, filter.limit)) await run(clientOf(tx), GO_ON_LATER, which)
  return { ...woken, batches }
}

export async function wakeOn(tx: Tx, limit: number): Promise<Woken | null> {
  const client = clientOf(tx)
  const [waking] = await run<WakingRow>(client, NEXT_WAKING, [])
  if (waking === undefined) return null
  const which = [toPlainArray(waking.causes), waking.using_unit_id, waking.business_type]
  const woken = await wakeRows(tx, WAKE, [...which, limit, waking.id])
  await run(client, hasMore(woken, limit) ? END_TURN : END_WAKING, [waking.id])
  return { ...woken, batches: 0 }
}

export async function sweep(tx: Tx, causes: readonly ParkCause[], limit: number): Promise<Woken> {
  const which = [toPlainArray(causes), null, null]
  const [woken, batches] = await Promise.all([
    wakeRows(tx, SWEEP, [...which, limit, null]),
    count(tx, WAKE_BATCHES, [...which, limit]),
  ])
  return { ...woken, batches }
}

function hasMore(woken: Omit<Woken, 'batches'>, limit: number): boolean {
  return Object.values(woken).some((count) => count === limit)
}

async function wakeRows(tx: Tx, statements: typeof WAKE, values: readonly unknown[]): Promise<Omit<Woken, 'batches'>> {
  const [inbox, orders, invoices] = await Promise.all([
    count(tx, statements.inbox, values),
    count(tx, statements.orders, values),
    count(tx, statements.invoices, values),
  ])
  return { inbox, orders, invoices }
}

async function count(tx: Tx, statement: Statement, values: readonly unknown[]): Promise<number> {
  const [found] = await run<{ count: number }>(clientOf(tx), statement, values)
  return found?.count ?? 0
}
