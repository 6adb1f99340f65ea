import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withSchema } from '../../connector/testing/database.js'
import { migrate } from './migrate.js'
import { MIGRATIONS, readCompatibility } from './migrations/migrations.js'

test('replicas that start at once migrate once', async (t) => {
  const { url, schema, pool } = await withSchema(t)
  await pool.query(`drop schema ${schema}, ${schema}_audit cascade`)
  const options = { url, schema, applicationName: 'leqi-connector test', allowBreaking: false }

  const ran = await Promise.all([migrate(options), migrate(options), migrate(options)])

  assert.deepEqual(ran.map(({ length }) => length).sort(), [0, 0, MIGRATIONS.length])
})

test('a schema that a newer release migrated is refused by name', async (t) => {
  const { url, schema, pool } = await withSchema(t)
  await pool.query("insert into schema_migrations (name, batch, migration_time) values ('9999-later', 9, now())")

  await assert.rejects(migrate({ url, schema, applicationName: 'leqi-connector test', allowBreaking: true }), {
    name: 'MigrationRefused',
    code: 'STO-schema-newer',
    messageEn: /LEQI_DB_SCHEMA .*9999-later/,
  })
})

test('a lock that a killed process left behind stops nobody', async (t) => {
  const { url, schema, pool } = await withSchema(t)
  await pool.query(`delete from schema_migrations where name <> '0001-foundation'`)
  await pool.query(`drop schema ${schema}_audit cascade`)
  await pool.query('update schema_migrations_lock set is_locked = 1')

  const ran = await migrate({ url, schema, applicationName: 'leqi-connector test', allowBreaking: false })

  assert.deepEqual(
    ran,
    MIGRATIONS.slice(1).map(({ name }) => name),
  )
})

test('a server that refuses the connection is told, not waited for', async () => {
  const options = {
    url: 'postgres://nobody@127.0.0.1:1/none',
    schema: 'leqi',
    applicationName: 'x',
    allowBreaking: false,
  }

  await assert.rejects(migrate(options), { code: 'ECONNREFUSED' })
})

test('every migration says in its first line whether the release before it may go on', () => {
  const schemas = { schema: 'leqi', auditSchema: 'audit' }

  for (const { name, makeSql } of MIGRATIONS) assert.ok(readCompatibility(name, makeSql(schemas)))
  assert.equal(readCompatibility('x', '-- breaking: column dropped\nselect 1'), 'breaking')
  assert.throws(() => readCompatibility('x', 'select 1'), /first line/)
  assert.throws(() => readCompatibility('x', '-- breaking:\nselect 1'), /first line/)
})

test('migrations are numbered without a gap and carry no file extension', () => {
  for (const [index, { name }] of MIGRATIONS.entries()) {
    assert.match(name, new RegExp(`^${String(index + 1).padStart(4, '0')}-[a-z-]+$`))
  }
})
