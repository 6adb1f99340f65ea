import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { noApi, noMetrics } from '../connector/testing/api.js'
import { makePeople } from '../connector/testing/memory/sign-in.js'
import type { HealthReport } from './health.js'
import { buildHttp, makeHttpServer } from './server.js'

const UP = { isUp: true, since: '2026-11-22T08:00:00.000Z', lastError: null }

function aReport(change: Partial<HealthReport> = {}): HealthReport {
  return {
    phase: 'running',
    dependencies: { database: UP, orderConsumer: UP, resultPublisher: UP },
    parked: [{ entity: 'order', cause: 'mapping_missing', count: 3, oldestAt: '2026-11-22T07:00:00.000Z' }],
    results: { pendingCount: 2, unroutableCount: 1, oldestPendingAt: null },
    callbacks: {
      pendingCount: 1,
      exhaustedCount: 4,
      oldestPendingAt: '2026-11-22T07:30:00.000Z',
      disabledEndpoints: [{ businessType: 'shop', cause: 'gone', since: '2026-11-22T07:00:00.000Z' }],
    },
    units: [
      {
        taxNo: '91310115MA1K00015K',
        name: '示例销售有限公司',
        isVerified: true,
        freeNumberCount: 120,
        numberWarningCount: 200,
        quota: { period: '2026-11', availableAmount: '99990.50' },
        restored: { state: 'reconciling', ground: 'other_timeline', since: '2026-11-22T06:00:00.000Z' },
      },
    ],
    stops: [],
    clockFaults: [],
    ...change,
  }
}

async function setup(t: TestContext, read: () => Promise<HealthReport>) {
  const errors: unknown[] = []
  const app = await buildHttp({
    health: { read },
    signIn: makePeople().deps(),
    api: noApi,
    ...noMetrics,
    onError: (error) => errors.push(error),
  })
  t.after(() => app.close())
  return { app, errors }
}

test('a running process with all dependencies up is ready and tells the detail', async (t) => {
  const { app } = await setup(t, async () => aReport())
  const response = await app.inject('/readyz')

  assert.equal(response.statusCode, 200)
  assert.deepEqual(response.json(), { status: 'ready', ...aReport() })
})

test('it is not ready while starting, while draining and while a dependency is down, and the body says why', async (t) => {
  const down = { isUp: false, since: '2026-11-22T09:00:00.000Z', lastError: 'ECONNREFUSED' }
  const reports = [
    aReport({ phase: 'starting' }),
    aReport({ phase: 'draining' }),
    aReport({ dependencies: { database: UP, orderConsumer: down } }),
    aReport({ dependencies: { database: down }, parked: null, results: null, callbacks: null, units: null }),
  ]
  for (const report of reports) {
    const { app } = await setup(t, async () => report)
    const response = await app.inject('/readyz')

    assert.equal(response.statusCode, 503)
    assert.deepEqual(response.json(), { status: 'not_ready', ...report })
  }
})

test('a health source that fails makes it not ready, and its words stay inside', async (t) => {
  const { app, errors } = await setup(t, () => Promise.reject(new Error('password hunter')))
  const response = await app.inject('/readyz')

  assert.equal(response.statusCode, 503)
  assert.match(String(response.headers['content-type']), /^application\/problem\+json/)
  assert.equal(response.json().code, 'HTTP-503')
  assert.ok(!response.body.includes('hunter'))
  assert.equal(errors.length, 1)
})

test('the process is alive whatever its dependencies say', async (t) => {
  const { app } = await setup(t, () => Promise.reject(new Error('down')))
  const response = await app.inject('/livez')

  assert.equal(response.statusCode, 200)
  assert.deepEqual(response.json(), { status: 'alive' })
})

test('a field that the schema does not name never leaves', async (t) => {
  const { app } = await setup(t, async () => ({ ...aReport(), apiKey: 'hunter' }))
  const response = await app.inject('/readyz')

  assert.ok(!response.body.includes('hunter'))
})

test('every answer forbids sniffing, storing and framing, and names no software', async (t) => {
  const { app } = await setup(t, async () => aReport())
  for (const url of ['/livez', '/readyz', '/nothing', '/%zz']) {
    const { headers } = await app.inject(url)

    assert.equal(headers['x-content-type-options'], 'nosniff', url)
    assert.equal(headers['cache-control'], 'no-store', url)
    assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/, url)
    assert.ok(!('server' in headers) && !('x-powered-by' in headers), url)
  }
})

test('an unknown address, a foreign method and an unreadable address are told as problems', async (t) => {
  const { app } = await setup(t, async () => aReport())
  const requests = [
    [{ method: 'GET', url: '/nothing' }, 404, 'HTTP-404'],
    [{ method: 'POST', url: '/livez' }, 404, 'HTTP-404'],
    [{ method: 'GET', url: '/%zz' }, 400, 'HTTP-400'],
  ] as const
  for (const [request, status, code] of requests) {
    const response = await app.inject(request)
    const problem = response.json()

    assert.equal(response.statusCode, status)
    assert.match(String(response.headers['content-type']), /^application\/problem\+json/)
    assert.deepEqual([problem.status, problem.code, problem.type], [status, code, 'about:blank'])
    assert.ok(problem.message !== '' && problem.messageEn !== '' && problem.requestId !== '')
  }
})

test('a body beyond the limit, a foreign content type and broken JSON are refused', async (t) => {
  const { app } = await setup(t, async () => aReport())
  app.post('/echo', async () => assert.fail('it was let in'))
  const requests = [
    ['application/json', JSON.stringify('x'.repeat(1024 * 1024)), 413],
    ['application/xml', '<x/>', 415],
    ['application/json', '{"a":', 400],
    ['application/json', '{"__proto__":{"a":1}}', 400],
  ] as const
  for (const [type, payload, status] of requests) {
    const response = await app.inject({ method: 'POST', url: '/echo', headers: { 'content-type': type }, payload })

    assert.deepEqual([response.statusCode, response.json().code], [status, `HTTP-${status}`])
  }
})

test('an error that no route expected tells its request id and nothing else', async (t) => {
  const { app, errors } = await setup(t, async () => aReport())
  app.get('/broken', async () => {
    throw new Error('password hunter')
  })
  const response = await app.inject('/broken')

  assert.equal(response.statusCode, 500)
  assert.equal(response.json().code, 'HTTP-500')
  assert.ok(!response.body.includes('hunter'))
  assert.equal(errors.length, 1)
})

test('the server listens on a free port and stops', async () => {
  const server = makeHttpServer({
    host: '127.0.0.1',
    port: 0,
    health: { read: async () => aReport() },
    signIn: makePeople().deps(),
    api: noApi,
    ...noMetrics,
    onError: assert.fail,
  })
  await server.stop()
  await server.start()
  const address = server.address() ?? ''
  const response = await fetch(`${address}/livez`)
  assert.equal(response.status, 200)
  await response.text()
  await server.stop()
  await server.stop()

  assert.equal(server.address(), null)
  await assert.rejects(fetch(`${address}/livez`))
})
