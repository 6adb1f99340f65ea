/**
 * `npm run bench`: orders per second, latency, CPU and memory of the production process, on the real PostgreSQL and RabbitMQ
 * of the environment, with the simulator in its own process and zero delay. A figure is printed only together with the
 * audit of the same run; the last line is one JSON object.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { removeQueues } from '../connector/app/demo/results.js'
import { type Load, type LoadFigures, openLoad } from './load.js'
import { type BenchOptions, parseBenchOptions } from './options.js'
import { makeOrders } from './orders.js'
import { fillPast } from './past.js'
import { type Child, readCpuMs, readPeakRssMb, startChild } from './processes.js'
import { POLL_FIRST_MS, RATE_PER_SECOND, toBusinessType, writeSettings } from './world.js'

const run = promisify(execFile)

const DATABASE_URL = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/test'
const AMQP_URL = process.env.AMQP_URL ?? 'amqp://guest:guest@127.0.0.1:5672'
const MAIN = 'dist/connector/app/main.js'
/** What `npm start` gives node: its settings for memory, the program, the verb. */
const START_ARGUMENTS = readStartArguments()
/** Orders before the clock starts: compiled code, warm caches, first numbers and quota. */
const WARM_UP_COUNT = 3_000
/** Orders of the latency run: some ten seconds at half the measured rate. */
const LATENCY_SECONDS = 10
const AUDIT_OUTPUT_BYTES_MAX = 16 * 1024 * 1024

interface Stage {
  env: NodeJS.ProcessEnv
  folder: string
  /** Outlives the connectors: it must answer while they drain. */
  simulator: Child
  connectors: Child[]
  loads: Load[]
}

const options = parseBenchOptions(process.argv.slice(2))
const stage = await setUp(options)
try {
  await measure(options, stage)
} finally {
  await tearDown(stage)
}

async function measure(options: BenchOptions, stage: Stage): Promise<void> {
  const { pastCount, lineCount, unitCount } = options
  await runAll(stage, 'warm', WARM_UP_COUNT, lineCount, null)
  const past = pastCount > 0 ? await measureAndFill(options, stage) : {}
  const { full, ordersPerSecond, cpuMsPerOrder } = await measureFull(options, stage, 'full')
  const halfRate = ordersPerSecond / 2
  const half = await runAll(stage, 'half', Math.ceil(halfRate * LATENCY_SECONDS), lineCount, halfRate)
  const maxRssMb = Math.max(...stage.connectors.map(({ pid }) => readPeakRssMb(pid)))
  const audit = await runAudit(stage)
  const latencies = half.latenciesMs.sort((a, b) => a - b)
  const figures = {
    orders: full.count,
    ordersPerSecond,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    cpuMsPerOrder,
    maxRssMb,
    pastInvoices: pastCount,
    ...past,
    audit: audit.ok ? 'clean' : 'violated',
    node: process.version,
    cores: cpus().length,
    lines: lineCount,
    units: unitCount,
    replicas: stage.connectors.length,
    pollFirstMs: POLL_FIRST_MS,
    statuses: full.statuses,
    extraResults: full.extraCount + half.extraCount,
  }
  for (const [name, value] of Object.entries(figures)) {
    console.log(`${name.padEnd(18)} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
  }
  if (!audit.ok) console.log(audit.text)
  console.log(JSON.stringify(figures))
  if (!audit.ok || full.statuses.issued !== full.count) process.exitCode = 1
}

/** The same orders without a past, then the past: both on the same machine in the same minutes, so that they compare. */
async function measureAndFill(options: BenchOptions, stage: Stage) {
  const { ordersPerSecond, cpuMsPerOrder } = await measureFull(options, stage, 'bare')
  const startedAt = performance.now()
  await fillPast(DATABASE_URL, schemaOf(stage), options.pastCount)
  const pastFillSeconds = Math.round((performance.now() - startedAt) / 1000)
  return { pastFillSeconds, withoutPast: { ordersPerSecond, cpuMsPerOrder } }
}

/** As fast as it goes. */
async function measureFull({ orderCount, lineCount }: BenchOptions, stage: Stage, series: string) {
  const cpuBefore = sumCpu(stage)
  const full = await runAll(stage, series, orderCount, lineCount, null)
  const cpuMs = sumCpu(stage) - cpuBefore
  return {
    full,
    ordersPerSecond: Math.round((full.count * 1000) / full.durationMs),
    cpuMsPerOrder: Number((cpuMs / full.count).toFixed(3)),
  }
}

/** Shares the orders between the units and adds up what came of them. */
async function runAll(
  stage: Stage,
  series: string,
  count: number,
  lineCount: number,
  perSecond: number | null,
): Promise<LoadFigures> {
  const share = Math.ceil(count / stage.loads.length)
  const parts = await Promise.all(
    stage.loads.map((load, unit) =>
      load.run(makeOrders(`${series}-${unit}`, share, lineCount), perSecond && perSecond / stage.loads.length),
    ),
  )
  const statuses: Record<string, number> = {}
  for (const part of parts) {
    for (const [status, n] of Object.entries(part.statuses)) statuses[status] = (statuses[status] ?? 0) + n
  }
  return {
    count: parts.reduce((sum, part) => sum + part.count, 0),
    durationMs: Math.max(...parts.map((part) => part.durationMs)),
    latenciesMs: parts.flatMap((part) => part.latenciesMs),
    statuses,
    extraCount: parts.reduce((sum, part) => sum + part.extraCount, 0),
  }
}

async function setUp(options: BenchOptions): Promise<Stage> {
  const id = randomBytes(3).toString('hex')
  const folder = mkdtempSync(join(tmpdir(), 'leqi-bench-'))
  const simulator = startChild(
    'simulator',
    [MAIN, 'simulator', '--port', '0', '--delay-ms', '0', '--rate', String(RATE_PER_SECOND), '--seed', '1'],
    process.env,
  )
  const [, bureauUrl = ''] = await simulator.waitForLine(/(http:\/\/[\d.:]+)/)
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    DATABASE_URL,
    AMQP_URL,
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'info',
    LEQI_MASTER_KEY: randomBytes(32).toString('base64'),
    LEQI_INSECURE_HOSTS: new URL(bureauUrl).host,
    LEQI_DB_SCHEMA: `leqi_bench_${id}`,
    LEQI_NAME_PREFIX: `bench-${id}.`,
  }
  const mapping = readFileSync('mappings/definitions/shopify/mapping.yaml', 'utf8')
  const settings = writeSettings(folder, { bureauUrl, unitCount: options.unitCount, mapping })
  await run(process.execPath, [MAIN, 'apply', settings], { env })
  const stage: Stage = { env, folder, simulator, connectors: [], loads: [] }
  for (let replica = 0; replica < options.replicaCount; replica += 1) {
    const connector = startChild(`connector ${replica + 1}`, START_ARGUMENTS, stage.env)
    stage.connectors.push(connector)
    await connector.waitForLine(/connector\.started/)
  }
  for (let unit = 0; unit < options.unitCount; unit += 1) {
    stage.loads.push(
      await openLoad(AMQP_URL, { prefix: stage.env.LEQI_NAME_PREFIX ?? '', businessType: toBusinessType(unit) }),
    )
  }
  return stage
}

async function tearDown(stage: Stage): Promise<void> {
  await Promise.all(stage.loads.map((load) => load.close()))
  await Promise.all(stage.connectors.map((connector) => connector.stop()))
  await stage.simulator.stop()
  const client = new pg.Client({ connectionString: DATABASE_URL })
  await client.connect()
  const schema = schemaOf(stage)
  await client.query(`drop schema if exists ${schema} cascade; drop schema if exists ${schema}_audit cascade`)
  await client.end()
  await removeQueues(AMQP_URL, stage.env.LEQI_NAME_PREFIX ?? '')
  rmSync(stage.folder, { recursive: true, force: true })
}

async function runAudit(stage: Stage): Promise<{ ok: boolean; text: string }> {
  try {
    const { stdout } = await run(process.execPath, [MAIN, 'audit', '--json'], {
      env: stage.env,
      maxBuffer: AUDIT_OUTPUT_BYTES_MAX,
    })
    return { ok: true, text: stdout }
  } catch (error) {
    // Exit 1 is a violation; its report is what the run is judged by.
    return { ok: false, text: String((error as { stdout?: string }).stdout ?? error) }
  }
}

function readStartArguments(): readonly string[] {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } }
  return scripts.start.split(' ').slice(1)
}

function schemaOf(stage: Stage): string {
  return stage.env.LEQI_DB_SCHEMA ?? ''
}

function sumCpu(stage: Stage): number {
  return stage.connectors.reduce((sum, { pid }) => sum + readCpuMs(pid), 0)
}

function quantile(sorted: readonly number[], share: number): number {
  return Math.round(sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0)
}
