/** I13–I15: the log of moves, that nothing is left without a next step, and the log of what people did. */
import type { AuditCheck } from './checks.js'

/** Where the states of today stand; the log must lead to exactly these. */
const CURRENT_STATES = `
  select 'inbox' as entity, id, coalesce(disposition, 'stored') as state from inbox_messages
  union all select 'order', id, state from orders
  union all select 'invoice', id, state from invoices
  union all select 'batch', id, state from upload_batches
  union all select 'move', id, state from bureau_moves
  union all select 'event', id, state from outbox_events
  union all select 'delivery', event_id, state from callback_deliveries`

export const HISTORY_CHECKS: readonly AuditCheck[] = [
  {
    invariant: 'I13',
    what: 'a move was made under an older fence than the move before it',
    sql: `
      select distinct entity || ' ' || entity_id as example from (
        select entity, entity_id, fence, lag(fence) over (partition by entity, entity_id order by id) as previous
        from {audit}.transitions where fence > 0
      ) t where fence < previous`,
  },
  {
    invariant: 'I13',
    what: 'a move starts from another state than the move before it led to',
    sql: `
      select entity || ' ' || entity_id as example from (
        select entity, entity_id, from_state,
          lag(to_state) over (partition by entity, entity_id order by id) as previous
        from {audit}.transitions
      ) t where from_state is distinct from previous`,
  },
  {
    invariant: 'I13',
    what: 'the log of moves leads to another state than the present one',
    sql: `
      select coalesce(c.entity, l.entity) || ' ' || coalesce(c.id, l.entity_id) as example
      from (${CURRENT_STATES}) c
      full join (
        select entity, entity_id, to_state from (
          select entity, entity_id, to_state, lead(id) over (partition by entity, entity_id order by id) as next
          from {audit}.transitions
        ) t where next is null
      ) l on l.entity = c.entity and l.entity_id = c.id
      where c.state is distinct from l.to_state`,
  },
  {
    invariant: 'I14',
    what: 'an invoice is on its way in a batch that is closed',
    sql: `
      select i.id as example from invoices i left join upload_batches b on b.id = i.batch_id
      where i.state in ('reserved', 'sending', 'in_doubt', 'accepted')
        and (b.id is null or b.state not in ('reserved', 'sending', 'in_doubt', 'accepted'))`,
  },
  {
    invariant: 'I14',
    what: 'a batch is open and has nothing open in it, or counts it wrongly',
    sql: `
      select b.id as example from upload_batches b
      left join (
        select batch_id, count(*) as count from invoices
        where state in ('reserved', 'sending', 'in_doubt', 'accepted') group by batch_id
      ) i on i.batch_id = b.id
      where b.state in ('reserved', 'sending', 'in_doubt', 'accepted')
        and (i.count is null or i.count <> b.open_count)`,
  },
  {
    invariant: 'I15',
    what: 'an entry of the log of actions was changed, or one before it is missing',
    sql: `
      select a.id as example from actions a left join actions p on p.id = a.id - 1
      where a.hash <> hash_action(a) or a.previous_hash <> coalesce(p.hash, '') or (a.id > 1 and p.id is null)`,
  },
  {
    invariant: 'I15',
    what: 'an invoice left the hands of people without two of them',
    sql: `
      select t.entity_id as example from {audit}.transitions t
      where t.entity = 'invoice' and t.from_state in ('needs_person', 'issued', 'rejected') and not exists (
        select from actions d where d.kind = 'doubt.close' and d.approver is not null
          and d.detail->>'invoiceId' = t.entity_id::text)`,
  },
  {
    invariant: 'I15',
    what: 'the log of actions ends elsewhere than its chain',
    sql: `
      select c.last_id as example from (select coalesce(max(last_id), 0) as last_id, max(last_hash) as last_hash
        from action_chain) c
      left join (select id, hash from actions order by id desc limit 1) a on true
      where c.last_id <> coalesce(a.id, 0) or c.last_hash is distinct from coalesce(a.hash, '')`,
  },
]
