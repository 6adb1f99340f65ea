/**
 * The database answers and stores nothing: its disk is full (53100), or it only reads (25006). Nothing is acknowledged
 * that is not stored, the page says so, and everything goes on by itself. Slow, because of the rests between the tries.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import amqp from 'amqplib'
import { type Pipeline, startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainOrder } from '../testing/plain-orders.js'

const ORDER_COUNT = 60
/** The promise of the product, from the moment at which there is room again. */
const RECOVERY_MS_MAX = 30_000
/** For what was at the bureau when its answer could not be stored: a lease and a doubt, besides. */
const ENDED_MS_MAX = 90_000
const BUSINESS_TYPE = 'plain'

interface Refusal {
  errcode: 'disk_full' | 'read_only_sql_transaction'
  words: string
  /** Refusals of intake that are waited for; a first try is refused twice. */
  countMin: number
  /** The schedule: bounds of intake's rest after so many failures in a row, ms. */
  restMs: (failureCount: number) => { min: number; max: number }
}

const FULL: Refusal = {
  errcode: 'disk_full',
  words: 'No space left on device',
  countMin: 1,
  restMs: () => ({ min: 5_000, max: 25_000 }),
}
const READ_ONLY: Refusal = {
  errcode: 'read_only_sql_transaction',
  words: 'cannot execute INSERT in a read-only transaction',
  countMin: 4,
  restMs: (failureCount) => ({ min: 50 * 2 ** (failureCount - 1), max: 500 * 2 ** (failureCount - 1) }),
}

for (const refusal of [FULL, READ_ONLY]) {
  test(`${refusal.errcode}: orders wait at the broker, and go on by themselves ≤ 30 s after it is over`, async (t) => {
    const pipeline = await openPipeline(t)
    const first = aPlainOrder()
    await publish(pipeline, [first])
    await assertIssued(pipeline, [first])
    const storedBefore = await countStored(pipeline)
    await refuseAll(pipeline, refusal)

    const orders = await publish(pipeline)
    await pipeline.until('intake to be refused', async () =>
      (await countRefusals(pipeline, 'inbox_messages')) >= refusal.countMin ? true : null,
    )
    await pipeline.until('the page to say what is down', async () => {
      const { status, dependencies } = await pipeline.readiness()
      const told = [dependencies.intake, dependencies.database].map((each) => each?.lastError)
      return status === 'not_ready' && told.every((words) => words === refusal.words) ? true : null
    })
    assertRests(pipeline, refusal)
    assert.deepEqual(await countStored(pipeline), storedBefore, 'something was stored')

    await allowAll(pipeline)
    const allowedAt = performance.now()
    const sinceAllowed = () => `${Math.round(performance.now() - allowedAt)} ms`
    await untilIssued(pipeline, 2, RECOVERY_MS_MAX)
    const firstAfter = sinceAllowed()
    await assertIssued(pipeline, orders)
    t.diagnostic(`first issued ${firstAfter} after it was over, all ${sinceAllowed()}`)
    await untilReady(pipeline)
    await assertAgreement(pipeline)
  })
}

test('disk_full: a connector that is stopped meanwhile has acknowledged nothing', async (t) => {
  const pipeline = await openPipeline(t)
  await refuseAll(pipeline, FULL)
  const orders = await publish(pipeline)
  await pipeline.until('intake to be refused', async () =>
    (await countRefusals(pipeline, 'inbox_messages')) > 0 ? true : null,
  )
  await pipeline.stop()
  await pipeline.until('all orders to be at the broker', async () =>
    (await countQueued(pipeline)) === ORDER_COUNT ? true : null,
  )

  await allowAll(pipeline)
  await pipeline.start()
  await assertIssued(pipeline, orders)
  await assertAgreement(pipeline)
})

for (const refusal of [FULL, READ_ONLY]) {
  test(`${refusal.errcode} in the middle of uploads and verdicts: each order is issued once`, async (t) => {
    const pipeline = await openPipeline(t)
    const orders = await publish(pipeline)
    await pipeline.nextResultWhere('of any order', () => true)
    await refuseAll(pipeline, refusal)
    await publish(pipeline, [aPlainOrder()])
    await pipeline.until('work to be refused', async () => {
      const counts = ['upload_batches', 'inbox_messages'].map((table) => countRefusals(pipeline, table))
      return (await Promise.all(counts)).every((count) => count > 0) ? true : null
    })
    assert.equal((await pipeline.readiness()).status, 'not_ready')
    const toldCount = pipeline.orderSystem.received.length

    await allowAll(pipeline)
    await untilIssued(pipeline, ORDER_COUNT + 1, ENDED_MS_MAX)
    t.diagnostic(`${toldCount} of ${orders.length} told when it was over`)
    await untilReady(pipeline)
    await assertAgreement(pipeline)
  })
}

/** Intake says itself how long it rests. */
function assertRests({ log }: Pipeline, { restMs }: Refusal): void {
  const rests = log
    .map((line): { msg: string; failureCount: number; pauseMs: number } => JSON.parse(line))
    .filter(({ msg }) => msg === 'batch.failed')
  assert.ok(rests.length > 0)
  for (const { failureCount, pauseMs } of rests) {
    const { min, max } = restMs(failureCount)
    assert.ok(min <= pauseMs && pauseMs <= max, `${pauseMs} ms after ${failureCount} failures`)
  }
}

/** Verdicts take a while, so that work is under way. */
function openPipeline(t: TestContext): Promise<Pipeline> {
  return startPipeline(t, {
    simulator: { verdictDelay: { minMs: 0, maxMs: 1_000, hiddenMs: 0 } },
    env: { LOG_LEVEL: 'error' },
    settings: ({ businessTypes }, write) => {
      const mapping = write('plain.yaml', plainMapping(BUSINESS_TYPE))
      businessTypes.push({ code: BUSINESS_TYPE, name: '业务', seller: SELLERS.sales.taxNo, mapping })
    },
  })
}

/** Every write to every table is refused, and counted by a sequence, which no rollback takes back. */
async function refuseAll(pipeline: Pipeline, { errcode, words }: Refusal): Promise<void> {
  await pipeline.sql(`
    create or replace function refuse_to_store() returns trigger language plpgsql as $$ begin
      perform nextval(format('refused_%s', tg_table_name));
      raise exception '${words}' using errcode = '${errcode}';
    end $$`)
  const tables = await listTables(pipeline)
  const each = tables.map(
    (table) => `
      create sequence refused_${table};
      create trigger refuse_to_store before insert or update on ${table}
        for each statement execute function refuse_to_store();`,
  )
  await pipeline.sql(each.join(''))
}

async function allowAll(pipeline: Pipeline): Promise<void> {
  const tables = await listTables(pipeline)
  await pipeline.sql(tables.map((table) => `drop trigger refuse_to_store on ${table};`).join(''))
}

async function listTables(pipeline: Pipeline): Promise<readonly string[]> {
  const rows = await pipeline.sql<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = $1 order by 1`,
    [pipeline.schema],
  )
  return rows.map(({ name }) => name)
}

async function countRefusals(pipeline: Pipeline, table: string): Promise<number> {
  const [row] = await pipeline.sql<{ count: number }>(
    `select case when is_called then last_value else 0 end::int as count from refused_${table}`,
  )
  return row?.count ?? 0
}

async function countStored(pipeline: Pipeline) {
  const [row] = await pipeline.sql<{ messages: number; orders: number }>(
    `select (select count(*)::int from inbox_messages) as messages, (select count(*)::int from orders) as orders`,
  )
  return row
}

async function countQueued({ env }: Pipeline): Promise<number> {
  const connection = await amqp.connect(env.AMQP_URL ?? '')
  const channel = await connection.createChannel()
  const { messageCount } = await channel.checkQueue(`${env.LEQI_NAME_PREFIX}leqi.orders`)
  await connection.close()
  return messageCount
}

async function publish(pipeline: Pipeline, orders = Array.from({ length: ORDER_COUNT }, () => aPlainOrder())) {
  await pipeline.orderSystem.publish(...orders.map((body) => ({ businessType: BUSINESS_TYPE, body })))
  return orders
}

async function assertIssued(pipeline: Pipeline, orders: readonly { no: string }[]): Promise<void> {
  const results = await Promise.all(orders.map(({ no }) => pipeline.nextResult(no, ENDED_MS_MAX)))
  assert.deepEqual([...new Set(results.map(({ result }) => result.status))], ['issued'])
}

function untilIssued(pipeline: Pipeline, count: number, waitMsMax: number): Promise<true> {
  return pipeline.until(
    `at least ${count} orders to be issued`,
    async () => {
      const [row] = await pipeline.sql<{ count: number }>(
        `select count(*)::int as count from orders where state = 'issued'`,
      )
      return row !== undefined && row.count >= count ? true : null
    },
    waitMsMax,
  )
}

function untilReady(pipeline: Pipeline): Promise<true> {
  return pipeline.until(
    'the page to be ready',
    async () => ((await pipeline.readiness()).status === 'ready' ? true : null),
    RECOVERY_MS_MAX,
  )
}
