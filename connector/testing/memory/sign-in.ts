/** Users and sessions in memory, with a clock that is moved by hand; for tests of what stands on `SignInStore`. */
import type { Caller, Grant, OrganizationId, UserId } from '../../access/caller.js'
import type { NewTokens, PasswordHasher, SignInStore, TokenSource } from '../../access/ports.js'
import type { SignInDeps } from '../../access/sign-in.js'
import { after, type Instant, instant } from '../../kernel/time.js'

interface User {
  id: UserId
  login: string
  name: string
  passwordHash: string
  isEnabled: boolean
  isAdministrator: boolean
  grants: readonly Grant[]
}

interface Session {
  id: string
  userId: UserId
  accessHash: string
  accessUntil: Instant
  refreshHash: string
  formerRefreshHash: string | null
  refreshUntil: Instant
}

export interface People {
  store: SignInStore
  users: Map<string, User>
  pass(ms: number): void
  /** How long `hash` and `verify` were asked to work, in calls. */
  hashedCount: () => number
  deps(changes?: Partial<SignInDeps>): SignInDeps
}

const ROOT = 'root' as OrganizationId

export function makePeople(): People {
  let now = instant(Date.UTC(2026, 10, 22, 8))
  let hashedCount = 0
  let drawnCount = 0
  const users = new Map<string, User>()
  const failures = new Map<string, { count: number; lastAt: Instant }>()
  let sessions: Session[] = []
  const userOf = (id: UserId) => [...users.values()].find((user) => user.id === id)
  const stamp = ({ accessHash, accessMs, refreshHash, refreshMs }: NewTokens) => ({
    ...{ accessHash, accessUntil: after(now, accessMs) },
    ...{ refreshHash, refreshUntil: after(now, refreshMs) },
  })

  const store: SignInStore = {
    async findCredentials(login) {
      const user = users.get(login.toLowerCase())
      if (user === undefined) return null
      return { userId: user.id, passwordHash: user.passwordHash, isEnabled: user.isEnabled }
    },
    async loadFailures(login) {
      const found = failures.get(login.toLowerCase())
      return found === undefined ? null : { ...found, now }
    },
    async noteFailure(login, forgottenMs) {
      const found = failures.get(login.toLowerCase())
      const isOld = found === undefined || found.lastAt < after(now, -forgottenMs)
      failures.set(login.toLowerCase(), { count: isOld ? 1 : found.count + 1, lastAt: now })
    },
    async forgetFailures(login) {
      failures.delete(login.toLowerCase())
    },
    async openSession({ id, userId, passwordHash, ...tokens }) {
      const user = userOf(userId)
      if (user?.isEnabled !== true || user.passwordHash !== passwordHash) return false
      sessions.push({ id, userId, formerRefreshHash: null, ...stamp(tokens) })
      return true
    },
    async rotate(refreshHash, next) {
      const reused = sessions.find(({ formerRefreshHash }) => formerRefreshHash === refreshHash)
      sessions = sessions.filter((session) => session !== reused)
      if (reused !== undefined) return 'reused'
      const session = sessions.find((each) => each.refreshHash === refreshHash && each.refreshUntil > now)
      if (session === undefined || userOf(session.userId)?.isEnabled !== true) return 'unknown'
      Object.assign(session, { formerRefreshHash: refreshHash, ...stamp(next) })
      return 'rotated'
    },
    async endSession(sessionId) {
      sessions = sessions.filter(({ id }) => id !== sessionId)
    },
    async findCaller(accessHash) {
      const session = sessions.find((each) => each.accessHash === accessHash && each.accessUntil > now)
      const user = session === undefined ? undefined : userOf(session.userId)
      if (session === undefined || user === undefined || !user.isEnabled) return null
      const { id: userId, login, name, isAdministrator, grants } = user
      const caller: Caller = {
        userId,
        sessionId: session.id,
        login,
        name,
        organizationId: ROOT,
        isAdministrator,
        canSeeMetrics: isAdministrator,
        grants,
      }
      return caller
    },
    async createFirstAdministrator({ id, login, name, passwordHash }) {
      if (users.size > 0) return false
      const rights = { isEnabled: true, isAdministrator: true, grants: [] }
      users.set(login.toLowerCase(), { id, login: login.toLowerCase(), name, passwordHash, ...rights })
      return true
    },
  }

  const hasher: PasswordHasher = {
    async hash(password) {
      hashedCount += 1
      return `hash of ${password}`
    },
    async verify(password, hash) {
      hashedCount += 1
      return hash === `hash of ${password}`
    },
  }
  const tokens: TokenSource = {
    token(prefix) {
      drawnCount += 1
      return `${prefix}token-${drawnCount}`
    },
    hash: (token) => `hash of ${token}`,
    isSame: (a, b) => a === b,
  }
  const ids = {
    uuid() {
      drawnCount += 1
      return `id-${drawnCount}`
    },
    serial: () => '',
  }
  return {
    store,
    users,
    pass: (ms) => {
      now = after(now, ms)
    },
    hashedCount: () => hashedCount,
    deps: (changes = {}) => ({ store, hasher, tokens, ids, bootstrapToken: null, ...changes }),
  }
}
