/** What every store is written in: one transaction, and the hold of one worker on what it writes. */
import type { Instant } from '../kernel/time.js'

/** An open transaction; opaque here, a connection in the adapter. */
export interface Tx {
  readonly kind: 'transaction'
}

/**
 * The transactions of an order's story by name, with the persistence points of reliability §3 that each one makes true.
 * A process may die before and after every one of them: the crash matrix has a cell for each, made from this table.
 */
export const TRANSACTIONS = {
  'intake.record': 'P0, P1: messages with what was decided about them, their orders and drafts',
  'intake.raw': 'P0: redelivered messages, undecided',
  'intake.dead': 'P0: what the broker gave up on',
  'inbox.resume': 'P1: the decision about a message that was stored raw',
  'orders.resume': 'P1: an order that waited, mapped again',
  reserve: 'P2, P3: numbers, quota, frozen bytes',
  'batch.withdraw': 'P2: numbers and quota given back',
  'upload.open': 'P3: the attempt, before its first byte leaves',
  'upload.conclude': 'P4: what became of the attempt',
  'batch.rest': 'a batch waits while its way to the bureau is stopped',
  'poll.settle': 'P5: verdicts, the order’s end, its final result',
  'callback.conclude': 'P7: attempts of callbacks and what became of them',
  'results.replay': 'P6, P7: results are due once more, at somebody’s request',
  'poll.doubt': 'P4: the receipt is gone, the same bytes are due again',
  'doubt.propose': 'an action: what a person proposes',
  'doubt.close': 'P5: an end by hand, its action, the final result or its correction',
  'move.settle': 'P8, P9: numbers or quota granted',
  waking: 'the next slice of what waited for a cause that has gone',
  'stop.lift': 'the way to the bureau is open again, and what waited for it goes on',
  sweep: 'what waited long enough is looked at again',
  'letters.move': 'dead letters that a person holds, releases or discards, with the entry in the log of actions',
} as const

/** `other`: no part of an order's story (settings, tables, plans). */
export type TransactionName = keyof typeof TRANSACTIONS | 'other'

export interface Database {
  /** Runs `work` in one READ COMMITTED transaction; repeats it whole on serialisation failures and deadlocks. */
  transaction<T>(name: TransactionName, work: (tx: Tx) => Promise<T>): Promise<T>
  /** Whether a failure says nothing about the work: the database is away, full, or too busy. */
  isOutage(error: unknown): boolean
}

/** COMMIT was sent and its answer lost: the work may be stored or not. Read an own key back before doing it again. */
export class CommitUnknown extends Error {
  override name = 'CommitUnknown'
  readonly code = 'STO-commit-unknown'

  constructor(cause: unknown) {
    super('the connection broke while a transaction was being committed', { cause })
  }
}

/** How often a transaction is begun before the answer to its COMMIT is given up. */
const COMMIT_COUNT_MAX = 3

/**
 * Runs `work` until it is known to be stored. Only for work that asks its own key first, the fence and the state of a
 * batch or the id of an attempt: what an earlier run has stored, a later one finds and leaves as it is.
 */
export async function transactSurely<T>(
  database: Database,
  name: TransactionName,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await database.transaction(name, work)
    } catch (error) {
      if (!(error instanceof CommitUnknown) || count === COMMIT_COUNT_MAX) throw error
    }
  }
}

/** How long what is written is its writer's own; counted by the database's clock, from the statement on. */
export interface Lease {
  owner: string
  until: Instant
}

/** What a worker took up; every taking raises the fence, and a write under an older one changes nothing. */
export interface Held {
  id: string
  fence: bigint
}

/** The write of a worker whose hold has gone to another: thrown inside a transaction, so that nothing of it stays. */
export class LostHold extends Error {
  override name = 'LostHold'

  constructor(what: string) {
    super(`${what} is in other hands now`)
  }
}
