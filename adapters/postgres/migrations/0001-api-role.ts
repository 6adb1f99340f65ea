/**
 * What the administration API may see and write. It works as a role of its own, which owns nothing; every table that
 * holds somebody's data is confined by row-level security to the organisations in the reach of the caller, which the
 * transaction names (`access/scoped-database.ts`); roles belong to people, and are confined by who asks. What is not granted here does not exist for it: secrets above all, which
 * it may write and never read.
 *
 * The policies confine this role alone; the engine, and a run role without ownership, see all rows.
 */

/** Shared by all schemas of a server, like every role; its rights are each schema's own. */
export const API_ROLE = 'leqi_api'
/** Instead of a list of organisations. */
export const EVERYTHING = '*'

interface Grants {
  /** Whose a row is: a column, or another expression of the row. */
  by: string
  /** The same of a row that is added, where that is another expression. */
  added?: string
  /** What of a row may be read; else all of it. */
  columns?: readonly string[]
  /** Beside `select`. */
  rights?: string
}

const CHANGED = 'insert, update, delete'

const CONFINED_TABLES: Readonly<Record<string, Grants>> = {
  // Who adds one below an organisation in his reach may not reach the new one.
  organizations: { by: 'id', added: 'coalesce(parent_id, id)', rights: CHANGED },
  users: {
    by: 'organization_id',
    // Not the hash of the password, which is written and never read.
    columns: [
      ...['id', 'organization_id', 'login', 'name', 'is_enabled', 'is_administrator', 'can_see_metrics'],
      ...['version', 'created_at', 'updated_at'],
    ],
    rights: 'insert, update',
  },
  sessions: {
    by: '(select u.organization_id from users u where u.id = sessions.user_id)',
    columns: ['id', 'user_id'],
    rights: 'delete',
  },
  sign_in_failures: {
    by: '(select u.organization_id from users u where u.login = sign_in_failures.login)',
    columns: ['login'],
    rights: 'delete',
  },
}

/** Read by everybody who is signed in, or only through the rows of confined tables. */
const OPEN_TABLES: Readonly<Record<string, string>> = {
  organization_closure: 'select, insert',
  actions: 'select, insert',
  action_chain: 'select, update',
}

/** Organisations do not say whose these are. */
interface Rule {
  seen: string
  /** Of a row as it is afterwards, or was before it is deleted. */
  changed: string
  /** Beside `select`. */
  rights: string
}

const IS_EVERYWHERE = `(select current_setting('leqi.organizations') = '${EVERYTHING}')`
/** null: the transaction does not say who asks, and is nobody's. */
const CALLER = `(select nullif(current_setting('leqi.user', true), '')::uuid)`
const SEES_ROLE = 'exists (select from roles r where r.id = role_id)'
const SEES_USER = 'exists (select from users u where u.id = user_id)'

const RULED_TABLES: Readonly<Record<string, Rule>> = {
  role_shares: { seen: `${IS_EVERYWHERE} or user_id = ${CALLER}`, changed: IS_EVERYWHERE, rights: 'insert, delete' },
  roles: {
    seen: `${IS_EVERYWHERE} or owner_id = ${CALLER} or shared_with = 'all' or shared_with = 'chosen' and exists (
      select from role_shares s where s.role_id = roles.id and s.user_id = ${CALLER})`,
    changed: `${IS_EVERYWHERE} or owner_id = ${CALLER}`,
    // Never its owner: nobody makes a role his own.
    rights: 'insert, delete, update (name, permissions, scope, shared_with, version, updated_at)',
  },
  role_organizations: {
    seen: SEES_ROLE,
    changed: `exists (select from roles r where r.id = role_id and (${IS_EVERYWHERE} or r.owner_id = ${CALLER}))`,
    rights: 'insert, delete',
  },
  user_roles: {
    seen: `${SEES_USER} and ${SEES_ROLE}`,
    changed: `${SEES_USER} and ${SEES_ROLE}`,
    rights: 'insert, delete',
  },
}

/** Whoever sees a row may lock it, which needs `using` of updates. */
function rule([table, { seen, changed, rights }]: [string, Rule]): string {
  return `
alter table ${table} enable row level security;
create policy everybody on ${table} using (true);
create policy seen on ${table} as restrictive for select to ${API_ROLE} using (${seen});
create policy added on ${table} as restrictive for insert to ${API_ROLE} with check (${changed});
create policy changed on ${table} as restrictive for update to ${API_ROLE} using (true) with check (${changed});
create policy deleted on ${table} as restrictive for delete to ${API_ROLE} using (${changed});
grant select, ${rights} on ${table} to ${API_ROLE};`
}

function confine([table, { by, added = by, columns, rights }]: [string, Grants]): string {
  const read = columns === undefined ? 'select' : `select (${columns.join(', ')})`
  const restrict = (name: string, command: string, rule: string) =>
    `create policy ${name} on ${table} as restrictive for ${command} to ${API_ROLE} ${rule};`
  return `
alter table ${table} enable row level security;
create policy everybody on ${table} using (true);
${restrict('reached', 'all', `using (${isReached(by)}) with check (true)`)}
${restrict('added_in_reach', 'insert', `with check (${isReached(added)})`)}
${restrict('left_in_reach', 'update', `using (true) with check (${isReached(by)})`)}
grant ${[read, rights].filter((right) => right !== undefined).join(', ')} on ${table} to ${API_ROLE};`
}

/** Worked out once per statement, not once per row. */
function isReached(organizationId: string): string {
  return `(select current_setting('leqi.organizations') = '${EVERYTHING}') or ${organizationId} = any (
    (select string_to_array(nullif(current_setting('leqi.organizations'), '${EVERYTHING}'), ',')::uuid[])::uuid[])`
}

export const API_ROLE_RIGHTS = `
do $$
begin
  create role ${API_ROLE} nologin;
exception
  when duplicate_object or unique_violation then null;
  when insufficient_privilege then
    if not exists (select from pg_roles where rolname = '${API_ROLE}') then
      raise exception 'role ${API_ROLE} is missing and % may not create it; as a superuser: create role ${API_ROLE} nologin; grant ${API_ROLE} to %;',
        current_user, quote_ident(current_user);
    end if;
end $$;
do $$
begin
  if not pg_has_role(current_user, '${API_ROLE}', 'member') then
    execute 'grant ${API_ROLE} to ' || quote_ident(current_user);
  end if;
  execute format('grant usage on schema %I to ${API_ROLE}', current_schema());
end $$;
${Object.entries(CONFINED_TABLES).map(confine).join('\n')}
${Object.entries(RULED_TABLES).map(rule).join('\n')}
${Object.entries(OPEN_TABLES)
  .map(([table, rights]) => `grant ${rights} on ${table} to ${API_ROLE};`)
  .join('\n')}
`
