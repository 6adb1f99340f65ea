/**
 * Read-only views for auditors: no payloads, no secrets, no personal data. The columns are a contract with those who
 * write their own checks against them; `audit.ts` is one such reader.
 *
 * An order key that was opened again after a rejection is a case of its own: its key carries `#revision`, so that
 * "one final result per key" holds for every key.
 */
import type { MigrationSchemas } from './migrations.js'

export function makeAuditViews({ auditSchema: audit }: MigrationSchemas): string {
  return `-- safe
do $$ begin
  if to_regnamespace('${audit}') is null then create schema ${audit}; end if;
end $$;

create view ${audit}.inbox as
select id as message_id, queue, business_type, source, message_id as broker_message_id, body_sha256, is_redelivered,
  coalesce(disposition, case when park_cause is not null then 'parked' end) as disposition,
  order_id, park_cause, attempts, received_at
from inbox_messages;

create view ${audit}.orders as
select id as order_id, order_key || case when revision > 1 then '#' || revision else '' end as order_key, revision,
  source, business_type, inbox_id as message_id, using_unit_id as unit_id, mapping_version_id, letter, state, park_cause, gross_amount, invoice_count, open_count, event_seq, attempts, received_at,
  finished_at
from orders;

create view ${audit}.invoices as
select i.id as invoice_id, i.order_id, o.order_key, i.split_no, i.using_unit_id as unit_id, i.state, i.park_cause,
  i.kind, i.invoice_number as number, i.is_number_held, i.segment_id, i.batch_id, i.period, i.net_amount, i.tax_amount,
  i.gross_amount, i.quota_amount, i.content_sha256, i.issued_at, i.created_at, i.finished_at
from invoices i join ${audit}.orders o on o.order_id = i.order_id;

create view ${audit}.segments as
select id as segment_id, using_unit_id as unit_id, move_id, year, first_number, last_number, size, next_offset,
  returned_count, state, granted_at
from number_segments;

-- Every number of every segment. 'unaccounted' is none of the states a number may have: handed out, and nobody has it.
create view ${audit}.numbers as
select lpad((s.first_number::numeric + n.position)::text, 20, '0') as number, s.id as segment_id,
  s.using_unit_id as unit_id, n.position,
  case
    when i.state = 'issued' then 'issued'
    when i.state = 'reserved' then 'reserved'
    when i.id is not null then 'sent'
    when b.burned_reason is not null then 'burned'
    when (n.position >= s.next_offset or r.id is not null) and s.state = 'stopped' then 'burned'
    when n.position >= s.next_offset or r.id is not null then 'free'
    else 'unaccounted'
  end as state,
  i.id as invoice_id, coalesce(b.burned_reason, case when s.state = 'stopped' and i.id is null then 'stopped' end)
    as burned_reason
from number_segments s
cross join lateral generate_series(0, s.size - 1) as n(position)
left join invoices i
  on i.invoice_number = lpad((s.first_number::numeric + n.position)::text, 20, '0') and i.is_number_held
left join number_returns r
  on r.invoice_number = lpad((s.first_number::numeric + n.position)::text, 20, '0')
  and r.taken_at is null and r.burned_reason is null
left join number_returns b
  on b.invoice_number = lpad((s.first_number::numeric + n.position)::text, 20, '0') and b.burned_reason is not null;

create view ${audit}.number_events as
select u.invoice_number as number, u.segment_id, 'frozen' as event, u.invoice_id, u.batch_id, b.created_at as at
from upload_items u join upload_batches b on b.id = u.batch_id
union all
select invoice_number, segment_id, 'issued', id, batch_id, finished_at from invoices where state = 'issued'
union all
select invoice_number, segment_id, case when burned_reason is null then 'returned' else 'burned' end, invoice_id,
  batch_id, returned_at
from number_returns
union all
select invoice_number, segment_id, 'taken_again', null, null, taken_at from number_returns where taken_at is not null;

create view ${audit}.quota_ledger as
select using_unit_id as unit_id, period, using_unit_id || '/' || period || '/' || commit_seq as entry_id, commit_seq,
  reason, reference_id, available_delta as d_available, reserved_delta as d_reserved, settled_delta as d_settled,
  downloaded_delta as d_downloaded, returned_delta as d_returned, expired_delta as d_expired, at
from quota_ledger;

-- One row per attempt and invoice. The outcome is that of the number: 'refused_02' when the bureau refused this attempt
-- as a whole, or this invoice for certain, in this batch or in one that its bytes went on in, so that its number was
-- given back or burned; attempt_outcome is what the call itself came to.
create view ${audit}.upload_attempts as
with recursive refused as (
  select batch_id, invoice_id, invoice_number from number_returns
  where coalesce(burned_reason, 'refused') = 'refused'
  union
  select b.parent_id, r.invoice_id, r.invoice_number
  from refused r join upload_batches b on b.id = r.batch_id where b.parent_id is not null
)
select a.id as attempt_id, a.batch_id, a.attempt_no, a.fence, u.invoice_id, u.invoice_number as number,
  u.frozen_sha256 as content_sha256, a.left_process,
  case
    when a.outcome in ('refused', 'rate_limited', 'unit_fault') or r.batch_id is not null
    then 'refused_02'
    else a.outcome
  end as outcome,
  a.outcome as attempt_outcome, a.receipt_no, a.started_at, a.deadline_at, a.finished_at
from upload_attempts a
join upload_items u on u.batch_id = a.batch_id
left join refused r
  on r.batch_id = a.batch_id and r.invoice_id = u.invoice_id and r.invoice_number = u.invoice_number;

create view ${audit}.incidents as
select id as incident_id, kind, batch_id, invoice_id, count, first_at, last_at, closed_at from incidents;

create view ${audit}.outbox as
select e.id as event_id, e.order_id, o.order_key, e.seq, e.kind, e.corrects, e.routing_key, e.body_sha256, e.state,
  e.replays, e.attempts, e.unroutable_at, e.created_at, e.confirmed_at
from outbox_events e join ${audit}.orders o on o.order_id = e.order_id;

create view ${audit}.callback_deliveries as
select d.event_id, d.order_id, o.order_key, d.endpoint as business_type, d.seq, d.state, d.attempts, d.replays, d.due_at,
  d.created_at, d.delivered_at
from callback_deliveries d join ${audit}.orders o on o.order_id = d.order_id;

create view ${audit}.callback_attempts as
select id as attempt_id, event_id, attempt_no, fence, outcome, status_code, code, body_sha256, started_at,
  started_at + duration_ms * interval '1 millisecond' as finished_at
from callback_attempts;

create view ${audit}.transitions as
select t.id, t.entity, e.entity_id, t.from_state, t.to_state, t.fence, t.cause, t.at
from transitions t cross join lateral unnest(t.entity_ids) as e(entity_id);

-- What people did by hand; the reason and the detail of an entry may name people, the detail stays inside.
create view ${audit}.actions as
select id as action_id, actor, kind as action, subject as target, reason, approver as approved_by, previous_hash, hash,
  at
from actions;
`
}
