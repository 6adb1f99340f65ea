/**
 * What a role may allow: a closed list, and in whose words. A route asks for exactly one of these, or says that it asks for
 * none (`openapi/access.ts`).
 */
export const PERMISSIONS = {
  'organizations.read': { zh: '查看组织', en: 'see organisations' },
  'organizations.write': { zh: '管理组织', en: 'create, change and delete organisations' },
  'users.read': { zh: '查看用户', en: 'see users' },
  'users.write': { zh: '管理用户', en: 'create and change users, enable and disable them, reset passwords' },
  'roles.read': { zh: '查看角色', en: 'see roles' },
  'roles.write': { zh: '管理角色', en: 'create, change, share and delete roles, and assign them' },
} as const

export type Permission = keyof typeof PERMISSIONS

export function isPermission(text: string): text is Permission {
  return Object.hasOwn(PERMISSIONS, text)
}
