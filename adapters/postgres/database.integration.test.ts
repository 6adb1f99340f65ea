import assert from 'node:assert/strict'
import { connect as connectSocket, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { CommitUnknown, type Tx } from '../../connector/issuing/transaction.js'
import { databaseUrl, withSchema } from '../../connector/testing/database.js'
import { clientOf, makeDatabase } from './database.js'
import { makePool } from './pool.js'

/** A table of two rows to fight over. */
async function setup(t: TestContext) {
  const { pool, schema, store } = await withSchema(t)
  await pool.query('create table counters (id integer primary key, count integer not null)')
  await pool.query('insert into counters values (1, 0), (2, 0)')
  return { pool, schema, database: store.database }
}

test('what a transaction did is there after it, and nothing of one that failed', async (t) => {
  const { pool, database } = await setup(t)

  const told = await database.transaction('other', async (tx) => {
    await clientOf(tx).query('update counters set count = 5 where id = 1')
    return 'done'
  })
  await assert.rejects(
    database.transaction('other', async (tx) => {
      await clientOf(tx).query('update counters set count = 7 where id = 1')
      throw new Error('changed its mind')
    }),
    /changed its mind/,
  )

  assert.equal(told, 'done')
  assert.deepEqual((await pool.query('select count from counters where id = 1')).rows, [{ count: 5 }])
})

test('statements issued together go in order, and the first failure is the one that is told', async (t) => {
  const { database } = await setup(t)

  await assert.rejects(
    database.transaction('other', async (tx) => {
      const client = clientOf(tx)
      await Promise.all([
        client.query('update counters set count = 1'),
        client.query('select 1 / 0'),
        client.query('update counters set count = 2'),
      ])
    }),
    { code: '22012' },
  )
})

test('a failure that passes is repeated, although the statements behind it are refused before it is heard of', async (t) => {
  const { pool, database } = await setup(t)
  let runs = 0

  await database.transaction('other', async (tx) => {
    const client = clientOf(tx)
    runs += 1
    const later = `do $$ begin if ${runs === 1} then raise exception 'later' using errcode = '40001'; end if; end $$`
    // Whoever asked first is some calls away from its answer, and hears of it after its neighbour.
    const far = async (depth: number): Promise<unknown> => (depth === 0 ? client.query(later) : await far(depth - 1))
    await Promise.all([far(5), client.query('update counters set count = count + 1')])
  })

  assert.equal(runs, 2)
  assert.deepEqual((await pool.query('select count from counters where id = 1')).rows, [{ count: 1 }])
})

test('two transactions that lock each other out are repeated until both have happened', async (t) => {
  const { pool, database } = await setup(t)
  let runs = 0
  let holding = 0
  let meet: () => void = () => undefined
  const meeting = new Promise<void>((resolve) => {
    meet = resolve
  })
  const add = (first: number, second: number) =>
    database.transaction('other', async (tx) => {
      runs += 1
      const client = clientOf(tx)
      await client.query('update counters set count = count + 1 where id = $1', [first])
      holding += 1
      if (holding === 2) meet()
      await meeting
      await client.query('update counters set count = count + 1 where id = $1', [second])
    })

  await Promise.all([add(1, 2), add(2, 1)])

  assert.ok(runs >= 3, 'one of the two was the victim and ran again')
  assert.deepEqual((await pool.query('select count from counters order by id')).rows, [{ count: 2 }, { count: 2 }])
})

test('a passing refusal is tried eight times more, with growing pauses, then told', async (t) => {
  const { pool } = await setup(t)
  const pauses: number[] = []
  const database = makeDatabase(pool, {
    random: () => 1,
    sleep: async (ms) => {
      pauses.push(ms)
    },
  })

  await assert.rejects(
    database.transaction('other', async (tx) => {
      await clientOf(tx).query("do $$ begin raise exception 'later' using errcode = '40001'; end $$")
    }),
    { code: '40001' },
  )

  assert.deepEqual(pauses, [20, 40, 80, 160, 320, 640, 1_280, 2_000])
})

test('a lasting refusal is told at once', async (t) => {
  const { database } = await setup(t)
  let runs = 0

  await assert.rejects(
    database.transaction('other', async (tx) => {
      runs += 1
      await clientOf(tx).query('insert into counters values (1, 0)')
    }),
    { code: '23505' },
  )

  assert.equal(runs, 1)
})

test('a transaction that went on after a failed statement does not count as done', async (t) => {
  const { pool, database } = await setup(t)

  await assert.rejects(
    database.transaction('other', async (tx) => {
      await clientOf(tx).query('update counters set count = 9')
      await clientOf(tx)
        .query('select 1 / 0')
        .catch(() => 'ignored')
    }),
    { name: 'Defect' },
  )

  assert.deepEqual((await pool.query('select max(count) from counters')).rows, [{ max: 0 }])
})

test('no statement can be run by a transaction that has ended, nor by a foreign one', async (t) => {
  const { database } = await setup(t)
  const ended = await database.transaction('other', async (tx) => tx)

  assert.throws(() => clientOf(ended), { name: 'Defect' })
  assert.throws(() => clientOf({ kind: 'transaction' }), { name: 'Defect' })
})

test('a connection that breaks inside the work stores nothing, and the next transaction has a new one', async (t) => {
  const { pool, database } = await setup(t)

  await assert.rejects(
    database.transaction('other', async (tx) => {
      const client = clientOf(tx)
      await client.query('update counters set count = 3')
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
      await pool.query('select pg_terminate_backend($1)', [rows[0]?.pid])
      await client.query('update counters set count = 4')
    }),
  )
  const counts = await database.transaction('other', async (tx) =>
    clientOf(tx).query('select max(count) from counters'),
  )

  assert.deepEqual(counts.rows, [{ max: 0 }])
})

test('a commit whose answer is lost is told as unknown, although it was stored', async (t) => {
  const { pool, schema } = await setup(t)
  const cut = await startCuttingProxy(t)
  const url = new URL(databaseUrl())
  url.hostname = '127.0.0.1'
  url.port = String(cut.port)
  const options = { url: url.toString(), schema, applicationName: 'leqi-connector test', onError: () => undefined }
  const distant = makePool({ ...options, connectionCountMax: 1 })
  t.after(() => distant.end())
  const database = makeDatabase(distant, { random: Math.random, sleep: async () => undefined })

  await assert.rejects(
    database.transaction('other', async (tx) => {
      await clientOf(tx).query('update counters set count = 11 where id = 1')
    }),
    (error) => error instanceof CommitUnknown && error.code === 'STO-commit-unknown',
  )

  assert.deepEqual((await pool.query('select count from counters where id = 1')).rows, [{ count: 11 }])
})

test('a connection to a server that only reads, or that is going, is left; the next transaction has another', async (t) => {
  const { pool, database } = await setup(t)
  const pidOf = async (tx: Tx) => (await clientOf(tx).query('select pg_backend_pid() as pid')).rows[0].pid
  const pids: unknown[] = []
  const fail = (code: string) =>
    database.transaction('other', async (tx) => {
      pids.push(await pidOf(tx))
      await clientOf(tx).query(`do $$ begin raise exception 'injected' using errcode = '${code}'; end $$`)
    })

  for (const code of ['25006', '57P01', '53300']) await assert.rejects(fail(code), { code })
  await assert.rejects(fail('53100'), { code: '53100' })
  pids.push(await database.transaction('other', pidOf))

  const [standby, going, overrun, full, last] = pids
  assert.equal(new Set([standby, going, overrun, full]).size, 4)
  assert.equal(last, full, 'a full disk is no fault of the connection')
  assert.equal(pool.totalCount, 1)
})

test('the limits of a session: 10 s a statement, 3 s a lock, 15 s idle in a transaction', async (t) => {
  const { pool } = await setup(t)
  const names = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']
  const { rows } = await pool.query('select name, setting from pg_settings where name = any($1) order by name', [names])
  assert.deepEqual(
    rows.map(({ setting }) => setting),
    ['15000', '3000', '10000'],
  )
})

/** Passes everything on, but cuts the line when the server has answered a COMMIT. */
async function startCuttingProxy(t: TestContext): Promise<{ port: number }> {
  const target = new URL(databaseUrl())
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connectSocket(Number(target.port || 5432), target.hostname)
    let isCommitting = false
    sockets.add(near).add(far)
    near.on('data', (bytes) => {
      isCommitting ||= bytes.toString('latin1').includes('commit\0')
      far.write(bytes)
    })
    far.on('data', (bytes) => (isCommitting ? near.destroy() : near.write(bytes)))
    for (const socket of [near, far]) socket.on('error', () => undefined)
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { port: address.port }
}
