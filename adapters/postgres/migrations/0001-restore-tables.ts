/** That the database is an older copy of itself, and how far each unit has been compared with the bureau since. */
export const RESTORE_TABLES = `
create table restores (
  id uuid primary key,
  ground text not null check (
    ground in ('other_server', 'other_timeline', 'other_schema', 'behind_high_water', 'operator')),
  detail jsonb not null,
  detected_at timestamptz not null,
  -- The last move that the database knew of; what is newer, only the bureau knows.
  known_until timestamptz not null,
  closed_at timestamptz
);
create unique index restores_one_open on restores ((closed_at is null)) where closed_at is null;

create table restore_units (
  restore_id uuid not null references restores,
  using_unit_id uuid not null references using_units,
  state text not null check (state in ('reconciling', 'held', 'released')),
  clean_rounds integer not null default 0,
  findings jsonb,
  -- By the database's clock; also the end of a lease.
  due_at timestamptz,
  primary key (restore_id, using_unit_id),
  check ((due_at is not null) = (state = 'reconciling'))
);
create unique index restore_units_open on restore_units (using_unit_id) where state <> 'released';
`
