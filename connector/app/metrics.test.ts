/** What a scraper sees, whatever is away. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { StoreFigures } from '../../adapters/postgres/metrics.js'
import type { HealthReport } from '../../openapi/health.js'
import { buildHttp } from '../../openapi/server.js'
import { Secret } from '../kernel/secret.js'
import { instant } from '../kernel/time.js'
import { noApi } from '../testing/api.js'
import { makePeople } from '../testing/memory/sign-in.js'
import { makeMetrics } from './metrics.js'

const NOW = instant(Date.UTC(2026, 10, 22, 8))
const A_MINUTE_AGO = '2026-11-22T07:59:00.000Z'
const UP = { isUp: true, since: A_MINUTE_AGO, lastError: null }
const TOKEN = 'scraper-token-0001'

const REPORT: HealthReport = {
  phase: 'running',
  dependencies: { database: UP, 'orders in': UP, intake: UP, 'results out': UP },
  parked: [{ entity: 'invoice', cause: 'quota_empty', count: 7, oldestAt: A_MINUTE_AGO }],
  results: { pendingCount: 2, unroutableCount: 1, oldestPendingAt: A_MINUTE_AGO },
  callbacks: { pendingCount: 3, exhaustedCount: 4, oldestPendingAt: null, disabledEndpoints: [] },
  units: [],
  stops: [stop('D1', 'bureau_unreachable'), stop('D1', 'rate_limited'), stop('D2', 'bureau_unreachable')],
  clockFaults: [],
}

const DATABASE_AWAY: HealthReport = {
  ...REPORT,
  dependencies: { ...REPORT.dependencies, database: { ...UP, isUp: false, lastError: 'ECONNREFUSED' } },
  parked: null,
  results: null,
  callbacks: null,
  units: null,
}

const FIGURES: StoreFigures = {
  unitCount: 3,
  numbers: { freeCount: 500, freeCountMin: 20, shortUnitCount: 1 },
  quota: { availableYuan: 1234.5, availableShareMin: 0.25, shortUnitCount: 2 },
  heldUnitCount: 0,
  doubts: { count: 1, oldestSeconds: 90 },
  incidents: [{ kind: 'doubt_too_long', count: 2 }],
  deadLetterCount: 5,
  openCallbackBreakerCount: 0,
}

function stop(directUnit: string, cause: string): HealthReport['stops'][number] {
  const told = { code: 'BUR-X', message: '', since: A_MINUTE_AGO, nextLookAt: A_MINUTE_AGO }
  return { directUnit, taxNo: null, cause, ...told }
}

async function setUp(t: TestContext, token: string | null = null) {
  const state = {
    report: REPORT,
    figures: (): Promise<StoreFigures> => Promise.resolve(FIGURES),
    elapsedMs: 0,
    after: (_act: () => void) => () => {},
  }
  const asked = { count: 0 }
  const errors: unknown[] = []
  const metrics = makeMetrics({
    health: () => ({ read: async () => state.report }),
    loadFigures: () => {
      asked.count += 1
      return state.figures()
    },
    inFlightCount: () => 6,
    version: '1.2.3',
    clock: { now: () => NOW },
    timers: { elapsedMs: () => state.elapsedMs, after: (_ms, act) => state.after(act) },
    onError: (error) => errors.push(error),
  })
  const app = await buildHttp({
    health: { read: async () => state.report },
    signIn: makePeople().deps(),
    api: noApi,
    metrics,
    metricsToken: token === null ? null : new Secret(token),
    onError: (error) => assert.fail(String(error)),
  })
  t.after(() => app.close())
  const scrape = (headers: Record<string, string> = {}) => app.inject({ url: '/metrics', headers })
  return { app, metrics, state, asked, errors, scrape }
}

/** The samples of our own metrics, by name with labels. */
function samplesOf(page: string): ReadonlyMap<string, number> {
  const lines = page.split('\n').filter((line) => line.startsWith('leqi_'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

test('the page tells stock, quota, what is parked, in doubt, waits for a person or is not delivered', async (t) => {
  const { scrape } = await setUp(t)
  const page = await scrape()

  assert.equal(page.statusCode, 200)
  assert.match(String(page.headers['content-type']), /^text\/plain; version=0\.0\.4/)
  const samples = samplesOf(page.body)
  const expected: Record<string, number> = {
    [`leqi_build_info{version="1.2.3",node_version="${process.version}"}`]: 1,
    leqi_ready: 1,
    leqi_database_up: 1,
    'leqi_broker_up{direction="in"}': 1,
    leqi_bureau_breakers_open: 2,
    'leqi_bureau_stops{cause="bureau_unreachable"}': 2,
    'leqi_bureau_stops{cause="rate_limited"}': 1,
    leqi_batches_in_flight: 6,
    leqi_numbers_free: 500,
    leqi_numbers_free_min: 20,
    leqi_units_numbers_short: 1,
    leqi_quota_available_yuan: 1234.5,
    leqi_quota_available_ratio_min: 0.25,
    leqi_units_quota_short: 2,
    'leqi_parked{entity="invoice",cause="quota_empty"}': 7,
    leqi_in_doubt_batches: 1,
    leqi_in_doubt_oldest_seconds: 90,
    'leqi_needs_person{kind="doubt_too_long"}': 2,
    leqi_dead_letters: 5,
    leqi_results_pending: 2,
    leqi_results_oldest_seconds: 60,
    leqi_callbacks_pending: 3,
    leqi_callbacks_exhausted: 4,
    leqi_callbacks_oldest_seconds: 0,
  }
  for (const [name, value] of Object.entries(expected)) assert.equal(samples.get(name), value, name)
  assert.match(page.body, /^nodejs_eventloop_lag_seconds \d/m)
})

test('without a database the page still answers, says so, and tells no old figure', async (t) => {
  const { state, errors, scrape } = await setUp(t)
  await scrape()
  state.report = DATABASE_AWAY
  state.figures = () => Promise.reject(new Error('ECONNREFUSED'))
  state.elapsedMs += 5_000
  const page = await scrape()

  assert.equal(page.statusCode, 200)
  const samples = samplesOf(page.body)
  assert.deepEqual([samples.get('leqi_database_up'), samples.get('leqi_ready')], [0, 0])
  assert.equal(samples.get('leqi_bureau_breakers_open'), 2)
  const stale = [...samples.keys()].filter((name) =>
    /^leqi_(units|numbers|quota|parked|in_doubt|needs|dead|results_(pending|oldest|unroutable)|callbacks|callback_[eb])/.test(
      name,
    ),
  )
  assert.deepEqual(stale, [])
  assert.equal(errors.length, 1)
})

test('scrapers of the same few seconds share one question to the database', async (t) => {
  const { state, asked, scrape } = await setUp(t)
  await Promise.all([scrape(), scrape(), scrape()])
  state.elapsedMs += 4_999
  await scrape()
  assert.equal(asked.count, 1)
  state.elapsedMs += 1
  await scrape()
  assert.equal(asked.count, 2)
})

test('a silent database is waited for with a deadline, and not asked again while it owes an answer', async (t) => {
  const { state, asked, scrape } = await setUp(t)
  state.figures = () => new Promise(() => {})
  state.after = (act) => {
    act()
    return () => {}
  }
  const first = await scrape()
  state.elapsedMs += 5_000
  const second = await scrape()

  assert.deepEqual([first.statusCode, second.statusCode, asked.count], [200, 200, 1])
})

test('requests are counted by the pattern of their route: a path that somebody made up is no label', async (t) => {
  const { app, scrape } = await setUp(t)
  await app.inject('/livez?secret=1')
  await app.inject('/91310115MA1K00015K/orders')
  await app.inject({ url: '/api/v1/organizations/0190c1d2-0000-7000-8000-000000000001' })
  const { body } = await scrape()

  const samples = samplesOf(body)
  const count = (labels: string) => samples.get(`leqi_http_request_duration_seconds_count{${labels}}`)
  assert.equal(count('route="/livez",method="GET",status="2xx"'), 1)
  assert.equal(count('route="none",method="GET",status="4xx"'), 1)
  assert.ok(!/91310115MA1K00015K|0190c1d2|secret/.test(body))
})

test('calls of the bureau are counted by service and outcome', async (t) => {
  const { metrics, scrape } = await setUp(t)
  metrics.countCall({ service: 'S1', outcome: 'answered', durationMs: 40 })
  metrics.countCall({ service: 'S1', outcome: 'in_doubt', durationMs: 20_000 })
  const samples = samplesOf((await scrape()).body)

  const of = (what: string, outcome: string) =>
    samples.get(`leqi_bureau_call_duration_seconds_${what}{service="S1",outcome="${outcome}"}`)
  assert.deepEqual([of('count', 'answered'), of('sum', 'answered')], [1, 0.04])
  assert.deepEqual([of('count', 'in_doubt'), of('sum', 'in_doubt')], [1, 20])
})

test('where the operator set a token, nobody reads the page without it', async (t) => {
  const { scrape } = await setUp(t, TOKEN)
  const [none, wrong, right] = await Promise.all([
    scrape(),
    scrape({ authorization: 'Bearer scraper-token-0002' }),
    scrape({ authorization: `Bearer ${TOKEN}` }),
  ])

  assert.deepEqual([none.statusCode, none.json().code], [401, 'ACC-no-token'])
  assert.deepEqual([wrong.statusCode, wrong.json().code], [401, 'ACC-metrics-token'])
  assert.ok(!wrong.body.includes('leqi_'))
  assert.equal(right.statusCode, 200)
  assert.ok(!right.body.includes(TOKEN))
})
