/**
 * What this process holds, and how long it may trust that it does (reliability 3.3).
 *
 *   0 s        5 s                12 s               15 s
 *   ├──────────┼──────────────────┼──────────────────┤   after the start of the last renewal that succeeded
 *   claimed    renewed, again     trust is over:     the lease is over: whoever comes next
 *              and again          the call under     takes it up under a higher fence
 *                                 way is given up
 *
 * The lease runs by the database's clock, trust by a clock of our own that never jumps, from before the database could
 * have counted: so trust ends first, whatever either clock says on the wall. A process that was paused finds on waking
 * that its trust is over. Between that and its next write stands the fence, which every write names.
 */
import type { Timers } from '../kernel/time.js'
import type { IssuingStore } from './ports.js'
import type { Held } from './transaction.js'

/** Shares of a lease: when it is renewed, and when a worker stops to trust it. */
const RENEWED_AFTER = 1 / 3
const TRUSTED_FOR = 4 / 5

const KINDS = ['batches', 'moves', 'outbox'] as const

/** By the store that lends it. */
export type HeldKind = (typeof KINDS)[number]

export interface Hold {
  /** Aborted once it is not known any more that this worker holds: the call under way is given up. */
  readonly signal: AbortSignal
  /** When the lease was last known to begin, by `elapsedMs`; earlier than by the database's clock. */
  readonly sinceMs: number
  /** Whether a call to the outside may start now. */
  isTrusted(): boolean
  /** Runs a statement that begins the lease anew, unless it resolves to null. */
  extend<T>(statement: () => Promise<T>): Promise<T>
  /** No longer renewed. */
  release(): void
}

export interface Holds {
  /** Takes what was claimed by a statement that began at `sinceMs`. */
  take(kind: HeldKind, items: readonly Held[], sinceMs: number): Hold
  /** Gives up what is not trusted any more and renews what is due; to be called every second or so. */
  tick(): void
  count(kind: HeldKind): number
  /** Gives up everything: whoever drains has no more time. */
  abandon(): void
}

export interface HoldsDeps {
  timers: Pick<Timers, 'elapsedMs'>
  leaseMs: number
  store: Pick<IssuingStore, HeldKind>
  onError: (error: unknown) => void
}

export function makeHolds({ timers, leaseMs, store, onError }: HoldsDeps): Holds {
  const held: Record<HeldKind, Set<OwnHold>> = { batches: new Set(), moves: new Set(), outbox: new Set() }
  const renewing = new Set<HeldKind>()

  async function renewDue(kind: HeldKind): Promise<void> {
    const startedMs = timers.elapsedMs()
    const due = [...held[kind]].filter((hold) => startedMs - hold.sinceMs >= leaseMs * RENEWED_AFTER)
    if (due.length === 0) return
    const kept = await store[kind].renewLeases(
      due.flatMap(({ items }) => items),
      leaseMs,
    )
    for (const hold of due) {
      if (hold.items.every(({ id }) => kept.has(id))) hold.sinceMs = Math.max(hold.sinceMs, startedMs)
      else hold.lose()
    }
  }

  return {
    take(kind, items, sinceMs) {
      const hold: OwnHold = new OwnHold(timers, leaseMs, items, sinceMs, () => held[kind].delete(hold))
      held[kind].add(hold)
      return hold
    },
    tick() {
      for (const kind of KINDS) {
        for (const hold of held[kind]) if (!hold.isTrusted()) hold.lose()
        // One at a time: a database that does not answer gets no second question, and trust ends meanwhile.
        if (renewing.has(kind)) continue
        renewing.add(kind)
        void renewDue(kind)
          .catch(onError)
          .finally(() => renewing.delete(kind))
      }
    },
    count: (kind) => held[kind].size,
    abandon() {
      for (const holds of Object.values(held)) for (const hold of holds) hold.lose()
    },
  }
}

class OwnHold implements Hold {
  readonly items: readonly Held[]
  readonly release: () => void
  sinceMs: number
  readonly #given = new AbortController()
  readonly #timers: Pick<Timers, 'elapsedMs'>
  readonly #trustedMs: number

  constructor(
    timers: Pick<Timers, 'elapsedMs'>,
    leaseMs: number,
    items: readonly Held[],
    sinceMs: number,
    release: () => void,
  ) {
    this.items = items
    this.sinceMs = sinceMs
    this.release = release
    this.#timers = timers
    this.#trustedMs = leaseMs * TRUSTED_FOR
  }

  get signal(): AbortSignal {
    return this.#given.signal
  }

  isTrusted(): boolean {
    return !this.#given.signal.aborted && this.#timers.elapsedMs() - this.sinceMs < this.#trustedMs
  }

  async extend<T>(statement: () => Promise<T>): Promise<T> {
    const startedMs = this.#timers.elapsedMs()
    const value = await statement()
    if (value !== null) this.sinceMs = Math.max(this.sinceMs, startedMs)
    return value
  }

  lose(): void {
    this.#given.abort(new Error('the lease is no longer trusted'))
  }
}
