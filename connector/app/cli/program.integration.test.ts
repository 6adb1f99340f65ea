import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import amqp from 'amqplib'
import { startSimulator } from '../../../adapters/leqi/simulator/simulator.js'
import { toTopology } from '../../../adapters/rabbitmq/topology.js'
import { makeCommandLine } from '../../testing/command-line.js'
import { withSchema } from '../../testing/database.js'
import { findPackageRoot } from '../package-root.js'

const MASTER_KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 37) % 256)).toString('base64')
const OTHER_KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 41) % 256)).toString('base64')
const AMQP_URL = process.env.AMQP_URL ?? 'amqp://guest:guest@127.0.0.1:5672'

/** The demo's settings against a simulator and a migrated schema of the test's own. */
async function setup(t: TestContext) {
  const { url, schema, pool } = await withSchema(t)
  const simulator = await startSimulator({ verdictDelay: { minMs: 0, maxMs: 0, hiddenMs: 0 } })
  let isOpen = true
  const closeSimulator = async () => {
    if (isOpen) await simulator.close()
    isOpen = false
  }
  t.after(closeSimulator)
  const folder = await mkdtemp(join(tmpdir(), 'leqi-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const demo = await readFile(join(findPackageRoot(), 'docs/examples/demo.yaml'), 'utf8')
  const file = join(folder, 'demo.yaml')
  const text = demo
    .replace('http://127.0.0.1:9443', simulator.url)
    .replaceAll('../../mappings', join(findPackageRoot(), 'mappings'))
  await writeFile(file, text)
  const env = {
    DATABASE_URL: url,
    AMQP_URL,
    LEQI_DB_SCHEMA: schema,
    LEQI_MASTER_KEY: MASTER_KEY,
    LEQI_INSECURE_HOSTS: new URL(simulator.url).host,
  }
  const ask = async (sql: string) =>
    (await pool.query({ text: sql, rowMode: 'array' })).rows.map((row) => row.join(' '))
  return { env, file, text, ask, closeSimulator }
}

test('from a plan to verified units with numbers and quota, and nothing left to do', async (t) => {
  const { env, file, ask } = await setup(t)
  const plan = makeCommandLine(env)
  assert.equal(await plan.run('plan', file), 0)
  assert.equal(plan.out.at(-1), '31 to create, 0 to update, 0 to delete')
  assert.deepEqual(await ask('select count(*) from direct_units'), ['0'], 'a plan changes nothing')

  const apply = makeCommandLine(env)
  assert.equal(await apply.run('apply', file), 0, apply.err.join('\n'))
  assert.deepEqual(apply.err, [])
  assert.deepEqual(
    await ask('select count(*) from using_units where verified_at is not null and profile is not null'),
    ['2'],
  )
  assert.deepEqual(await ask('select sum(size) from number_segments group by using_unit_id'), ['1000', '1000'])
  assert.deepEqual(await ask('select downloaded_amount from credit_quotas'), ['100000.00', '100000.00'])

  const again = makeCommandLine(env)
  assert.equal(await again.run('apply', file, '--prune'), 0)
  assert.equal(again.out[0], '无变化 / nothing to change')
  assert.deepEqual(await ask('select sum(size) from number_segments group by using_unit_id'), ['1000', '1000'])

  const doctor = makeCommandLine(env)
  assert.equal(await doctor.run('doctor'), 0)
  assert.ok(
    doctor.out.every((line) => line.startsWith('ok')),
    doctor.out.join('\n'),
  )

  const audit = makeCommandLine(env)
  assert.equal(await audit.run('audit', '--json'), 0)
  const report = JSON.parse(audit.out.join('\n'))
  assert.deepEqual([report.ok, report.violations, report.counts.numbers], [true, [], 2000])
})

test('units that cannot be verified stay stored as unverified, with exit 1; offline nobody is asked', async (t) => {
  const { env, file, ask, closeSimulator } = await setup(t)
  await closeSimulator()
  const offline = makeCommandLine(env)
  assert.equal(await offline.run('apply', file, '--offline'), 0)
  const { run, err } = makeCommandLine(env)
  assert.equal(await run('apply', file), 1)

  assert.equal(err.filter((line) => /verification: \S+/.test(line)).length, 2)
  assert.deepEqual(await ask('select count(*) from using_units where verified_at is null'), ['2'])
  assert.deepEqual(await ask('select count(*) from number_segments'), ['0'])
})

test('a key of another environment fails the verification of its units', async (t) => {
  const { env, file, text, ask } = await setup(t)
  await writeFile(file, text.replace('apiKey: 0123456789abcdef', 'apiKey: ffffffffffffffff'))
  const { run } = makeCommandLine(env)

  assert.equal(await run('apply', file), 1)
  assert.deepEqual(await ask('select count(*) from using_units where verified_at is null'), ['2'])
})

test('a dangling reference that only the database can see changes nothing', async (t) => {
  const { env, file, ask } = await setup(t)
  await writeFile(
    file,
    'products:\n  - {seller: 91310115MA1K00015K, code: a, name: b, taxCode: "1080113000000000000", taxRate: "0.13"}\n',
  )
  for (const verb of ['plan', 'apply']) {
    const { run, err } = makeCommandLine(env)
    assert.equal(await run(verb, file), 1)
    assert.match(err[0] ?? '', /:2:14 error CFG-reference/)
  }

  assert.deepEqual(await ask('select count(*) from products'), ['0'])
})

test('another master key on the same schema is refused, by its variable', async (t) => {
  const { env, file } = await setup(t)
  assert.equal(await makeCommandLine(env).run('apply', file, '--offline'), 0)
  for (const args of [
    ['apply', file, '--offline'],
    ['plan', file],
  ]) {
    const { run, err } = makeCommandLine({ ...env, LEQI_MASTER_KEY: OTHER_KEY })
    assert.equal(await run(...args), 2)
    assert.match(err[0] ?? '', /STO-other-key: .*LEQI_MASTER_KEY/)
  }
  const doctor = makeCommandLine({ ...env, LEQI_MASTER_KEY: OTHER_KEY })

  assert.equal(await doctor.run('doctor'), 1)
  assert.ok(doctor.out.some((line) => line.startsWith('bad  LEQI_MASTER_KEY')))
})

test('a server that would forget what it acknowledged is refused before anything is stored, by its variable', async (t) => {
  const { env, file, ask } = await setup(t)
  const careless = new URL(env.DATABASE_URL)
  careless.searchParams.set('options', '-c synchronous_commit=off')
  const url = careless.toString()
  for (const args of [['apply', file, '--offline'], ['start']]) {
    const { run, err } = makeCommandLine({ ...env, DATABASE_URL: url, LOG_LEVEL: 'silent' })
    assert.equal(await run(...args), 2)
    assert.match(err[0] ?? '', /STO-server: DATABASE_URL.*synchronous_commit is off/)
    assert.ok(!err.join('\n').includes(url))
  }
  const doctor = makeCommandLine({ ...env, DATABASE_URL: url })

  assert.equal(await doctor.run('doctor'), 1)
  assert.ok(doctor.out.some((line) => line.startsWith('bad') && line.includes('synchronous_commit')))
  assert.deepEqual(await ask('select count(*) from direct_units'), ['0'])
})

test('a schema of a newer release and an order queue of somebody else refuse the start, by name', async (t) => {
  const { env, file, ask } = await setup(t)
  assert.equal(await makeCommandLine(env).run('apply', file, '--offline'), 0)
  const prefix = `${env.LEQI_DB_SCHEMA}.`
  const broker = await amqp.connect(AMQP_URL)
  const channel = await broker.createChannel()
  const { orderQueue, deadQueue, orderExchange, deadExchange, resultExchange } = toTopology(prefix)
  t.after(async () => {
    for (const queue of [orderQueue, deadQueue]) await channel.deleteQueue(queue)
    for (const exchange of [orderExchange, deadExchange, resultExchange]) await channel.deleteExchange(exchange)
    await broker.close()
  })
  await channel.assertQueue(orderQueue, { durable: true })
  const start = async () => {
    const { run, err } = makeCommandLine({ ...env, PORT: '0', LEQI_NAME_PREFIX: prefix, LOG_LEVEL: 'silent' })
    assert.equal(await run('start'), 2)
    return err[0] ?? ''
  }

  assert.match(await start(), /AMQ-unsuitable: .*leqi\.orders/)
  await ask("insert into schema_migrations (name, batch, migration_time) values ('9999-later', 9, now())")
  assert.match(await start(), /STO-schema-newer: .*LEQI_DB_SCHEMA.*9999-later/)
})

test('a start refuses units whose plain address the environment does not name', async (t) => {
  const { env, file } = await setup(t)
  assert.equal(await makeCommandLine(env).run('apply', file, '--offline'), 0)
  const { run, err } = makeCommandLine({ ...env, LEQI_INSECURE_HOSTS: '', LOG_LEVEL: 'silent' })

  assert.equal(await run('start'), 2)
  assert.match(err[0] ?? '', /0123456789abcdef0123.*LEQI_INSECURE_HOSTS/)
})

test('a schema that was never migrated is told as such, and migrate mends it', async (t) => {
  const { env, file, ask } = await setup(t)
  await ask(`drop schema ${env.LEQI_DB_SCHEMA}, ${env.LEQI_DB_SCHEMA}_audit cascade`)
  const audit = makeCommandLine(env)
  assert.equal(await audit.run('audit'), 2)
  assert.match(audit.err.join('\n'), /leqi-connector migrate/)
  assert.equal(await makeCommandLine(env).run('plan', file), 0)
  const { run, out } = makeCommandLine(env)
  assert.equal(await run('migrate'), 0)
  assert.ok(out.length >= 2)
  assert.equal(await run('migrate'), 0)

  assert.match(out.at(-1) ?? '', /up to date/)
})
