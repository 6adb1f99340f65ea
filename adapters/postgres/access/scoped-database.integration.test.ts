import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OrganizationId, Reach, UserId } from '../../../connector/access/caller.js'
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
  const runCarelessly = (reach: Reach, sql: string, values: unknown[] = [], userId?: UserId) =>
    scoped.within(reach, async ({ tx }) => (await clientOf(tx).query(sql, values)).rows, userId)
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
  for (const hash of ['users set password_hash = password_hash', 'users set name = password_hash']) {
    await assert.rejects(runCarelessly('everything', `update ${hash}`), /permission denied/, hash)
  }
  await assert.rejects(runCarelessly('everything', 'select access_hash from sessions'), /permission denied/)
  await assert.rejects(runCarelessly('everything', 'update actions set actor = $1', ['other']), /permission denied/)
})

test('a statement that forgot the reach finds users, sessions and failures of organisations in reach only', async (t) => {
  const { pool, own, foreign, runCarelessly } = await setUp(t)
  for (const [login, organizationId] of [
    ['own', own],
    ['foreign', foreign],
  ]) {
    await pool.query(
      `with added as (insert into users (id, organization_id, login, name, password_hash)
         values (gen_random_uuid(), $2, $1, $1, 'none') returning id)
       insert into sessions (id, user_id, access_hash, access_until, refresh_hash, refresh_until)
       select gen_random_uuid(), id, $1, 'infinity', $1, 'infinity' from added`,
      [login, organizationId],
    )
    await pool.query('insert into sign_in_failures values ($1, 1, now())', [login])
  }
  const reach = new Set([own])
  assert.deepEqual(await runCarelessly(reach, 'select login from users'), [{ login: 'own' }])
  assert.deepEqual(await runCarelessly(reach, `update users set name = 'x' returning login`), [{ login: 'own' }])
  await assert.rejects(runCarelessly(reach, 'update users set organization_id = $1', [foreign]), /row-level security/)
  await runCarelessly(reach, 'delete from sessions')
  await runCarelessly(reach, 'delete from sign_in_failures')
  const left = await pool.query(
    'select access_hash as login from sessions union all select login from sign_in_failures',
  )
  assert.deepEqual(left.rows, [{ login: 'foreign' }, { login: 'foreign' }])
})

test('a statement that forgot who asks finds his roles and those shared with him, and changes his only', async (t) => {
  const { pool, own, foreign, runCarelessly } = await setUp(t)
  const addUser = async (login: string, organizationId: OrganizationId) => {
    const id = randomIds.uuid()
    await pool.query(
      `insert into users (id, organization_id, login, name, password_hash) values ($1, $2, $3, $3, 'none')`,
      [id, organizationId, login],
    )
    // He is a user from here on.
    return id as UserId
  }
  const [me, other] = [await addUser('me', own), await addUser('other', foreign)]
  for (const [name, owner, sharedWith] of [
    ['mine', me, 'nobody'],
    ['hidden', other, 'nobody'],
    ['open', other, 'all'],
    ['chosen', other, 'chosen'],
    ['chosen for another', other, 'chosen'],
  ]) {
    await pool.query(
      `insert into roles (id, owner_id, name, permissions, scope, shared_with)
       values (gen_random_uuid(), $1, $2, '{users.read}', 'custom', $3)`,
      [owner, name, sharedWith],
    )
  }
  await pool.query(
    `insert into role_shares select id, case name when 'chosen' then $1::uuid else $2::uuid end
    from roles where shared_with = 'chosen'`,
    [me, other],
  )
  await pool.query('insert into role_organizations select id, $1 from roles', [foreign])
  await pool.query(
    `insert into user_roles select u.id, r.id from users u, roles r where r.name <> 'mine' or u.id = $1`,
    [me],
  )
  const reach = new Set([own])
  const run = (sql: string, values: unknown[] = []) => runCarelessly(reach, sql, values, me)
  const namesOf = (rows: { name: string }[]) => rows.map(({ name }) => name).sort()

  assert.deepEqual(namesOf(await run('select name from roles')), ['chosen', 'mine', 'open'])
  assert.deepEqual(namesOf(await runCarelessly(reach, 'select name from roles')), ['open'])
  assert.equal((await runCarelessly('everything', 'select name from roles')).length, 5)
  assert.equal((await run('select from role_organizations')).length, 3)
  assert.deepEqual(await run('select user_id from role_shares'), [{ user_id: me }])
  assert.deepEqual(await run('select distinct user_id from user_roles'), [{ user_id: me }])

  await assert.rejects(run(`update roles set permissions = '{}'`), /row-level security/)
  await assert.rejects(run('update roles set owner_id = $1', [me]), /permission denied/)
  await assert.rejects(run('insert into role_shares select id, $1 from roles', [me]), /row-level security/)
  await assert.rejects(
    run(`insert into role_organizations select id, $1 from roles where name = 'open'`, [own]),
    /row-level security/,
  )
  await assert.rejects(run('insert into user_roles select $1, id from roles', [other]), /row-level security/)
  await run('delete from user_roles')
  await run('delete from role_organizations')
  await run('delete from roles')
  const left = await pool.query(
    `select (select count(*) from user_roles where user_id = $1)::int as others,
      (select count(*) from user_roles where user_id <> $1)::int as own,
      (select count(*) from role_organizations)::int as organizations`,
    [other],
  )
  // Those of roles that he cannot see, and of users out of reach, are still there.
  assert.deepEqual(left.rows, [{ others: 4, own: 2, organizations: 4 }])
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
