import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import pg from 'pg'
import { startEmbeddedPostgres } from './embedded.js'
import { isPassableForAll } from './embedded-binaries.js'
import { EmbeddedPostgresError } from './embedded-error.js'
import { OWNER_FILE } from './embedded-folder.js'

const REPOSITORY = join(import.meta.dirname, '..', '..')
const NOBODY = 65_534
/** Beyond every system's largest process number. */
const DEAD_PID = 2 ** 30

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    const { rows } = await client.query({ text: sql, rowMode: 'array' })
    return rows[0]?.[0]
  } finally {
    await client.end()
  }
}

async function aFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'leqi-test-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }))
  // Root's server runs as nobody, who must be able to pass the folder.
  await chmod(folder, 0o755)
  return folder
}

const ORDINARY_USER_SCRIPT = `
  import { startEmbeddedPostgres } from './adapters/postgres/embedded.js'
  const server = await startEmbeddedPostgres()
  await server.close()
  console.log('uid ' + process.getuid())
`

test('a server of our own starts, is a real PostgreSQL, and leaves nothing behind', async () => {
  const server = await startEmbeddedPostgres()
  const folder = String(await ask(server.url, 'show data_directory'))
  assert.match(String(await ask(server.url, 'show server_version')), /^1[4-9]/)
  assert.equal(await ask(server.url, 'show server_encoding'), 'UTF8')
  assert.equal(await ask(server.url, 'show fsync'), 'on')
  await server.close()
  await server.close()

  await assert.rejects(ask(server.url, 'select 1'), /ECONNREFUSED/)
  assert.ok(!existsSync(folder))
})

test('an ordinary user can run it too', async () => {
  const isLowering = process.getuid?.() === 0 && (await isPassableForAll(REPOSITORY))
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', ORDINARY_USER_SCRIPT],
    { cwd: REPOSITORY, ...(isLowering ? { uid: NOBODY, gid: NOBODY } : {}) },
  )

  assert.equal(stdout.trim(), `uid ${isLowering ? NOBODY : process.getuid?.()}`)
})

test('a given folder keeps the data between two runs', async (t) => {
  const dataDir = await aFolder(t)
  const first = await startEmbeddedPostgres({ dataDir })
  await ask(first.url, 'create table kept as select 42 as answer')
  await first.close()
  const second = await startEmbeddedPostgres({ dataDir })
  t.after(() => second.close())

  assert.equal(await ask(second.url, 'select answer from kept'), 42)
})

test('a folder that another living process uses is refused', async (t) => {
  const dataDir = await aFolder(t)
  const server = await startEmbeddedPostgres({ dataDir })
  await server.close()
  await writeFile(join(dataDir, 'embedded-postgres', OWNER_FILE), `${process.ppid}\n`)

  await assert.rejects(
    startEmbeddedPostgres({ dataDir }),
    (error) => error instanceof EmbeddedPostgresError && error.messageEn.includes(`process ${process.ppid}`),
  )
})

test('a server that a killed process left behind is stopped before the next one starts', async (t) => {
  const dataDir = await aFolder(t)
  const abandoned = await startEmbeddedPostgres({ dataDir })
  await writeFile(join(dataDir, 'embedded-postgres', OWNER_FILE), `${DEAD_PID}\n`)
  const server = await startEmbeddedPostgres({ dataDir })
  t.after(() => server.close())

  await assert.rejects(ask(abandoned.url, 'select 1'), /ECONNREFUSED/)
  assert.equal(await ask(server.url, 'select 1'), 1)
})
