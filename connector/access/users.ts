/**
 * Users (用户管理): who there is, under which organisation, and whether he may sign in.
 *
 * Knows: who may change whom, and that one administrator always stays. Must not know: SQL, HTTP, how passwords are hashed.
 * A user stays under the organisation that he was created in, and is disabled instead of deleted: the log names him.
 */
import type { ActionLog } from '../issuing/action-log.js'
import type { IdSource } from '../kernel/ids.js'
import type { Page, PageRequest } from '../kernel/page.js'
import { notFound, Refusal, stale } from '../kernel/refusal.js'
import type { Clock, Instant } from '../kernel/time.js'
import { type Caller, type Grant, type OrganizationId, reaches, reachOf, type UserId } from './caller.js'
import { requireOwn } from './granting.js'
import { noteAction } from './note-action.js'
import { requirePassword } from './password.js'
import type { PasswordHasher } from './ports.js'
import { giveRoles } from './role-assignment.js'
import type { RoleId, RoleStore } from './roles.js'
import type { Scope, ScopedDatabase } from './scope.js'

export interface User {
  id: UserId
  organizationId: OrganizationId
  /** In lower case. */
  login: string
  name: string
  isEnabled: boolean
  /** 超级管理员. */
  isAdministrator: boolean
  /** 看板权限: may read the metrics. */
  canSeeMetrics: boolean
  version: number
  updatedAt: Instant
}

export interface UserFilter {
  organizationId?: OrganizationId
  /** Also those of organisations below that one. */
  withBelow?: boolean
  /** Any part of it. */
  login?: string
  /** Any part of it. */
  name?: string
  isEnabled?: boolean
  /** Who has this role, if the caller may see it. */
  roleId?: RoleId
}

export interface UserChange {
  name: string
  canSeeMetrics: boolean
}

export interface NewUser extends UserChange {
  organizationId: OrganizationId
  login: string
  /** Given by whoever creates him; he changes it himself afterwards. */
  password: string
  roleIds: readonly RoleId[]
}

export interface UserStore {
  list(scope: Scope, filter: UserFilter, page: PageRequest): Promise<Page<User>>
  find(scope: Scope, id: UserId): Promise<User | null>
  /** The same, and nobody else changes him until the transaction ends. */
  lock(scope: Scope, id: UserId): Promise<User | null>
  /** Administrators who may sign in; whoever asks waits for everybody else who does, until that one's transaction ends. */
  lockAdministrators(scope: Scope): Promise<readonly UserId[]>
  /** `taken`: the login is somebody's. `no_organization`: there is none of this id. */
  insert(
    scope: Scope,
    user: Omit<NewUser, 'password' | 'roleIds'> & { id: UserId; passwordHash: string },
  ): Promise<'inserted' | 'taken' | 'no_organization'>
  /** Of one that is locked; his version rises. */
  update(
    scope: Scope,
    id: UserId,
    change: Partial<UserChange & Pick<User, 'isEnabled' | 'isAdministrator'> & { passwordHash: string }>,
  ): Promise<void>
  /** All of them, or all but the one that asks. */
  endSessions(scope: Scope, id: UserId, keptSessionId: string | null): Promise<void>
  forgetFailures(scope: Scope, login: string): Promise<void>
  /** All that his roles give him, also by roles that the caller cannot see. */
  loadGrants(id: UserId): Promise<readonly Grant[]>
}

export interface UserDeps {
  database: ScopedDatabase
  users: UserStore
  roles: RoleStore
  hasher: PasswordHasher
  actions: ActionLog
  ids: IdSource
  clock: Clock
}

export function listUsers(
  { database, users }: UserDeps,
  caller: Caller,
  filter: UserFilter,
  page: PageRequest,
): Promise<Page<User>> {
  return database.within(reachOf(caller, 'users.read'), (scope) => users.list(scope, filter, page), caller.userId)
}

/** Errors: Refusal, not found. */
export function findUser({ database, users }: UserDeps, caller: Caller, id: UserId): Promise<User> {
  return database.within(reachOf(caller, 'users.read'), async (scope) => require(await users.find(scope, id)))
}

/** Errors: Refusal, not found (the organisation, or a role), `USR-login`, `USR-metrics`, `ACC-password`, `ROL-beyond-own`. */
export async function createUser(
  deps: UserDeps,
  caller: Caller,
  { password, roleIds, ...given }: NewUser,
): Promise<User> {
  const { organizationId, login, canSeeMetrics } = given
  const reach = reachOf(caller, 'users.write')
  if (!reaches(reach, organizationId)) throw notFound()
  if (roleIds.length > 0) requireAssigning(caller, organizationId)
  requireMetrics(caller, canSeeMetrics)
  requirePassword(password, login)
  const passwordHash = await deps.hasher.hash(password)
  const create = async (scope: Scope) => {
    // A new id is a user's from here on.
    const id = deps.ids.uuid() as UserId
    const outcome = await deps.users.insert(scope, { ...given, id, passwordHash })
    if (outcome === 'no_organization') throw notFound()
    if (outcome === 'taken') throw loginTaken()
    await giveRoles(deps.roles, scope, caller, { id, organizationId }, roleIds)
    await noteAction(deps, scope, caller, { kind: 'users.create', subject: id, detail: { ...given, roleIds } })
    return require(await deps.users.find(scope, id))
  }
  return deps.database.within(reach, create, caller.userId)
}

/** Errors: Refusal, not found, stale, `USR-administrator` or `USR-metrics`. */
export function changeUser(
  deps: UserDeps,
  caller: Caller,
  { id, version }: { id: UserId; version: number },
  change: UserChange,
): Promise<User> {
  return deps.database.within(reachOf(caller, 'users.write'), async (scope) => {
    const user = await lockForChange(deps, scope, caller, id)
    if (user.version !== version) throw stale()
    const { name, canSeeMetrics } = user
    requireMetrics(caller, change.canSeeMetrics && !canSeeMetrics)
    await deps.users.update(scope, id, change)
    const detail = { from: { name, canSeeMetrics }, to: change }
    await noteAction(deps, scope, caller, { kind: 'users.change', subject: id, detail })
    return require(await deps.users.find(scope, id))
  })
}

/** From the next request on his tokens are worth nothing. Errors: Refusal, not found, `USR-self`, `USR-administrator`, `USR-last-administrator`. */
export function disableUser(deps: UserDeps, caller: Caller, id: UserId): Promise<User> {
  if (id === caller.userId) throw self('不能停用自己', 'nobody disables himself')
  return deps.database.within(reachOf(caller, 'users.write'), async (scope) => {
    const administrators = caller.isAdministrator ? await deps.users.lockAdministrators(scope) : []
    const user = await lockForChange(deps, scope, caller, id)
    if (!user.isEnabled) return user
    if (user.isAdministrator) requireAnother(administrators, id)
    await deps.users.update(scope, id, { isEnabled: false })
    await deps.users.endSessions(scope, id, null)
    await noteAction(deps, scope, caller, { kind: 'users.disable', subject: id, detail: {} })
    return require(await deps.users.find(scope, id))
  })
}

/** Errors: Refusal, not found or `USR-administrator`. */
export function enableUser(deps: UserDeps, caller: Caller, id: UserId): Promise<User> {
  return deps.database.within(reachOf(caller, 'users.write'), async (scope) => {
    const user = await lockForChange(deps, scope, caller, id)
    if (user.isEnabled) return user
    await deps.users.update(scope, id, { isEnabled: true })
    await noteAction(deps, scope, caller, { kind: 'users.enable', subject: id, detail: {} })
    return require(await deps.users.find(scope, id))
  })
}

/** Makes or unmakes one. Errors: Refusal, not found, stale, `USR-administrator` or `USR-last-administrator`. */
export function setAdministrator(
  deps: UserDeps,
  caller: Caller,
  { id, version }: { id: UserId; version: number },
  isAdministrator: boolean,
): Promise<User> {
  return deps.database.within(reachOf(caller, 'users.write'), async (scope) => {
    if (!caller.isAdministrator) throw (await deps.users.find(scope, id)) === null ? notFound() : administratorsOnly()
    const administrators = await deps.users.lockAdministrators(scope)
    const user = await lockForChange(deps, scope, caller, id)
    if (user.version !== version) throw stale()
    if (user.isAdministrator === isAdministrator) return user
    if (!isAdministrator && user.isEnabled) requireAnother(administrators, id)
    await deps.users.update(scope, id, { isAdministrator })
    await noteAction(deps, scope, caller, { kind: 'users.administrator', subject: id, detail: { isAdministrator } })
    return require(await deps.users.find(scope, id))
  })
}

/**
 * His sessions end, his failures to sign in are forgotten. Whoever knows his password may do what he may: that must be the
 * caller's own already. Errors: Refusal, not found, `USR-self`, `USR-administrator`, `ROL-beyond-own`, `ACC-password`.
 */
export async function resetPassword(deps: UserDeps, caller: Caller, id: UserId, password: string): Promise<void> {
  if (id === caller.userId) throw self('请用 PUT /auth/password 修改自己的密码', 'PUT /auth/password changes your own')
  const { database, users, hasher } = deps
  const reach = reachOf(caller, 'users.write')
  const { login } = await database.within(reach, (scope) => lockForChange(deps, scope, caller, id))
  requirePassword(password, login)
  // Hashing takes long, and no transaction waits for it.
  const passwordHash = await hasher.hash(password)
  await database.within(reach, async (scope) => {
    await lockForChange(deps, scope, caller, id)
    for (const grant of await users.loadGrants(id)) requireOwn(caller, grant)
    await users.update(scope, id, { passwordHash })
    await users.endSessions(scope, id, null)
    await users.forgetFailures(scope, login)
    await noteAction(deps, scope, caller, { kind: 'users.reset-password', subject: id, detail: {} })
  })
}

async function lockForChange({ users }: UserDeps, scope: Scope, caller: Caller, id: UserId): Promise<User> {
  const user = require(await users.lock(scope, id))
  if (user.isAdministrator && !caller.isAdministrator) throw administratorsOnly()
  return user
}

function require(user: User | null): User {
  if (user === null) throw notFound()
  return user
}

/** Nobody grants more than he has. */
function requireMetrics({ canSeeMetrics }: Caller, isGranted: boolean): void {
  if (canSeeMetrics || !isGranted) return
  throw new Refusal('forbidden', {
    code: 'USR-metrics',
    message: '没有看板权限，不能授予他人',
    messageEn: 'who may not see the metrics lets nobody else see them',
  })
}

/** Who creates users does not assign roles by that alone. */
function requireAssigning(caller: Caller, organizationId: OrganizationId): void {
  if (reaches(reachOf(caller, 'roles.write'), organizationId)) return
  throw new Refusal('forbidden', {
    code: 'ACC-permission',
    message: '没有分配角色的权限（需要 roles.write）',
    messageEn: 'not permitted; assigning roles needs roles.write',
  })
}

function requireAnother(administrators: readonly UserId[], id: UserId): void {
  if (administrators.some((each) => each !== id)) return
  throw new Refusal('conflict', {
    code: 'USR-last-administrator',
    message: '至少须保留一名启用的超级管理员',
    messageEn: 'one enabled administrator has to stay',
  })
}

const self = (message: string, messageEn: string) => new Refusal('conflict', { code: 'USR-self', message, messageEn })

const loginTaken = () =>
  new Refusal('conflict', {
    code: 'USR-login',
    message: '登录名已被使用（不区分大小写）',
    messageEn: 'the login is taken, whatever its case',
  })

const administratorsOnly = () =>
  new Refusal('forbidden', {
    code: 'USR-administrator',
    message: '只有超级管理员可以对超级管理员进行此操作',
    messageEn: 'only an administrator may do this to an administrator, or make one',
  })
