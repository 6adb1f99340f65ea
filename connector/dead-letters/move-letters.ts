/**
 * What a person does with letters: hold, release at a rate, discard. Every slice is one transaction with its entry in the
 * log of actions, which names the letters; a run that broke off is continued by running it again.
 */
import type { ActionKind, ActionLog } from '../issuing/action-log.js'
import type { SignalBus } from '../issuing/ports.js'
import type { Database, Tx } from '../issuing/transaction.js'
import type { Clock, Timers } from '../kernel/time.js'
import type { DeadLetterStore, LetterFilter, MovedSlice } from './ports.js'

/** Letters of one transaction, and the most that are released in a second. */
export const SLICE_COUNT_MAX = 500
const SECOND_MS = 1_000

export interface MoveDeps {
  letters: DeadLetterStore
  database: Database
  actions: ActionLog
  signals: SignalBus
  clock: Clock
  timers: Timers
}

/** Who does it, and why. */
export interface ByHand {
  actor: string
  reason: string
}

/**
 * Puts letters back into the intake, oldest first, `perSecond` a second; tells how many so far after each slice.
 * Nothing can happen twice: a letter goes back into its own row, and an order that exists already is judged as ever.
 */
export async function releaseLetters(
  deps: MoveDeps,
  filter: LetterFilter,
  by: ByHand & { perSecond: number },
  tell: (releasedCount: number) => void = () => undefined,
): Promise<number> {
  const run = { startedAt: deps.clock.now(), limit: Math.min(by.perSecond, SLICE_COUNT_MAX) }
  let releasedCount = 0
  for (;;) {
    const slice = await moveSlice(deps, 'letters.release', filter, by, (tx) => deps.letters.release(tx, filter, run))
    releasedCount += slice.ids.length
    if (slice.ids.length > 0) tell(releasedCount)
    if (slice.chosenCount < run.limit) return releasedCount
    await pause(deps.timers)
  }
}

/** Ends letters; returns how many. */
export function discardLetters(deps: MoveDeps, filter: LetterFilter, by: ByHand): Promise<number> {
  return moveAll(deps, 'letters.discard', filter, by, (tx) => deps.letters.discard(tx, filter, SLICE_COUNT_MAX))
}

/** Keeps parked letters waiting whatever is mended meanwhile, until they are released; returns how many. */
export function holdLetters(deps: MoveDeps, filter: LetterFilter, by: ByHand): Promise<number> {
  return moveAll(deps, 'letters.hold', filter, by, (tx) => deps.letters.hold(tx, filter, SLICE_COUNT_MAX))
}

async function moveAll(
  deps: MoveDeps,
  kind: ActionKind,
  filter: LetterFilter,
  by: ByHand,
  move: (tx: Tx) => Promise<MovedSlice>,
): Promise<number> {
  let movedCount = 0
  for (;;) {
    const { ids, chosenCount } = await moveSlice(deps, kind, filter, by, move)
    movedCount += ids.length
    if (chosenCount < SLICE_COUNT_MAX) return movedCount
  }
}

function moveSlice(
  deps: MoveDeps,
  kind: ActionKind,
  filter: LetterFilter,
  { actor, reason }: ByHand,
  move: (tx: Tx) => Promise<MovedSlice>,
): Promise<MovedSlice> {
  return deps.database.transaction('letters.move', async (tx) => {
    const slice = await move(tx)
    const { ids } = slice
    if (ids.length === 0) return slice
    await deps.actions.append(tx, {
      kind,
      actor,
      reason,
      subject: describeFilter(filter),
      approver: null,
      detail: { ids },
      at: deps.clock.now(),
      key: null,
    })
    await deps.signals.announce(tx, ['inbox', 'orders'])
    return slice
  })
}

/** A filter in words: `dead parked code=MSG-json businessType=shop`. */
function describeFilter({ states, ...narrowing }: LetterFilter): string {
  const parts = Object.entries(narrowing).flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`]))
  return [...states, ...parts].join(' ')
}

function pause(timers: Timers): Promise<void> {
  return new Promise((resolve) => {
    timers.after(SECOND_MS, resolve)
  })
}
