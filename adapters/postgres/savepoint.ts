/** A statement whose refusal by a constraint is an answer, and does not end its transaction. */
import pg from 'pg'
import type { Tx } from '../../connector/issuing/transaction.js'
import { clientOf } from './database.js'

/** 23503: something hangs on the row, or what it names is not there. 23505: there is one already. */
const CODES = { '23503': 'referenced', '23505': 'taken' } as const

type ConstraintRefusal = (typeof CODES)[keyof typeof CODES]

/** What `work` yields, or which kind of constraint refused it; nothing of it is stored then. */
export async function unlessRefused<T>(tx: Tx, work: () => Promise<T>): Promise<T | ConstraintRefusal> {
  const client = clientOf(tx)
  await client.query('savepoint constrained')
  try {
    const value = await work()
    await client.query('release savepoint constrained')
    return value
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal === null) throw error
    await client.query('rollback to savepoint constrained')
    return refusal
  }
}

function refusalOf(error: unknown): ConstraintRefusal | null {
  if (!(error instanceof pg.DatabaseError)) return null
  const { code } = error
  return code === '23503' || code === '23505' ? CODES[code] : null
}
