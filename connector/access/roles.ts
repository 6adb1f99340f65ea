/**
 * Roles (角色管理): what somebody may do, and for whose data.
 *
 * Knows: whose a role is and who else may see it. Must not know: SQL, HTTP.
 * A role belongs to whoever created it; administrators see and change all of them, and share them with managers, who may
 * then assign what is within their own rights.
 */
import type { ActionLog } from '../issuing/action-log.js'
import type { IdSource } from '../kernel/ids.js'
import type { Page, PageRequest } from '../kernel/page.js'
import { notFound, Refusal, stale } from '../kernel/refusal.js'
import type { Clock, Instant } from '../kernel/time.js'
import { type Caller, type OrganizationId, reachOf, type UserId } from './caller.js'
import { organizationsOf, type RoleReach, requireOwn } from './granting.js'
import { noteAction } from './note-action.js'
import type { Permission } from './permissions.js'
import type { Scope, ScopedDatabase } from './scope.js'

export type RoleId = string & { readonly of: 'role' }

export interface RoleChange extends RoleReach {
  name: string
  permissions: readonly Permission[]
}

/** Who sees and assigns a role beside its owner and administrators. */
export interface Sharing {
  with: 'nobody' | 'all' | 'chosen'
  /** Of `chosen`. As read: those that the caller may know of. */
  userIds: readonly UserId[]
}

export interface Role extends RoleChange {
  id: RoleId
  /** null: nobody but administrators. */
  ownerId: UserId | null
  sharing: Sharing
  /** Those who have it, among the users in reach. */
  userCount: number
  version: number
  updatedAt: Instant
}

export interface RoleStore {
  /** Those that the user of the scope may see; so it is with every role and user below. */
  list(scope: Scope, filter: { name?: string }, page: PageRequest): Promise<Page<Role>>
  find(scope: Scope, id: RoleId): Promise<Role | null>
  /** The same; nobody else changes or assigns it until the transaction ends. */
  lock(scope: Scope, id: RoleId): Promise<Role | null>
  /** `taken`: its owner has one of this name. */
  insert(
    scope: Scope,
    role: RoleChange & { id: RoleId; ownerId: UserId },
  ): Promise<'inserted' | 'taken' | 'no_organization'>
  /** Of one that is locked; its version rises. */
  update(scope: Scope, id: RoleId, change: RoleChange): Promise<'updated' | 'taken' | 'no_organization'>
  share(scope: Scope, id: RoleId, sharing: Sharing): Promise<'shared' | 'no_user'>
  delete(scope: Scope, id: RoleId): Promise<'deleted' | 'in_use'>
  /** Who has it, seen without regard to the caller's reach: a change of the role changes what they may do. */
  loadHolders(id: RoleId): Promise<{ userCount: number; organizationIds: readonly OrganizationId[] }>
  loadBelow(scope: Scope, organizationIds: readonly OrganizationId[]): Promise<readonly OrganizationId[]>
  /** Of these users, those to whom the caller may give a role; administrators are such for administrators only. */
  loadAssignable(
    scope: Scope,
    userIds: readonly UserId[],
  ): Promise<readonly { id: UserId; organizationId: OrganizationId }[]>
  /** Assignable users who have it. */
  loadAssigned(scope: Scope, id: RoleId): Promise<readonly UserId[]>
  assign(scope: Scope, id: RoleId, userIds: readonly UserId[]): Promise<void>
  unassign(scope: Scope, id: RoleId, userIds: readonly UserId[]): Promise<void>
}

export interface RoleDeps {
  database: ScopedDatabase
  roles: RoleStore
  actions: ActionLog
  ids: IdSource
  clock: Clock
}

interface RoleKey {
  id: RoleId
  version: number
}

export function listRoles(
  { database, roles }: RoleDeps,
  caller: Caller,
  filter: { name?: string },
  page: PageRequest,
): Promise<Page<Role>> {
  return database.within(reachOf(caller, 'roles.read'), (scope) => roles.list(scope, filter, page), caller.userId)
}

/** Errors: Refusal, not found. */
export function findRole({ database, roles }: RoleDeps, caller: Caller, id: RoleId): Promise<Role> {
  const find = async (scope: Scope) => require(await roles.find(scope, id))
  return database.within(reachOf(caller, 'roles.read'), find, caller.userId)
}

/** Errors: Refusal `ROL-beyond-own`, `ROL-name`, `ROL-scope` or `ROL-organization`. */
export async function createRole(deps: RoleDeps, caller: Caller, given: RoleChange): Promise<Role> {
  requireScope(given)
  requireOwn(caller, given)
  return forWriting(deps, caller, async (scope) => {
    // A new id is a role's from here on.
    const id = deps.ids.uuid() as RoleId
    requireStored(await deps.roles.insert(scope, { ...given, id, ownerId: caller.userId }))
    await noteAction(deps, scope, caller, { kind: 'roles.create', subject: id, detail: { ...given } })
    return require(await deps.roles.find(scope, id))
  })
}

/** For all who have it, at once. Errors: those of creating; Refusal, not found, stale, `ROL-owner`. */
export async function changeRole(deps: RoleDeps, caller: Caller, key: RoleKey, change: RoleChange): Promise<Role> {
  requireScope(change)
  return forWriting(deps, caller, async (scope) => {
    const role = await lockOwn(deps, scope, caller, key)
    await requireOwnChange(deps, scope, caller, role, change)
    requireStored(await deps.roles.update(scope, role.id, change))
    const { name, permissions, scope: reach, organizationIds } = role
    const detail = { from: { name, permissions, scope: reach, organizationIds }, to: change }
    await noteAction(deps, scope, caller, { kind: 'roles.change', subject: role.id, detail })
    return require(await deps.roles.find(scope, role.id))
  })
}

/** Errors: Refusal, not found, stale, `ROL-owner`, or `ROL-in-use` with the number of users. */
export function deleteRole(deps: RoleDeps, caller: Caller, key: RoleKey): Promise<void> {
  return forWriting(deps, caller, async (scope) => {
    const { id, name, permissions } = await lockOwn(deps, scope, caller, key)
    const { userCount } = await deps.roles.loadHolders(id)
    if (userCount > 0) throw inUse(userCount)
    if ((await deps.roles.delete(scope, id)) === 'in_use') throw inUse((await deps.roles.loadHolders(id)).userCount)
    await noteAction(deps, scope, caller, { kind: 'roles.delete', subject: id, detail: { name, permissions } })
  })
}

/** By administrators only. Errors: Refusal, not found (the role, or a user), stale, `ROL-owner`. */
export function shareRole(deps: RoleDeps, caller: Caller, key: RoleKey, sharing: Sharing): Promise<Role> {
  return forWriting(deps, caller, async (scope) => {
    const { id, version } = require(await deps.roles.lock(scope, key.id))
    if (!caller.isAdministrator) throw notItsOwner()
    if (version !== key.version) throw stale()
    if ((await deps.roles.share(scope, id, sharing)) === 'no_user') throw notFound()
    await noteAction(deps, scope, caller, { kind: 'roles.share', subject: id, detail: { ...sharing } })
    return require(await deps.roles.find(scope, id))
  })
}

function forWriting<T>({ database }: RoleDeps, caller: Caller, work: (scope: Scope) => Promise<T>): Promise<T> {
  return database.within(reachOf(caller, 'roles.write'), work, caller.userId)
}

async function lockOwn({ roles }: RoleDeps, scope: Scope, caller: Caller, key: RoleKey): Promise<Role> {
  const role = require(await roles.lock(scope, key.id))
  if (!caller.isAdministrator && role.ownerId !== caller.userId) throw notItsOwner()
  if (role.version !== key.version) throw stale()
  return role
}

/** Whoever has the role gets what is new in it, also those whom the caller cannot see. */
async function requireOwnChange(
  { roles }: RoleDeps,
  scope: Scope,
  caller: Caller,
  before: Role,
  after: RoleChange,
): Promise<void> {
  if (caller.isAdministrator) return
  const isFurther = before.scope !== after.scope || !after.organizationIds.every(isOneOf(before.organizationIds))
  const permissions = isFurther
    ? after.permissions
    : after.permissions.filter((permission) => !before.permissions.includes(permission))
  const { organizationIds: holders } = await roles.loadHolders(before.id)
  const organizationIds = await organizationsOf(after, holders, (ids) => roles.loadBelow(scope, ids))
  requireOwn(caller, { permissions, organizationIds })
}

function isOneOf<T>(all: readonly T[]): (item: T) => boolean {
  const known = new Set(all)
  return (item) => known.has(item)
}

function requireScope({ scope, organizationIds }: RoleReach): void {
  if ((scope === 'custom') === organizationIds.length > 0) return
  throw new Refusal('invalid', {
    code: 'ROL-scope',
    message: '自定义数据权限须列出组织，其他数据权限不得列出组织',
    messageEn: 'a custom scope names organisations, the others name none',
  })
}

function requireStored(outcome: 'inserted' | 'updated' | 'taken' | 'no_organization'): void {
  if (outcome === 'taken') {
    throw new Refusal('conflict', {
      code: 'ROL-name',
      message: '已有同名角色',
      messageEn: 'there is a role of this name already',
    })
  }
  if (outcome === 'no_organization') {
    throw new Refusal('invalid', {
      code: 'ROL-organization',
      message: '所列组织不存在',
      messageEn: 'one of the organisations is not there',
    })
  }
}

function require(role: Role | null): Role {
  if (role === null) throw notFound()
  return role
}

const notItsOwner = () =>
  new Refusal('forbidden', {
    code: 'ROL-owner',
    message: '只有角色的创建者或超级管理员可以修改、删除角色；只有超级管理员可以共享角色',
    messageEn: 'only its owner or an administrator changes or deletes a role, and only an administrator shares it',
  })

const inUse = (userCount: number) =>
  new Refusal('conflict', {
    code: 'ROL-in-use',
    message: `角色仍有 ${userCount} 名用户，不能删除`,
    messageEn: `${userCount} users have the role`,
  })
