/**
 * Tries of what was taken up: counted right before, taken back when they harmed nobody. Only under the fence of the taking.
 */
import type pg from 'pg'
import type { Held } from '../../../connector/issuing/transaction.js'
import { run, type Statement, toPlainArray } from '../statement.js'

const ROOMS = { inbox_messages: 'inbox', orders: 'orders' } as const
type Table = keyof typeof ROOMS

const BEGIN = forEachTable('begin', 'attempts = r.attempts + 1')
/** The attempt does not count, and another worker may try at once. */
const PUT_BACK = forEachTable('put_back', 'attempts = greatest(r.attempts - 1, 0), leased_until = null, due_at = now()')

export function beginTry(pool: pg.Pool, table: Table, held: readonly Held[]): Promise<void> {
  return change(pool, BEGIN[table], held)
}

export function putBack(pool: pg.Pool, table: Table, held: readonly Held[]): Promise<void> {
  return change(pool, PUT_BACK[table], held)
}

// $1 ids, $2 their fences
function forEachTable(name: string, assignments: string): Readonly<Record<Table, Statement>> {
  const statementOf = (table: Table): Statement => ({
    name: `${ROOMS[table]}.${name}`,
    text: `
      update ${table} r set ${assignments}
      from unnest($1::uuid[], $2::bigint[]) as held(id, fence)
      where r.id = any($1::uuid[]) and r.id = held.id and r.fence = held.fence and r.leased_until is not null
        and r.due_at is not null`,
  })
  return { inbox_messages: statementOf('inbox_messages'), orders: statementOf('orders') }
}

async function change(pool: pg.Pool, statement: Statement, held: readonly Held[]): Promise<void> {
  if (held.length === 0) return
  const ids = toPlainArray(held.map(({ id }) => id))
  await run(pool, statement, [ids, toPlainArray(held.map(({ fence }) => fence))])
}
