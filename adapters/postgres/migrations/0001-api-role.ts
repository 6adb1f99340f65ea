/**
 * What the administration API may see and write. It works as a role of its own, which owns nothing; every table that
 * holds somebody's data is confined by row-level security to the organisations in the reach of the caller, which the
 * transaction names (`access/scoped-database.ts`). What is not granted here does not exist for it: secrets above all, which
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
${Object.entries(OPEN_TABLES)
  .map(([table, rights]) => `grant ${rights} on ${table} to ${API_ROLE};`)
  .join('\n')}
`
