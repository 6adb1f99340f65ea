/** Who may issue for whom and how: units, business types, books, and the bureau's tables. */
export const SETTINGS_TABLES = `
create table deployment (
  is_only boolean primary key default true check (is_only),
  id uuid not null,
  key_check text not null,
  -- Where the schema was when it was opened last (database-place.ts); another place means that it may be an older copy.
  place jsonb,
  created_at timestamptz not null default now()
);

-- Settings ---------------------------------------------------------------------------------------------------------

create table direct_units (
  id uuid primary key,
  organization_id uuid not null default root_organization() references organizations,
  leqi_id text not null unique,
  name text not null,
  tax_no text not null,
  environment text not null check (environment in ('production', 'sandbox')),
  api_key_sealed text,
  api_url text not null,
  proxy text,
  channel text,
  region text,
  capabilities text[] not null default '{}',
  rate_per_second integer not null check (rate_per_second > 0),
  poll_first_ms integer not null check (poll_first_ms > 0),
  poll_max_ms integer not null check (poll_max_ms >= poll_first_ms),
  verified_at timestamptz,
  fault jsonb,
  park_cause text,
  version integer not null default 1,
  updated_at timestamptz not null default now()
);
create index direct_units_of_organization on direct_units (organization_id);

create table using_units (
  id uuid primary key,
  organization_id uuid not null default root_organization() references organizations,
  direct_unit_id uuid not null references direct_units,
  name text not null,
  tax_no text not null unique,
  leqi_id text not null,
  region text,
  verified_at timestamptz,
  fault jsonb,
  profile jsonb,
  profile_at timestamptz,
  risk jsonb,
  risk_at timestamptz,
  version integer not null default 1,
  updated_at timestamptz not null default now()
);
create index using_units_of_organization on using_units (organization_id);

create table issuing_settings (
  using_unit_id uuid primary key references using_units on delete cascade,
  drawer text not null,
  number_warning_count integer not null check (number_warning_count >= 0),
  number_claim_count integer not null check (number_claim_count between 1 and 100000),
  auto_claim boolean not null,
  auto_download_quota boolean not null,
  auto_adjust_validity boolean not null,
  quota_download_amount numeric(18,2) not null check (quota_download_amount > 0),
  max_net_per_invoice numeric(18,2) check (max_net_per_invoice > 0),
  max_lines_per_invoice integer not null check (max_lines_per_invoice between 2 and 5000),
  address text,
  phone text,
  bank text,
  account text,
  secondary_industries text[] not null default '{}',
  has_former_rate_authorisation boolean not null default false,
  version integer not null default 1,
  updated_at timestamptz not null default now()
);

create table mapping_versions (
  id uuid primary key,
  business_type text not null,
  number integer not null,
  body text not null,
  body_sha256 text not null,
  created_at timestamptz not null default now(),
  unique (business_type, number),
  unique (business_type, body_sha256)
);

create table business_types (
  code text primary key check (code ~ '^[a-z0-9_-]{1,40}$'),
  name text not null,
  using_unit_id uuid not null references using_units,
  description text not null default '',
  mapping_version_id uuid references mapping_versions,
  delivery text not null check (delivery in ('amqp', 'callback', 'both')),
  callback_url text,
  callback_secret_sealed text,
  -- The secret before the present one signs as well until then, so that a receiver may change over in between.
  callback_former_secret_sealed text,
  callback_former_until timestamptz,
  version integer not null default 1,
  updated_at timestamptz not null default now(),
  unique (using_unit_id, name),
  check ((callback_former_secret_sealed is null) = (callback_former_until is null))
);

create table products (
  id uuid primary key,
  using_unit_id uuid not null references using_units on delete cascade,
  code text not null,
  name text not null,
  tax_code text not null,
  short_name text,
  tax_rate numeric(16,6) not null,
  preference text,
  model text,
  unit text,
  version integer not null default 1,
  updated_at timestamptz not null default now(),
  unique (using_unit_id, code)
);

create table buyers (
  id uuid primary key,
  using_unit_id uuid not null references using_units on delete cascade,
  code text not null,
  name text not null,
  tax_no text,
  is_person boolean not null default false,
  address text,
  phone text,
  bank text,
  account text,
  version integer not null default 1,
  updated_at timestamptz not null default now(),
  unique (using_unit_id, code)
);

-- Every change of a setting, table or catalogue raises it, so that a process knows when its snapshot is old.
create table settings_revision (
  is_only boolean primary key default true check (is_only),
  revision bigint not null default 1
);
insert into settings_revision default values;

-- The bureau's tables ----------------------------------------------------------------------------------------------

create table tax_classifications (code text primary key, body jsonb not null);
create table tax_rates (position integer primary key, body jsonb not null);
create table differential_codes (code text primary key, body jsonb not null);
create table tax_table_states (
  name text primary key check (name in ('classifications', 'rates', 'differential')),
  stamp text,
  fetched_at timestamptz,
  due_at timestamptz not null default now(),
  fault jsonb
);
insert into tax_table_states (name) values ('classifications'), ('rates'), ('differential');
`
