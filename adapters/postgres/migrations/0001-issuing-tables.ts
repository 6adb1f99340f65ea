/**
 * The memory of issuing. Money is `numeric(18,2)`; numbers and codes are text.
 *
 * Wide texts live in insert-only tables beside narrow ones that change, because PostgreSQL copies a whole row at every
 * update. For the same reason no index on the hot path mentions a state: states change three times in the life of a
 * row, and a change of an unindexed column costs no index entry at all, if its page has room for the new version (the
 * fill factors were measured: every such update stays on its page). Queues are indexed by `due_at` or by "has no number
 * yet" instead, and `due_at` is set exactly while a row waits for time alone (not final, not parked), which the checks
 * below enforce: nothing can be forgotten half-way (I14).
 * An event is published once, and its whole row with the body is copied then: half of each page is kept for that, since
 * the log of a copy on the same page holds only what differs.
 */
export const ISSUING_TABLES = `
-- Numbers and quota ------------------------------------------------------------------------------------------------

-- A claim, a download or a return: its serial is stored before the call and never changes (P8/P9).
create table bureau_moves (
  id uuid primary key,
  using_unit_id uuid not null references using_units,
  kind text not null check (kind in ('number_claim', 'quota_download', 'quota_return')),
  serial text not null unique,
  number_count integer,
  amount numeric(18,2),
  period text,
  state text not null check (state in ('planned', 'sent', 'in_doubt', 'granted', 'refused')),
  attempts integer not null default 0,
  due_at timestamptz,
  leased_by text,
  leased_until timestamptz,
  fence bigint not null default 0,
  answer jsonb,
  created_at timestamptz not null default now(),
  closed_at timestamptz,
  check ((due_at is null) = (state in ('granted', 'refused')))
);
create index bureau_moves_due on bureau_moves (due_at) where due_at is not null;
create unique index bureau_moves_one_open on bureau_moves (using_unit_id, kind)
  where state in ('planned', 'sent', 'in_doubt');
create index bureau_moves_by_unit on bureau_moves (using_unit_id, created_at);

-- Closed range [first_number .. last_number]; numbers below first_number + next_offset were handed out.
create table number_segments (
  id uuid primary key,
  using_unit_id uuid not null references using_units,
  move_id uuid not null unique references bureau_moves,
  year smallint not null,
  first_number text not null check (first_number ~ '^[0-9]{20}$'),
  last_number text not null check (last_number ~ '^[0-9]{20}$'),
  size integer not null check (size > 0),
  next_offset integer not null default 0 check (next_offset >= 0 and next_offset <= size),
  -- Handed out once, refused for good (02) and free again (design D4); kept in number_returns.
  returned_count integer not null default 0 check (returned_count >= 0),
  -- stopped: nothing of it is handed out any more, whatever is left of it (a restore from an older backup).
  state text not null default 'active' check (state in ('active', 'used_up', 'stopped')),
  granted_at timestamptz not null default now(),
  check (size = last_number::numeric - first_number::numeric + 1),
  -- No number is in two segments, whoever claimed them (I3).
  exclude using gist (numrange(first_number::numeric, last_number::numeric, '[]') with &&)
);
-- active: has numbers that are free, returned ones included.
create index number_segments_active on number_segments (using_unit_id, year, granted_at, id) where state = 'active';

-- One row per definite refusal of a number: free again while taken_at is null, or burned with a reason.
create table number_returns (
  id bigint generated always as identity primary key,
  segment_id uuid not null references number_segments,
  invoice_number text not null,
  invoice_id uuid not null,
  -- The batch whose refusal it was.
  batch_id uuid not null,
  burned_reason text,
  returned_at timestamptz not null default now(),
  taken_at timestamptz
);
create unique index number_returns_free on number_returns (invoice_number)
  where taken_at is null and burned_reason is null;
create index number_returns_of_segment on number_returns (segment_id, id)
  where taken_at is null and burned_reason is null;
create index number_returns_of_invoice on number_returns (invoice_id);

create table credit_quotas (
  using_unit_id uuid not null references using_units,
  period text not null check (period ~ '^[0-9]{4}-[0-9]{2}$'),
  downloaded_amount numeric(18,2) not null default 0,
  returned_amount numeric(18,2) not null default 0,
  expired_amount numeric(18,2) not null default 0,
  reserved_amount numeric(18,2) not null default 0 check (reserved_amount >= 0),
  settled_amount numeric(18,2) not null default 0 check (settled_amount >= 0),
  available_amount numeric(18,2) generated always as
    (downloaded_amount - returned_amount - expired_amount - reserved_amount - settled_amount) stored,
  valid_from date,
  valid_to date,
  -- What the bureau last said (CXSXED).
  bureau jsonb,
  bureau_at timestamptz,
  commit_seq bigint not null default 0,
  primary key (using_unit_id, period),
  check (reserved_amount + settled_amount <= downloaded_amount - returned_amount - expired_amount)
);

-- commit_seq is taken while the quota row is locked, so that the order of entries is the order of commits (I5).
create table quota_ledger (
  using_unit_id uuid not null,
  period text not null,
  commit_seq bigint not null,
  reason text not null check (
    reason in ('downloaded', 'returned', 'expired', 'reserved', 'settled', 'released', 'given_back', 'restored', 'corrected')),
  reference_id uuid,
  available_delta numeric(18,2) not null,
  reserved_delta numeric(18,2) not null default 0,
  settled_delta numeric(18,2) not null default 0,
  downloaded_delta numeric(18,2) not null default 0,
  returned_delta numeric(18,2) not null default 0,
  expired_delta numeric(18,2) not null default 0,
  at timestamptz not null default now(),
  primary key (using_unit_id, period, commit_seq)
);

-- Messages, orders, invoices ---------------------------------------------------------------------------------------

create table inbox_messages (
  id uuid primary key,
  queue text not null,
  business_type text not null,
  source text not null,
  message_id text,
  correlation_id text,
  traceparent text,
  is_redelivered boolean not null,
  body bytea not null,
  body_sha256 text not null,
  received_at timestamptz not null,
  disposition text check (
    disposition in ('accepted', 'ignored', 'duplicate', 'conflict', 'rejected', 'dead', 'discarded')),
  order_id uuid,
  faults jsonb,
  attempts integer not null default 0,
  fence integer not null default 0,
  park_cause text,
  parked_at timestamptz,
  due_at timestamptz,
  leased_until timestamptz,
  -- Start of the run in which a person last put it back into the intake.
  released_at timestamptz,
  check (disposition is null or park_cause is null),
  check ((due_at is not null) = (disposition is null and park_cause is null))
);
create index inbox_messages_due on inbox_messages (business_type, due_at) where due_at is not null;
create index inbox_messages_parked on inbox_messages (park_cause, received_at) where park_cause is not null;
-- The accepted message of an order is orders.inbox_id; this finds its duplicates and conflicts.
create index inbox_messages_of_order on inbox_messages (order_id)
  where order_id is not null and disposition <> 'accepted';
create index inbox_messages_dead on inbox_messages (received_at) where disposition in ('dead', 'discarded');

create table orders (
  id uuid primary key,
  order_key text not null,
  revision integer not null,
  source text not null,
  business_type text not null,
  order_no text,
  inbox_id uuid not null,
  using_unit_id uuid,
  mapping_version_id uuid,
  letter text not null,
  state text not null check (
    state in ('received', 'mapped', 'in_progress', 'issued', 'partly_issued', 'failed', 'rejected')),
  park_cause text,
  parked_at timestamptz,
  faults jsonb,
  message_id text,
  correlation_id text,
  traceparent text,
  gross_amount numeric(18,2),
  invoice_count integer not null default 0,
  open_count integer not null default 0 check (open_count >= 0),
  event_seq integer not null default 0,
  attempts integer not null default 0,
  fence integer not null default 0,
  due_at timestamptz,
  leased_until timestamptz,
  received_at timestamptz not null,
  finished_at timestamptz,
  -- As in inbox_messages.
  released_at timestamptz,
  unique (order_key, revision),
  check (park_cause is null or state = 'received'),
  check ((due_at is not null) = (state = 'received' and park_cause is null))
) with (fillfactor = 45);
create index orders_due on orders (business_type, due_at) where due_at is not null;
create index orders_parked on orders (park_cause, received_at) where park_cause is not null;

-- What the catalogue and the tables filled, by origin, and what the sender is warned of; both JSON. All other values of
-- the draft follow from the stored body and the pinned mapping version, which never change.
create table order_fills (order_id uuid primary key, fills text, warnings text);

create table invoices (
  id uuid primary key,
  order_id uuid not null,
  split_no integer not null,
  using_unit_id uuid not null,
  state text not null check (
    state in ('draft', 'reserved', 'sending', 'in_doubt', 'accepted', 'issued', 'rejected', 'needs_person')),
  park_cause text,
  parked_at timestamptz,
  kind text not null,
  buyer_name text not null,
  buyer_tax_no text,
  net_amount numeric(18,2) not null,
  tax_amount numeric(18,2) not null,
  gross_amount numeric(18,2) not null,
  quota_amount numeric(18,2) not null,
  content_sha256 text not null,
  invoice_number text,
  -- False once the bureau refused it for good: the number may then be used by another invoice (design D4).
  is_number_held boolean not null default true,
  segment_id uuid,
  period text,
  issued_at timestamptz,
  batch_id uuid,
  refusal jsonb,
  created_at timestamptz not null,
  finished_at timestamptz,
  unique (order_id, split_no),
  check ((state = 'draft') = (invoice_number is null)),
  check (is_number_held = (state <> 'rejected')),
  check (park_cause is null or state = 'draft')
) with (fillfactor = 30);
create unique index invoices_number on invoices (invoice_number) where invoice_number is not null and is_number_held;
create index invoices_ready on invoices (using_unit_id, id) where invoice_number is null and park_cause is null;
create index invoices_parked on invoices (park_cause, using_unit_id, id) where park_cause is not null;

-- Canonical text of the approved invoice; its hash is content_sha256 (I10).
create table invoice_contents (invoice_id uuid primary key, content text not null);

-- Uploads ----------------------------------------------------------------------------------------------------------

create table upload_batches (
  id uuid primary key,
  using_unit_id uuid not null,
  parent_id uuid,
  -- reserved: frozen, provably not at the bureau; sending and in_doubt: it may be there; accepted: being polled.
  state text not null check (
    state in ('reserved', 'sending', 'in_doubt', 'accepted',
      'settled', 'refused', 'divided', 'withdrawn', 'needs_person')),
  size integer not null check (size between 1 and 100),
  open_count integer not null check (open_count >= 0),
  seller_name text not null,
  frozen_sha256 text not null,
  attempts integer not null default 0,
  -- Ever true, for ever true: some attempt ended without a trustworthy answer.
  was_in_doubt boolean not null default false,
  doubt_since timestamptz,
  receipt_no text,
  accepted_at timestamptz,
  polls integer not null default 0,
  park_cause text,
  due_at timestamptz,
  leased_by text,
  leased_until timestamptz,
  fence bigint not null default 1,
  created_at timestamptz not null,
  closed_at timestamptz,
  check ((due_at is null) = (
    state in ('settled', 'refused', 'divided', 'withdrawn', 'needs_person') or park_cause is not null))
) with (fillfactor = 70);
create index upload_batches_due on upload_batches (using_unit_id, due_at) where due_at is not null;
create index upload_batches_leased on upload_batches (leased_until) where leased_until is not null;
create index upload_batches_parts on upload_batches (parent_id) where parent_id is not null;
create index upload_batches_parked on upload_batches (park_cause, created_at) where park_cause is not null;

-- The bytes as they leave, one row per invoice and batch; never changed.
create table upload_items (
  batch_id uuid not null,
  position integer not null,
  invoice_id uuid not null,
  invoice_number text not null,
  segment_id uuid not null,
  frozen text not null,
  frozen_sha256 text not null,
  primary key (batch_id, position)
);
create index upload_items_of_invoice on upload_items (invoice_id);

create table upload_attempts (
  id uuid primary key,
  batch_id uuid not null,
  attempt_no integer not null,
  fence bigint not null,
  started_at timestamptz not null,
  deadline_at timestamptz not null,
  finished_at timestamptz,
  left_process boolean not null default true,
  outcome text check (outcome in ('accepted', 'refused', 'never_sent', 'rate_limited', 'unit_fault', 'in_doubt')),
  receipt_no text,
  request_id text,
  answer jsonb,
  unique (batch_id, attempt_no)
);

-- Whose a receipt is: of the batch that was answered with it first, within the direct unit whose key sealed the answer.
create table upload_receipts (
  direct_unit_id uuid not null,
  receipt_no text not null,
  batch_id uuid not null,
  primary key (direct_unit_id, receipt_no)
);

-- What must not happen and did, with its evidence. One row a kind and subject, which is the invoice or else the batch;
-- closed by the action of a person.
create table incidents (
  id bigint generated always as identity primary key,
  kind text not null check (
    kind in ('number_held_at_first', 'doubt_too_long', 'verdict_contradicted', 'stranger_named')),
  subject_id uuid not null,
  batch_id uuid not null,
  invoice_id uuid,
  count integer not null default 1,
  first_at timestamptz not null,
  last_at timestamptz not null,
  detail jsonb not null,
  closed_at timestamptz,
  unique (kind, subject_id)
);
create index incidents_of_batch on incidents (batch_id);
create index incidents_of_invoice on incidents (invoice_id) where invoice_id is not null;

-- Results ----------------------------------------------------------------------------------------------------------

create table outbox_events (
  id uuid primary key,
  order_id uuid not null,
  seq integer not null,
  kind text not null check (kind in ('final', 'correction', 'progress')),
  corrects uuid,
  routing_key text not null,
  correlation_id text,
  traceparent text,
  body text not null,
  body_sha256 text not null,
  -- by_callback: RabbitMQ never sees it; its delivery tells what became of it.
  state text not null check (state in ('pending', 'published', 'by_callback')),
  replays integer not null default 0,
  attempts integer not null default 0,
  unroutable_at timestamptz,
  due_at timestamptz,
  leased_by text,
  leased_until timestamptz,
  created_at timestamptz not null,
  -- The first time; a replay changes nothing of it.
  confirmed_at timestamptz,
  unique (order_id, seq),
  check ((due_at is not null) = (state = 'pending')),
  check (state <> 'published' or confirmed_at is not null)
) with (fillfactor = 50);
create unique index outbox_events_one_final on outbox_events (order_id) where kind = 'final';
create index outbox_events_due on outbox_events (routing_key, due_at) where due_at is not null;

-- History, budgets, slots ------------------------------------------------------------------------------------------

-- One row per move and batch of entities: folding it per entity gives the state of each (audit.transitions unnests it).
create table transitions (
  id bigint generated always as identity primary key,
  entity text not null check (entity in ('inbox', 'order', 'invoice', 'batch', 'move', 'event', 'delivery')),
  entity_ids uuid[] not null,
  from_state text,
  to_state text not null,
  fence bigint not null default 0,
  cause text,
  at timestamptz not null default now()
);

create table rate_budgets (
  direct_unit text not null,
  capability text not null,
  next_free_at timestamptz not null,
  -- Share of the full rate at slowed_at, after a rate refusal; a tenth of the full rate comes back each minute.
  slow_factor double precision not null default 1,
  slowed_at timestamptz,
  primary key (direct_unit, capability)
);

-- What is still to be woken after a cause has gone: slice after slice, all that was parked by then.
create table wakings (
  id bigint generated always as identity primary key,
  causes text[] not null,
  using_unit_id uuid,
  business_type text,
  parked_until timestamptz not null default now(),
  -- Wakings take turns, so that a long one does not hold up a short one.
  turn_at timestamptz not null default clock_timestamp()
);
create unique index wakings_key on wakings (causes, coalesce(using_unit_id::text, ''), coalesce(business_type, ''));

-- One run of a job; a worker that dies in it leaves it to the next one, under a higher fence.
create table schedule_slots (
  job text not null,
  slot timestamptz not null,
  taken_at timestamptz not null default now(),
  attempts integer not null default 1,
  fence bigint not null default 1,
  leased_until timestamptz not null,
  done_at timestamptz,
  primary key (job, slot)
);

-- Storage ----------------------------------------------------------------------------------------------------------

-- lz4 is a fifth faster than pglz on these texts; a server built without it keeps its default.
do $$
begin
  alter table inbox_messages alter column body set compression lz4;
  alter table order_fills alter column fills set compression lz4;
  alter table order_fills alter column warnings set compression lz4;
  alter table invoice_contents alter column content set compression lz4;
  alter table upload_items alter column frozen set compression lz4;
  alter table outbox_events alter column body set compression lz4;
exception when feature_not_supported then null;
end $$;

-- Queue-like tables: many dead rows, few live ones in their queues. Vacuum early, so that their indexes stay short.
alter table outbox_events set (
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
alter table upload_batches set (
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
alter table invoices set (
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
alter table orders set (
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
`
