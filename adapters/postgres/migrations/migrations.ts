/**
 * All migrations in order: numbered, forward-only, never edited once released. Names carry no file extension, so that
 * sources and compiled files agree on what has run.
 *
 * The first line of each says whether the release before it may go on working meanwhile: `-- safe`, or
 * `-- breaking: why`, which `migrate` applies to a filled schema only when it is told to.
 */
import { FOUNDATION } from './0001-foundation.js'
import { makeAuditViews } from './0002-audit-views.js'

export interface MigrationSchemas {
  schema: string
  auditSchema: string
}

export interface Migration {
  name: string
  makeSql: (schemas: MigrationSchemas) => string
}

export const MIGRATIONS: readonly Migration[] = [
  { name: '0001-foundation', makeSql: () => FOUNDATION },
  { name: '0002-audit-views', makeSql: makeAuditViews },
]

const SAFE = '-- safe'
const BREAKING = /^-- breaking: \S/

/** Errors: RangeError when the first line says neither. */
export function readCompatibility(name: string, sql: string): 'safe' | 'breaking' {
  const firstLine = sql.split('\n', 1)[0] ?? ''
  if (firstLine === SAFE) return 'safe'
  if (BREAKING.test(firstLine)) return 'breaking'
  throw new RangeError(`migration ${name}: the first line must be "-- safe" or "-- breaking: why"`)
}
