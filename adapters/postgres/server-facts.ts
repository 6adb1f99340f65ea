/** What kind of server holds the memory, and whether it may: version, encoding, what survives a crash, migrations. */
import type pg from 'pg'
import { MIGRATIONS_TABLE } from './migrate.js'
import { MIGRATIONS } from './migrations/migrations.js'
import { assertSchemaName } from './schema-name.js'

/** PostgreSQL 14, as `server_version_num` writes it. */
const VERSION_MIN = 140_000

export interface ServerFacts {
  version: string
  versionNumber: number
  encoding: string
  fsync: string
  synchronousCommit: string
  fullPageWrites: string
  /** Names of the migrations that ran; null: the schema was never migrated. */
  migrations: readonly string[] | null
}

export interface ServerProblem {
  message: string
  messageEn: string
}

/** The server would lose or garble what it was given; nothing is stored there. */
export class ServerRefused extends Error {
  override name = 'ServerRefused'
  readonly code = 'STO-server'
  readonly messageEn: string

  constructor(problems: readonly ServerProblem[]) {
    super(`DATABASE_URL 所指的数据库不可用于存储：${problems.map(({ message }) => message).join('；')}`)
    this.messageEn = `the database of DATABASE_URL must not hold the memory: ${problems.map(({ messageEn }) => messageEn).join('; ')}`
  }
}

const LOAD_FACTS = `
  select current_setting('server_version') as version, current_setting('server_version_num')::integer as "versionNumber",
    pg_encoding_to_char(encoding) as encoding, current_setting('fsync') as fsync,
    current_setting('synchronous_commit') as "synchronousCommit",
    current_setting('full_page_writes') as "fullPageWrites", to_regclass($1)::text as "migrationsTable"
  from pg_database where datname = current_database()`

/** Errors: those of the connection. */
export async function loadServerFacts(pool: pg.Pool, schema: string): Promise<ServerFacts> {
  const table = `${assertSchemaName(schema)}.${MIGRATIONS_TABLE}`
  const { rows } = await pool.query<Omit<ServerFacts, 'migrations'> & { migrationsTable: string | null }>(LOAD_FACTS, [
    table,
  ])
  const [row] = rows
  if (row === undefined) throw new Error('the server does not know the database it is connected to')
  const { migrationsTable, ...facts } = row
  if (migrationsTable === null) return { ...facts, migrations: null }
  const completed = await pool.query<{ name: string }>(`select name from ${table} order by id`)
  return { ...facts, migrations: completed.rows.map(({ name }) => name) }
}

/** Why this server must not hold the memory; empty when it may. Source: design D1: what is acknowledged is stored. */
export function judgeServer(facts: ServerFacts): ServerProblem[] {
  const problems: ServerProblem[] = []
  const refuse = (message: string, messageEn: string) => problems.push({ message, messageEn })
  if (facts.versionNumber < VERSION_MIN) {
    refuse(`PostgreSQL ${facts.version} 过旧，须 ≥ 14`, `PostgreSQL ${facts.version} is too old, 14 is the least`)
  }
  if (facts.encoding !== 'UTF8') {
    refuse(`数据库编码为 ${facts.encoding}，须为 UTF8`, `the database's encoding is ${facts.encoding}, must be UTF8`)
  }
  const settings = {
    fsync: facts.fsync,
    synchronous_commit: facts.synchronousCommit,
    full_page_writes: facts.fullPageWrites,
  }
  for (const [name, value] of Object.entries(settings)) {
    if (value === 'off') refuse(`${name} 已关闭，崩溃会丢失数据`, `${name} is off, a crash would lose what was stored`)
  }
  return problems
}

/** Part of every start. Errors: ServerRefused; those of the connection. */
export async function requireSuitableServer(pool: pg.Pool, schema: string): Promise<void> {
  const problems = judgeServer(await loadServerFacts(pool, schema))
  if (problems.length > 0) throw new ServerRefused(problems)
}

/** Migrations of this release that have not run, and those that ran and are not known to it. */
export function compareMigrations(completed: readonly string[] | null): { pending: string[]; unknown: string[] } {
  const known = MIGRATIONS.map(({ name }) => name)
  const done = completed ?? []
  return {
    pending: known.filter((name) => !done.includes(name)),
    unknown: done.filter((name) => !known.includes(name)),
  }
}
