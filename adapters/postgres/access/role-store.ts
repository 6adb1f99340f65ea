/** Roles and who has them, as far as the user of the scope may see them. */
import type { Knex } from 'knex'
import type pg from 'pg'
import type { OrganizationId, UserId } from '../../../connector/access/caller.js'
import type { RoleReach, RoleScope } from '../../../connector/access/granting.js'
import { isPermission } from '../../../connector/access/permissions.js'
import type { Role, RoleId, RoleStore, Sharing } from '../../../connector/access/roles.js'
import type { Scope } from '../../../connector/access/scope.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { containing, loadPage } from '../listing.js'
import { makeQueries, type Query } from '../query.js'
import { unlessRefused } from '../savepoint.js'
import { run, type Statement } from '../statement.js'

const LOAD_HOLDERS: Statement = {
  name: 'access.load_role_holders',
  text: `
    select count(*)::int as user_count, coalesce(array_agg(distinct u.organization_id::text), '{}') as organization_ids
    from user_roles ur join users u on u.id = ur.user_id where ur.role_id = $1`,
}

const SHOWN = [
  ...['r.id', 'r.owner_id', 'r.name', 'r.permissions', 'r.scope', 'r.shared_with', 'r.version', 'r.updated_at'],
]
const ORGANIZATIONS = `array(select organization_id::text from role_organizations ro where ro.role_id = r.id order by 1)`
const SHARED_USERS = `array(select user_id::text from role_shares s where s.role_id = r.id order by 1)`

interface Row {
  id: RoleId
  owner_id: UserId | null
  name: string
  permissions: string[]
  scope: RoleScope
  shared_with: Sharing['with']
  version: number
  updated_at: Instant
  organization_ids: OrganizationId[]
  shared_user_ids: UserId[]
  user_count: number
}

export function makeRoleStore(pool: pg.Pool): RoleStore {
  const queries = makeQueries()
  const within = (scope: Scope) => {
    const query = queries(scope.tx)
    return { query, rows: seenBy(scope, query.from('roles as r'), query) }
  }
  const find = async (scope: Scope, id: RoleId): Promise<Role | null> => {
    const { query, rows } = within(scope)
    const [row]: Row[] = await show(scope, query, rows.where('r.id', id))
    return row === undefined ? null : toRole(row)
  }
  return {
    list(scope, { name }, page) {
      const { query, rows } = within(scope)
      const matching = name === undefined ? rows : rows.whereILike('r.name', containing(name))
      return loadPage(query, matching, page, (found) => show(scope, query, found).orderBy(['r.name', 'r.id']), toRole)
    },
    find,
    async lock(scope, id) {
      const locked: unknown[] = await within(scope).rows.select('r.id').where('r.id', id).forNoKeyUpdate()
      return locked.length === 0 ? null : find(scope, id)
    },
    async insert(scope, { id, ownerId, name, permissions, scope: reach, organizationIds }) {
      const query = queries(scope.tx)
      const inserted = await unlessRefused(scope.tx, async () => {
        await query.from('roles').insert({ id, owner_id: ownerId, name, permissions: [...permissions], scope: reach })
        await addOrganizations(query, id, { scope: reach, organizationIds })
      })
      if (inserted === 'taken') return 'taken'
      return inserted === 'referenced' ? 'no_organization' : 'inserted'
    },
    async update(scope, id, { name, permissions, scope: reach, organizationIds }) {
      const query = queries(scope.tx)
      const change = { name, permissions: [...permissions], scope: reach }
      const updated = await unlessRefused(scope.tx, async () => {
        await query
          .from('roles')
          .where({ id })
          .update({ ...change, ...nextVersion(query) })
        await query.from('role_organizations').where('role_id', id).delete()
        await addOrganizations(query, id, { scope: reach, organizationIds })
      })
      if (updated === 'taken') return 'taken'
      return updated === 'referenced' ? 'no_organization' : 'updated'
    },
    async share(scope, id, { with: sharedWith, userIds }) {
      const query = queries(scope.tx)
      const shared = await unlessRefused(scope.tx, async () => {
        await query
          .from('roles')
          .where({ id })
          .update({ shared_with: sharedWith, ...nextVersion(query) })
        await query.from('role_shares').where('role_id', id).delete()
        const shares = [...new Set(userIds)].map((userId) => ({ role_id: id, user_id: userId }))
        if (shares.length > 0) await query.from('role_shares').insert(shares)
      })
      return shared === 'referenced' ? 'no_user' : 'shared'
    },
    async delete(scope, id) {
      const deleted = await unlessRefused(scope.tx, () => within(scope).rows.where('r.id', id).delete())
      return deleted === 'referenced' ? 'in_use' : 'deleted'
    },
    async loadHolders(id) {
      type Holders = { user_count: number; organization_ids: OrganizationId[] }
      const [row] = await run<Holders>(pool, LOAD_HOLDERS, [id])
      return { userCount: row?.user_count ?? 0, organizationIds: row?.organization_ids ?? [] }
    },
    async loadBelow({ tx }, organizationIds) {
      const found: { id: OrganizationId }[] = await queries(tx)
        .from('organization_closure')
        .distinct('descendant_id as id')
        .whereIn('ancestor_id', [...organizationIds])
      return found.map(({ id }) => id)
    },
    async loadAssignable(scope, userIds) {
      const found: { id: UserId; organization_id: OrganizationId }[] = await assignable(scope, queries(scope.tx))
        .select('u.id', 'u.organization_id')
        .whereIn('u.id', [...userIds])
      return found.map(({ id, organization_id: organizationId }) => ({ id, organizationId }))
    },
    async loadAssigned(scope, id) {
      const found: { id: UserId }[] = await assignable(scope, queries(scope.tx))
        .join('user_roles as ur', 'ur.user_id', 'u.id')
        .where('ur.role_id', id)
        .select('u.id')
      return found.map((user) => user.id)
    },
    async assign({ tx }, id, userIds) {
      if (userIds.length === 0) return
      const rows = userIds.map((userId) => ({ user_id: userId, role_id: id }))
      await queries(tx).from('user_roles').insert(rows)
    },
    async unassign({ tx }, id, userIds) {
      await queries(tx)
        .from('user_roles')
        .where('role_id', id)
        .whereIn('user_id', [...userIds])
        .delete()
    },
  }
}

function seenBy({ reach, userId }: Scope, rows: Knex.QueryBuilder, query: Query): Knex.QueryBuilder {
  if (reach === 'everything') return rows
  const shares = query.from('role_shares as s').whereRaw('s.role_id = r.id').where('s.user_id', userId)
  return rows.where((either) =>
    either
      .where('r.owner_id', userId)
      .orWhere('r.shared_with', 'all')
      .orWhere((chosen) => chosen.where('r.shared_with', 'chosen').whereExists(shares)),
  )
}

function assignable({ reach }: Scope, query: Query): Knex.QueryBuilder {
  const users = query.from('users as u')
  return reach === 'everything'
    ? users
    : users.whereIn('u.organization_id', [...reach]).where('u.is_administrator', false)
}

function show({ reach }: Scope, query: Query, rows: Knex.QueryBuilder): Knex.QueryBuilder {
  const users = query
    .from('user_roles as ur')
    .join('users as u', 'u.id', 'ur.user_id')
    .whereRaw('ur.role_id = r.id')
    .select(query.raw('count(*)::int'))
  return rows.select(
    ...SHOWN,
    query.raw(`${ORGANIZATIONS} as organization_ids`),
    query.raw(`${SHARED_USERS} as shared_user_ids`),
    (reach === 'everything' ? users : users.whereIn('u.organization_id', [...reach])).as('user_count'),
  )
}

async function addOrganizations(query: Query, id: RoleId, { organizationIds }: RoleReach): Promise<void> {
  const rows = [...new Set(organizationIds)].map((organizationId) => ({ role_id: id, organization_id: organizationId }))
  if (rows.length > 0) await query.from('role_organizations').insert(rows)
}

function nextVersion({ raw }: Query) {
  return { version: raw('version + 1'), updated_at: raw('now()') }
}

function toRole(row: Row): Role {
  return {
    id: row.id,
    ownerId: row.owner_id,
    name: row.name,
    // A permission of another release is none here.
    permissions: row.permissions.filter(isPermission),
    scope: row.scope,
    organizationIds: row.organization_ids,
    sharing: { with: row.shared_with, userIds: row.shared_user_ids },
    userCount: row.user_count,
    version: row.version,
    updatedAt: row.updated_at,
  }
}
