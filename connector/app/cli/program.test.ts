import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makeCommandLine } from '../../testing/command-line.js'
import { renderSchemaDocument } from '../configuration/schema-document.js'
import { findPackageRoot, readVersion } from '../package-root.js'

const VERBS = [
  ...['start', 'migrate', 'apply', 'plan', 'audit', 'simulator', 'doctor', 'openapi', 'asyncapi', 'demo', 'schema'],
  ...['mapping check', 'mapping test', 'mapping explain', 'mapping replay'],
  ...['list', 'show', 'rehearse', 'correct', 'release', 'discard'].map((verb) => `dead-letters ${verb}`),
]
const DEFINITIONS = join(findPackageRoot(), 'mappings/definitions')
const MASTER_KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 37) % 256)).toString('base64')
/** Nothing listens on port 1. */
const UNREACHABLE = 'postgres://leqi:hunter@127.0.0.1:1/leqi'

async function aFile(t: TestContext, name: string, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'leqi-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

for (const verb of VERBS) {
  test(`${verb} has a help and exits 0 with it`, async () => {
    const { run, out, err } = makeCommandLine()

    assert.equal(await run(...verb.split(' '), '--help'), 0)
    assert.match(out.join('\n'), new RegExp(`^Usage: leqi-connector ${verb}`))
    assert.deepEqual(err, [])
  })
}

test('the help names every verb and the exit codes, without colours', async () => {
  const { run, out } = makeCommandLine()
  assert.equal(await run('--help'), 0)
  const help = out.join('\n')

  for (const verb of VERBS) assert.ok(help.includes(`\n  ${verb.split(' ')[0]}`), verb)
  assert.match(help, /Exit codes: 0 .* 1 .* 2/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what colours begin with.
  assert.doesNotMatch(help, /\u001b/)
})

test('the version is that of the package', async () => {
  const { run, out } = makeCommandLine()

  assert.equal(await run('--version'), 0)
  assert.deepEqual(out, [readVersion()])
})

test('a wrong command line could not run', async () => {
  for (const args of [
    ['aply', 'x'],
    ['apply'],
    ['audit', '--jsno'],
    ['simulator', '--port', 'x'],
    ['mapping', 'chek'],
    ['doubt', 'approve', 'x1', '--by', 'Li'],
    ['restore', 'approve', '-1', '--by', 'Li'],
    ['callbacks', 'enable', 'shop', '--reason', 'back'],
    ['results', 'list', '--limit', '0'],
    ['results', 'list', '--limit', '1001'],
    ['dead-letters', 'show', '--limit', '1001'],
    ['dead-letters', 'rehearse', '--limit', '0'],
  ]) {
    const { run, err } = makeCommandLine()

    assert.equal(await run(...args), 2, args.join(' '))
    assert.match(err.join('\n'), /^error: .+\n.*用法见 --help/s, args.join(' '))
  }
})

test('verbs that are not built yet say so and could not run', async () => {
  for (const args of [['openapi'], ['asyncapi'], ['mapping', 'replay']]) {
    const { run, err } = makeCommandLine()

    assert.equal(await run(...args), 2)
    assert.match(err.join('\n'), new RegExp(`${args.join(' ')} is not built yet`))
  }
})

test('a wrong environment refuses each verb that needs it and names the variables, never their values', async () => {
  for (const args of [['start'], ['migrate'], ['audit'], ['apply', 'x'], ['plan', 'x']]) {
    const { run, err } = makeCommandLine({ LEQI_MASTER_KEY: 'hunter', LEQI_MASTERKEY: 'hunter', PORT: 'hunter' })

    assert.equal(await run(...args), 2, args.join(' '))
    const told = err.join('\n')
    for (const name of ['LEQI_MASTER_KEY', 'LEQI_MASTERKEY', 'PORT', 'DATABASE_URL'])
      assert.match(told, new RegExp(`^${name}: `, 'm'))
    assert.doesNotMatch(told, /hunter/)
  }
})

test('a server that does not answer is told in a line without stack and password; debugging shows the stack', async () => {
  for (const level of ['info', 'debug']) {
    const { run, err } = makeCommandLine({ DATABASE_URL: UNREACHABLE, LOG_LEVEL: level })

    assert.equal(await run('migrate'), 2)
    assert.match(err[0] ?? '', /ECONNREFUSED.*DATABASE_URL/)
    assert.equal(err.length, level === 'debug' ? 2 : 1)
    assert.doesNotMatch(err.join('\n'), /hunter/)
  }
})

test('a wrong settings file is told line by line and found wrong before any server is asked', async (t) => {
  const file = await aFile(t, 'settings.yaml', 'usingUnits:\n  - {name: a, taxNo: b}\nproduct: []\n')
  for (const verb of ['apply', 'plan']) {
    const { run, err, out } = makeCommandLine({ DATABASE_URL: UNREACHABLE, LEQI_MASTER_KEY: MASTER_KEY })

    assert.equal(await run(verb, file), 1)
    assert.deepEqual(out, [])
    assert.deepEqual(
      err.slice(0, -1).map((line) => line.split(' ').slice(0, 3).join(' ')),
      [
        `${file}:2:5 error CFG-missing`,
        `${file}:2:5 error CFG-missing`,
        `${file}:2:22 error CFG-form`,
        `${file}:3:1 error CFG-unknown`,
      ],
    )
    assert.match(err.at(-1) ?? '', /4 faults; nothing was changed/)
  }
})

test('a file that is not there is found wrong', async () => {
  const { run, err } = makeCommandLine({ DATABASE_URL: UNREACHABLE, LEQI_MASTER_KEY: MASTER_KEY })

  assert.equal(await run('plan', '/nowhere.yaml'), 1)
  assert.match(err[0] ?? '', /CFG-file/)
})

test('the shipped mappings compile, their examples pass, and each field can be explained', async () => {
  const { run, out, err } = makeCommandLine()
  const names = ['northwind', 'pinduoduo', 'shopify', 'woocommerce']

  assert.equal(await run('mapping', 'check', ...names.map((name) => join(DEFINITIONS, name, 'mapping.yaml'))), 0)
  assert.equal(out.length, names.length)
  assert.equal(await run('mapping', 'test', ...names.map((name) => join(DEFINITIONS, name))), 0)
  assert.equal(await run('mapping', 'explain', join(DEFINITIONS, 'shopify', 'mapping.yaml')), 0)
  assert.match(out.join('\n'), /^\/orderNo\n {4}= order\.name/m)
  assert.deepEqual(err, [])
})

test('a broken mapping is told with line and column; a missing one could not be looked at', async (t) => {
  const file = await aFile(t, 'mapping.yaml', 'businessType: shop\nversion: 1\nlines: 3\n')
  const { run, err } = makeCommandLine()

  assert.equal(await run('mapping', 'check', file), 1)
  assert.match(err.join('\n'), /mapping\.yaml:\d+:\d+ error MAP-/)
  assert.equal(await run('mapping', 'check', '/nowhere.yaml'), 2)
  assert.equal(await run('mapping', 'test', '/nowhere'), 2)
})

test('the schema verb prints the shipped document', async () => {
  const { run, out } = makeCommandLine()

  assert.equal(await run('schema'), 0)
  assert.equal(`${out.join('\n')}\n`, renderSchemaDocument())
})

test('the doctor names what is missing without any server', async () => {
  const { run, out } = makeCommandLine({ AMQP_URL: 'http://hunter' })

  assert.equal(await run('doctor'), 1)
  assert.deepEqual(
    out.map((line) => line.split(':')[0]),
    [out[0]?.split(':')[0], 'bad  AMQP_URL', 'bad  DATABASE_URL', 'bad  LEQI_MASTER_KEY'],
  )
  assert.doesNotMatch(out.join('\n'), /hunter/)
})

test('the simulator tells its address, answers, and ends with 0 by a signal', async () => {
  const { run, waitForLine, signals } = makeCommandLine()
  const ended = run('simulator', '--port', '0', '--delay-ms', '0', '--seed', '7')
  const [address = ''] = /http:\/\/[\d.:]+/.exec(await waitForLine(/http:/)) ?? []
  const health = await fetch(`${address}/_control/health`)
  await health.text()
  signals.emit('SIGTERM', 'SIGTERM')

  assert.equal(health.status, 200)
  assert.equal(await ended, 0)
})

test('a simulator whose world is unreadable could not run', async () => {
  const { run, err } = makeCommandLine()

  assert.equal(await run('simulator', '--port', '0', '--world', '/nowhere.json'), 2)
  assert.match(err.join('\n'), /nowhere\.json/)
})
