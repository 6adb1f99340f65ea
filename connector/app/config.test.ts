import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { ConfigError, type ConfigSource, describeConfig, type Environment, loadConfig } from './config.js'

const MASTER_KEY = Buffer.from('f3a1c05e7b92d846e10f5d3c8ab7294006e5d1bfc87a3392de41f08b6c5517ea', 'hex').toString(
  'base64',
)
const DATABASE_URL = 'postgres://leqi:hunter-two@db.internal:5432/leqi'
const AMQP_URL = 'amqp://leqi:hunter-three@mq.internal'

function aSource(env: Environment, files: Record<string, string> = {}): ConfigSource {
  return {
    env,
    readTextFile: (path) => {
      const content = files[path]
      if (content === undefined) throw new Error(`ENOENT ${path}`)
      return content
    },
    listInterfaces: () => ({}),
  }
}

function problemsOf(env: Environment, files?: Record<string, string>): Record<string, string> {
  try {
    loadConfig(aSource(env, files), [])
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    for (const { message, messageEn } of error.problems) assert.ok(message !== '' && messageEn !== '')
    return Object.fromEntries(error.problems.map(({ variable, messageEn }) => [variable, messageEn]))
  }
  return {}
}

test('an empty environment gives the defaults', () => {
  const config = loadConfig(aSource({ HOST: '', LEQI_NAME_PREFIX: '' }))

  assert.deepEqual(
    { ...config },
    {
      databaseUrl: null,
      amqpUrl: null,
      host: '127.0.0.1',
      port: 8080,
      logLevel: 'info',
      masterKey: null,
      metricsToken: null,
      insecureHosts: [],
      callbackHosts: [],
      caPem: null,
      dataDir: null,
      bootstrapToken: null,
      namePrefix: '',
      databaseSchema: 'leqi',
      deviceIp: '127.0.0.1',
      deviceMac: '00-00-00-00-00-00',
      databasePoolSize: 12,
      waitingLimit: 1_000_000,
      databaseSizeLimitMb: null,
      uploadConcurrency: 8,
      isRejectedNumberReused: true,
    },
  )
  assert.ok(Object.isFrozen(config))
})

test('every variable is read into its place', () => {
  const config = loadConfig(
    aSource(
      {
        DATABASE_URL,
        AMQP_URL,
        HOST: '0.0.0.0',
        PORT: '0',
        LOG_LEVEL: 'debug',
        LEQI_MASTER_KEY: MASTER_KEY,
        LEQI_INSECURE_HOSTS: '127.0.0.1:9443, Simulator:9443',
        LEQI_CA_FILE: '/ca.pem',
        LEQI_DATA_DIR: '/data',
        LEQI_BOOTSTRAP_TOKEN: 'one-time-token-0001',
        LEQI_NAME_PREFIX: 'blue.',
        LEQI_DB_SCHEMA: 'leqi_blue',
        LEQI_DEVICE_IP: '10.20.30.40',
        LEQI_DEVICE_MAC: '02:00:5e:10:00:01',
        LEQI_DB_POOL_SIZE: '20',
        LEQI_UPLOAD_CONCURRENCY: '4',
        LEQI_CALLBACK_HOSTS: 'ERP.internal:8080, [::1]:9000',
        LEQI_REUSE_REJECTED_NUMBERS: 'false',
      },
      { '/ca.pem': '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n' },
    ),
    ['databaseUrl', 'amqpUrl', 'masterKey'],
  )

  assert.equal(config.databaseUrl.reveal(), DATABASE_URL)
  assert.equal(config.amqpUrl.reveal(), AMQP_URL)
  assert.equal(config.masterKey.reveal(), MASTER_KEY)
  assert.equal(config.bootstrapToken?.reveal(), 'one-time-token-0001')
  assert.deepEqual(config.insecureHosts, ['127.0.0.1:9443', 'simulator:9443'])
  assert.deepEqual(config.callbackHosts, ['erp.internal:8080', '[::1]:9000'])
  assert.match(config.caPem ?? '', /BEGIN CERTIFICATE/)
  assert.deepEqual(
    [config.host, config.port, config.logLevel, config.dataDir, config.namePrefix, config.databaseSchema],
    ['0.0.0.0', 0, 'debug', '/data', 'blue.', 'leqi_blue'],
  )
  assert.deepEqual(
    [config.deviceIp, config.deviceMac, config.databasePoolSize, config.uploadConcurrency],
    ['10.20.30.40', '02-00-5E-10-00-01', 20, 4],
  )
  assert.equal(config.isRejectedNumberReused, false)
})

test('a secret is read from the file that NAME_FILE names', () => {
  const config = loadConfig(
    aSource(
      { DATABASE_URL_FILE: '/run/secrets/db', LEQI_MASTER_KEY_FILE: '/run/secrets/key' },
      { '/run/secrets/db': `${DATABASE_URL}\n`, '/run/secrets/key': `${MASTER_KEY}\n` },
    ),
    ['databaseUrl', 'masterKey'],
  )

  assert.equal(config.databaseUrl.reveal(), DATABASE_URL)
  assert.equal(config.masterKey.reveal(), MASTER_KEY)
})

test('all problems are told together, each under its variable', () => {
  const problems = problemsOf({
    DATABASE_URL: 'mysql://db',
    AMQP_URL: 'not a url',
    PORT: '65536',
    HOST: 'two words',
    LOG_LEVEL: 'loud',
    LEQI_MASTER_KEY: 'c2hvcnQ=',
    LEQI_INSECURE_HOSTS: 'sim:9443,*',
    LEQI_CA_FILE: '/missing.pem',
    LEQI_BOOTSTRAP_TOKEN: 'short',
    LEQI_NAME_PREFIX: 'amq.x',
    LEQI_DB_SCHEMA: 'pg_leqi',
    LEQI_DEVICE_IP: '300.1.1.1',
    LEQI_DEVICE_MAC: '02:00:5e',
    LEQI_DB_POOL_SIZE: '1e1',
    LEQI_UPLOAD_CONCURRENCY: '0',
    LEQI_REUSE_REJECTED_NUMBERS: 'yes',
  })

  assert.deepEqual(Object.keys(problems).sort(), [
    'AMQP_URL',
    'DATABASE_URL',
    'HOST',
    'LEQI_BOOTSTRAP_TOKEN',
    'LEQI_CA_FILE',
    'LEQI_DB_POOL_SIZE',
    'LEQI_DB_SCHEMA',
    'LEQI_DEVICE_IP',
    'LEQI_DEVICE_MAC',
    'LEQI_INSECURE_HOSTS',
    'LEQI_MASTER_KEY',
    'LEQI_NAME_PREFIX',
    'LEQI_REUSE_REJECTED_NUMBERS',
    'LEQI_UPLOAD_CONCURRENCY',
    'LOG_LEVEL',
    'PORT',
  ])
})

test('an unknown name with our prefix is refused and the nearest known one is named', () => {
  const problems = problemsOf({
    LEQI_MASTERKEY: 'x',
    LEQI_SOMETHING_ELSE: 'y',
    LEQI_NAME_PREFIX_FILE: '/z',
    OTHER: 'ok',
  })

  assert.match(problems.LEQI_MASTERKEY ?? '', /did you mean LEQI_MASTER_KEY\?/)
  assert.equal(problems.LEQI_SOMETHING_ELSE, 'is not known')
  assert.ok('LEQI_NAME_PREFIX_FILE' in problems, 'only secrets may come from a file')
  assert.ok(!('OTHER' in problems))
})

test('a value and its file together contradict each other', () => {
  const problems = problemsOf({ AMQP_URL, AMQP_URL_FILE: '/mq' }, { '/mq': AMQP_URL })

  assert.match(problems.AMQP_URL ?? '', /AMQP_URL_FILE/)
})

test('a secret file that is missing or empty is named by its variable', () => {
  const problems = problemsOf({ AMQP_URL_FILE: '/missing', LEQI_MASTER_KEY_FILE: '/empty' }, { '/empty': '\n' })

  assert.deepEqual(Object.keys(problems).sort(), ['AMQP_URL_FILE', 'LEQI_MASTER_KEY_FILE'])
})

test('what a verb requires must be set', () => {
  assert.throws(
    () => loadConfig(aSource({ AMQP_URL }), ['databaseUrl', 'masterKey']),
    (error) =>
      error instanceof ConfigError &&
      error.problems.map(({ variable }) => variable).join() === 'DATABASE_URL,LEQI_MASTER_KEY',
  )
})

test('a master key that a person made up is refused', () => {
  const samples = {
    zeros: Buffer.alloc(32),
    'counted up': Buffer.from(Array.from({ length: 32 }, (_, index) => index)),
    text: Buffer.from('change-me-change-me-change-me-12'),
    'hexadecimal digits': Buffer.from('0123456789abcdef0123456789abcdef'),
  }
  for (const [name, bytes] of Object.entries(samples)) {
    assert.match(problemsOf({ LEQI_MASTER_KEY: bytes.toString('base64') }).LEQI_MASTER_KEY ?? '', /sample/, name)
  }
  assert.ok('LEQI_MASTER_KEY' in problemsOf({ LEQI_MASTER_KEY: Buffer.alloc(31, 7).toString('base64') }))
  assert.deepEqual(problemsOf({ LEQI_MASTER_KEY: MASTER_KEY }), {})
})

test('switching certificate checks off is refused, for the whole process and for the database', () => {
  const problems = problemsOf({ NODE_TLS_REJECT_UNAUTHORIZED: '0', DATABASE_URL: `${DATABASE_URL}?sslmode=no-verify` })

  const compatible = problemsOf({ DATABASE_URL: `${DATABASE_URL}?uselibpqcompat=true&sslmode=require` })

  assert.deepEqual(Object.keys(problems).sort(), ['DATABASE_URL', 'NODE_TLS_REJECT_UNAUTHORIZED'])
  assert.deepEqual(Object.keys(compatible), ['DATABASE_URL'])
})

test('no problem repeats a value, and no printed configuration holds a secret', () => {
  const env = {
    DATABASE_URL: 'mysql://hunter-four',
    AMQP_URL: 'hunter-five',
    LEQI_MASTER_KEY: 'hunter-six',
    LEQI_BOOTSTRAP_TOKEN: 'hunter',
    PORT: 'hunter-seven',
    LEQI_DEVICE_IP: 'hunter-eight',
  }
  assert.throws(
    () => loadConfig(aSource(env)),
    (error) => !/hunter/.test(inspect(error, { depth: 9 })),
  )
  const config = loadConfig(aSource({ DATABASE_URL, AMQP_URL, LEQI_MASTER_KEY: MASTER_KEY }))
  const printed = inspect(config, { depth: 9, showHidden: true }) + JSON.stringify(config)
  assert.ok(!printed.includes('hunter') && !printed.includes(MASTER_KEY))
})

test('the device is the first external interface with an IPv4 address', () => {
  const address = { netmask: '255.255.255.0', cidr: null }
  const config = loadConfig({
    ...aSource({}),
    listInterfaces: () => ({
      lo: [{ ...address, family: 'IPv4', address: '127.0.0.1', mac: '00:00:00:00:00:00', internal: true }],
      eth0: [
        { ...address, family: 'IPv6', scopeid: 0, address: 'fe80::1', mac: '02:42:ac:11:00:02', internal: false },
        { ...address, family: 'IPv4', address: '172.17.0.2', mac: '02:42:ac:11:00:02', internal: false },
      ],
    }),
  })

  assert.deepEqual([config.deviceIp, config.deviceMac], ['172.17.0.2', '02-42-AC-11-00-02'])
})

test('every variable is described with its default and its meaning in both languages', () => {
  const rows = describeConfig()

  assert.ok(rows.length >= 15)
  for (const { name, fallback, meaning } of rows) {
    assert.match(name, /^[A-Z_]+$/)
    for (const text of [fallback.zh, fallback.en, meaning.zh, meaning.en]) assert.notEqual(text, '', name)
  }
  assert.equal(rows.find(({ name }) => name === 'DATABASE_URL')?.fileName, 'DATABASE_URL_FILE')
  assert.equal(rows.find(({ name }) => name === 'PORT')?.fallback.en, '8080')
})
