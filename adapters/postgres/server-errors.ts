/** What an error of the driver means: the server refused, or the connection broke. */
import pg from 'pg'
import { CommitUnknown } from '../../connector/issuing/transaction.js'

/** Serialisation failure, deadlock, lock not available within `lock_timeout`: the same work may succeed now. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set(['40001', '40P01', '55P03'])

/** Connection exceptions, shutdown, system and internal errors: an answer like that may have come after the work. */
const CLASSES_THAT_PROVE_NOTHING = ['08', '57P', '58', 'XX'] as const

/**
 * Nothing can be stored now, whoever asks. `away`: no connection, shutting down, starting, too many connections, or a
 * standby that only reads. `full`: no disk space left; the server lives on and goes on as soon as there is some.
 */
export type StoreTrouble = 'away' | 'full'

const READ_ONLY_CODE = '25006'
const AWAY_CODES = ['08', '57P', '58', '53300', READ_ONLY_CODE] as const
const FULL_CODE = '53100'

/** null: an error of the work itself, which says nothing of other work. */
export function troubleOf(error: unknown): StoreTrouble | null {
  if (error instanceof CommitUnknown) return 'away'
  if (error instanceof pg.DatabaseError) {
    const code = error.code ?? ''
    if (code === FULL_CODE) return 'full'
    return AWAY_CODES.some((prefix) => code.startsWith(prefix)) ? 'away' : null
  }
  return isBrokenConnection(error) ? 'away' : null
}

/** The words with which a server that answers refuses to store; null: it is something else. */
export function storingRefusalOf(error: unknown): string | null {
  const isRefusal = error instanceof pg.DatabaseError && (error.code === FULL_CODE || error.code === READ_ONLY_CODE)
  return isRefusal ? error.message : null
}

/** What the driver and the sockets below it say of a connection that broke, or never came about. */
function isBrokenConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code: unknown = Reflect.get(error, 'code')
  return (typeof code === 'string' && SOCKET_CODES.has(code)) || BROKEN_CONNECTION.test(error.message)
}

const SOCKET_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])
const BROKEN_CONNECTION =
  /Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Query read timeout|not queryable/

export function isTransient(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code !== undefined && TRANSIENT_CODES.has(error.code)
}

/** Whether the server itself answered "no" and lives on; then nothing of the refused statement was done. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false
  const { code } = error
  return code !== undefined && !CLASSES_THAT_PROVE_NOTHING.some((prefix) => code.startsWith(prefix))
}
