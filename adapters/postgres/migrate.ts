/**
 * Brings the schema up to this release: under one advisory lock, one transaction per migration.
 *
 * Any number of replicas may start at once: one migrates, the others wait for its lock and find nothing to do. The lock
 * belongs to a connection of its own, so that a killed process frees it; knex's own lock row, which a killed process
 * would leave behind, is freed under it.
 */
import knex, { type Knex } from 'knex'
import pg from 'pg'
import { MIGRATIONS, type Migration, type MigrationSchemas, readCompatibility } from './migrations/migrations.js'
import { type ConnectionOptions, toClientConfig } from './pool.js'
import { auditSchemaOf } from './schema-name.js'

/** Any number, the same in all releases; together with the schema's name it is the lock. */
const MIGRATION_LOCK_CLASS = 20_261_122
/** Longest wait for another replica's migration. */
const LOCK_WAIT_MS = 120_000
/** Longest single migration: an index over a year of invoices. */
const MIGRATION_TIMEOUT_MS = 1_800_000
export const MIGRATIONS_TABLE = 'schema_migrations'

export interface MigrateOptions extends ConnectionOptions {
  /** Whether `-- breaking` migrations may run on a schema that is in use; their first line says what must stop. */
  allowBreaking: boolean
}

/** The schema cannot be brought to this release. */
class MigrationRefused extends Error {
  override name = 'MigrationRefused'
  readonly code: 'STO-schema-newer' | 'STO-migration-breaking'
  readonly messageEn: string

  constructor(code: MigrationRefused['code'], migrations: readonly string[]) {
    const names = migrations.join(', ')
    super(
      code === 'STO-schema-newer'
        ? `LEQI_DB_SCHEMA 所指的模式由更新的版本迁移过（${names}），请使用新版本启动`
        : `迁移 ${names} 与旧版本不兼容，请先停止所有进程，再运行 leqi-connector migrate`,
    )
    this.code = code
    this.messageEn =
      code === 'STO-schema-newer'
        ? `the schema of LEQI_DB_SCHEMA was migrated by a newer release (${names}); start that release`
        : `migration ${names} breaks the release before it; stop all processes, then run leqi-connector migrate`
  }
}

/** Returns the names of the migrations that ran. Errors: MigrationRefused. */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const lock = new pg.Client({
    ...toClientConfig(options),
    statement_timeout: LOCK_WAIT_MS,
    lock_timeout: LOCK_WAIT_MS,
    query_timeout: 2 * LOCK_WAIT_MS,
  })
  // The lock is the connection's: when it breaks, the next query below fails and nothing more is migrated.
  lock.on('error', () => undefined)
  await lock.connect()
  try {
    await lock.query('select pg_advisory_lock($1, hashtext($2))', [MIGRATION_LOCK_CLASS, options.schema])
    // Asked first: a role that may not create schemas can work in one that was made for it.
    const { rows } = await lock.query('select to_regnamespace($1) is null as "isMissing"', [options.schema])
    if (rows[0]?.isMissing) await lock.query(`create schema ${options.schema}`)
    return await migrateLocked(options, lock)
  } finally {
    await lock.end()
  }
}

async function migrateLocked(options: MigrateOptions, lock: pg.Client): Promise<readonly string[]> {
  const admin = openAdmin(options)
  try {
    const completed = await loadCompleted(lock, options.schema)
    const pending = choosePending(completed, options)
    if (pending.length === 0) return []
    if (completed.length > 0) await admin.migrate.forceFreeMigrationsLock()
    for (const { name } of pending) {
      // Still ours? A lost lock must not let two replicas migrate side by side.
      await lock.query('select 1')
      await admin.migrate.up({ name })
    }
    return pending.map(({ name }) => name)
  } finally {
    await admin.destroy()
  }
}

function openAdmin(options: MigrateOptions): Knex {
  const schemas = { schema: options.schema, auditSchema: auditSchemaOf(options.schema) }
  return knex({
    client: 'pg',
    connection: {
      ...toClientConfig(options),
      statement_timeout: MIGRATION_TIMEOUT_MS,
      query_timeout: MIGRATION_TIMEOUT_MS,
    },
    pool: { min: 0, max: 1 },
    // It would print the whole migration; the error that we throw says what is needed.
    log: { warn: ignore, error: ignore, deprecate: ignore, debug: ignore },
    migrations: {
      migrationSource: makeMigrationSource(schemas),
      tableName: MIGRATIONS_TABLE,
      schemaName: options.schema,
    },
  })
}

function makeMigrationSource(schemas: MigrationSchemas): Knex.MigrationSource<Migration> {
  return {
    getMigrations: async () => [...MIGRATIONS],
    getMigrationName: ({ name }) => name,
    getMigration: async ({ name, makeSql }) => ({
      up: (transaction: Knex) => applyMigration(transaction, name, makeSql(schemas)),
      down: async () => {
        throw new Error('migrations go forward only')
      },
    }),
  }
}

async function applyMigration(transaction: Knex, name: string, sql: string): Promise<void> {
  try {
    await transaction.raw(sql)
  } catch (error) {
    // The driver's message repeats the whole text of the migration before it comes to the point.
    const message = error instanceof Error ? error.message : String(error)
    throw new Error(`migration ${name} failed: ${message.slice(message.lastIndexOf(' - ') + 3)}`)
  }
}

function ignore(): void {}

async function loadCompleted(lock: pg.Client, schema: string): Promise<readonly string[]> {
  const { rows: found } = await lock.query<{ name: string | null }>('select to_regclass($1)::text as name', [
    `${schema}.${MIGRATIONS_TABLE}`,
  ])
  if (found[0]?.name == null) return []
  const { rows } = await lock.query<{ name: string }>(`select name from ${schema}.${MIGRATIONS_TABLE} order by id`)
  return rows.map(({ name }) => name)
}

function choosePending(completed: readonly string[], options: MigrateOptions): readonly Migration[] {
  const known = new Set(MIGRATIONS.map(({ name }) => name))
  const newer = completed.filter((name) => !known.has(name))
  if (newer.length > 0) throw new MigrationRefused('STO-schema-newer', newer)
  const done = new Set(completed)
  const pending = MIGRATIONS.filter(({ name }) => !done.has(name))
  const schemas = { schema: options.schema, auditSchema: auditSchemaOf(options.schema) }
  const breaking = pending.filter(({ name, makeSql }) => readCompatibility(name, makeSql(schemas)) === 'breaking')
  if (breaking.length > 0 && completed.length > 0 && !options.allowBreaking) {
    throw new MigrationRefused(
      'STO-migration-breaking',
      breaking.map(({ name }) => name),
    )
  }
  return pending
}
