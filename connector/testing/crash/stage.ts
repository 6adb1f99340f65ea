/** Where one cell of the matrix is played: a pipeline of its own, whose connectors are processes that die when told to. */
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import amqp from 'amqplib'
import { type Child, startChild } from '../../../bench/processes.js'
import { makeCommandLine } from '../command-line.js'
import { makeConnectorProcess, toProgram } from '../connector-process.js'
import { type Link, startLink } from '../link.js'
import { type Pipeline, startPipeline } from '../pipeline.js'
import { assertAgreement } from '../pipeline-agreement.js'
import { plainMapping, SELLERS, type Settings } from '../pipeline-settings.js'
import { aPlainOrder, type PlainOrder } from '../plain-orders.js'
import { type Receiver, startReceiver } from '../receiver.js'
import { type Death, lastWords } from './mortal-store.js'
import type { Scene } from './scenes.js'

const MORTAL = resolve(import.meta.dirname, 'mortal-connector')
/** Longest way of a connector to its point: its start beside the other cells, the station's rest, a slow answer. */
const DEATH_MS_MAX = 120_000
/** Longest rest of work that a dead process held: its leases, a sweep, a question that is asked again, the work itself. */
const RESUMED_MS_MAX = 180_000
/** Numbers of one claim, net yuan of one download: scarce, so that a large order makes the connector ask for more. */
const CLAIM_COUNT = 40
const DOWNLOAD_AMOUNT = '5000.00'
const CALLBACK_SECRET = `whsec_${Buffer.alloc(32, 'crash points').toString('base64')}`

interface Owner {
  after: (clean: () => Promise<void>) => void
}

/** `hooked`: results go by callback as well. */
type BusinessType = 'plain' | 'hooked'

export interface Stage {
  pipeline: Pipeline
  /** Between the dying process and the broker. */
  brokerLink: Link
  /** So many ordinary orders. */
  publish(count: number): Promise<void>
  publishOrders(orders: readonly PlainOrder[], businessType?: BusinessType): Promise<void>
  /** The broker gives a message up. */
  buryOne(): Promise<void>
  /** Starts a connector, or another verb. Errors: it did not die exactly there. */
  dieAt(death: Death, scene?: Pick<Scene, 'verb' | 'meanwhile'>): Promise<void>
  /** Somebody else at the command line. Errors: it was refused. */
  command(...args: readonly string[]): Promise<readonly string[]>
  /** Lets a connector work until it is so, and stops it in good order. */
  runUntil(what: string, isSo: () => Promise<boolean>): Promise<void>
  /** Lets another process carry on until nothing is open, and asserts that all is as if nobody had died. */
  finish(): Promise<void>
}

/** Counts what has not ended, whatever it waits for. */
const OPEN_WORK = `
  select (select count(*) from inbox_messages where disposition is null)::int as messages,
    (select count(*) from orders where finished_at is null and state not in ('rejected'))::int as orders,
    (select count(*) from upload_batches where closed_at is null)::int as batches,
    (select count(*) from bureau_moves where state not in ('granted', 'refused'))::int as moves,
    (select count(*) from outbox_events where state = 'pending')::int as events,
    (select count(*) from callback_deliveries where due_at is not null)::int as deliveries`

export async function openStage(t: Owner, { bindsResults }: { bindsResults: boolean }): Promise<Stage> {
  // The cleaning runs in this order: first the processes, then what they work on.
  const successor = makeConnectorProcess(t)
  const dying: Child[] = []
  t.after(async () => {
    for (const child of dying) await child.kill()
  })
  const receiver = await startReceiver()
  t.after(() => receiver.close())
  const pipeline = await startPipeline(t, {
    settings: (settings, write) => sellScarcely(settings, write, receiver),
    simulator: { verdictDelay: { minMs: 50, maxMs: 50, hiddenMs: 0 } },
    env: { LOG_LEVEL: 'info', LEQI_CALLBACK_HOSTS: receiver.host, HOOK: CALLBACK_SECRET },
    bindsResults,
    startsConnector: false,
  })
  const brokerLink = await startLink(pipeline.env.AMQP_URL ?? '')
  t.after(() => brokerLink.close())
  const published: string[] = []
  const hooked: string[] = []
  let buriedCount = 0

  const publishOrders = async (orders: readonly PlainOrder[], businessType: BusinessType = 'plain') => {
    const numbers = orders.map(({ no }) => no)
    published.push(...numbers)
    if (businessType === 'hooked') hooked.push(...numbers)
    await pipeline.orderSystem.publish(...orders.map((body) => ({ businessType, body })))
  }

  const stage: Stage = {
    pipeline,
    brokerLink,
    publish: (count) => publishOrders(Array.from({ length: count }, () => aPlainOrder())),
    publishOrders,
    async buryOne() {
      buriedCount += 1
      const connection = await amqp.connect(pipeline.env.AMQP_URL ?? '')
      const channel = await connection.createConfirmChannel()
      channel.publish(`${pipeline.schema}.leqi.dead`, '', Buffer.from('{}'), { persistent: true })
      await channel.waitForConfirms()
      await connection.close()
    },
    async dieAt(death, { verb = 'start', meanwhile } = {}) {
      const { point, side, occurrence } = death
      const args = toProgram(MORTAL, verb, point, side, String(occurrence))
      const env = {
        PATH: process.env.PATH ?? '',
        ...pipeline.env,
        AMQP_URL: brokerLink.url,
        LEQI_UPLOAD_CONCURRENCY: '1',
      }
      const child = startChild(`mortal connector at ${point}`, args, env)
      dying.push(child)
      const timer = setTimeout(() => void child.kill(), DEATH_MS_MAX)
      const [end] = await Promise.all([child.gone, meanwhile?.(stage, child.pid)])
      clearTimeout(timer)
      await brokerLink.heal()
      const said = child.lastLines()
      const lived = `the connector ended with ${end}, not where it ${lastWords(death)}\n${said.slice(-20).join('\n')}`
      assert.ok(end === 'SIGKILL' && said.includes(lastWords(death)), lived)
    },
    async command(...args) {
      const line = makeCommandLine({ ...pipeline.env })
      assert.equal(await line.run(...args), 0, line.err.join('\n'))
      return line.out
    },
    async runUntil(what, isSo) {
      await pipeline.start()
      await pipeline.until(what, async () => ((await isSo()) ? true : null), RESUMED_MS_MAX)
      await pipeline.stop()
    },
    async finish() {
      await successor.start(pipeline.env)
      let open = ''
      const isDone = async () => {
        const [row] = await pipeline.sql<Record<string, number>>(OPEN_WORK)
        open = JSON.stringify(row)
        const isTold = new Set(pipeline.orderSystem.received.map(({ result }) => result.orderNo)).size
        const isKept = (await pipeline.view.inbox()).length >= published.length + buriedCount
        return isKept && isTold === published.length && Object.values(row ?? {}).every((count) => count === 0)
      }
      await pipeline
        .until('all that is open to end', async () => ((await isDone()) ? true : null), RESUMED_MS_MAX)
        .catch((error: Error) => {
          throw new Error(`${open}\n${error.message}`, { cause: error })
        })
      await successor.stop()
      const orders = await pipeline.view.orders()
      assert.deepEqual(
        orders.map(({ orderNo, state }) => `${orderNo} ${state}`).sort(),
        published.map((no) => `${no} issued`).sort(),
      )
      const dead = (await pipeline.view.inbox()).filter(({ disposition }) => disposition === 'dead')
      assert.equal(dead.length > 0, buriedCount > 0, 'what the broker gave up on is kept')
      assert.deepEqual(tellApart(receiver.received), tellApart(pipeline.orderSystem.received, hooked), 'callbacks')
      await assertAgreement(pipeline)
    },
  }
  return stage
}

/** What each order was told, every copy of it once. */
function tellApart(told: readonly { body: string }[], orderNos?: readonly string[]): readonly string[] {
  const bodies = [...new Set(told.map(({ body }) => body))].sort()
  return orderNos === undefined ? bodies : bodies.filter((body) => orderNos.includes(JSON.parse(body).orderNo))
}

function sellScarcely(
  settings: Settings,
  write: (name: string, text: string) => string,
  receiver: Pick<Receiver, 'host'>,
): void {
  for (const unit of settings.directUnits) unit.poll = { firstMs: 50, maxMs: 500 }
  for (const unit of settings.issuing) {
    unit.numberWarningCount = 1
    unit.numberClaimCount = CLAIM_COUNT
    unit.quotaDownloadAmount = DOWNLOAD_AMOUNT
  }
  settings.products = []
  const hook = { delivery: 'both', callbackUrl: `http://${receiver.host}/`, callbackSecretFromEnv: 'HOOK' }
  settings.businessTypes = (['plain', 'hooked'] as const).map((code) => ({
    code,
    name: `业务 ${code}`,
    seller: SELLERS.sales.taxNo,
    mapping: write(`${code}.yaml`, plainMapping(code)),
    ...(code === 'hooked' && hook),
  }))
}
