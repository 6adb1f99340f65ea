/** Everything a chaos run stands on: servers of its own, the bureau in its own process, replicas behind links. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Link, startLink } from '../../connector/testing/link.js'
import { startChild } from '../processes.js'
import { type Broker, startBroker } from './broker.js'
import { type ChaosBureau, openBureau } from './bureau.js'
import { type Database, startDatabase } from './database.js'
import type { ChaosOptions } from './options.js'
import { type ChaosOrderSystem, openChaosOrderSystem } from './order-system.js'
import { makeReplica, type Replica } from './replicas.js'
import { writeWorld } from './world.js'

const run = promisify(execFile)

const MAIN = 'dist/connector/app/main.js'
const SHARED_AMQP_URL = process.env.AMQP_URL ?? 'amqp://guest:guest@127.0.0.1:5672'
const SCHEMA = 'leqi_chaos'
/** The bureau's limit is not what is tested here. */
const RATE_PER_SECOND = 100_000
const AUDIT_OUTPUT_BYTES_MAX = 16 * 1024 * 1024

export interface ChaosStage {
  folder: string
  schema: string
  database: Database
  broker: Broker
  bureau: ChaosBureau
  bureauLink: Link
  orderSystem: ChaosOrderSystem
  replicas: readonly Replica[]
  audit(): Promise<{ ok: boolean; text: string }>
  /** Into the run's diary. */
  note(text: string): void
  close(): Promise<void>
}

export async function openChaosStage(options: ChaosOptions): Promise<ChaosStage> {
  const folder = mkdtempSync(join(tmpdir(), 'leqi-chaos-'))
  // The database's user has to pass through.
  chmodSync(folder, 0o755)
  const logFolder = join(folder, 'logs')
  mkdirSync(logFolder)
  const startedAt = performance.now()
  const note = (text: string) => {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
    appendFileSync(join(logFolder, 'diary.log'), `${seconds.padStart(7)} ${text}\n`)
  }
  const closers: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (let next = closers.pop(); next !== undefined; next = closers.pop()) await next()
  }
  try {
    const database = await startDatabase(folder, { isSmall: options.isDiskFull })
    closers.push(database.close)
    const broker = await startBroker(folder, SHARED_AMQP_URL)
    closers.push(broker.close)
    const rate = ['--rate', String(RATE_PER_SECOND), '--seed', String(options.seed)]
    const simulator = startChild('simulator', [MAIN, 'simulator', '--port', '0', ...rate], process.env)
    closers.push(simulator.stop)
    const [, bureauUrl = ''] = await simulator.waitForLine(/(http:\/\/[\d.:]+)/)
    const bureau = await openBureau(bureauUrl)
    const bureauLink = await startLink(bureauUrl)
    closers.push(bureauLink.close)
    const linkUrl = bureauLink.url.replace(/\/$/, '')
    const prefix = `chaos-${randomBytes(3).toString('hex')}.`
    const env: NodeJS.ProcessEnv = {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: database.url,
      AMQP_URL: broker.url,
      LOG_LEVEL: 'info',
      LEQI_MASTER_KEY: randomBytes(32).toString('base64'),
      LEQI_INSECURE_HOSTS: new URL(linkUrl).host,
      LEQI_DB_SCHEMA: SCHEMA,
      LEQI_NAME_PREFIX: prefix,
    }
    await run(process.execPath, [MAIN, 'apply', writeWorld(folder, linkUrl)], { env })
    const orderSystem = await openChaosOrderSystem(broker.url, prefix, note)
    closers.push(orderSystem.close)
    const replicas: Replica[] = []
    for (let index = 1; index <= options.replicaCount; index += 1) {
      const place = { env, databaseUrl: database.url, brokerUrl: broker.url, logFolder }
      const replica = await makeReplica(`replica ${index}`, place)
      replicas.push(replica)
      closers.push(replica.close)
      await replica.start()
    }
    const audit = async () => {
      try {
        const { stdout } = await run(process.execPath, [MAIN, 'audit', '--json'], {
          env,
          maxBuffer: AUDIT_OUTPUT_BYTES_MAX,
        })
        return { ok: true, text: stdout }
      } catch (error) {
        // Exit 1 is a violation; its report is what the run is judged by.
        return { ok: false, text: String((error as { stdout?: string }).stdout || error) }
      }
    }
    return { folder, schema: SCHEMA, database, broker, bureau, bureauLink, orderSystem, replicas, audit, note, close }
  } catch (error) {
    await close()
    throw error
  }
}
