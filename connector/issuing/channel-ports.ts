/**
 * The way to the bureau as its users see it: may this unit call now, and what did a call show about the way itself.
 *
 * A stop is a row that holds back the calls of a unit, of one using unit or of all of a direct unit, under a cause. It is
 * shared by all replicas, lasts until a read succeeds (or its time is over), and wakes what waited for it when it goes.
 */
import type { ParkCause } from '../kernel/fault.js'
import type { UsingUnitId } from '../kernel/ids.js'
import type { Instant } from '../kernel/time.js'
import type { Tx } from './transaction.js'

/**
 * bureau_unreachable: the breaker is open. rate_limited: the bureau asked for a pause. The others: the platform does not
 * let the unit in, and a person must mend that.
 */
export type StopCause = Extract<
  ParkCause,
  'bureau_unreachable' | 'rate_limited' | 'unit_key_fault' | 'unit_unverified' | 'seller_blocked'
>

export interface Stop {
  id: string
  directUnitId: string
  /** null: all using units of the direct unit. */
  usingUnitId: UsingUnitId | null
  cause: StopCause
  /** What the call that raised it said; no payload. */
  code: string
  message: string
  since: Instant
  /** When a read is due, or the pause is over. */
  probeAt: Instant
  failedProbes: number
  /** It was told that this one lasts long. */
  isTold: boolean
}

export type NewStop = Pick<Stop, 'directUnitId' | 'usingUnitId' | 'cause' | 'code' | 'message'> & { probeInMs: number }

export interface StopStore {
  load(): Promise<readonly Stop[]>
  /** True: it is new, and announced. A stop that is there already stays as it is; a pause may grow longer. */
  raise(stop: NewStop): Promise<boolean>
  /** The cause that stops a unit, kept from going until the end of the transaction; null: none any more. */
  hold(tx: Tx, unit: StoppableUnit): Promise<StopCause | null>
  /** Takes up stops whose probe is due, each by one replica for `leaseMs`. */
  claimDue(options: { leaseMs: number; limit: number }): Promise<readonly Stop[]>
  /** The probe was in vain. */
  postpone(id: string, change: { probeInMs: number; isTold: boolean }): Promise<void>
  /** Removes it; false: somebody else did. */
  lift(tx: Tx, id: string): Promise<boolean>
}

export interface StoppableUnit {
  id: UsingUnitId
  direct: { id: string }
}

/** What one call showed about the way itself. */
export type Sight = { bureauDate: Instant | null } & (
  | { way: 'open' }
  /** Not reached, or no answer of a bureau. */
  | { way: 'broken'; code: string; message: string }
  /** The platform does not let the unit in: nothing is processed until a person mends it. */
  | { way: 'closed'; reach: 'direct_unit' | 'using_unit'; cause: StopCause; code: string; message: string }
  | { way: 'busy'; pauseMs: number; code: string; message: string }
  /** A question was answered, and we cannot read the answer: once a mishap, again and again a key that is not the bureau's. */
  | { way: 'garbled'; code: string; message: string }
  /** Tells neither: the caller gave up, or an answer that nobody understands. */
  | { way: 'unclear' }
)

/** What the bureau's adapter asks before a call and tells after it. */
export interface ChannelWatch {
  stopOf(unit: StoppableUnit): Stop | null
  countFirst(unit: StoppableUnit): void
  /** Whether a failed call may be tried again now. */
  takeRetry(unit: StoppableUnit): boolean
  /** Resolves when what it gave rise to is stored. */
  observe(unit: StoppableUnit, sight: Sight): Promise<void>
}

/** Whether a stop holds back a unit. */
export function stops(stop: Pick<Stop, 'directUnitId' | 'usingUnitId'>, { direct, id }: StoppableUnit): boolean {
  return stop.directUnitId === direct.id && (stop.usingUnitId === null || stop.usingUnitId === id)
}

/** For a single person's calls: nothing holds them back and nothing is remembered. */
export const UNWATCHED: ChannelWatch = {
  stopOf: () => null,
  countFirst: () => undefined,
  takeRetry: () => true,
  observe: () => Promise.resolve(),
}
