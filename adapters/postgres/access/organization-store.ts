/** The tree of organisations, by scope; what hangs on a node is asked of the whole memory. */
import type { Knex } from 'knex'
import type pg from 'pg'
import type { OrganizationId } from '../../../connector/access/caller.js'
import type {
  Organization,
  OrganizationFilter,
  OrganizationKind,
  OrganizationStore,
} from '../../../connector/access/organizations.js'
import type { Scope } from '../../../connector/access/scope.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { containing, loadPage } from '../listing.js'
import { makeQueries } from '../query.js'
import { unlessRefused } from '../savepoint.js'
import { run, type Statement } from '../statement.js'

const LOAD_USE: Statement = {
  name: 'access.load_organization_use',
  text: `
    select (select count(*) from organizations where parent_id = $1)::int as child_count,
      (select count(*) from users where organization_id = $1)::int as user_count,
      (select count(*) from using_units where organization_id = $1)::int
        + (select count(*) from direct_units where organization_id = $1)::int as unit_count,
      exists (select from organizations where id = $1 and parent_id is null) as is_root`,
}

interface UseRow {
  child_count: number
  user_count: number
  unit_count: number
  is_root: boolean
}

interface Row {
  id: OrganizationId
  /** null where the caller does not see the parent: the join is under row-level security like everything else. */
  parent_id: OrganizationId | null
  kind: OrganizationKind
  name: string
  version: number
  updated_at: Instant
}

export function makeOrganizationStore(pool: pg.Pool): OrganizationStore {
  const queries = makeQueries()
  const within = ({ tx, reach }: Scope) => {
    const query = queries(tx)
    const rows = query.from('organizations as o')
    return { query, rows: reach === 'everything' ? rows : rows.whereIn('o.id', [...reach]) }
  }
  const byId = (scope: Scope, id: OrganizationId, version: number) =>
    within(scope).rows.where({ 'o.id': id, 'o.version': version })
  return {
    list(scope, filter, page) {
      const { query, rows } = within(scope)
      return loadPage(query, narrow(rows, filter), page, (found) => show(found).orderBy(['o.name', 'o.id']), toItem)
    },
    async loadTree(scope, countMax) {
      const { query, rows } = within(scope)
      const depth = query.raw('(select count(*) from organization_closure c where c.descendant_id = o.id)')
      const found: Row[] = await show(rows)
        .orderBy([{ column: depth }, 'o.name', 'o.id'])
        .limit(countMax)
      return found.map(toItem)
    },
    async find(scope, id) {
      const [row]: Row[] = await show(within(scope).rows).where('o.id', id)
      return row === undefined ? null : toItem(row)
    },
    async insert(scope, { id, parentId, name, kind }) {
      // Without returning: who may write below a node may not see what he put there.
      const inserted = await unlessRefused(scope.tx, () =>
        queries(scope.tx).from('organizations').insert({ id, parent_id: parentId, name, kind }),
      )
      return inserted === 'taken' ? 'taken' : 'inserted'
    },
    async update(scope, id, version, { name, kind }) {
      const { raw } = queries(scope.tx)
      const change = { name, kind, version: raw('version + 1'), updated_at: raw('now()') }
      const updated = await unlessRefused(scope.tx, () => byId(scope, id, version).update(change))
      if (updated === 'taken') return 'taken'
      return updated === 0 ? 'stale' : 'updated'
    },
    async loadUse(id) {
      const [row] = await run<UseRow>(pool, LOAD_USE, [id])
      return {
        childCount: row?.child_count ?? 0,
        userCount: row?.user_count ?? 0,
        unitCount: row?.unit_count ?? 0,
        isRoot: row?.is_root ?? false,
      }
    },
    async delete(scope, id, version) {
      const deleted = await unlessRefused(scope.tx, () => byId(scope, id, version).delete())
      if (deleted === 'referenced') return 'in_use'
      return deleted === 0 ? 'stale' : 'deleted'
    },
  }
}

function narrow(rows: Knex.QueryBuilder, { parentId, name, kind }: OrganizationFilter): Knex.QueryBuilder {
  const narrowed = rows.clone()
  if (parentId !== undefined) narrowed.where('o.parent_id', parentId)
  if (kind !== undefined) narrowed.where('o.kind', kind)
  if (name !== undefined) narrowed.whereILike('o.name', containing(name))
  return narrowed
}

function show(rows: Knex.QueryBuilder): Knex.QueryBuilder {
  return rows
    .leftJoin('organizations as p', 'p.id', 'o.parent_id')
    .select('o.id', 'p.id as parent_id', 'o.kind', 'o.name', 'o.version', 'o.updated_at')
}

function toItem({ id, parent_id: parentId, kind, name, version, updated_at: updatedAt }: Row): Organization {
  return { id, parentId, kind, name, version, updatedAt }
}
