/**
 * Signing in: password against tokens, tokens against newer ones, and the one time that a secret from the environment makes
 * the first administrator.
 *
 *   password ──► access token (15 min) + refresh token (12 h) ──► rotated, each one once ──► ended
 *
 * Knows: schedules, and that every failure sounds alike. Must not know: HTTP, SQL, how passwords are hashed.
 */
import type { IdSource } from '../kernel/ids.js'
import { Refusal } from '../kernel/refusal.js'
import type { Secret } from '../kernel/secret.js'
import type { Caller, UserId } from './caller.js'
import { requirePassword } from './password.js'
import type { NewTokens, PasswordHasher, SignInStore, StoredCredentials, TokenSource } from './ports.js'

export interface SignInDeps {
  store: SignInStore
  hasher: PasswordHasher
  tokens: TokenSource
  ids: IdSource
  /** Makes the first administrator, once; null: nobody may. */
  bootstrapToken: Secret | null
}

export interface Tokens {
  accessToken: string
  refreshToken: string
  /** Seconds. */
  expiresIn: number
}

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const ACCESS_MS = 15 * MINUTE_MS
/** A working day: who comes back the next morning signs in again. */
const REFRESH_MS = 12 * HOUR_MS

/** Failures in a row before each further one costs a wait, and before there is a stop. */
const FREE_FAILURES = 5
const FAILURES_MAX = 10
const STOP_MS = 15 * MINUTE_MS
const FORGOTTEN_MS = 24 * HOUR_MS

/** Wait after so many failures in a row (reliability §6): nothing up to 4, then 2, 4, 8, 16, 32 s, from 10 on 15 min. */
export function failureWaitMs(count: number): number {
  if (count < FREE_FAILURES) return 0
  return count < FAILURES_MAX ? 2 ** (count - FREE_FAILURES + 1) * SECOND_MS : STOP_MS
}

/** Errors: Refusal `ACC-credentials`, the same for a wrong password, an unknown and a disabled user; `ACC-wait`. */
export async function signIn(deps: SignInDeps, login: string, password: string): Promise<Tokens> {
  const proven = await proveCredentials(deps, login, password)
  const tokens = proven === null ? null : await open(deps, proven)
  if (tokens !== null) return tokens
  throw new Refusal('unauthenticated', {
    code: 'ACC-credentials',
    message: '登录名或密码不正确',
    messageEn: 'login or password is not right',
  })
}

/** Whose login and password these are; null: nobody's, which counts as a failure. Errors: Refusal `ACC-wait`. */
export async function proveCredentials(
  { store, hasher }: Pick<SignInDeps, 'store' | 'hasher'>,
  login: string,
  password: string,
): Promise<StoredCredentials | null> {
  await requirePatience(store, login)
  const found = await store.findCredentials(login)
  // Hashed even when there is nobody, so that the time tells nothing either.
  const isRight = await hasher.verify(password, found?.passwordHash ?? null)
  if (found === null || !isRight || !found.isEnabled) {
    await store.noteFailure(login, FORGOTTEN_MS)
    return null
  }
  await store.forgetFailures(login)
  return found
}

/** Errors: Refusal `ACC-token`; a token that was exchanged before ends its whole session. */
export async function refresh(deps: SignInDeps, refreshToken: string): Promise<Tokens> {
  const { tokens, stored } = draw(deps.tokens)
  const outcome = await deps.store.rotate(deps.tokens.hash(refreshToken), stored)
  if (outcome !== 'rotated') throw invalidToken()
  return tokens
}

/** Errors: Refusal `ACC-bootstrap`, the same whether the token is wrong, none is configured, or there is a user already. */
export async function createFirstAdministrator(
  deps: SignInDeps,
  given: { bootstrapToken: string; login: string; name: string; password: string },
): Promise<Tokens> {
  const { bootstrapToken, login, name, password } = given
  const expected = deps.bootstrapToken
  const isRight = expected !== null && deps.tokens.isSame(bootstrapToken, expected.reveal())
  if (!isRight) throw notTheFirst()
  requirePassword(password, login)
  // A new id is a user's from here on.
  const id = deps.ids.uuid() as UserId
  const passwordHash = await deps.hasher.hash(password)
  const isFirst = await deps.store.createFirstAdministrator({ id, login, name, passwordHash })
  const signedIn = isFirst ? await open(deps, { userId: id, passwordHash }) : null
  if (signedIn === null) throw notTheFirst()
  return signedIn
}

/** Errors: Refusal `ACC-token`. */
export async function authenticate(deps: Pick<SignInDeps, 'store' | 'tokens'>, accessToken: string): Promise<Caller> {
  const caller = await deps.store.findCaller(deps.tokens.hash(accessToken))
  if (caller === null) throw invalidToken()
  return caller
}

export function signOut(deps: Pick<SignInDeps, 'store'>, caller: Caller): Promise<void> {
  return deps.store.endSession(caller.sessionId)
}

/** null: what was proven is no longer so. */
async function open(
  deps: SignInDeps,
  { userId, passwordHash }: Pick<StoredCredentials, 'userId' | 'passwordHash'>,
): Promise<Tokens | null> {
  const { tokens, stored } = draw(deps.tokens)
  const isOpen = await deps.store.openSession({ ...stored, id: deps.ids.uuid(), userId, passwordHash })
  return isOpen ? tokens : null
}

function draw(source: TokenSource): { tokens: Tokens; stored: NewTokens } {
  const [accessToken, refreshToken] = [source.token('lqa_'), source.token('lqr_')]
  return {
    tokens: { accessToken, refreshToken, expiresIn: ACCESS_MS / SECOND_MS },
    stored: {
      accessHash: source.hash(accessToken),
      accessMs: ACCESS_MS,
      refreshHash: source.hash(refreshToken),
      refreshMs: REFRESH_MS,
    },
  }
}

async function requirePatience(store: SignInStore, login: string): Promise<void> {
  const failures = await store.loadFailures(login)
  if (failures === null) return
  const retryAfterMs = failures.lastAt + failureWaitMs(failures.count) - failures.now
  if (retryAfterMs <= 0) return
  throw new Refusal('too_many', {
    code: 'ACC-wait',
    message: '登录失败次数过多，请稍后再试',
    messageEn: 'too many failures to sign in; try again later',
    retryAfterMs,
  })
}

function invalidToken(): Refusal {
  const words = {
    code: 'ACC-token',
    message: '令牌无效或已过期，请重新登录',
    messageEn: 'the token is invalid or too old; sign in again',
  }
  return new Refusal('unauthenticated', words)
}

function notTheFirst(): Refusal {
  return new Refusal('forbidden', {
    code: 'ACC-bootstrap',
    message: '无法创建首个管理员：令牌不正确、未配置，或已存在用户',
    messageEn: 'the first administrator cannot be created: wrong token, none configured, or there is a user already',
  })
}
