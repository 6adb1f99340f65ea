/** Credentials, sessions and failures to sign in. All times by the clock of the database. */
import type pg from 'pg'
import type { Caller, Grant, OrganizationId, UserId } from '../../../connector/access/caller.js'
import { isPermission } from '../../../connector/access/permissions.js'
import type { NewAdministrator, NewTokens, SignInStore } from '../../../connector/access/ports.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { run, type Statement } from '../statement.js'

const FIND_CREDENTIALS: Statement = {
  name: 'access.find_credentials',
  text: `select id, password_hash, is_enabled from users where login = lower($1)`,
}

const LOAD_FAILURES: Statement = {
  name: 'access.load_failures',
  text: `select count, last_at, now() as now from sign_in_failures where login = lower($1)`,
}

// $2: ms after which failures are forgotten
const NOTE_FAILURE: Statement = {
  name: 'access.note_failure',
  text: `
    with forgotten as (
      delete from sign_in_failures where last_at < now() - $2 * interval '1 millisecond' and login <> lower($1)
    )
    insert into sign_in_failures (login, count, last_at) values (lower($1), 1, now())
    on conflict (login) do update
    set count = case
        when sign_in_failures.last_at < now() - $2 * interval '1 millisecond' then 1
        else sign_in_failures.count + 1
      end,
      last_at = now()`,
}

const FORGET_FAILURES: Statement = {
  name: 'access.forget_failures',
  text: `delete from sign_in_failures where login = lower($1)`,
}

// Takes those along that nobody can use any more. Waits for whoever is changing the user: his sessions end with the change.
const OPEN_SESSION: Statement = {
  name: 'access.open_session',
  text: `
    with over as (delete from sessions where refresh_until < now())
    insert into sessions (id, user_id, access_hash, access_until, refresh_hash, refresh_until)
    select $1::uuid, u.id, $3, now() + $4 * interval '1 millisecond', $5, now() + $6 * interval '1 millisecond'
    from users u where u.id = $2 and u.is_enabled and u.password_hash = $7
    for share of u
    returning id`,
}

const ROTATE: Statement = {
  name: 'access.rotate',
  text: `
    with reused as (
      delete from sessions where former_refresh_hash = $1 returning id
    ), rotated as (
      update sessions s
      set access_hash = $2, access_until = now() + $3 * interval '1 millisecond',
        former_refresh_hash = s.refresh_hash, refresh_hash = $4,
        refresh_until = now() + $5 * interval '1 millisecond'
      from users u
      where s.refresh_hash = $1 and s.refresh_until > now() and u.id = s.user_id and u.is_enabled
      returning s.id
    )
    select case when exists (select from rotated) then 'rotated' when exists (select from reused) then 'reused'
      else 'unknown' end as outcome`,
}

const END_SESSION: Statement = { name: 'access.end_session', text: `delete from sessions where id = $1` }

/** What the roles of the user `u` give him, as json. */
export const GRANTS = `
      coalesce((
        select json_agg(json_build_object('permissions', r.permissions, 'organizationIds',
          case r.scope
            when 'own' then array[u.organization_id]
            when 'own_and_below' then array(
              select descendant_id from organization_closure where ancestor_id = u.organization_id)
            else array(select organization_id from role_organizations where role_id = r.id)
          end))
        from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = u.id
      ), '[]')`

const FIND_CALLER: Statement = {
  name: 'access.find_caller',
  text: `
    select u.id, s.id as session_id, u.login, u.name, u.organization_id, u.is_administrator,
      u.can_see_metrics or u.is_administrator as can_see_metrics,
      ${GRANTS} as grants
    from sessions s join users u on u.id = s.user_id
    where s.access_hash = $1 and s.access_until > now() and u.is_enabled`,
}

// Of two who come at once the second finds the first one's mark, whatever its snapshot shows of users.
const CREATE_FIRST: Statement = {
  name: 'access.create_first_administrator',
  text: `
    with marked as (
      insert into first_administrator select where not exists (select from users)
      on conflict do nothing
      returning is_only
    )
    insert into users (id, organization_id, login, name, password_hash, is_administrator)
    select $1, o.id, lower($2), $3, $4, true from marked, organizations o where o.parent_id is null
    returning id`,
}

interface CallerRow {
  id: UserId
  session_id: string
  login: string
  name: string
  organization_id: OrganizationId
  is_administrator: boolean
  can_see_metrics: boolean
  grants: GrantRow[]
}

export function makeSignInStore(pool: pg.Pool): SignInStore {
  return {
    async findCredentials(login) {
      type Row = { id: UserId; password_hash: string; is_enabled: boolean }
      const [row] = await run<Row>(pool, FIND_CREDENTIALS, [login])
      return row === undefined ? null : { userId: row.id, passwordHash: row.password_hash, isEnabled: row.is_enabled }
    },
    async loadFailures(login) {
      const [row] = await run<{ count: number; last_at: Instant; now: Instant }>(pool, LOAD_FAILURES, [login])
      return row === undefined ? null : { count: row.count, lastAt: row.last_at, now: row.now }
    },
    noteFailure: (login, forgottenMs) => change(NOTE_FAILURE, [login, forgottenMs]),
    forgetFailures: (login) => change(FORGET_FAILURES, [login]),
    async openSession({ id, userId, passwordHash, ...tokens }) {
      const opened = await run(pool, OPEN_SESSION, [id, userId, ...toValues(tokens), passwordHash])
      return opened.length > 0
    },
    async rotate(refreshHash, next) {
      type Row = { outcome: 'rotated' | 'reused' | 'unknown' }
      const [row] = await run<Row>(pool, ROTATE, [refreshHash, ...toValues(next)])
      return row?.outcome ?? 'unknown'
    },
    endSession: (sessionId) => change(END_SESSION, [sessionId]),
    async findCaller(accessHash) {
      const [row] = await run<CallerRow>(pool, FIND_CALLER, [accessHash])
      return row === undefined ? null : toCaller(row)
    },
    async createFirstAdministrator({ id, login, name, passwordHash }: NewAdministrator) {
      const created = await run(pool, CREATE_FIRST, [id, login, name, passwordHash])
      return created.length > 0
    },
  }

  async function change(statement: Statement, values: readonly unknown[]): Promise<void> {
    await run(pool, statement, values)
  }
}

function toValues({ accessHash, accessMs, refreshHash, refreshMs }: NewTokens): readonly unknown[] {
  return [accessHash, accessMs, refreshHash, refreshMs]
}

function toCaller(row: CallerRow): Caller {
  return {
    userId: row.id,
    sessionId: row.session_id,
    login: row.login,
    name: row.name,
    organizationId: row.organization_id,
    isAdministrator: row.is_administrator,
    canSeeMetrics: row.can_see_metrics,
    grants: row.grants.map(toGrant),
  }
}

export interface GrantRow {
  permissions: string[]
  organizationIds: OrganizationId[]
}

/** A permission of a newer release, or of an older one, is none here. */
export function toGrant({ permissions, organizationIds }: GrantRow): Grant {
  return { permissions: permissions.filter(isPermission), organizationIds }
}
