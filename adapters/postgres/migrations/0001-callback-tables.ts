/**
 * Results on their way by HTTP callback: one endpoint per business type, one delivery per event that travels this way, one
 * row per attempt. No body and no secret is kept here: the body is the event's, the secrets are the business type's.
 *
 * A delivery waits for time alone exactly while `due_at` is set. One of an endpoint that is switched off, whose breaker is
 * open or whose order has an earlier result undelivered keeps its `due_at` and is passed over.
 */
export const CALLBACK_TABLES = `
-- Health of an endpoint; its address and secrets stand with the business type.
create table callback_endpoints (
  business_type text primary key references business_types on delete cascade,
  disabled_for text check (disabled_for in ('gone', 'failing')),
  disabled_at timestamptz,
  -- Since the last success.
  failing_since timestamptz,
  failure_count integer not null default 0,
  window_since timestamptz not null default now(),
  window_count integer not null default 0,
  window_failure_count integer not null default 0,
  -- The breaker: open until then, half open after it.
  open_until timestamptz,
  opening_count integer not null default 0,
  check ((disabled_for is null) = (disabled_at is null))
);

create table callback_deliveries (
  event_id uuid primary key,
  -- A business type; it may be gone by now.
  endpoint text not null,
  order_id uuid not null,
  seq integer not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'retrying', 'exhausted')),
  attempts integer not null default 0,
  -- Attempts since it was written or replayed last.
  tries integer not null default 0,
  replays integer not null default 0,
  due_at timestamptz,
  leased_by text,
  leased_until timestamptz,
  fence bigint not null default 0,
  created_at timestamptz not null,
  -- The first time; a replay changes nothing of it.
  delivered_at timestamptz,
  unique (order_id, seq),
  check ((due_at is null) = (state in ('delivered', 'exhausted'))),
  check (state <> 'delivered' or delivered_at is not null)
) with (fillfactor = 70);
create index callback_deliveries_due on callback_deliveries (endpoint, due_at) where due_at is not null;
create index callback_deliveries_leased on callback_deliveries (endpoint, leased_until) where leased_until is not null;
create index callback_deliveries_undelivered on callback_deliveries (event_id) where state <> 'delivered';

-- Only ever added to.
create table callback_attempts (
  id uuid primary key,
  event_id uuid not null,
  attempt_no integer not null,
  fence bigint not null,
  outcome text not null check (outcome in ('delivered', 'failed', 'gone')),
  status_code integer,
  code text,
  body_sha256 text not null,
  started_at timestamptz not null,
  duration_ms integer not null,
  unique (event_id, attempt_no)
);
`
