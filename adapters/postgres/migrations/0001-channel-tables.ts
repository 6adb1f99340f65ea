/** Why nothing is sent to the bureau for a unit: a row is there exactly while its calls are held back. */
export const CHANNEL_TABLES = `
-- The way to the bureau --------------------------------------------------------------------------------------------

create table bureau_stops (
  id uuid primary key default gen_random_uuid(),
  direct_unit_id uuid not null references direct_units on delete cascade,
  -- null: all using units of the direct unit.
  using_unit_id uuid references using_units on delete cascade,
  cause text not null check (
    cause in ('bureau_unreachable', 'rate_limited', 'unit_key_fault', 'unit_unverified', 'seller_blocked')),
  code text not null,
  message text not null,
  since timestamptz not null default now(),
  -- When a read is due, or the pause is over; the replica that takes the probe moves it on, so that nobody else does.
  probe_at timestamptz not null,
  failed_probes integer not null default 0,
  is_told boolean not null default false
);
create unique index bureau_stops_one on bureau_stops (
  direct_unit_id, cause, coalesce(using_unit_id, '00000000-0000-0000-0000-000000000000'::uuid));
create index bureau_stops_due on bureau_stops (probe_at);
`
