/** A message that kills its worker: it is isolated, given up after three tries, and may be tried again by a person. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { makeDeadLetterStore } from '../../adapters/postgres/dead-letters/dead-letter-store.js'
import { makeDirectorySource } from '../../adapters/postgres/directory/directory.js'
import { randomIds } from '../../adapters/system/ids.js'
import { after } from '../kernel/time.js'
import { withSchema } from '../testing/database.js'
import { aMessage, now } from '../testing/story.js'
import { type ReceiveDeps, resumeInbox } from './receive.js'
import { makeShelf } from './shelf.js'

test('a message that breaks off three workers is dead, told why, and its neighbour goes on', async (t) => {
  const { store, pool, deps } = await setUp(t)
  const undecided = { disposition: null, orderId: null, isRedelivered: true } as const
  const poison = aMessage({ ...undecided, receivedAt: now() })
  await store.database.transaction('other', (tx) => store.inbox.insert(tx, [poison]))
  // Three workers take it up and die.
  for (let count = 0; count < 3; count += 1) {
    await store.inbox.begin(await store.inbox.claim({ leaseMs: 0, limit: 1 }))
  }
  const neighbour = aMessage(undecided)
  await store.database.transaction('other', (tx) => store.inbox.insert(tx, [neighbour]))

  assert.equal(await resumeInbox(deps), 2)

  const { rows } = await pool.query(
    "select id, disposition, park_cause, faults->0->>'code' as code from inbox_messages order by received_at",
  )
  assert.deepEqual(rows, [
    { id: poison.id, disposition: 'dead', park_cause: null, code: 'MSG-poison' },
    { id: neighbour.id, disposition: null, park_cause: 'mapping_missing', code: 'MAP-business-type' },
  ])

  const told = await pool.query("select faults->0->>'messageEn' as why from inbox_messages where id = $1", [poison.id])
  assert.match(told.rows[0].why, /broke off 3 times/)

  const letters = makeDeadLetterStore(pool)
  const filter = {
    states: ['dead' as const],
    code: 'MSG-poison',
    cause: null,
    businessType: null,
    source: null,
    id: null,
  }
  const run = { startedAt: now(), limit: 10 }
  const { ids } = await store.database.transaction('letters.move', (tx) => letters.release(tx, filter, run))
  assert.deepEqual(ids, [poison.id])
  const [again] = await store.inbox.claim({ leaseMs: 60_000, limit: 1 })
  assert.deepEqual([again?.id, again?.attempts], [poison.id, 0])
})

test('of suspects that were taken up together, only the one that was being tried gets a mark', async (t) => {
  const { store, pool, deps } = await setUp(t)
  const start = now()
  const messages = [3, 2, 1].map((age) =>
    aMessage({ disposition: null, orderId: null, isRedelivered: true, receivedAt: after(start, -age * 1_000) }),
  )
  await store.database.transaction('other', (tx) => store.inbox.insert(tx, messages))
  let count = 0
  const breaking: ReceiveDeps['store']['database'] = {
    isOutage: () => false,
    transaction(name, work) {
      count += 1
      return count === 2 ? Promise.reject(new Error('the second breaks off')) : store.database.transaction(name, work)
    },
  }
  await assert.rejects(resumeInbox({ ...deps, store: { ...store, database: breaking } }), /the second breaks off/)

  const { rows } = await pool.query('select attempts, park_cause from inbox_messages order by received_at')
  assert.deepEqual(rows, [
    { attempts: 0, park_cause: 'mapping_missing' },
    { attempts: 1, park_cause: null },
    { attempts: 0, park_cause: null },
  ])
})

test('a taking-up whose answer was lost is no try, however often it happens', async (t) => {
  const { store, pool, deps } = await setUp(t)
  const message = aMessage({ disposition: null, orderId: null, isRedelivered: true })
  await store.database.transaction('other', (tx) => store.inbox.insert(tx, [message]))
  for (let count = 0; count < 5; count += 1) await store.inbox.claim({ leaseMs: 0, limit: 1 })
  await resumeInbox(deps)

  const { rows } = await pool.query('select disposition, park_cause from inbox_messages')
  assert.deepEqual(rows, [{ disposition: null, park_cause: 'mapping_missing' }])
})

test('an outage makes no poison of the messages that it met, however long it lasts', async (t) => {
  const { store, pool, deps } = await setUp(t)
  const message = aMessage({ disposition: null, orderId: null, isRedelivered: true })
  await store.database.transaction('other', (tx) => store.inbox.insert(tx, [message]))
  const diskFull = {
    ...store.database,
    isOutage: () => true,
    transaction: () => Promise.reject(new Error('no space left on device')),
  }
  const down = { ...deps, store: { ...store, database: diskFull } }

  for (let count = 0; count < 5; count += 1) await assert.rejects(resumeInbox(down), /no space left/)
  await resumeInbox(deps)

  const { rows } = await pool.query('select disposition, park_cause from inbox_messages')
  assert.deepEqual(rows, [{ disposition: null, park_cause: 'mapping_missing' }])
})

async function setUp(t: TestContext) {
  const { store, pool } = await withSchema(t)
  const directory = await makeDirectorySource(pool).load()
  const deps: ReceiveDeps = {
    store,
    directory: () => directory,
    renewDirectory: () => Promise.resolve(),
    mapperOf: () => null,
    uploader: { draw: () => () => '' },
    shelf: makeShelf(),
    breathe: () => Promise.resolve(),
    ids: randomIds,
    clock: { now },
    report: () => undefined,
  }
  return { store, pool, deps }
}
