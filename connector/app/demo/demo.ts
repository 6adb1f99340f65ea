/**
 * `demo`: on a machine with nothing but Node, real orders become issued invoices. Servers come up, the example settings
 * are applied, every shipped example order is published, one of them twice, and one message that is none; the outcome
 * is printed as one table, judged, and audited.
 */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { runAudit } from '../../../adapters/postgres/audit/audit.js'
import { auditSchemaOf } from '../../../adapters/postgres/schema-name.js'
import { makeLogger } from '../../../adapters/system/logger.js'
import { apply } from '../cli/apply.js'
import type { ExitCode, VerbContext } from '../cli/verbs.js'
import { type Connector, type ConnectorConfig, compose } from '../compose.js'
import { loadConfig } from '../config.js'
import { listenForSignals, startAll, stopAll } from '../lifecycle.js'
import { findPackageRoot } from '../package-root.js'
import { openResultListener, type ResultListener, removeQueues } from './results.js'
import { loadSampleOrders } from './sample-orders.js'
import { type Column, renderTable } from './table.js'
import { loadOutcomes, type Outcome } from './verdicts.js'
import { openDemoWorld } from './world.js'

/** Longest wait for all outcomes; on a slow machine they take a few seconds. */
const OUTCOME_MS_MAX = 60_000
const LOOK_MS = 50

/** Progress with the time, and plain lines. */
interface Voice {
  say(text: string): void
  print(line: string): void
}

export async function demo(context: VerbContext, options: { keep: boolean }): Promise<ExitCode> {
  const startedAt = performance.now()
  const say = (text: string) =>
    context.print(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s  ${text}`)
  const root = findPackageRoot()
  say('starting database, broker and bureau …')
  const world = await openDemoWorld(context.source.env, join(root, 'docs/examples/demo.yaml'))
  try {
    for (const server of world.servers) say(server)
    const own: VerbContext = { ...context, source: { ...context.source, env: world.env }, print: say }
    say('applying docs/examples/demo.yaml')
    const applied = await apply(own, world.settingsFile, { offline: false, prune: false })
    if (applied !== 0) return applied
    return await runConnector(own, options.keep, { say, print: context.print })
  } finally {
    await world.close()
  }
}

async function runConnector(context: VerbContext, isKept: boolean, voice: Voice): Promise<ExitCode> {
  const config = loadConfig(context.source, ['databaseUrl', 'amqpUrl', 'masterKey'])
  const connector = await compose(config, makeLogger({ level: config.logLevel }))
  try {
    await startAll(connector.services)
    voice.say(`connector is ready: ${connector.address()}/readyz`)
    const listener = await openResultListener(config.amqpUrl.reveal(), config.namePrefix)
    try {
      const exitCode = await issueSamples(connector, listener, config, voice)
      if (isKept) await keepUp(context, connector, config, voice.say)
      return exitCode
    } finally {
      await listener.close()
    }
  } finally {
    await stopAll(connector.services)
    await removeTraces(config)
  }
}

async function issueSamples(
  connector: Connector,
  listener: ResultListener,
  config: ConnectorConfig,
  { say, print }: Voice,
): Promise<ExitCode> {
  const samples = loadSampleOrders(join(findPackageRoot(), 'mappings/definitions'))
  listener.onResult(({ businessType, orderNo, status }) => say(`result: ${businessType} ${orderNo ?? '–'} ${status}`))
  const messageIdOf = (index: number) => `demo-${index + 1}`
  for (const [index, { businessType, body, example }] of samples.entries()) {
    await listener.publish({ businessType, body, messageId: messageIdOf(index) })
    say(`published: ${businessType} ${example}`)
  }
  const { pool } = connector.memory
  const outcomes = await waitForOutcomes(() => loadOutcomes(pool, samples, messageIdOf, listener.results))
  say('done')
  print('')
  for (const line of renderOutcomes(outcomes).split('\n')) print(line)
  print('')
  const audit = await runAudit(pool, config.databaseSchema)
  const wrong = outcomes.filter((outcome) => !outcome.isAsExpected)
  say(audit.ok ? `audit clean: ${describeCounts(audit.counts)}` : `audit: ${JSON.stringify(audit.violations)}`)
  say(wrong.length === 0 ? 'every message ended as it must' : `${wrong.length} messages did not end as they must`)
  return audit.ok && wrong.length === 0 && outcomes.length === samples.length ? 0 : 1
}

/** Until all have ended as expected, or the time is over: then what there is, is told. */
async function waitForOutcomes(load: () => Promise<readonly Outcome[]>): Promise<readonly Outcome[]> {
  const deadline = performance.now() + OUTCOME_MS_MAX
  let outcomes = await load()
  while (outcomes.some(({ isAsExpected }) => !isAsExpected) && performance.now() < deadline) {
    await sleep(LOOK_MS)
    outcomes = await load()
  }
  return outcomes
}

interface Line {
  outcome: Outcome
  invoice: NonNullable<Outcome['result']>['invoices'][number] | null
}

const KINDS = { ordinary: '普票', special: '专票' } as const

const COLUMNS: readonly Column<Line>[] = [
  { title: 'order', align: 'left', cell: ({ outcome }) => outcome.orderNo },
  { title: 'business type', align: 'left', cell: ({ outcome }) => outcome.sample.businessType },
  { title: 'example', align: 'left', cell: ({ outcome }) => outcome.sample.example },
  { title: 'invoice number', align: 'left', cell: ({ invoice }) => invoice?.invoiceNumber ?? '' },
  { title: 'kind', align: 'left', cell: ({ invoice }) => (invoice === null ? '' : KINDS[invoice.kind]) },
  { title: 'net', align: 'right', cell: ({ invoice }) => invoice?.netAmount ?? '' },
  { title: 'tax', align: 'right', cell: ({ invoice }) => invoice?.taxAmount ?? '' },
  { title: 'gross', align: 'right', cell: ({ invoice }) => invoice?.grossAmount ?? '' },
  { title: 'verdict', align: 'left', cell: ({ outcome }) => `${outcome.verdict} ${outcome.reason}`.trim() },
  {
    title: '',
    align: 'left',
    cell: ({ outcome }) => (outcome.isAsExpected ? '✓' : `✗ expected ${outcome.sample.expected}`),
  },
]

/** One line per invoice; orders without one have a line of their own. */
function renderOutcomes(outcomes: readonly Outcome[]): string {
  const lines = outcomes.flatMap((outcome): Line[] => {
    const invoices = outcome.result?.invoices ?? []
    return invoices.length === 0 ? [{ outcome, invoice: null }] : invoices.map((invoice) => ({ outcome, invoice }))
  })
  return renderTable(COLUMNS, lines)
}

function describeCounts(counts: Readonly<Record<string, number>>): string {
  const { messages = 0, orders = 0, issuedInvoices = 0, results = 0 } = counts
  return `${messages} messages, ${orders} orders, ${issuedInvoices} invoices issued, ${results} results`
}

async function keepUp(
  context: VerbContext,
  connector: Connector,
  config: ConnectorConfig,
  say: (text: string) => void,
): Promise<void> {
  say(`health page      ${connector.address()}/readyz`)
  say(`broker           ${config.amqpUrl.reveal()}`)
  say(`publish to       exchange ${config.namePrefix}leqi.orders, routing key order.<businessType>`)
  say(`results from     exchange ${config.namePrefix}leqi.results, routing key result.#`)
  say('stop with Ctrl-C')
  await new Promise<void>((resolve) => {
    listenForSignals(context.signals, { onStop: () => resolve(), onExit: context.exitNow })
  })
}

/** On servers of the caller's own nothing of the demo stays behind. */
async function removeTraces(config: ConnectorConfig): Promise<void> {
  const client = new pg.Client({ connectionString: config.databaseUrl.reveal() })
  await client.connect()
  const schema = config.databaseSchema
  await client.query(
    `set client_min_messages = warning; drop schema if exists ${schema}, ${auditSchemaOf(schema)} cascade`,
  )
  await client.end()
  await removeQueues(config.amqpUrl.reveal(), config.namePrefix)
}
