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
import type pg from 'pg'
import type { Database, Tx } from '../../connector/issuing/transaction.js'
import { Defect } from '../../connector/kernel/never.js'
import { isRefusal, isTransient } from './server-errors.js'
import { gatherTurn } from './statement.js'

const RETRY_COUNT_MAX = 8
const RETRY_DELAY_MS = 20
const RETRY_DELAY_MS_MAX = 2_000

export interface DatabaseDeps {
  /** In [0, 1). */
  random: () => number
  sleep: (ms: number) => Promise<void>
}

/** COMMIT was sent and its answer lost: the work may be stored or not. Read an own key back before doing it again. */
export class CommitUnknown extends Error {
  override name = 'CommitUnknown'
  readonly code = 'STO-commit-unknown'

  constructor(cause: unknown) {
    super('the connection broke while a transaction was being committed', { cause })
  }
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
    async transaction(work) {
      for (let retry = 1; ; retry += 1) {
        try {
          return await runOnce(pool, work)
        } catch (error) {
          if (!isTransient(error) || retry > RETRY_COUNT_MAX) throw error
          const ceilingMs = Math.min(RETRY_DELAY_MS * 2 ** (retry - 1), RETRY_DELAY_MS_MAX)
          await deps.sleep(Math.round(ceilingMs * deps.random()))
        }
      }
    },
  }
}

async function runOnce<T>(pool: pg.Pool, work: (tx: Tx) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  const tx = new OpenTransaction(client)
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
    await rollBack(client)
    throw error
  }
  tx.client = null
  await commit(client)
  return value
}

async function rollBack(client: pg.PoolClient): Promise<void> {
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
