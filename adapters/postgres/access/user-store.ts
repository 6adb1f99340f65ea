/** Users, by scope. Hashes of passwords are written here and read by nobody but the sign-in store. */
import type { Knex } from 'knex'
import type pg from 'pg'
import type { OrganizationId, UserId } from '../../../connector/access/caller.js'
import type { Scope } from '../../../connector/access/scope.js'
import type { User, UserFilter, UserStore } from '../../../connector/access/users.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { containing, loadPage } from '../listing.js'
import { makeQueries, type Query } from '../query.js'
import { unlessRefused } from '../savepoint.js'
import { run, type Statement } from '../statement.js'
import { GRANTS, type GrantRow, toGrant } from './sign-in-store.js'

const LOAD_GRANTS: Statement = {
  name: 'access.load_grants',
  text: `select ${GRANTS} as grants from users u where u.id = $1`,
}

const COLUMNS = [
  ...['u.id', 'u.organization_id', 'u.login', 'u.name', 'u.is_enabled', 'u.is_administrator', 'u.can_see_metrics'],
  ...['u.version', 'u.updated_at'],
]

interface Row {
  id: UserId
  organization_id: OrganizationId
  login: string
  name: string
  is_enabled: boolean
  is_administrator: boolean
  can_see_metrics: boolean
  version: number
  updated_at: Instant
}

export function makeUserStore(pool: pg.Pool): UserStore {
  const queries = makeQueries()
  const within = ({ tx, reach }: Scope) => {
    const query = queries(tx)
    const rows = query.from('users as u')
    return { query, rows: reach === 'everything' ? rows : rows.whereIn('u.organization_id', [...reach]) }
  }
  return {
    list(scope, filter, page) {
      const { query, rows } = within(scope)
      return loadPage(
        query,
        narrow(rows, filter, query),
        page,
        (found) => found.select(COLUMNS).orderBy('u.login'),
        toUser,
      )
    },
    async find(scope, id) {
      const [row]: Row[] = await within(scope).rows.select(COLUMNS).where('u.id', id)
      return row === undefined ? null : toUser(row)
    },
    async lock(scope, id) {
      const [row]: Row[] = await within(scope).rows.select(COLUMNS).where('u.id', id).forNoKeyUpdate()
      return row === undefined ? null : toUser(row)
    },
    async lockAdministrators(scope) {
      // In one order, so that two who ask at once do not wait for each other.
      const found: Pick<Row, 'id'>[] = await within(scope)
        .rows.select('u.id')
        .where({ 'u.is_administrator': true, 'u.is_enabled': true })
        .orderBy('u.id')
        .forNoKeyUpdate()
      return found.map(({ id }) => id)
    },
    async insert(scope, { id, organizationId, login, name, canSeeMetrics, passwordHash }) {
      const { from, raw } = queries(scope.tx)
      const row = {
        ...{ id, name, organization_id: organizationId, password_hash: passwordHash },
        ...{ login: raw('lower(?)', [login]), can_see_metrics: canSeeMetrics },
      }
      const inserted = await unlessRefused(scope.tx, () => from('users').insert(row))
      if (inserted === 'taken') return 'taken'
      return inserted === 'referenced' ? 'no_organization' : 'inserted'
    },
    async update(scope, id, { name, canSeeMetrics, isEnabled, isAdministrator, passwordHash }) {
      const { query, rows } = within(scope)
      await rows.where('u.id', id).update({
        // knex leaves out what is undefined.
        ...{ name, can_see_metrics: canSeeMetrics, is_enabled: isEnabled, is_administrator: isAdministrator },
        ...{ password_hash: passwordHash, version: query.raw('version + 1'), updated_at: query.raw('now()') },
      })
    },
    async endSessions({ tx }, id, keptSessionId) {
      const sessions = queries(tx).from('sessions').where('user_id', id)
      await (keptSessionId === null ? sessions : sessions.whereNot('id', keptSessionId)).delete()
    },
    async forgetFailures({ tx }, login) {
      await queries(tx).from('sign_in_failures').where({ login }).delete()
    },
    async loadGrants(id) {
      const [row] = await run<{ grants: GrantRow[] }>(pool, LOAD_GRANTS, [id])
      return (row?.grants ?? []).map(toGrant)
    },
  }
}

function narrow(
  rows: Knex.QueryBuilder,
  { organizationId, withBelow = false, login, name, isEnabled, roleId }: UserFilter,
  { from }: Query,
): Knex.QueryBuilder {
  const narrowed = rows.clone()
  if (organizationId !== undefined && withBelow) {
    const below = from('organization_closure').select('descendant_id').where('ancestor_id', organizationId)
    narrowed.whereIn('u.organization_id', below)
  }
  if (organizationId !== undefined && !withBelow) narrowed.where('u.organization_id', organizationId)
  if (login !== undefined) narrowed.whereILike('u.login', containing(login))
  if (name !== undefined) narrowed.whereILike('u.name', containing(name))
  if (isEnabled !== undefined) narrowed.where('u.is_enabled', isEnabled)
  if (roleId !== undefined) narrowed.whereIn('u.id', from('user_roles').select('user_id').where('role_id', roleId))
  return narrowed
}

function toUser(row: Row): User {
  return {
    id: row.id,
    organizationId: row.organization_id,
    login: row.login,
    name: row.name,
    isEnabled: row.is_enabled,
    isAdministrator: row.is_administrator,
    canSeeMetrics: row.can_see_metrics,
    version: row.version,
    updatedAt: row.updated_at,
  }
}
