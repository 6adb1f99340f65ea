/** Everybody changes his own password, knowing the former one; an open window is not enough. */
import { notFound, Refusal, stale } from '../kernel/refusal.js'
import type { Caller } from './caller.js'
import { noteAction } from './note-action.js'
import { requirePassword } from './password.js'
import type { SignInStore } from './ports.js'
import { proveCredentials } from './sign-in.js'
import type { UserDeps } from './users.js'

export interface OwnPasswordDeps extends Pick<UserDeps, 'database' | 'users' | 'hasher' | 'actions' | 'clock'> {
  credentials: SignInStore
}

/**
 * All his other sessions end.
 * Errors: Refusal `USR-former-password`, `ACC-wait` after too many of those, `ACC-password`; stale: he was changed meanwhile.
 */
export async function changeOwnPassword(
  deps: OwnPasswordDeps,
  caller: Caller,
  { formerPassword, password }: { formerPassword: string; password: string },
): Promise<void> {
  const { database, users, hasher } = deps
  const { userId, login, sessionId } = caller
  const reach = new Set([caller.organizationId])
  const before = await database.within(reach, (scope) => users.find(scope, userId))
  if (before === null) throw notFound()
  const proven = await proveCredentials({ store: deps.credentials, hasher }, login, formerPassword)
  if (proven?.userId !== userId) throw wrongPassword()
  requirePassword(password, login)
  const passwordHash = await hasher.hash(password)
  await database.within(reach, async (scope) => {
    const user = await users.lock(scope, userId)
    // Reset meanwhile: what was proven is no longer so.
    if (user?.version !== before.version) throw stale()
    await users.update(scope, userId, { passwordHash })
    await users.endSessions(scope, userId, sessionId)
    await noteAction(deps, scope, caller, { kind: 'users.own-password', subject: userId, detail: {} })
  })
}

const wrongPassword = () =>
  new Refusal('invalid', {
    code: 'USR-former-password',
    message: '原密码不正确',
    messageEn: 'the former password is not right',
  })
