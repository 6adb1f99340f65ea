/** What signing in needs of the memory, of hashing and of chance. */
import type { Instant } from '../kernel/time.js'
import type { Caller, UserId } from './caller.js'

export interface StoredCredentials {
  userId: UserId
  passwordHash: string
  isEnabled: boolean
}

/** Tokens stand here as hashes only: who reads the database can use none of them. */
export interface NewTokens {
  accessHash: string
  accessMs: number
  refreshHash: string
  refreshMs: number
}

export interface NewAdministrator {
  id: UserId
  login: string
  name: string
  passwordHash: string
}

export interface SignInStore {
  findCredentials(login: string): Promise<StoredCredentials | null>
  /** Failures in a row under this login, whether such a user exists or not; null: none of late. */
  loadFailures(login: string): Promise<{ count: number; lastAt: Instant; now: Instant } | null>
  /** One more; what is older than `forgottenMs` no longer counts. */
  noteFailure(login: string, forgottenMs: number): Promise<void>
  forgetFailures(login: string): Promise<void>
  /** false: he was disabled or has another password by now. */
  openSession(session: NewTokens & { id: string; userId: UserId; passwordHash: string }): Promise<boolean>
  /**
   * Exchanges a refresh token for the next one, once. `reused`: it was exchanged before, so somebody has a copy, and the
   * session is over. `unknown`: there is none, it is too old, or its user is disabled.
   */
  rotate(refreshHash: string, next: NewTokens): Promise<'rotated' | 'reused' | 'unknown'>
  endSession(sessionId: string): Promise<void>
  /** Who an access token belongs to, as roles, organisations and he himself are at this moment; null: nobody any more. */
  findCaller(accessHash: string): Promise<Caller | null>
  /** Creates him under the root organisation while there is no user at all; false: there is one. */
  createFirstAdministrator(administrator: NewAdministrator): Promise<boolean>
}

export interface PasswordHasher {
  hash(password: string): Promise<string>
  /** Takes as long for a hash that is null as for any other, and says false. */
  verify(password: string, hash: string | null): Promise<boolean>
}

export interface TokenSource {
  /** Unguessable, printable, `prefix` in front so that scanners find one that leaked. */
  token(prefix: string): string
  hash(token: string): string
  /** In the same time whether they agree or not. */
  isSame(a: string, b: string): boolean
}
