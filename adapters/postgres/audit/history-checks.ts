/** I13, I14: the log of moves, and that nothing is left without a next step. */
import type { AuditCheck } from './checks.js'

/** Where the states of today stand; the log must lead to exactly these. */
const CURRENT_STATES = `
  select 'inbox' as entity, id, coalesce(disposition, 'stored') as state from inbox_messages
  union all select 'order', id, state from orders
  union all select 'invoice', id, state from invoices
  union all select 'batch', id, state from upload_batches
  union all select 'move', id, state from bureau_moves
  union all select 'event', id, state from outbox_events`

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
]
