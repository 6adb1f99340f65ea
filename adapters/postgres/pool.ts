/**
 * PostgreSQL, the memory of the product (design D1).
 *
 * Knows: SQL, connections, transactions, migrations, the schema's tables. One operation per file, its SQL on top.
 * Must not know: RabbitMQ, the bureau's wire names, what a state means for the story; other adapters.
 * Invariants: every statement of a transaction uses the transaction's own connection; a connection that met an error
 * of its own is destroyed, never used again; every wait ends by a server timeout, the client's is slightly longer.
 */

import pg from 'pg'
import { assertSchemaName } from './schema-name.js'
import { makeTypeParsers } from './type-parsers.js'

/** Longest run of one statement. */
const STATEMENT_TIMEOUT_MS = 10_000
/** Longest wait for a lock; after it the transaction is tried again. */
const LOCK_TIMEOUT_MS = 3_000
/** Longest pause inside a transaction: its worker hangs, its locks must go. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000
/** When the server itself no longer answers; slightly above its own limit. */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 2_000
const CONNECT_TIMEOUT_MS = 10_000
const KEEP_ALIVE_DELAY_MS = 10_000
const IDLE_CONNECTION_MS = 30_000
/** Connections are renewed now and then, so that their prepared plans and caches do not grow for ever. */
const CONNECTION_LIFE_SECONDS = 1_800

/**
 * Plans are prepared while tables are nearly empty and kept while they grow; a scan of a whole table would then be kept
 * as well. All our statements go by index, so the other ways are forbidden; the audit, which reads whole tables, allows
 * them again for itself. JIT would compile for longer than these statements run. No plan depends on the values of its
 * statement, so each connection plans once instead of anew for its first five runs, each of which took longer to plan
 * than to execute, and the plan that is tested is the one that runs.
 *
 * That alone is not enough: joined with a list of ids, a small table may still be walked along its whole index first.
 * Therefore every statement that changes listed rows names the list twice: `id = any(array(select …))`, which always is
 * an index condition, and the join that brings the values; and single values are looked up by a subselect, which unlike
 * a join or an `exists` is never turned round. `plans.integration.test.ts` holds every statement to it.
 */
const SESSION_SETTINGS = [
  'timezone=UTC',
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'enable_mergejoin=off',
  'jit=off',
] as const

export interface ConnectionOptions {
  /** `postgres://…`; TLS as its parameters say (`sslmode`, `sslrootcert`). */
  url: string
  schema: string
  /** Shown by `pg_stat_activity`. */
  applicationName: string
}

export interface PoolOptions extends ConnectionOptions {
  connectionCountMax: number
  /** A connection broke while nobody was waiting for its answer; the pool replaces it by itself. */
  onError: (error: Error) => void
}

/** Makes the pool; connects nothing yet. Statements issued together on one connection are sent without waiting. */
export function makePool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    ...toClientConfig(options),
    types: makeTypeParsers(),
    pipeline: true,
    max: options.connectionCountMax,
    min: 0,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    maxLifetimeSeconds: CONNECTION_LIFE_SECONDS,
    allowExitOnIdle: false,
  })
  pool.on('error', options.onError)
  // Between two statements of a transaction the pool itself does not listen, and an unheard error ends the process. The
  // next statement tells it.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

/** Settings of one connection: search path, time zone, plans, timeouts. */
export function toClientConfig(options: ConnectionOptions) {
  const { url, startupOptions } = takeStartupOptions(options.url)
  const settings = [`search_path=${assertSchemaName(options.schema)}`, ...SESSION_SETTINGS]
  return {
    connectionString: url,
    options: [...startupOptions, ...settings.map((setting) => `-c ${setting}`)].join(' '),
    application_name: options.applicationName,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
  } satisfies pg.ClientConfig
}

/** Parameters of the URL win over ours in the driver, so its `options` are taken out and put before ours. */
function takeStartupOptions(url: string): { url: string; startupOptions: string[] } {
  const parsed = new URL(url)
  const given = parsed.searchParams.get('options')
  if (given === null) return { url, startupOptions: [] }
  parsed.searchParams.delete('options')
  return { url: parsed.toString(), startupOptions: [given] }
}
