/**
 * Who asks, and how far each of his permissions reaches.
 *
 * Permissions come from roles, and each role has a reach of its own: whoever may read users of one organisation and
 * organisations of another may not read the users of that other one. So reach is always asked together with a permission.
 */
import { PERMISSIONS, type Permission } from './permissions.js'

export type OrganizationId = string & { readonly of: 'organization' }
export type UserId = string & { readonly of: 'user' }

/** What one role allows this caller, its data scope worked out to organisations. */
export interface Grant {
  permissions: readonly Permission[]
  organizationIds: readonly OrganizationId[]
}

export interface Caller {
  userId: UserId
  sessionId: string
  login: string
  name: string
  organizationId: OrganizationId
  /** 超级管理员: everything, everywhere. */
  isAdministrator: boolean
  /** 看板权限. */
  canSeeMetrics: boolean
  grants: readonly Grant[]
}

/** The organisations whose data a caller may reach; `everything` is not a list, so that nobody has to keep one complete. */
export type Reach = 'everything' | ReadonlySet<OrganizationId>

/** Empty: he may not do this at all. */
export function reachOf({ isAdministrator, grants }: Caller, permission: Permission): Reach {
  if (isAdministrator) return 'everything'
  const allowing = grants.filter(({ permissions }) => permissions.includes(permission))
  return new Set(allowing.flatMap(({ organizationIds }) => organizationIds))
}

export function reaches(reach: Reach, organizationId: OrganizationId): boolean {
  return reach === 'everything' || reach.has(organizationId)
}

export function permissionsOf(caller: Caller): readonly Permission[] {
  // The names are those of the table.
  const all = Object.keys(PERMISSIONS) as Permission[]
  return all.filter((permission) => {
    const reach = reachOf(caller, permission)
    return reach === 'everything' || reach.size > 0
  })
}
