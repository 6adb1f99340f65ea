/**
 * What people do with results: send them again, switch a callback endpoint on again. A result that is sent again is the
 * same result: the same id and bytes, marked as a replay on its way.
 */
import type { Clock } from '../kernel/time.js'
import type { ActionLog } from './action-log.js'
import type { SignalBus } from './ports.js'
import type { ResultFilter, ResultStore } from './replay-ports.js'
import type { Database } from './transaction.js'

/** Results sent again at one request; more are asked for by narrower filters, one after the other. */
export const REPLAY_COUNT_MAX = 10_000

export interface ReplayDeps {
  database: Database
  results: ResultStore
  actions: ActionLog
  signals: SignalBus
  clock: Clock
}

export interface ByHand {
  actor: string
  reason: string
}

export type ReplayEnd =
  | { kind: 'replayed'; matchedCount: number; amqpCount: number; callbackCount: number }
  /** Nothing was done: as many results are meant, not as many as were confirmed. */
  | { kind: 'unconfirmed' | 'too_many'; matchedCount: number }

/** Whether a filter leaves nothing out; such a replay is confirmed by the number of its results. */
export function isEverything({ way, ...narrowing }: ResultFilter): boolean {
  return !Object.values(narrowing).some((value) => value !== null && value !== false)
}

/**
 * Sends again what a filter means. `confirmedCount`: how many results the caller expects, from a look before; null: he
 * did not look, which is enough for a filter that narrows.
 */
export async function replayResults(
  deps: ReplayDeps,
  filter: ResultFilter,
  { actor, reason, confirmedCount }: ByHand & { confirmedCount: number | null },
): Promise<ReplayEnd> {
  const mustConfirm = isEverything(filter) || confirmedCount !== null
  const count = await deps.results.count(filter)
  if (count > REPLAY_COUNT_MAX) return { kind: 'too_many', matchedCount: count }
  if (mustConfirm && count !== confirmedCount) return { kind: 'unconfirmed', matchedCount: count }
  return deps.database.transaction('results.replay', async (tx) => {
    // Oldest first and no more than was counted: what is written meanwhile was not meant.
    const replayed = await deps.results.replay(tx, filter, count)
    await deps.actions.append(tx, {
      kind: 'results.replay',
      actor,
      reason,
      subject: JSON.stringify(filter),
      approver: null,
      detail: replayed,
      at: deps.clock.now(),
      key: null,
    })
    await deps.signals.announce(tx, ['events', 'callbacks'])
    return { kind: 'replayed', ...replayed }
  })
}

/** False: there is no such endpoint. */
export async function enableEndpoint(
  deps: ReplayDeps,
  businessType: string,
  { actor, reason }: ByHand,
): Promise<boolean> {
  return deps.database.transaction('other', async (tx) => {
    if (!(await deps.results.enable(tx, businessType))) return false
    const at = deps.clock.now()
    const kind = 'callbacks.enable'
    await deps.actions.append(tx, {
      kind,
      actor,
      reason,
      subject: businessType,
      approver: null,
      detail: {},
      at,
      key: null,
    })
    await deps.signals.announce(tx, ['callbacks'])
    return true
  })
}
