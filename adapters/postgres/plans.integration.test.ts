/**
 * No statement of the hot path may read a whole table, however small the table was when its plan was made. All of them
 * are run once and recorded; then each is planned as the server keeps it (without knowing its values), on empty tables
 * and on full ones.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import { v7 } from 'uuid'
import { addUnit, type TestDatabase, withSchema } from '../../connector/testing/database.js'
import { aMessage, anOrder, makeStory, now } from '../../connector/testing/story.js'
import { tellEverything } from '../../connector/testing/whole-story.js'

/** Rows of each table that grows with every order. */
const PAST_COUNT = 20_000
const GROWING: ReadonlySet<string> = new Set([
  'inbox_messages',
  'orders',
  'order_fills',
  'invoices',
  'invoice_contents',
  'upload_batches',
  'upload_items',
  'upload_attempts',
  'upload_receipts',
  'outbox_events',
  'callback_deliveries',
  'callback_attempts',
  'transitions',
  'number_returns',
])
/** Queues: short, whatever the past. They may be read from their beginning. */
const QUEUES = /_(due|ready|parked|leased)$/

interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  'Recheck Cond'?: string
  Plans?: PlanNode[]
}

test('no statement of the hot path reads a whole table, on empty tables and on full ones', async (t) => {
  const database = await withSchema(t)
  const statements = await record(database)

  const whenEmpty = await withSchema(t)
  const emptyFaults = await findScans(whenEmpty.pool, statements)
  await fill(database.pool)
  const fullFaults = await findScans(database.pool, statements)

  assert.deepEqual([...statements.keys()].sort(), namesInSources())
  assert.deepEqual(emptyFaults, [])
  assert.deepEqual(fullFaults, [])
})

/** Runs every operation once and returns the statements by name. */
async function record(database: TestDatabase): Promise<ReadonlyMap<string, string>> {
  const statements = new Map<string, string>()
  database.pool.on('connect', (client) => {
    const query = client.query.bind(client)
    const note = (config: { name?: string; text?: string }) => {
      if (config.name !== undefined && config.text !== undefined) statements.set(config.name, config.text)
    }
    Object.assign(client, {
      query: (...args: Parameters<typeof query>) => {
        note(Object(args[0]))
        return query(...args)
      },
    })
  })
  await tellEverything(database)
  await runTheRest(database)
  return statements
}

/** What a story at rest does not need: recovery, waking, looking. */
async function runTheRest({ store, pool }: TestDatabase): Promise<void> {
  const unit = await addUnit(pool)
  const story = makeStory(store, unit)
  const lease = { owner: 'w', ms: 0 }
  const claim = { now: now(), lease, limit: 10 }
  const message = aMessage({ disposition: null })
  const order = anOrder({ state: 'received', invoiceCount: 0 })
  await story.receive(1)
  await story.grantNumbers(1)
  await story.grantQuota('1000.00')
  await store.database.transaction('other', async (tx) => {
    await store.inbox.insert(tx, [message, aMessage({ id: order.inboxId, orderId: order.id })])
    await store.orders.insert(tx, [order])
    await store.orders.loadLatest(tx, [order.orderKey])
    await store.orders.loadBody(tx, order.id)
    await store.orders.loadMappingVersion(tx, v7())
    await store.quota.lock(tx, unit.id, story.period)
    await store.signals.announce(tx, ['orders'])
  })
  await store.inbox.claim({ leaseMs: 0, limit: 10 })
  await store.orders.claimWoken({ leaseMs: 0, limit: 10 })
  await store.batches.claimDue({ ...claim, states: ['accepted'] })
  await store.outbox.claimDue(claim)
  await store.outbox.postpone([{ id: v7(), attempts: 1, dueAt: now(), isUnroutable: false }], now())
  const held = [{ id: v7(), fence: 1n }]
  for (const each of [store.batches, store.moves, store.outbox]) await each.renewLeases(held, 0)
  await store.batches.letGo(held)
  await store.batches.loadFrozen(v7())
  await store.batches.unitsWithReadyInvoices(10)
  await store.batches.countParked(unit.id, 'quota_empty')
  const asleep = aMessage({ disposition: null, parkCause: 'mapping_missing' })
  await store.database.transaction('other', async (tx) => {
    await store.inbox.insert(tx, [asleep, aMessage({ ...asleep, id: v7() }), aMessage({ ...asleep, id: v7() })])
    await store.orders.wake(tx, { causes: ['mapping_missing'], limit: 1, goesOn: true })
  })
  const wakeOn = () => store.database.transaction('other', (tx) => store.orders.wakeOn(tx, 1))
  while ((await wakeOn()) !== null);
  await store.database.transaction('other', (tx) => store.orders.sweep(tx, ['mapping_missing'], 1))
  await store.quota.load(null, unit.id, story.period)
  await store.quota.recordBureau(unit.id, story.period, null, now())
  await store.quota.shortAmount(unit.id)
  await store.numbers.stock(null, unit.id, story.year)
  await store.database.transaction('other', async (tx) => {
    const ready = await store.batches.lockReady(tx, unit.id, 1)
    const ids = ready.map(({ id }) => id)
    await store.batches.parkInvoices(tx, ids, 'quota_empty')
    const move = await store.moves.plan({
      id: v7(),
      usingUnitId: unit.id,
      kind: 'number_claim',
      serial: v7(),
      numberCount: 1,
      amount: null,
      period: null,
    })
    await store.numbers.addSegment(tx, {
      ...(await overlapping(pool)),
      id: v7(),
      usingUnitId: unit.id,
      moveId: move?.id ?? v7(),
    })
    await store.inbox.decide(tx, [
      { id: message.id, fence: 1n, disposition: 'ignored', orderId: null, faults: [], parkCause: null },
    ])
    await store.orders.advanceReceived(tx, [{ ...order, fence: 1n, parkCause: 'mapping_fault' }])
  })
}

/** A range that is taken, so that the question for the same segment is asked as well. */
async function overlapping(pool: pg.Pool) {
  const { rows } = await pool.query(
    'select year, first_number as first, last_number as last, size from number_segments',
  )
  return rows[0]
}

/** A past of finished orders, as far as plans are concerned. */
async function fill(pool: pg.Pool): Promise<void> {
  await pool.query(`set statement_timeout = 0;
    insert into inbox_messages (id, queue, business_type, source, is_redelivered, body, body_sha256, received_at,
      disposition, order_id)
    select gen_random_uuid(), 'q', 'shop', 'default', false, '', '', now(), 'accepted', gen_random_uuid()
    from generate_series(1, ${PAST_COUNT});
    insert into orders (id, order_key, revision, source, business_type, inbox_id, letter, state,
      received_at)
    select order_id, id::text, 1, source, business_type, id, 'blue', 'issued', now()
    from inbox_messages where body_sha256 = '';
    insert into order_fills select id, '' from orders where order_key = inbox_id::text;
    insert into invoices (id, order_id, split_no, using_unit_id, state, kind, buyer_name, net_amount, tax_amount,
      gross_amount, quota_amount, content_sha256, invoice_number, batch_id, created_at)
    select gen_random_uuid(), o.id, 1, (select id from using_units limit 1), 'issued', 'ordinary', '', 1, 0, 1, 1, '',
      o.id::text, gen_random_uuid(), now()
    from orders o where order_key = inbox_id::text;
    insert into invoice_contents select id, '' from invoices where content_sha256 = '';
    insert into upload_items (batch_id, position, invoice_id, invoice_number, segment_id, frozen, frozen_sha256)
    select batch_id, 0, id, invoice_number, gen_random_uuid(), '', '' from invoices where content_sha256 = '';
    insert into upload_batches (id, using_unit_id, state, size, open_count, seller_name, frozen_sha256, created_at)
    select batch_id, using_unit_id, 'settled', 1, 0, '', '', now() from invoices where content_sha256 = '';
    insert into upload_attempts (id, batch_id, attempt_no, fence, started_at, deadline_at)
    select gen_random_uuid(), id, 1, 1, now(), now() from upload_batches where seller_name = '';
    insert into upload_receipts select gen_random_uuid(), id::text, id from upload_batches where seller_name = '';
    insert into number_returns (segment_id, invoice_number, invoice_id, batch_id, taken_at)
    select (select id from number_segments limit 1), invoice_number, id, batch_id, now()
    from invoices where content_sha256 = '';
    insert into outbox_events (id, order_id, seq, kind, routing_key, body, body_sha256, state, created_at, confirmed_at)
    select gen_random_uuid(), id, 1, 'final', '', '', '', 'published', now(), now()
    from orders where order_key = inbox_id::text;
    insert into callback_deliveries (event_id, endpoint, order_id, seq, state, created_at, delivered_at)
    select id, 'shop', order_id, 1, 'delivered', now(), now() from outbox_events where routing_key = '';
    insert into callback_attempts (id, event_id, attempt_no, fence, outcome, body_sha256, started_at, duration_ms)
    select gen_random_uuid(), id, 1, 1, 'delivered', '', now(), 0 from outbox_events where routing_key = ''`)
  for (const table of GROWING) await pool.query(`analyze ${table}`)
}

/** Plans each statement as a prepared one is kept, and returns what would walk along a table that grows. */
async function findScans(pool: pg.Pool, statements: ReadonlyMap<string, string>): Promise<string[]> {
  const client = await pool.connect()
  const faults: string[] = []
  try {
    await client.query('set plan_cache_mode = force_generic_plan')
    for (const [name, text] of statements) {
      const parameterCount = Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)))
      const values = parameterCount === 0 ? '' : `(${Array.from({ length: parameterCount }, () => 'null').join(', ')})`
      await client.query(`prepare probe as ${text}`)
      const { rows } = await client.query(`explain (format json) execute probe${values}`)
      await client.query('deallocate probe')
      faults.push(...listScans(rows[0]['QUERY PLAN'][0].Plan).map((scan) => `${name}: ${scan}`))
    }
  } finally {
    client.release(true)
  }
  return faults
}

function listScans(node: PlanNode): string[] {
  const below = (node.Plans ?? []).flatMap(listScans)
  const relation = node['Relation Name']
  const index = node['Index Name']
  const isWhole =
    (node['Node Type'] === 'Seq Scan' && relation !== undefined && GROWING.has(relation)) ||
    (index !== undefined && node['Index Cond'] === undefined && !QUEUES.test(index) && isOfGrowing(index))
  return isWhole ? [`${node['Node Type']} ${relation ?? ''} ${index ?? ''}`.trim(), ...below] : below
}

function isOfGrowing(index: string): boolean {
  return [...GROWING].some((table) => index.startsWith(table))
}

/** Every statement of the room by its name, so that none is left out. */
function namesInSources(): string[] {
  return ['issuing', 'deliveries']
    .map((folder) => fileURLToPath(new URL(`./${folder}/`, import.meta.url)))
    .flatMap((folder) => readdirSync(folder).map((file) => `${folder}${file}`))
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/name: '([a-z_.]+)'/g)])
    .map(([, name]) => name ?? '')
    .sort()
}
