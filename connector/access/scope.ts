/**
 * The memory as one caller may see it.
 *
 * Whoever loads or changes data for a caller does it in a scope, which takes the place of a bare transaction in every
 * repository of the administration: it cannot be called without having said how far the caller's permission reaches.
 * What a repository forgets to ask, the database refuses by itself (row-level security).
 */
import type { Tx } from '../issuing/transaction.js'
import type { Reach, UserId } from './caller.js'

export interface Scope {
  readonly tx: Tx
  readonly reach: Reach
  /** Who asks, for what belongs to people and not to organisations; null: nobody in particular, who sees none of it. */
  readonly userId: UserId | null
}

export interface ScopedDatabase {
  /**
   * Runs `work` in one transaction in which no row outside of `reach` can be seen or written.
   * Errors: those of a transaction; a row written outside of the reach ends it as a defect.
   */
  within<T>(reach: Reach, work: (scope: Scope) => Promise<T>, userId?: UserId): Promise<T>
}
