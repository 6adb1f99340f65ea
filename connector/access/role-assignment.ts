/** Who has which role. Whoever sees a role may assign it, as far as it gives nothing that is not his own. */
import { notFound } from '../kernel/refusal.js'
import { type Caller, type OrganizationId, reachOf, type UserId } from './caller.js'
import { organizationsOf, requireOwn } from './granting.js'
import { noteAction } from './note-action.js'
import type { Role, RoleDeps, RoleId, RoleStore } from './roles.js'
import type { Scope } from './scope.js'

/** Users who get or keep a role at once. */
export const ASSIGNED_COUNT_MAX = 1_000

/**
 * Exactly these of the users in reach have the role from now on; the others keep what they have. Asked twice it changes nothing.
 * Errors: Refusal, not found (the role, or one of the users), `ROL-beyond-own`.
 */
export function assignRole(
  deps: RoleDeps,
  caller: Caller,
  id: RoleId,
  userIds: readonly UserId[],
): Promise<{ added: number; removed: number }> {
  const { database, roles } = deps
  const work = async (scope: Scope) => {
    const role = await lock(roles, scope, id)
    const wanted = new Set(userIds)
    const users = await roles.loadAssignable(scope, [...wanted])
    if (users.length < wanted.size) throw notFound()
    const present = new Set(await roles.loadAssigned(scope, id))
    const added = users.filter((user) => !present.has(user.id))
    const removed = [...present].filter((userId) => !wanted.has(userId))
    await requireGrantable(
      roles,
      scope,
      caller,
      role,
      added.map(({ organizationId }) => organizationId),
    )
    const addedIds = added.map((user) => user.id)
    await roles.assign(scope, id, addedIds)
    await roles.unassign(scope, id, removed)
    if (addedIds.length + removed.length > 0) {
      await noteAction(deps, scope, caller, { kind: 'roles.assign', subject: id, detail: { added: addedIds, removed } })
    }
    return { added: addedIds.length, removed: removed.length }
  }
  return database.within(reachOf(caller, 'roles.write'), work, caller.userId)
}

/** Roles of a user who was created in this scope. Errors: as above. */
export async function giveRoles(
  roles: RoleStore,
  scope: Scope,
  caller: Caller,
  user: { id: UserId; organizationId: OrganizationId },
  roleIds: readonly RoleId[],
): Promise<void> {
  // In one order, so that two who create users do not wait for each other.
  for (const id of [...new Set(roleIds)].sort()) {
    const role = await lock(roles, scope, id)
    await requireGrantable(roles, scope, caller, role, [user.organizationId])
    await roles.assign(scope, id, [user.id])
  }
}

async function lock(roles: RoleStore, scope: Scope, id: RoleId): Promise<Role> {
  const role = await roles.lock(scope, id)
  if (role === null) throw notFound()
  return role
}

async function requireGrantable(
  roles: RoleStore,
  scope: Scope,
  caller: Caller,
  role: Role,
  holders: readonly OrganizationId[],
): Promise<void> {
  if (caller.isAdministrator || holders.length === 0) return
  const distinct = [...new Set(holders)]
  const organizationIds = await organizationsOf(role, distinct, (ids) => roles.loadBelow(scope, ids))
  requireOwn(caller, { permissions: role.permissions, organizationIds })
}
