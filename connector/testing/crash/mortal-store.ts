/**
 * A store whose process kills itself (SIGKILL) at one exact point: right before or right after a commit. Before a commit
 * means that everything the transaction wrote stands at the server, and what was done at the bureau or the broker is done.
 */
import { writeSync } from 'node:fs'
import type { IssuingStore } from '../../issuing/ports.js'
import { TRANSACTIONS } from '../../issuing/transaction.js'
import { isOperation, type Point } from './points.js'

export interface Death {
  point: Point
  side: Side
  /** At which commit of the point, counted from 1. */
  occurrence: number
}

export const SIDES = ['before', 'after'] as const
export type Side = (typeof SIDES)[number]

/** What the process says when it dies at its point, and never otherwise. */
export function lastWords({ point, side, occurrence }: Death): string {
  return `dies ${side} commit ${occurrence} of ${point}`
}

/** Errors: RangeError for a point that the store does not have. */
export function makeMortal(store: IssuingStore, death: Death): IssuingStore {
  return death.point in TRANSACTIONS ? withMortalTransaction(store, death) : withMortalOperation(store, death)
}

function withMortalTransaction(store: IssuingStore, death: Death): IssuingStore {
  let count = 0
  return {
    ...store,
    database: {
      isOutage: (error) => store.database.isOutage(error),
      async transaction(name, work) {
        if (name !== death.point) return store.database.transaction(name, work)
        count += 1
        const isFatal = count === death.occurrence
        const value = await store.database.transaction(name, async (tx) => {
          const value = await work(tx)
          if (isFatal && death.side === 'before') die(death)
          return value
        })
        if (isFatal && death.side === 'after') die(death)
        return value
      },
    },
  }
}

/**
 * An operation that commits by itself is one statement: before it nothing of it has left. After it counts only what it
 * found or did, so that a look in vain is no death.
 */
function withMortalOperation(store: IssuingStore, death: Death): IssuingStore {
  const [room = '', name = ''] = death.point.split('.')
  const rooms = new Map<string, object>(Object.entries(store))
  const operations = rooms.get(room)
  const operation: unknown = Object.getOwnPropertyDescriptor(operations ?? {}, name)?.value
  if (!isOperation(operation)) throw new RangeError(`the store has no ${death.point}`)
  let count = 0
  const mortal = async (...args: readonly unknown[]) => {
    if (death.side === 'before') count += 1
    if (death.side === 'before' && count === death.occurrence) die(death)
    const value = await operation(...args)
    if (death.side === 'after' && !isInVain(value)) count += 1
    if (death.side === 'after' && count === death.occurrence) die(death)
    return value
  }
  return { ...store, [room]: { ...operations, [name]: mortal } }
}

function isInVain(value: unknown): boolean {
  if (value instanceof Set) return value.size === 0
  return value === null || value === false || (Array.isArray(value) && value.length === 0)
}

/** Nothing runs any more after the signal; the words are written before, without a buffer that would die, too. */
function die(death: Death): never {
  writeSync(process.stdout.fd, `${lastWords(death)}\n`)
  process.kill(process.pid, 'SIGKILL')
  throw new Error('the process outlived its end')
}
