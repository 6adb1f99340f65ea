/**
 * Transactions: READ COMMITTED, repeated whole when the server gave up for a passing reason.
 *
 * What may happen to one:
 *   serialisation failure, deadlock, lock not available → rolled back, and the whole work again after a pause
 *   any other refusal of the server                     → rolled back, told to the caller
 *   the connection broke before COMMIT was sent          → nothing was stored, told to the caller
 *   the connection broke after COMMIT was sent           → `CommitUnknown`: the caller reads its own key back
 * A connection that broke is destroyed in every case, so that no statement ever runs on the successor of a lost one.
 *
 * | retry | pause at most (20 ms × 2ⁿ, up to 2 s, full jitter) |
 * | --- | --- |
 * | 1 … 7 | 20, 40, 80, 160, 320, 640, 1,280 ms |
 * | 8 | 2,000 ms, then the error is told |
 */
import pg from 'pg'
import { TRANSACTION_RETRY_COUNT_MAX, transactionDelayMs } from '../../connector/issuing/backoff.js'
import { CommitUnknown, type Database, type Tx } from '../../connector/issuing/transaction.js'
import { Defect } from '../../connector/kernel/never.js'
import { isRefusal, isTransient, troubleOf } from './server-errors.js'
import { gatherTurn } from './statement.js'

export interface DatabaseDeps {
  /** In [0, 1). */
  random: () => number
  sleep: (ms: number) => Promise<void>
}

/** The one kind of `Tx` there is: an open transaction on its connection. */
class OpenTransaction implements Tx {
  readonly kind = 'transaction'
  /** null once it has ended, so that a late statement fails instead of running outside of it. */
  client: pg.PoolClient | null

  constructor(client: pg.PoolClient) {
    this.client = client
  }
}

/** The connection of an open transaction. Errors: Defect when it has ended or is not ours. */
export function clientOf(tx: Tx): pg.PoolClient {
  if (!(tx instanceof OpenTransaction)) throw new Defect('a transaction of another store')
  if (tx.client === null) throw new Defect('a statement after the end of its transaction')
  return tx.client
}

export function makeDatabase(pool: pg.Pool, deps: DatabaseDeps): Database {
  return {
    isOutage: (error) => troubleOf(error) !== null || isTransient(error),
    async transaction(_name, work) {
      for (let retry = 1; ; retry += 1) {
        try {
          return await runOnce(pool, work)
        } catch (error) {
          if (!isTransient(error) || retry > TRANSACTION_RETRY_COUNT_MAX) throw error
          await deps.sleep(transactionDelayMs(retry, deps.random))
        }
      }
    },
  }
}

async function runOnce<T>(pool: pg.Pool, work: (tx: Tx) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  const tx = new OpenTransaction(client)
  const firstRefusal = noteFirstRefusal(client)
  let value: T
  try {
    // Not awaited before the work: BEGIN and the first statement leave together. Its failure is looked at afterwards.
    gatherTurn(client)
    const begun = client.query('begin isolation level read committed').then(
      () => null,
      (error: unknown) => ({ error }),
    )
    value = await work(tx)
    const failed = await begun
    if (failed !== null) throw failed.error
  } catch (error) {
    tx.client = null
    const cause = isAftermath(error) ? (firstRefusal() ?? error) : error
    await rollBack(client, cause)
    throw cause
  } finally {
    firstRefusal()
  }
  tx.client = null
  await commit(client)
  return value
}

/**
 * Statements that leave together are refused together, and the caller hears first of whichever it awaits least deep. Only
 * the first refusal says what happened; the others say `25P02`. Stops listening when it is asked.
 */
function noteFirstRefusal({ connection }: pg.PoolClient): () => Error | null {
  let first: Error | null = null
  const listener = (refusal: Error) => {
    first ??= refusal
  }
  connection.on('errorMessage', listener)
  return () => {
    connection.off('errorMessage', listener)
    return first
  }
}

/** 25P02: refused because a statement before it was. */
function isAftermath(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '25P02'
}

/** A connection whose server is going, or became a standby, is of no more use, even if it still answers. */
async function rollBack(client: pg.PoolClient, cause: unknown): Promise<void> {
  if (troubleOf(cause) === 'away') {
    client.release(true)
    return
  }
  try {
    await client.query('rollback')
  } catch (error) {
    // Only a broken connection refuses a rollback; the server rolls back by itself when it is gone.
    client.release(error instanceof Error ? error : true)
    return
  }
  client.release()
}

async function commit(client: pg.PoolClient): Promise<void> {
  let command: string
  try {
    command = (await client.query('commit')).command
  } catch (error) {
    client.release(true)
    throw isRefusal(error) ? error : new CommitUnknown(error)
  }
  client.release()
  // The server answers ROLLBACK when a statement failed and the work went on as if it had not.
  if (command !== 'COMMIT') throw new Defect('a transaction went on after one of its statements had failed')
}
