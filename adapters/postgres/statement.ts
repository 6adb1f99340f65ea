/** Statements: fixed texts with a name, prepared once per connection by the driver. */
import pg from 'pg'
import { fen, formatAmount } from '../../connector/kernel/amount.js'
import { type Instant, utcRfc3339 } from '../../connector/kernel/time.js'

export interface Statement {
  /** Unique per text; the driver refuses one name for two texts. */
  name: string
  text: string
}

/** A pool (the statement is its own transaction) or the connection of an open transaction. */
export type Connection = pg.Pool | pg.ClientBase

/** Runs a statement; rows in the order of the statement. `Row` is what its select list says, checked by tests. */
export async function run<Row extends pg.QueryResultRow>(
  connection: Connection,
  statement: Statement,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  gatherTurn(connection)
  const result = await connection.query<Row>({ name: statement.name, text: statement.text, values: [...values] })
  return result.rows
}

/**
 * What is asked of a connection in one turn of the event loop leaves as one packet. A packet for each statement would wake
 * the server, and let the kernel put this process aside for it, before the next one is even written.
 */
export function gatherTurn(connection: Connection): void {
  if (!(connection instanceof pg.Client)) return
  const { stream } = connection.connection
  stream.cork()
  process.nextTick(() => stream.uncork())
}

/**
 * Array literal of uuids, numbers or other texts without `,`, `"`, `\`, `{`, `}` and blanks; half the price of the
 * driver's escaping one.
 */
export function toPlainArray(items: readonly (string | number | bigint)[]): string {
  return `{${items.join(',')}}`
}

/** Text of an instant for parameters of type `timestamptz`. */
export function toTimestamp(at: Instant): string {
  return utcRfc3339(at)
}

export function toNullableTimestamp(at: Instant | null): string | null {
  return at === null ? null : utcRfc3339(at)
}

/** Escapes that JSON has and PostgreSQL's text has not: NUL and halves of surrogate pairs. */
const UNSTORABLE = /\\\\|\\u0000|\\ud[89a-f][0-9a-f]{2}/g

/**
 * JSON text for a parameter. Shape: bigints are amounts and become yuan texts. NUL and lone surrogates, which
 * PostgreSQL cannot store in a text, become U+FFFD: one broken header must not poison the batch of its neighbours.
 */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value ?? null, writeAmount)
  if (!json.includes('\\u0000') && !json.includes('\\ud')) return json
  return json.replace(UNSTORABLE, (found) => (found === '\\\\' ? found : '\\ufffd'))
}

function writeAmount(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? formatAmount(fen(value)) : value
}
