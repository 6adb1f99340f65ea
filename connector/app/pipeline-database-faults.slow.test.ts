/**
 * The database as it really fails, under the whole pipeline: answers to COMMIT that are lost, and a server that crashes.
 * Slow, because what a lost transaction held comes back when its lease runs out.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../adapters/postgres/embedded.js'
import { databaseUrl } from '../testing/database.js'
import { type Link, startLink } from '../testing/link.js'
import { type Pipeline, startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainOrder } from '../testing/plain-orders.js'

const ORDER_COUNT = 120
/** Every so many commits the answer is lost. */
const LOST_EVERY = 4
const LOST_COUNT_MAX = 25
/** Lost answers one after another, each held until its lease runs out. */
const RESULT_MS_MAX = 120_000
/** The promise of the product, from the moment at which the server may be asked again. */
const RECOVERY_MS_MAX = 30_000
const BUSINESS_TYPE = 'plain'
/** A message of the simple protocol: what `commit` is sent as. */
const COMMIT = 'commit\0'

test('with every fourth answer to COMMIT lost, every order is issued once and told once', async (t) => {
  const link = await startLink(databaseUrl())
  const pipeline = await openPipeline(t, link)
  const lost = loseAnswers(link)
  const orders = Array.from({ length: ORDER_COUNT }, () => aPlainOrder())

  for (const body of orders) await pipeline.orderSystem.publish({ businessType: BUSINESS_TYPE, body })
  for (const { no } of orders) await assertIssued(pipeline, no, RESULT_MS_MAX)

  link.watch(null)
  assert.equal(lost(), LOST_COUNT_MAX)
  await assertAgreement(pipeline)
})

test('a server that crashes in the middle is found again, and nothing of what it had confirmed is lost', async (t) => {
  const embedded = await startEmbeddedPostgres()
  const pipeline = await openPipeline(t, embedded)
  const orders = Array.from({ length: ORDER_COUNT }, () => aPlainOrder())
  await pipeline.orderSystem.publish(...orders.map((body) => ({ businessType: BUSINESS_TYPE, body })))
  await pipeline.nextResultWhere('of any order', () => true)

  await crash(embedded.url)
  const late = aPlainOrder()
  await pipeline.orderSystem.publish({ businessType: BUSINESS_TYPE, body: late })

  await assertIssued(pipeline, late.no, RECOVERY_MS_MAX)
  await pipeline.until(
    'all orders to end',
    async () => {
      const [row] = await pipeline.sql<{ count: number }>(
        "select count(*)::int as count from orders where state = 'issued'",
      )
      return row?.count === ORDER_COUNT + 1 ? true : null
    },
    RESULT_MS_MAX,
  )
  await assertAgreement(pipeline)
})

/** The database outlives the pipeline: hooks run in the order of their making. */
async function openPipeline(t: TestContext, database: { url: string; close(): Promise<void> }): Promise<Pipeline> {
  const starting = startPipeline(t, {
    env: { DATABASE_URL: database.url, LOG_LEVEL: 'error' },
    settings: (settings, write) => {
      const mapping = write('plain.yaml', plainMapping(BUSINESS_TYPE))
      settings.businessTypes.push({ code: BUSINESS_TYPE, name: '业务', seller: SELLERS.sales.taxNo, mapping })
    },
  })
  t.after(() => database.close())
  return starting
}

/** Lets COMMIT reach the server and cuts its connection before the answer passes; returns how often so far. */
function loseAnswers(link: Link): () => number {
  const waiting = new Set<number>()
  let commitCount = 0
  let lostCount = 0
  link.watch((towards, bytes, connection) => {
    if (towards === 'server' && bytes.includes(COMMIT)) {
      commitCount += 1
      if (commitCount % LOST_EVERY === 0 && lostCount < LOST_COUNT_MAX) waiting.add(connection.id)
    } else if (towards === 'client' && waiting.delete(connection.id)) {
      lostCount += 1
      connection.cut()
    }
  })
  return () => lostCount
}

/** One backend dies without warning, and the server ends all others and recovers from its log. */
async function crash(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const ended = new Promise<void>((resolve) => client.once('end', resolve))
  process.kill(rows[0]?.pid ?? assert.fail(), 'SIGKILL')
  await ended
}

async function assertIssued(pipeline: Pipeline, orderNo: string, waitMsMax: number): Promise<void> {
  assert.equal((await pipeline.nextResult(orderNo, waitMsMax)).result.status, 'issued')
}
