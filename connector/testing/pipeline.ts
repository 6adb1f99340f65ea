/**
 * The whole pipeline in one process for an end-to-end test: simulated bureau, real database, broker, connector, and an
 * order system that publishes orders and reads results.
 *
 * Everything stands in a schema and under a name prefix of its own and is gone afterwards. Settings reach the connector
 * the way an operator's do: as a file, through the command line. Nothing sleeps: a wait ends with what it waits for, or
 * fails with what it saw.
 */
import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import amqp from 'amqplib'
import type pg from 'pg'
import { stringify } from 'yaml'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../adapters/leqi/simulator/simulator.js'
import { makePool } from '../../adapters/postgres/pool.js'
import { auditSchemaOf } from '../../adapters/postgres/schema-name.js'
import { declareTopology, toTopology } from '../../adapters/rabbitmq/topology.js'
import { makeLogger } from '../../adapters/system/logger.js'
import { runCli } from '../app/cli/program.js'
import { type Connector, compose } from '../app/compose.js'
import { loadConfig, readHost } from '../app/config.js'
import { type StopReport, startAll, stopAll } from '../app/lifecycle.js'
import { databaseUrl } from './database.js'
import { type IncomingResult, type OrderSystem, openOrderSystem } from './order-system.js'
import { makeSettings, type Settings } from './pipeline-settings.js'
import { type InboxView, makeView, type OrderView } from './pipeline-view.js'
import { waitFor } from './wait-for.js'

const DEFAULT_AMQP_URL = 'amqp://guest:guest@127.0.0.1:5672'
/** Connections of the test itself, beside those of the connector. */
const CONNECTION_COUNT_MAX = 4
/** Longest wait of a test; a step of the pipeline takes a tenth of a second on an idle machine. */
const WAIT_MS_MAX = 15_000
/** What is shown of each list when a wait was in vain: the latest. */
const SHOWN_COUNT = 8

/** What the cleaning hangs on: a test, or a file by its root `after`. */
interface Owner {
  after: (clean: () => Promise<void>) => void
}

/** `write` puts a mapping beside the settings file and returns its name for `businessTypes`. */
type ChangeSettings = (settings: Settings, write: (name: string, text: string) => string) => void

export interface PipelineOptions {
  /** Changes the settings before they are applied for the first time. */
  settings?: ChangeSettings
  simulator?: SimulatorOptions
  /** What the bureau is told before it is asked for the first time. */
  prepareBureau?: (control: Simulator['control']) => void
  env?: Record<string, string>
  /** false: results find no queue until `orderSystem.bindResults()`. Default true. */
  bindsResults?: boolean
  /** false: the doors are there, and no unit was asked about; connectors are the test's. Default true. */
  startsConnector?: boolean
}

interface Applied {
  exitCode: number
  lines: readonly string[]
}

export interface Pipeline {
  simulator: Simulator
  orderSystem: OrderSystem
  /** Messages, orders and batches as the database holds them. */
  view: ReturnType<typeof makeView>
  pool: pg.Pool
  schema: string
  /** What the connectors wrote so far, one JSON object a line; no lines below `LOG_LEVEL`. */
  log: readonly string[]
  /** Environment of the connector, for one that runs as a process of its own. */
  env: Readonly<Record<string, string>>
  /** Changes the settings and applies them as an operator does; `flags` as on the command line, `verb` another than apply. */
  apply(change?: ChangeSettings, flags?: readonly string[], verb?: readonly string[]): Promise<Applied>
  /** A command line of an operator. */
  cli(...args: readonly string[]): Promise<Applied>
  start(): Promise<void>
  /** Stops the connector as a signal does; servers and all that is stored stay. */
  stop(): Promise<StopReport>
  /** Answered while it stops, too, until the page itself is gone. */
  readiness(): Promise<Readiness>
  /** The page for scrapers. */
  metrics(): Promise<string>
  /** One more connector on the same memory and broker; `env` as far as it differs. */
  startReplica(env: Record<string, string>): Promise<Replica>
  /** Another connection to the broker, for an order system that publishes by several. */
  openOrderSystem(): Promise<OrderSystem>
  /** The next result of an order that no test took before. */
  nextResult(orderNo: string, waitMsMax?: number): Promise<IncomingResult>
  nextResultWhere(
    what: string,
    matches: (incoming: IncomingResult) => boolean,
    waitMsMax?: number,
  ): Promise<IncomingResult>
  /** The message once it is decided or parked. */
  settledMessage(messageId: string): Promise<InboxView>
  /** The latest revision of an order once `isSo`. */
  orderThat(orderNo: string, what: string, isSo: (order: OrderView) => boolean): Promise<OrderView>
  /** Looks again until there is something other than null. */
  until<T>(what: string, look: () => Promise<T | null> | T | null, waitMsMax?: number): Promise<T>
  sql<R extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<R[]>
}

interface Replica {
  connector: Connector
  /** Told to stop with all that it holds, and not waited for: whoever cut it off before leaves it no chance. */
  drop(): Promise<void>
}

interface Readiness {
  status: string
  phase: string
  dependencies: Record<string, { isUp: boolean; lastError: string | null }>
  parked: readonly { entity: string; cause: string; count: number }[]
  results: { pendingCount: number; unroutableCount: number }
  callbacks: { pendingCount: number; exhaustedCount: number; disabledEndpoints: readonly { businessType: string }[] }
  units: readonly {
    taxNo: string
    isVerified: boolean
    freeNumberCount: number
    restored: { state: string; ground: string } | null
  }[]
  stops: readonly { directUnit: string; taxNo: string | null; cause: string; code: string; message: string }[]
  clockFaults: readonly { directUnit: string; skewMs: number; message: string }[]
}

interface Ground {
  simulator: Simulator
  env: Record<string, string> & { AMQP_URL: string; LEQI_NAME_PREFIX: string; LEQI_DB_SCHEMA: string }
  folder: string
  pool: pg.Pool
  settings: Settings
  logLines: string[]
  /** Run last first when the test has ended. */
  closers: (() => Promise<unknown>)[]
}

/** Starts the bureau, applies the settings, starts the connector, and opens the order system's doors. */
export async function startPipeline(owner: Owner, options: PipelineOptions = {}): Promise<Pipeline> {
  const closers: (() => Promise<unknown>)[] = []
  const closeAll = async () => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close()
  }
  owner.after(closeAll)
  try {
    return await openPipeline(options, closers)
  } catch (error) {
    // A file that cannot even start its pipeline has no test whose end would clean up.
    await closeAll()
    throw error
  }
}

async function openPipeline(options: PipelineOptions, closers: (() => Promise<unknown>)[]): Promise<Pipeline> {
  const ground = await openGround(options, closers)
  options.prepareBureau?.(ground.simulator.control)
  const stored = await applySettings(ground, options.settings, ['--offline'])
  if (stored.exitCode !== 0) throw new Error(`the settings are refused\n${stored.lines.join('\n')}`)
  const startsConnector = options.startsConnector !== false
  // A unit that cannot be verified is what some tests begin with.
  if (startsConnector) await applySettings(ground)
  else await declareBrokerObjects(ground.env.AMQP_URL, ground.env.LEQI_NAME_PREFIX)
  const pipeline = makePipeline(ground, await connectOrderSystem(ground))
  closers.push(() => pipeline.stop())
  if (startsConnector) await pipeline.start()
  if (options.bindsResults !== false) await pipeline.orderSystem.bindResults()
  return pipeline
}

async function openGround(options: PipelineOptions, closers: (() => Promise<unknown>)[]): Promise<Ground> {
  const simulator = await startSimulator({
    verdictDelay: { minMs: 0, maxMs: 0, hiddenMs: 0 },
    ratePerSecond: 10_000,
    ...options.simulator,
  })
  closers.push(() => simulator.close())
  const folder = mkdtempSync(join(tmpdir(), 'leqi-pipeline-'))
  closers.push(async () => rmSync(folder, { recursive: true, force: true }))
  const schema = `test_${randomBytes(6).toString('hex')}`
  const env = {
    DATABASE_URL: databaseUrl(),
    AMQP_URL: process.env.AMQP_URL ?? DEFAULT_AMQP_URL,
    PORT: '0',
    LOG_LEVEL: 'warn',
    LEQI_MASTER_KEY: randomBytes(32).toString('base64'),
    LEQI_DB_SCHEMA: schema,
    LEQI_NAME_PREFIX: `${schema}.`,
    LEQI_INSECURE_HOSTS: new URL(simulator.url).host,
    ...options.env,
  }
  const pool = makePool({
    url: env.DATABASE_URL,
    schema,
    applicationName: 'leqi-connector test',
    connectionCountMax: CONNECTION_COUNT_MAX,
    onError: () => undefined,
  })
  closers.push(async () => {
    await pool.query(`set statement_timeout = 0; set client_min_messages = warning;
      drop schema if exists ${schema}, ${auditSchemaOf(schema)} cascade`)
    await pool.end()
  })
  closers.push(() => removeBrokerObjects(env.AMQP_URL, env.LEQI_NAME_PREFIX))
  return { simulator, env, folder, pool, settings: makeSettings(simulator.url), logLines: [], closers }
}

async function connectOrderSystem({ env, closers }: Ground): Promise<OrderSystem> {
  const orderSystem = await openOrderSystem(env.AMQP_URL, env.LEQI_NAME_PREFIX)
  closers.push(() => orderSystem.close())
  return orderSystem
}

async function declareBrokerObjects(url: string, namePrefix: string): Promise<void> {
  const connection = await amqp.connect(url)
  await declareTopology(connection, toTopology(namePrefix))
  await connection.close()
}

async function removeBrokerObjects(url: string, namePrefix: string): Promise<void> {
  const topology = toTopology(namePrefix)
  const connection = await amqp.connect(url)
  const channel = await connection.createChannel()
  for (const queue of [topology.orderQueue, topology.deadQueue]) await channel.deleteQueue(queue)
  for (const exchange of [topology.orderExchange, topology.resultExchange, topology.deadExchange]) {
    await channel.deleteExchange(exchange)
  }
  await connection.close()
}

async function applySettings(
  { env, folder, settings }: Ground,
  change: ChangeSettings = () => undefined,
  flags: readonly string[] = [],
  verb: readonly string[] = ['apply'],
): Promise<Applied> {
  change(settings, (name, text) => {
    writeFileSync(join(folder, name), text)
    return name
  })
  const file = join(folder, 'settings.yaml')
  writeFileSync(file, stringify(settings, { aliasDuplicateObjects: false }))
  return runVerb(env, [...verb, file, ...flags])
}

async function runVerb(env: Record<string, string>, args: readonly string[]): Promise<Applied> {
  const lines: string[] = []
  const exitCode = await runCli(args, {
    source: { ...readHost(), env },
    print: (line) => lines.push(line),
    complain: (line) => lines.push(line),
    signals: new EventEmitter(),
    exitNow: () => undefined,
  })
  return { exitCode, lines }
}

function makePipeline(ground: Ground, orderSystem: OrderSystem): Pipeline {
  const { simulator, env, pool, logLines } = ground
  const view = makeView(pool)
  const taken = new Set<IncomingResult>()
  let connector: Connector | null = null
  let applying: Promise<unknown> = Promise.resolve()

  const until: Pipeline['until'] = (what, look, waitMsMax = WAIT_MS_MAX) =>
    waitFor(look, { what, waitMsMax, describe: () => describeState(view, orderSystem, logLines) })

  const nextResultWhere: Pipeline['nextResultWhere'] = async (what, matches, waitMsMax) => {
    const next = () => orderSystem.received.find((each) => !taken.has(each) && matches(each)) ?? null
    const found = await until(`a result ${what}`, next, waitMsMax)
    taken.add(found)
    return found
  }

  return {
    simulator,
    orderSystem,
    view,
    pool,
    schema: env.LEQI_DB_SCHEMA,
    log: logLines,
    env,
    until,
    nextResultWhere,
    openOrderSystem: () => connectOrderSystem(ground),
    cli: (...args) => runVerb(env, args),
    apply(change, flags, verb) {
      // One settings file for all tests of a pipeline: they take turns.
      const turn = applying.then(() => applySettings(ground, change, flags, verb))
      applying = turn.catch(() => undefined)
      return turn
    },
    async start() {
      connector = await startConnector(env, logLines)
    },
    async startReplica(changes) {
      const replica = await startConnector({ ...env, ...changes }, logLines)
      const drop = async () => void (await stopAll(replica.services, { deadlineMs: 0 }))
      ground.closers.push(drop)
      return { connector: replica, drop }
    },
    async stop() {
      const report = await stopAll(connector?.services ?? [])
      connector = null
      return report
    },
    async readiness() {
      const response = await fetch(`${connector?.address()}/readyz`)
      // The page's own tests hold it to its schema.
      return (await response.json()) as Readiness
    },
    metrics: async () => (await fetch(`${connector?.address()}/metrics`)).text(),
    nextResult: (orderNo, waitMsMax) =>
      nextResultWhere(`of order ${orderNo}`, ({ result }) => result.orderNo === orderNo, waitMsMax),
    settledMessage: (messageId) =>
      until(`a decision about message ${messageId}`, async () => {
        const found = (await view.inbox()).find((each) => each.messageId === messageId)
        return found !== undefined && (found.disposition ?? found.parkCause) !== null ? found : null
      }),
    orderThat: (orderNo, what, isSo) =>
      until(`order ${orderNo} ${what}`, async () => {
        const found = (await view.orders()).findLast((each) => each.orderNo === orderNo)
        return found !== undefined && isSo(found) ? found : null
      }),
    async sql<R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) {
      return (await pool.query<R>(text, [...values])).rows
    },
  }
}

async function startConnector(env: Record<string, string>, logLines: string[]): Promise<Connector> {
  const config = loadConfig({ ...readHost(), env }, ['databaseUrl', 'amqpUrl', 'masterKey'])
  const connector = await compose(
    config,
    makeLogger({ level: env.LOG_LEVEL ?? 'warn', destination: toLines(logLines) }),
  )
  await startAll(connector.services)
  return connector
}

function toLines(lines: string[]): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk).trimEnd())
      done()
    },
  })
}

async function describeState(
  view: ReturnType<typeof makeView>,
  orderSystem: OrderSystem,
  logLines: readonly string[],
): Promise<string> {
  const [inbox, orders, batches] = await Promise.all([view.inbox(), view.orders(), view.batches()])
  const undecided = inbox.filter(({ disposition }) => disposition !== 'accepted')
  const open = orders.filter(({ state }) => !['issued', 'rejected'].includes(state))
  const show = (what: string, items: readonly unknown[]) =>
    items.slice(-SHOWN_COUNT).map((item) => `${what}: ${typeof item === 'string' ? item : JSON.stringify(item)}`)
  return [
    ...show('message not accepted', undecided),
    ...show('order not ended', open),
    ...show('batch', batches),
    ...show(
      'result',
      orderSystem.received.map(({ result }) => `${result.orderNo} ${result.status}`),
    ),
    ...show('log', logLines),
  ].join('\n')
}
