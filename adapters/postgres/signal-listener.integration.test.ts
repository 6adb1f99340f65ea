import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkSignal } from '../../connector/issuing/ports.js'
import { type TestDatabase, withSchema } from '../../connector/testing/database.js'
import { startLink } from '../../connector/testing/link.js'
import { makeSignalListener } from './signal-listener.js'

const ALL = ['batches', 'callbacks', 'events', 'inbox', 'invoices', 'moves', 'orders', 'settings', 'stops']

/** A listener whose calls can be awaited one by one. */
async function listen(t: TestContext, { url, schema }: TestDatabase) {
  const heard: string[][] = []
  const errors: Error[] = []
  let wakeUp = () => {}
  const listener = makeSignalListener({
    url,
    schema,
    applicationName: `listener ${schema}`,
    onSignals: (signals: ReadonlySet<WorkSignal>) => {
      heard.push([...signals].sort())
      wakeUp()
    },
    onError: (error) => errors.push(error),
    // Pings and pauses are not waited for; what matters is told by the server.
    sleep: (ms, signal) => sleep(Math.min(ms, 20), undefined, { signal }).catch(() => undefined),
  })
  await listener.start()
  t.after(() => listener.stop())
  const next = async () => {
    while (heard.length === 0) {
      await new Promise<void>((resolve) => {
        wakeUp = resolve
      })
    }
    return heard.shift()
  }
  return { listener, next, heard, errors }
}

test('signals are heard after the commit, those of a rollback never', async (t) => {
  const database = await withSchema(t)
  const { next, heard } = await listen(t, database)
  const { store } = database
  const first = await next()

  await assert.rejects(
    store.database.transaction('other', async (tx) => {
      await store.signals.announce(tx, ['orders'])
      throw new Error('changed its mind')
    }),
  )
  await store.database.transaction('other', async (tx) => {
    await store.signals.announce(tx, ['invoices', 'events'])
    await store.signals.announce(tx, [])
    assert.deepEqual(heard, [])
  })

  assert.deepEqual(first, ALL, 'whoever begins to listen may have missed anything')
  assert.deepEqual(await next(), ['events', 'invoices'])
})

test('signals of another schema and words of a newer release are not heard', async (t) => {
  const [mine, theirs] = [await withSchema(t), await withSchema(t)]
  const { next } = await listen(t, mine)
  await next()

  await theirs.store.database.transaction('other', (tx) => theirs.store.signals.announce(tx, ['orders']))
  await mine.pool.query('select pg_notify($1, $2)', [`${mine.schema}_work`, 'orders refunds'])

  assert.deepEqual(await next(), ['orders'])
})

test('a broken connection comes back by itself and tells everything', async (t) => {
  const database = await withSchema(t)
  const { next, errors } = await listen(t, database)
  await next()

  await database.pool.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
    `listener ${database.schema}`,
  ])
  const again = await next()
  await database.store.database.transaction('other', (tx) => database.store.signals.announce(tx, ['moves']))

  assert.deepEqual(again, ALL)
  assert.deepEqual(await next(), ['moves'])
  assert.ok(errors.length > 0)
})

test('a link that falls silent is found by a ping, and what was missed is told on the next', async (t) => {
  const database = await withSchema(t)
  const link = await startLink(database.url)
  t.after(() => link.close())
  const { next, errors } = await listen(t, { ...database, url: link.url })
  await next()

  await link.fault({ silentTowards: ['client'] })
  while (errors.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await link.heal()

  assert.match(errors[0]?.message ?? '', /timeout/i)
  assert.deepEqual(await next(), ALL)
})

test('a listener that is stopped leaves no connection, also twice and before it started', async (t) => {
  const database = await withSchema(t)
  const { listener, next } = await listen(t, database)
  await next()
  const unused = makeSignalListener({
    url: database.url,
    schema: database.schema,
    applicationName: 'unused',
    onSignals: () => undefined,
    onError: () => undefined,
    sleep: async () => undefined,
  })

  await listener.stop()
  await listener.stop()
  await unused.stop()

  const { rows } = await database.pool.query(
    'select count(*)::integer as count from pg_stat_activity where application_name = $1',
    [`listener ${database.schema}`],
  )
  assert.deepEqual(rows, [{ count: 0 }])
})
