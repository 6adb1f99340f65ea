/**
 * The tree of organisations (组织管理): whose a unit, a user or a record is.
 *
 * Knows: who may see and change which node, and that a node stays where it was created. Must not know: SQL, HTTP.
 */
import type { ActionLog } from '../issuing/action-log.js'
import type { IdSource } from '../kernel/ids.js'
import type { Page, PageRequest } from '../kernel/page.js'
import { notFound, Refusal, stale } from '../kernel/refusal.js'
import type { Clock, Instant } from '../kernel/time.js'
import { type Caller, type OrganizationId, reachOf } from './caller.js'
import { noteAction } from './note-action.js'
import type { Scope, ScopedDatabase } from './scope.js'

export const ORGANIZATION_KINDS = {
  head_office: '总公司',
  virtual: '虚拟机构',
  subsidiary: '子公司',
  branch: '分支机构',
  department: '部门',
} as const

export type OrganizationKind = keyof typeof ORGANIZATION_KINDS

export interface Organization {
  id: OrganizationId
  /** null: the root, or its parent is not the caller's to see. */
  parentId: OrganizationId | null
  kind: OrganizationKind
  name: string
  version: number
  updatedAt: Instant
}

export interface OrganizationFilter {
  parentId?: OrganizationId
  /** Any part of the name. */
  name?: string
  kind?: OrganizationKind
}

export interface OrganizationChange {
  name: string
  kind: OrganizationKind
}

/** What hangs on an organisation, seen without regard to the caller's reach: what he cannot see must not be orphaned. */
interface OrganizationUse {
  childCount: number
  userCount: number
  unitCount: number
  isRoot: boolean
}

export interface OrganizationStore {
  list(scope: Scope, filter: OrganizationFilter, page: PageRequest): Promise<Page<Organization>>
  /** All that the scope reaches, at most `countMax`, parents before children. */
  loadTree(scope: Scope, countMax: number): Promise<readonly Organization[]>
  find(scope: Scope, id: OrganizationId): Promise<Organization | null>
  /** `taken`: its parent has one of this name. */
  insert(
    scope: Scope,
    organization: OrganizationChange & { id: OrganizationId; parentId: OrganizationId },
  ): Promise<'inserted' | 'taken'>
  /** Only while the version is still this one. */
  update(
    scope: Scope,
    id: OrganizationId,
    version: number,
    change: OrganizationChange,
  ): Promise<'updated' | 'taken' | 'stale'>
  loadUse(id: OrganizationId): Promise<OrganizationUse>
  /** `in_use`: something was hung on it meanwhile. */
  delete(scope: Scope, id: OrganizationId, version: number): Promise<'deleted' | 'in_use' | 'stale'>
}

export interface OrganizationDeps {
  database: ScopedDatabase
  organizations: OrganizationStore
  actions: ActionLog
  ids: IdSource
  clock: Clock
}

/** A tree is given whole, for pickers; what is larger is leafed through as a list. */
export const TREE_COUNT_MAX = 5_000

export function listOrganizations(
  { database, organizations }: OrganizationDeps,
  caller: Caller,
  filter: OrganizationFilter,
  page: PageRequest,
): Promise<Page<Organization>> {
  return database.within(reachOf(caller, 'organizations.read'), (scope) => organizations.list(scope, filter, page))
}

/** Errors: Refusal `ORG-tree-too-large`. */
export async function loadOrganizationTree(
  { database, organizations }: OrganizationDeps,
  caller: Caller,
): Promise<readonly Organization[]> {
  const all = await database.within(reachOf(caller, 'organizations.read'), (scope) =>
    organizations.loadTree(scope, TREE_COUNT_MAX + 1),
  )
  if (all.length <= TREE_COUNT_MAX) return all
  throw new Refusal('invalid', {
    code: 'ORG-tree-too-large',
    message: `组织超过 ${TREE_COUNT_MAX} 个，请用列表逐级查询`,
    messageEn: `there are more than ${TREE_COUNT_MAX} organisations; leaf through them by parent`,
  })
}

/** Errors: Refusal, not found. */
export function findOrganization(deps: OrganizationDeps, caller: Caller, id: OrganizationId): Promise<Organization> {
  return deps.database.within(reachOf(caller, 'organizations.read'), (scope) => require(deps, scope, id))
}

/** Under a parent that the caller may write to. Errors: Refusal, not found (the parent) or `ORG-name`. */
export function createOrganization(
  deps: OrganizationDeps,
  caller: Caller,
  { parentId, ...given }: OrganizationChange & { parentId: OrganizationId },
): Promise<Organization> {
  return deps.database.within(reachOf(caller, 'organizations.write'), async (scope) => {
    await require(deps, scope, parentId)
    // Ids of this source are organisations' from here on.
    const id = deps.ids.uuid() as OrganizationId
    const outcome = await deps.organizations.insert(scope, { ...given, id, parentId })
    if (outcome === 'taken') throw nameTaken()
    await noteAction(deps, scope, caller, { kind: 'organizations.create', subject: id, detail: { ...given, parentId } })
    return { ...given, id, parentId, version: 1, updatedAt: deps.clock.now() }
  })
}

/** Name and kind; never its place. Errors: Refusal, not found, stale or `ORG-name`. */
export function changeOrganization(
  deps: OrganizationDeps,
  caller: Caller,
  { id, version }: { id: OrganizationId; version: number },
  change: OrganizationChange,
): Promise<Organization> {
  return deps.database.within(reachOf(caller, 'organizations.write'), async (scope) => {
    const { name, kind } = await require(deps, scope, id)
    const outcome = await deps.organizations.update(scope, id, version, change)
    if (outcome === 'stale') throw stale()
    if (outcome === 'taken') throw nameTaken()
    const detail = { from: { name, kind }, to: change }
    await noteAction(deps, scope, caller, { kind: 'organizations.change', subject: id, detail })
    return require(deps, scope, id)
  })
}

/** Errors: Refusal, not found, stale, `ORG-root` or `ORG-in-use` (with what hangs on it). */
export function deleteOrganization(
  deps: OrganizationDeps,
  caller: Caller,
  { id, version }: { id: OrganizationId; version: number },
): Promise<void> {
  return deps.database.within(reachOf(caller, 'organizations.write'), async (scope) => {
    const { parentId, name, kind } = await require(deps, scope, id)
    const use = await deps.organizations.loadUse(id)
    if (use.isRoot) throw isRoot()
    if (use.childCount + use.userCount + use.unitCount > 0) throw inUse(use)
    const outcome = await deps.organizations.delete(scope, id, version)
    if (outcome === 'stale') throw stale()
    if (outcome === 'in_use') throw inUse(await deps.organizations.loadUse(id))
    await noteAction(deps, scope, caller, {
      kind: 'organizations.delete',
      subject: id,
      detail: { parentId, name, kind },
    })
  })
}

async function require({ organizations }: OrganizationDeps, scope: Scope, id: OrganizationId): Promise<Organization> {
  const found = await organizations.find(scope, id)
  if (found === null) throw notFound()
  return found
}

const nameTaken = () =>
  new Refusal('conflict', {
    code: 'ORG-name',
    message: '同一上级下已有同名组织',
    messageEn: 'its parent has an organisation of this name already',
  })

const isRoot = () =>
  new Refusal('conflict', {
    code: 'ORG-root',
    message: '最上级组织不能删除',
    messageEn: 'the topmost organisation cannot be deleted',
  })

function inUse({ childCount, userCount, unitCount }: OrganizationUse): Refusal {
  return new Refusal('conflict', {
    code: 'ORG-in-use',
    message: `组织仍在使用，不能删除（下级 ${childCount} 个，用户 ${userCount} 名，单位 ${unitCount} 个）`,
    messageEn: `the organisation is in use: ${childCount} below it, ${userCount} users, ${unitCount} units`,
  })
}
