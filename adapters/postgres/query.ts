/**
 * Statements of the administration, written by knex. It never holds a connection: everything runs on the connection of the
 * open transaction, so that settings, woken orders and the signal commit together, and a scope confines it all.
 */
import knex, { type Knex } from 'knex'
import type { Tx } from '../../connector/issuing/transaction.js'
import { clientOf } from './database.js'

/** Rows of one statement: far below the protocol's 65,535 parameters at a dozen columns. */
const ROW_COUNT_MAX = 1_000

/** Builds statements on the connection of one transaction. */
export interface Query {
  /** A statement on this table, or on the rows of another statement. */
  from(table: string | Knex.QueryBuilder): Knex.QueryBuilder
  /** SQL inside a statement, e.g. an expression of the present row. */
  raw(sql: string, bindings?: readonly Knex.RawBinding[]): Knex.Raw
  /** A statement of its own. */
  run(sql: string, bindings?: readonly Knex.RawBinding[]): Knex.Raw
}

export function makeQueries(): (tx: Tx) => Query {
  const builder = knex({ client: 'pg' })
  return (tx) => {
    const client = clientOf(tx)
    const raw = (sql: string, bindings: readonly Knex.RawBinding[] = []) => builder.raw(sql, [...bindings])
    return {
      from: (table) => builder(table).connection(client),
      raw,
      run: (sql, bindings) => raw(sql, bindings).connection(client),
    }
  }
}

type Row = Readonly<Record<string, unknown>>

/** Updates the row of this key, whose version rises, or inserts it. */
export async function saveRow(query: Query, table: string, key: Row, row: Row): Promise<void> {
  const updatedCount: number = await query
    .from(table)
    .where(key)
    .update({ ...row, version: query.raw('version + 1'), updated_at: query.raw('now()') })
  if (updatedCount === 0) await query.from(table).insert({ ...key, ...row })
}

/** Inserts rows; those whose key is there already are overwritten and their version rises. `id` stays as it was. */
export async function upsert(
  query: Query,
  table: string,
  keys: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  const kept = new Set(['id', ...keys])
  for (let start = 0; start < rows.length; start += ROW_COUNT_MAX) {
    const slice = rows.slice(start, start + ROW_COUNT_MAX)
    const columns = Object.keys(slice[0] ?? {}).filter((column) => !kept.has(column))
    const overwritten = Object.fromEntries(columns.map((column) => [column, query.raw('excluded.??', [column])]))
    await query
      .from(table)
      .insert(slice)
      .onConflict([...keys])
      .merge({
        ...overwritten,
        version: query.raw('??.version + 1', [table]),
        updated_at: query.raw('now()'),
      })
  }
}

/** Deletes by pairs of unit and code. */
export async function deletePairs(
  query: Query,
  table: string,
  pairs: readonly { usingUnitId: string; code: string }[],
): Promise<void> {
  for (let start = 0; start < pairs.length; start += ROW_COUNT_MAX) {
    const slice = pairs.slice(start, start + ROW_COUNT_MAX)
    await query
      .from(table)
      .whereIn(
        ['using_unit_id', 'code'],
        slice.map(({ usingUnitId, code }) => [usingUnitId, code]),
      )
      .delete()
  }
}
