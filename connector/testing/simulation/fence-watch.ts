/** I13, from the side of the worker: whatever it writes about a batch, it must name the fence that the batch has then. */
import type { IssuingStore } from '../../issuing/ports.js'
import type { Schema } from '../memory/schema.js'
import type { Watch } from './watch.js'

export function watchFences(store: IssuingStore, schema: Schema, watch: Watch): IssuingStore {
  const { batches } = store

  /** The batch is locked by who has just written it, so its fence is still the one that counted. */
  function check<T>(what: string, held: { id: string; fence: bigint }, isWritten: (result: T) => boolean) {
    return (result: T): T => {
      const fence = schema.batches.get(null, held.id)?.fence
      if (isWritten(result) && fence !== undefined && fence !== held.fence) {
        watch.fail('I13', `${what} of batch ${held.id} under fence ${held.fence}, and it has ${fence}`, [held.id])
      }
      return result
    }
  }

  return {
    ...store,
    batches: {
      ...batches,
      move: (tx, change) => batches.move(tx, change).then(check('a move', change, (isMoved) => isMoved)),
      openAttempt: (tx, batch) => batches.openAttempt(tx, batch).then(check('an attempt', batch, (it) => it !== null)),
      accept: (tx, batch) => batches.accept(tx, batch).then(check('an acceptance', batch, (it) => it === 'accepted')),
      divide: (tx, parent, ...rest) =>
        batches.divide(tx, parent, ...rest).then(check('a division', parent, (isDivided) => isDivided)),
    },
  }
}
