/**
 * The world of the demo: servers of the environment where they are named, else an embedded database and broker; always
 * a simulator of its own. Everything lives in a schema and under a name prefix of its own and is gone afterwards.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parse, stringify } from 'yaml'
import { startSimulator } from '../../../adapters/leqi/simulator/simulator.js'
import { startEmbeddedPostgres } from '../../../adapters/postgres/embedded.js'
import { startDevBroker } from '../../../adapters/rabbitmq/dev-broker/dev-broker.js'
import type { Environment } from '../config.js'

/** What the bureau takes for a verdict in the demo. */
const VERDICT_DELAY_MS = 100

export interface DemoWorld {
  /** Environment of every command of the demo. */
  env: Environment
  /** The example settings, pointed at the demo's simulator. */
  settingsFile: string
  /** Which servers are in use, for the first lines. */
  servers: readonly string[]
  close(): Promise<void>
}

export async function openDemoWorld(given: Environment, exampleSettings: string): Promise<DemoWorld> {
  const closers: (() => Promise<void>)[] = []
  const close = async () => {
    for (const closer of closers.reverse()) await closer()
  }
  try {
    const database = await openDatabase(given, closers)
    const broker = await openBroker(given, closers)
    const simulator = await startSimulator({
      seed: 1,
      verdictDelay: { minMs: VERDICT_DELAY_MS, maxMs: VERDICT_DELAY_MS, hiddenMs: 0 },
    })
    closers.push(() => simulator.close())
    const folder = mkdtempSync(join(tmpdir(), 'leqi-demo-'))
    closers.push(async () => rmSync(folder, { recursive: true, force: true }))
    const id = randomBytes(3).toString('hex')
    return {
      env: {
        ...pickOwn(given),
        DATABASE_URL: database.url,
        AMQP_URL: broker.url,
        PORT: given.PORT ?? '0',
        LEQI_MASTER_KEY: randomBytes(32).toString('base64'),
        LEQI_INSECURE_HOSTS: new URL(simulator.url).host,
        LEQI_DB_SCHEMA: `leqi_demo_${id}`,
        LEQI_NAME_PREFIX: `demo-${id}.`,
        LOG_LEVEL: given.LOG_LEVEL ?? 'warn',
      },
      settingsFile: writeSettings(exampleSettings, folder, simulator.url),
      servers: [database.name, broker.name, `bureau    simulator at ${simulator.url}`],
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function openDatabase(given: Environment, closers: (() => Promise<void>)[]) {
  if (given.DATABASE_URL !== undefined) return { url: given.DATABASE_URL, name: 'database  PostgreSQL of DATABASE_URL' }
  const embedded = await startEmbeddedPostgres()
  closers.push(() => embedded.close())
  return { url: embedded.url, name: 'database  embedded PostgreSQL' }
}

async function openBroker(given: Environment, closers: (() => Promise<void>)[]) {
  if (given.AMQP_URL !== undefined) return { url: given.AMQP_URL, name: 'broker    RabbitMQ of AMQP_URL' }
  const broker = await startDevBroker()
  closers.push(() => broker.close())
  return { url: broker.url, name: `broker    development broker at ${broker.url}` }
}

/** Variables of the caller that the demo respects; its own keys and names are its own. */
function pickOwn(given: Environment): Environment {
  return given.HOST === undefined ? {} : { HOST: given.HOST }
}

/** The example as it stands, with the simulator's address and absolute paths of its mappings. */
function writeSettings(example: string, folder: string, bureauUrl: string): string {
  const settings = parse(readFileSync(example, 'utf8')) as {
    directUnits: { apiUrl: string }[]
    businessTypes: { mapping: string }[]
  }
  for (const unit of settings.directUnits) unit.apiUrl = `${bureauUrl}/access/v2/invoke`
  for (const type of settings.businessTypes) type.mapping = resolve(dirname(example), type.mapping)
  const path = join(folder, 'settings.yaml')
  writeFileSync(path, stringify(settings))
  return path
}
