/** People: organisations, users, roles, and the sessions they signed in for. */
export const ACCESS_TABLES = `
create table organizations (
  id uuid primary key,
  -- Never changed: an organisation stays where it was created.
  parent_id uuid references organizations,
  kind text not null check (kind in ('head_office', 'virtual', 'subsidiary', 'branch', 'department')),
  name text not null check (name <> ''),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index organizations_root on organizations ((true)) where parent_id is null;
create unique index organizations_name on organizations (parent_id, name);

-- Every organisation with each of those above it, itself included: whose data somebody reaches is one lookup.
create table organization_closure (
  ancestor_id uuid not null references organizations on delete cascade,
  descendant_id uuid not null references organizations on delete cascade,
  primary key (ancestor_id, descendant_id)
);
create index organization_closure_above on organization_closure (descendant_id);

create function close_organization() returns trigger language plpgsql as $$
begin
  insert into organization_closure (ancestor_id, descendant_id)
    select ancestor_id, new.id from organization_closure where descendant_id = new.parent_id
    union all select new.id, new.id;
  return null;
end $$;
create trigger organizations_closed after insert on organizations for each row execute function close_organization();
insert into organizations (id, kind, name) values (gen_random_uuid(), 'head_office', '总公司');

-- Whose a unit is that nobody gave to another organisation.
create function root_organization() returns uuid language sql stable as
  'select id from organizations where parent_id is null';

create table users (
  id uuid primary key,
  organization_id uuid not null references organizations,
  login text not null check (login = lower(login)),
  name text not null check (name <> ''),
  password_hash text not null,
  is_enabled boolean not null default true,
  -- 超级管理员: everything, everywhere; no role gives that.
  is_administrator boolean not null default false,
  -- 看板权限.
  can_see_metrics boolean not null default false,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (login)
);
create index users_of_organization on users (organization_id);

-- The one row: the token that makes the first administrator has been used.
create table first_administrator (
  is_only boolean primary key default true check (is_only),
  at timestamptz not null default now()
);

create table roles (
  id uuid primary key,
  -- Who created it and, beside administrators, may change it; null: nobody beside them.
  owner_id uuid references users,
  name text not null check (name <> ''),
  permissions text[] not null,
  scope text not null check (scope in ('own', 'own_and_below', 'custom')),
  -- Who else sees and assigns it; chosen: those of role_shares.
  shared_with text not null default 'nobody' check (shared_with in ('nobody', 'all', 'chosen')),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
-- By owner: a name that is taken must not tell of roles that one cannot see.
create unique index roles_name on roles (owner_id, name);

-- The organisations of a custom scope.
create table role_organizations (
  role_id uuid not null references roles on delete cascade,
  organization_id uuid not null references organizations on delete cascade,
  primary key (role_id, organization_id)
);

create table role_shares (
  role_id uuid not null references roles on delete cascade,
  user_id uuid not null references users on delete cascade,
  primary key (role_id, user_id)
);
create index role_shares_of_user on role_shares (user_id);

-- A role that somebody has is not deleted.
create table user_roles (
  user_id uuid not null references users on delete cascade,
  role_id uuid not null references roles,
  primary key (user_id, role_id)
);
create index user_roles_of_role on user_roles (role_id);

-- Tokens stand here as hashes only. The former refresh token is kept to see that somebody else has a copy of it.
create table sessions (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  access_hash text not null unique,
  access_until timestamptz not null,
  refresh_hash text not null unique,
  former_refresh_hash text,
  refresh_until timestamptz not null,
  created_at timestamptz not null default now()
);
create index sessions_of_user on sessions (user_id);
create index sessions_former on sessions (former_refresh_hash) where former_refresh_hash is not null;
create index sessions_over on sessions (refresh_until);

-- By login, whether there is such a user or not.
create table sign_in_failures (
  login text primary key,
  count integer not null,
  last_at timestamptz not null
);
`
