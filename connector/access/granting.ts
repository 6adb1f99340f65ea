/**
 * Nobody grants more than he has (reliability §6): each permission that a role gives must, in each organisation that it gives it
 * for, be the granter's own. Where a role reaches depends on who has it, so this is asked whenever a role is made, changed or
 * assigned, and not of the role alone.
 */
import { Refusal } from '../kernel/refusal.js'
import { type Caller, type Grant, type OrganizationId, reaches, reachOf } from './caller.js'
import { PERMISSIONS, type Permission } from './permissions.js'

/** 数据权限. own: the organisation of whoever has the role. custom: those that the role names. */
export const ROLE_SCOPES = {
  own: '用户所属组织',
  own_and_below: '用户所属组织及其下级组织',
  custom: '自定义',
} as const

export type RoleScope = keyof typeof ROLE_SCOPES

export interface RoleReach {
  scope: RoleScope
  /** Of a custom scope; else none. */
  organizationIds: readonly OrganizationId[]
}

/** These organisations and all below them. */
export type LoadBelow = (organizationIds: readonly OrganizationId[]) => Promise<readonly OrganizationId[]>

/** Where a role reaches in the hands of users of these organisations. */
export async function organizationsOf(
  { scope, organizationIds }: RoleReach,
  holders: readonly OrganizationId[],
  loadBelow: LoadBelow,
): Promise<readonly OrganizationId[]> {
  if (scope === 'custom') return organizationIds
  return scope === 'own' ? holders : loadBelow(holders)
}

/** No organisation, because nobody has the role yet: the permission must be his somewhere. Errors: Refusal `ROL-beyond-own`. */
export function requireOwn(caller: Caller, { permissions, organizationIds }: Grant): void {
  const beyond = permissions.filter((permission) => !has(caller, permission, organizationIds))
  if (beyond.length === 0) return
  throw new Refusal('forbidden', {
    code: 'ROL-beyond-own',
    message: `不能授予超出自己的权限：${beyond.map((permission) => PERMISSIONS[permission].zh).join('、')}`,
    messageEn: `nobody grants more than he has, which is not: ${beyond.join(', ')}`,
  })
}

function has(caller: Caller, permission: Permission, organizationIds: readonly OrganizationId[]): boolean {
  const reach = reachOf(caller, permission)
  const isHeld = reach === 'everything' || reach.size > 0
  return isHeld && organizationIds.every((id) => reaches(reach, id))
}
