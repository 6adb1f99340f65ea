/** What an error of the driver means: the server refused, or the connection broke. */
import pg from 'pg'

/** Serialisation failure, deadlock, lock not available within `lock_timeout`: the same work may succeed now. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set(['40001', '40P01', '55P03'])

/** Connection exceptions, shutdown, system and internal errors: an answer like that may have come after the work. */
const CLASSES_THAT_PROVE_NOTHING = ['08', '57P', '58', 'XX'] as const

export function isTransient(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code !== undefined && TRANSIENT_CODES.has(error.code)
}

/** Whether the server itself answered "no" and lives on; then nothing of the refused statement was done. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false
  const { code } = error
  return code !== undefined && !CLASSES_THAT_PROVE_NOTHING.some((prefix) => code.startsWith(prefix))
}
