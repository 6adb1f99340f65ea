/** The counter that tells every process when its snapshot of the settings is old. */
import type pg from 'pg'
import { type Connection, run, type Statement } from './statement.js'

const RAISE_REVISION: Statement = {
  name: 'settings_revision.raise',
  text: 'update settings_revision set revision = revision + 1',
}

const LOAD_REVISION: Statement = {
  name: 'settings_revision.load',
  text: 'select revision from settings_revision',
}

/** Part of every transaction that changes a setting, book or table. */
export async function raiseSettingsRevision(client: pg.ClientBase): Promise<void> {
  await run(client, RAISE_REVISION, [])
}

export async function loadSettingsRevision(connection: Connection): Promise<bigint> {
  const [row] = await run<{ revision: string }>(connection, LOAD_REVISION, [])
  return BigInt(row?.revision ?? 0)
}
