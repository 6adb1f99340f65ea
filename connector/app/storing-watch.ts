/**
 * Notices that the database answers and stores nothing: its disk is full, or it only reads. Nobody can ask it for that; its
 * refusals say so. It is over when something is stored, or when the refusal was not repeated for longer than anybody
 * rests: another replica may have done the work meanwhile.
 */
import { storingRefusalOf } from '../../adapters/postgres/server-errors.js'
import type { Database, TransactionName } from '../issuing/transaction.js'
import type { Clock, Instant, Timers } from '../kernel/time.js'

/** Above the longest rest of whoever is refused. */
const REFUSAL_MS_MAX = 60_000

/** Run at rest, too, and then they store nothing: their success proves nothing. */
const NETS: ReadonlySet<TransactionName> = new Set(['waking', 'sweep', 'other'])

export interface StoringWatch {
  /** The given database; its transactions are watched. */
  database: Database
  /** Since when and in which words it refuses; null: what is to be stored is stored. */
  status(): { since: Instant; lastError: string } | null
}

export function watchStoring(database: Database, { clock, timers }: { clock: Clock; timers: Timers }): StoringWatch {
  /** `at` by the clock that never jumps. */
  let refusal: { since: Instant; lastError: string; at: number } | null = null

  return {
    database: {
      ...database,
      async transaction(name, work) {
        try {
          const value = await database.transaction(name, work)
          if (!NETS.has(name)) refusal = null
          return value
        } catch (error) {
          const lastError = storingRefusalOf(error)
          if (lastError !== null) refusal = { since: refusal?.since ?? clock.now(), lastError, at: timers.elapsedMs() }
          throw error
        }
      },
    },
    status() {
      if (refusal !== null && timers.elapsedMs() - refusal.at > REFUSAL_MS_MAX) refusal = null
      return refusal && { since: refusal.since, lastError: refusal.lastError }
    },
  }
}
