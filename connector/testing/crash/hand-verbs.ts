/** What people do by hand, in a process that may die of it. */
import { makeDeadLetterStore } from '../../../adapters/postgres/dead-letters/dead-letter-store.js'
import { makeDoubtStore } from '../../../adapters/postgres/doubt/doubt-store.js'
import { makeResultStore } from '../../../adapters/postgres/results/result-store.js'
import { systemClock, systemTimers } from '../../../adapters/system/clock.js'
import { randomIds } from '../../../adapters/system/ids.js'
import type { Memory } from '../../app/memory.js'
import { releaseLetters } from '../../dead-letters/move-letters.js'
import type { LetterFilter } from '../../dead-letters/ports.js'
import { approveClosing, type CloseDeps, proposeClosing } from '../../issuing/close-by-hand.js'
import { replayResults } from '../../issuing/replay.js'
import type { ResultFilter } from '../../issuing/replay-ports.js'

/** `start`: it is a connector. `release`: lets dead letters go. `replay`: sends results again. `propose`, `approve`: end a doubt. */
export type Verb = 'start' | 'release' | 'replay' | 'propose' | 'approve'

const ALL_LETTERS: LetterFilter = {
  states: ['parked'],
  code: null,
  cause: null,
  businessType: null,
  source: null,
  id: null,
}
const ALL_RESULTS: ResultFilter = {
  businessType: null,
  orderNo: null,
  eventId: null,
  since: null,
  until: null,
  way: null,
  isUndelivered: false,
}
const BY_HAND = { actor: 'operator', reason: 'the shop asked for it' }

export function makeHandVerbs({
  store,
  pool,
  directory,
}: Memory): Record<Exclude<Verb, 'start'>, () => Promise<unknown>> {
  const shared = { ...store, clock: systemClock }
  const results = makeResultStore(pool)
  const closing: CloseDeps = { store, doubts: makeDoubtStore(pool), directory, ids: randomIds, clock: systemClock }
  const firstDoubt = async () => {
    const [doubt] = await closing.doubts.list(1)
    if (doubt === undefined) throw new Error('nothing waits for people')
    return doubt
  }
  return {
    release: () => {
      const letters = makeDeadLetterStore(pool)
      return releaseLetters({ ...shared, letters, timers: systemTimers }, ALL_LETTERS, { ...BY_HAND, perSecond: 100 })
    },
    replay: async () => {
      const confirmedCount = await results.count(ALL_RESULTS)
      return replayResults({ ...shared, results }, ALL_RESULTS, { ...BY_HAND, confirmedCount })
    },
    propose: async () => {
      const { invoiceNumber } = await firstDoubt()
      return proposeClosing(closing, { invoiceNumber, verdict: 'issued', reason: BY_HAND.reason, by: 'first' })
    },
    approve: async () => {
      const { proposalIds } = await firstDoubt()
      const id = proposalIds.at(-1)
      if (id === undefined) throw new Error('nothing is proposed')
      return approveClosing(closing, { id: BigInt(id), by: 'second' })
    },
  }
}
