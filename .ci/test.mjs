/**
 * Runs every test. Servers: DATABASE_URL and AMQP_URL when set, else PostgreSQL and RabbitMQ on this machine when they
 * let us in, else embedded ones; the first lines say which. Arguments narrow the run to paths that contain them;
 * `--slow` runs the slow tests (`*.slow.test.ts`) instead of all others, `--crash` the crash-point matrix.
 */
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { register } from 'tsx/esm/api'
import { compileHouse, ROOMS } from './compile.mjs'

register()

const LOCAL_DATABASE_URL = 'postgres://postgres@127.0.0.1:5432/test'
const LOCAL_AMQP_URL = 'amqp://guest:guest@127.0.0.1:5672'
const REACH_TIMEOUT_MS = 3_000

/** Suites of their own, by the second last part of a file's name. */
const SUITES = ['slow', 'crash']
const suite = SUITES.find((each) => process.argv.includes(`--${each}`)) ?? null
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const files = ROOMS.flatMap(listTests).filter(
  (file) => wanted.length === 0 || wanted.some((part) => file.includes(part)),
)
if (files.length === 0) {
  console.error('no test file matches')
  process.exit(2)
}

const closers = []
const env = {
  ...process.env,
  DATABASE_URL: await chooseDatabase(),
  AMQP_URL: await chooseBroker(),
}
const house = await compileHouse()
closers.push(house.remove)
const code = await runNode([...house.flags, '--test', '--test-concurrency=2', ...files.map(house.compiled)], env)
for (const close of closers.reverse()) await close()
process.exit(code)

async function chooseDatabase() {
  if (process.env.DATABASE_URL) return say('database', 'DATABASE_URL', process.env.DATABASE_URL)
  const failure = await reachDatabase(LOCAL_DATABASE_URL)
  if (failure === null) return say('database', 'PostgreSQL on this machine', LOCAL_DATABASE_URL)
  const { startEmbeddedPostgres } = await import('../adapters/postgres/embedded.ts')
  const embedded = await startEmbeddedPostgres({})
  closers.push(() => embedded.close())
  return say('database', `embedded PostgreSQL (127.0.0.1:5432: ${failure})`, embedded.url)
}

async function chooseBroker() {
  if (process.env.AMQP_URL) return say('broker', 'AMQP_URL', process.env.AMQP_URL)
  const failure = await reachBroker(LOCAL_AMQP_URL)
  if (failure === null) return say('broker', 'RabbitMQ on this machine', LOCAL_AMQP_URL)
  const { startDevBroker } = await import('../adapters/rabbitmq/dev-broker/dev-broker.ts')
  const broker = await startDevBroker()
  closers.push(() => broker.close())
  return say('broker', `development broker (127.0.0.1:5672: ${failure})`, broker.url)
}

async function reachDatabase(url) {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: REACH_TIMEOUT_MS })
  try {
    await client.connect()
    return null
  } catch (error) {
    return error.code ?? error.message
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function reachBroker(url) {
  const { default: amqp } = await import('amqplib')
  try {
    const connection = await amqp.connect(url, { timeout: REACH_TIMEOUT_MS })
    await connection.close()
    return null
  } catch (error) {
    return error.code ?? error.message
  }
}

function say(what, which, url) {
  console.log(`${what}: ${which}`)
  return url
}

function listTests(room) {
  return readdirSync(room, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts') && suiteOf(entry.name) === suite)
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort()
}

function suiteOf(name) {
  return SUITES.find((each) => name.endsWith(`.${each}.test.ts`)) ?? null
}

function runNode(args, env) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: 'inherit', env })
    child.on('exit', (status) => resolve(status ?? 1))
  })
}
