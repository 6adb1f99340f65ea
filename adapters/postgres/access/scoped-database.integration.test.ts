import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OrganizationId, Reach } from '../../../connector/access/caller.js'
import { type Owner, withSchema } from '../../../connector/testing/database.js'
import { randomIds } from '../../system/ids.js'
import { clientOf } from '../database.js'
import { makeScopedDatabase } from './scoped-database.js'

const NOBODY: Reach = new Set()

async function setUp(t: Owner) {
  const { pool, store } = await withSchema(t)
  const add = async (name: string, parentId: string | null = null) => {
    const id = randomIds.uuid()
    await pool.query(
      `insert into organizations (id, parent_id, kind, name)
       values ($1, coalesce($2, (select id from organizations where parent_id is null)), 'branch', $3)`,
      [id, parentId, name],
    )
    // It is an organisation's from here on.
    return id as OrganizationId
  }
  const own = await add('own')
  const foreign = await add('foreign')
  const scoped = makeScopedDatabase(store.database)
  /** A statement that forgot to ask for the reach. */
  const runCarelessly = (reach: Reach, sql: string, values: unknown[] = []) =>
    scoped.within(reach, async ({ tx }) => (await clientOf(tx).query(sql, values)).rows)
  return { pool, own, foreign, runCarelessly }
}

test('a statement that asks for everything gets what is in reach, and nobody gets nothing', async (t) => {
  const { own, foreign, runCarelessly } = await setUp(t)
  const select = 'select id from organizations'
  assert.deepEqual(await runCarelessly(new Set([own]), select), [{ id: own }])
  assert.deepEqual(await runCarelessly(NOBODY, select), [])
  assert.equal((await runCarelessly(new Set([own, foreign]), select)).length, 2)
  assert.equal((await runCarelessly('everything', select)).length, 3)
})

test('a statement that changes everything changes what is in reach', async (t) => {
  const { pool, own, runCarelessly } = await setUp(t)
  await runCarelessly(new Set([own]), `update organizations set kind = 'virtual'`)
  const { rows } = await pool.query(`select id from organizations where kind = 'virtual'`)
  assert.deepEqual(rows, [{ id: own }])
})

test('a row out of reach cannot be written', async (t) => {
  const { foreign, own, runCarelessly } = await setUp(t)
  const insert = `insert into organizations (id, parent_id, kind, name) values ($1, $2, 'branch', 'new')`
  await assert.rejects(runCarelessly(new Set([own]), insert, [randomIds.uuid(), foreign]), /row-level security/)
  await runCarelessly(new Set([own]), insert, [randomIds.uuid(), own])
})

test('what was not granted does not exist for the API, password hashes and keys among it', async (t) => {
  const { runCarelessly } = await setUp(t)
  for (const table of ['users', 'sessions', 'direct_units', 'invoices', 'transitions', 'quota_ledger']) {
    await assert.rejects(runCarelessly('everything', `select * from ${table}`), /permission denied/, table)
  }
  await assert.rejects(runCarelessly('everything', 'update actions set actor = $1', ['other']), /permission denied/)
})

test('rights come back with the end of the transaction, however it ends', async (t) => {
  const { pool, runCarelessly } = await setUp(t)
  await assert.rejects(runCarelessly('everything', 'select 1 / 0'))
  await runCarelessly('everything', 'select 1')
  const roles = await Promise.all(
    Array.from({ length: 20 }, async () => (await pool.query('select current_user = session_user as is_own')).rows[0]),
  )
  assert.ok(roles.every(({ is_own }) => is_own))
})
