/**
 * Where the schema stands: which server, which line of its history, which incarnation of the schema. A copy that was
 * restored by dump stands in another schema, one that was rolled back or promoted on another timeline.
 *
 * A server that does not tell (the control data can be closed to ordinary roles) is compared by what it does tell.
 */
import type pg from 'pg'
import type { DatabasePlace } from '../../connector/issuing/restore-ports.js'
import type { Tx } from '../../connector/issuing/transaction.js'
import { clientOf } from './database.js'
import { type Connection, run, type Statement, toJson } from './statement.js'

const MAY_READ_CONTROL: Statement = {
  name: 'place.may_read_control',
  text: `
    select has_function_privilege('pg_control_system()', 'execute')
      and has_function_privilege('pg_control_checkpoint()', 'execute') as is_allowed`,
}

const READ_CONTROL: Statement = {
  name: 'place.read_control',
  text: `
    select s.system_identifier::text as server, c.timeline_id::integer as timeline
    from pg_control_system() s cross join pg_control_checkpoint() c`,
}

const READ_SCHEMA: Statement = {
  name: 'place.read_schema',
  text: `
    select 'deployment'::regclass::oid::text || '/' || (select oid from pg_database where datname = current_database())
      as schema`,
}

const LOAD_PLACE: Statement = { name: 'place.load', text: 'select place from deployment for update' }
const SAVE_PLACE: Statement = { name: 'place.save', text: 'update deployment set place = $1' }

const LOAD_LAST_MOVE: Statement = {
  name: 'place.last_move',
  text: 'select coalesce(max(id), 0)::text as id from transitions',
}

export async function readPlace(pool: pg.Pool): Promise<DatabasePlace> {
  const [schema, allowed] = await Promise.all([
    run<{ schema: string }>(pool, READ_SCHEMA, []),
    run<{ is_allowed: boolean }>(pool, MAY_READ_CONTROL, []),
  ])
  const control =
    allowed[0]?.is_allowed === true ? await run<{ server: string; timeline: number }>(pool, READ_CONTROL, []) : []
  return { server: null, timeline: null, ...control[0], schema: schema[0]?.schema ?? '' }
}

/** The place that the schema was opened at last, and how far its log reaches; locked until the end of the transaction. */
export async function loadKnownPlace(tx: Tx): Promise<DatabasePlace | null> {
  const [row] = await run<{ place: DatabasePlace | null }>(clientOf(tx), LOAD_PLACE, [])
  return row?.place ?? null
}

export async function savePlace(tx: Tx, place: DatabasePlace): Promise<void> {
  await run(clientOf(tx), SAVE_PLACE, [toJson(place)])
}

/** Number of the last move in the log; it only grows, but for a restore. */
export async function loadLastMove(connection: Connection): Promise<bigint> {
  const [row] = await run<{ id: string }>(connection, LOAD_LAST_MOVE, [])
  return BigInt(row?.id ?? 0)
}
