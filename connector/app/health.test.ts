/** Every row of the table in `docs/reliability.md`, "What the pages say": asked as a probe asks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoreHealth } from '../../adapters/postgres/health.js'
import type { HealthReport } from '../../openapi/health.js'
import { buildHttp } from '../../openapi/server.js'
import type { Stop } from '../issuing/channel-ports.js'
import { amount } from '../kernel/amount.js'
import { after, type Instant, instant, type Timers } from '../kernel/time.js'
import { noApi, noMetrics } from '../testing/api.js'
import { aUsingUnit } from '../testing/builders.js'
import { makePeople } from '../testing/memory/sign-in.js'
import { type HealthDeps, makeHealth } from './health.js'

const START = instant(Date.UTC(2026, 10, 22, 8))
const LATER = after(START, 60_000)
const UNIT = aUsingUnit()
const SINCE = '2026-11-22T08:00:00.000Z'
const NOBODY_WAITS: Timers = { elapsedMs: () => 0, after: () => () => undefined }
const EVERY_WAIT_IS_OVER: Timers = {
  elapsedMs: () => 0,
  after: (_ms, act) => {
    act()
    return () => undefined
  },
}

const IN_ORDER: StoreHealth = {
  parked: [],
  results: { pendingCount: 0, unroutableCount: 0, oldestPendingAt: null },
  callbacks: { pendingCount: 0, exhaustedCount: 0, oldestPendingAt: null, disabledEndpoints: [] },
  units: [
    {
      taxNo: UNIT.taxNo,
      name: UNIT.name,
      isVerified: true,
      freeNumberCount: 500,
      numberWarningCount: 200,
      quota: { period: '2026-11', availableAmount: amount('1000.00') },
      restored: null,
    },
  ],
}
const CONNECTED = { state: 'connected', since: START, lastError: null } as const
const OPEN = { state: 'open', since: START, lastError: null } as const
const CONSUMING = { state: 'consuming', since: START, lastError: null } as const

/** A process with all in order but what is named. */
interface State {
  phase?: 'starting' | 'draining'
  load?: () => Promise<StoreHealth>
  stored?: Partial<StoreHealth>
  unit?: Partial<StoreHealth['units'][number]>
  inward?: ReturnType<HealthDeps['doors']['inward']['status']>
  outward?: ReturnType<HealthDeps['doors']['outward']['status']>
  publisher?: ReturnType<HealthDeps['doors']['publisher']['status']>
  orders?: ReturnType<HealthDeps['doors']['orders']['status']>
  valve?: ReturnType<HealthDeps['valve']['status']>
  storing?: ReturnType<HealthDeps['storing']['status']>
  stops?: readonly Stop[]
  clockFaults?: ReturnType<HealthDeps['channel']['clockFaults']>
  timers?: Timers
}

type Page = HealthReport & { status: string }

async function ask(state: State): Promise<{ livez: number; readyz: number; page: Page }> {
  const { app, health } = await setup(() => state)
  if (state.phase !== 'starting') await health.start()
  if (state.phase === 'draining') await health.stop()
  const [live, ready] = [await app.inject('/livez'), await app.inject('/readyz')]
  await app.close()
  return { livez: live.statusCode, readyz: ready.statusCode, page: ready.json() }
}

async function setup(present: () => State, clock = { now: (): Instant => START }) {
  const stored = () => ({
    ...IN_ORDER,
    units: IN_ORDER.units.map((unit) => ({ ...unit, ...present().unit })),
    ...present().stored,
  })
  const health = makeHealth({
    load: () => present().load?.() ?? Promise.resolve(stored()),
    directory: () => ({ directUnits: [UNIT.direct], unit: (id) => (id === UNIT.id ? UNIT : null) }),
    doors: {
      inward: { status: () => present().inward ?? CONNECTED },
      outward: { status: () => present().outward ?? CONNECTED },
      publisher: { status: () => present().publisher ?? OPEN },
      orders: { status: () => present().orders ?? CONSUMING },
    },
    channel: { stops: () => present().stops ?? [], clockFaults: () => present().clockFaults ?? [] },
    valve: { status: () => present().valve ?? null },
    storing: { status: () => present().storing ?? null },
    clock,
    timers: present().timers ?? NOBODY_WAITS,
  })
  return {
    health,
    app: await buildHttp({
      health,
      signIn: makePeople().deps(),
      api: noApi,
      ...noMetrics,
      onError: (error) => assert.fail(String(error)),
    }),
  }
}

const gone = (what: string) => ({ since: START, lastError: what })

/** Where the page names what is wrong. */
const NOT_READY: readonly [what: string, state: State, dependency: string, lastError: RegExp][] = [
  ['database away', { load: () => Promise.reject(new Error('ECONNREFUSED')) }, 'database', /^ECONNREFUSED$/],
  [
    'database silent',
    { load: () => new Promise(() => {}), timers: EVERY_WAIT_IS_OVER },
    'database',
    /^no answer within \d+ ms$/,
  ],
  ['database stores nothing', { storing: gone('No space left on device') }, 'database', /^No space left on device$/],
  ['orders in away', { inward: { state: 'connecting', ...gone('ECONNRESET') } }, 'orders in', /^ECONNRESET$/],
  ['results out away', { outward: { state: 'connecting', ...gone('ECONNRESET') } }, 'results out', /^ECONNRESET$/],
  ['broker blocking', { outward: { state: 'blocked', ...gone('low on memory') } }, 'results out', /^low on memory$/],
  ['exchange forbidden', { publisher: { state: 'opening', ...gone('ACCESS_REFUSED') } }, 'results out', /REFUSED/],
  ['queue forbidden', { orders: { state: 'opening', ...gone('ACCESS_REFUSED') } }, 'intake', /REFUSED/],
  ['messages not stored', { orders: { state: 'failing', ...gone('read-only') } }, 'intake', /^read-only$/],
  [
    'too many waiting',
    { valve: { stop: 'too_many_waiting', since: START } },
    'intake',
    /^too_many_waiting: .*LEQI_WAITING_LIMIT/,
  ],
  [
    'database nearly full',
    { valve: { stop: 'database_nearly_full', since: START } },
    'intake',
    /^database_nearly_full: .*LEQI_DB_SIZE_LIMIT_MB/,
  ],
]

for (const [what, state, dependency, lastError] of NOT_READY) {
  test(`${what}: alive, not ready, and ${dependency} alone is down, with what and since when`, async () => {
    const { livez, readyz, page } = await ask(state)
    const down = Object.entries(page.dependencies).filter(([, { isUp }]) => !isUp)

    assert.deepEqual([livez, readyz, page.status, page.phase], [200, 503, 'not_ready', 'running'])
    assert.deepEqual(
      down.map(([name, { since }]) => [name, since]),
      [[dependency, SINCE]],
    )
    assert.match(down[0]?.[1].lastError ?? '', lastError)
  })
}

test('starting and stopping: alive, not ready, and the phase says so', async () => {
  for (const phase of ['starting', 'draining'] as const) {
    const { livez, readyz, page } = await ask({ phase })

    assert.deepEqual([livez, readyz, page.status, page.phase], [200, 503, 'not_ready', phase])
    assert.ok(Object.values(page.dependencies).every(({ isUp }) => isUp))
  }
})

const STOP: Stop = {
  id: 'stop',
  directUnitId: UNIT.direct.id,
  usingUnitId: UNIT.id,
  cause: 'unit_key_fault',
  code: 'BUR-4057',
  message: '密钥有误',
  since: START,
  probeAt: LATER,
  failedProbes: 0,
  isTold: false,
}
const RESTORED = { state: 'held', ground: 'behind_high_water', since: SINCE } as const
const CALLBACKS: StoreHealth['callbacks'] = {
  pendingCount: 3,
  exhaustedCount: 1,
  oldestPendingAt: SINCE,
  disabledEndpoints: [{ businessType: 'shop', cause: 'gone', since: SINCE }],
}

/** One unit, one queue or one receiver in trouble leaves the others their work. */
const READY: readonly [what: string, state: State, told: (page: Page) => unknown, expected: unknown][] = [
  ['all in order', {}, ({ stops, clockFaults }) => [stops, clockFaults], [[], []]],
  [
    'unit stopped',
    { stops: [STOP] },
    ({ stops }) => stops,
    [
      {
        directUnit: UNIT.direct.leqiId,
        taxNo: UNIT.taxNo,
        cause: 'unit_key_fault',
        code: 'BUR-4057',
        message: '密钥有误',
        since: SINCE,
        nextLookAt: '2026-11-22T08:01:00.000Z',
      },
    ],
  ],
  [
    'direct unit stopped',
    { stops: [{ ...STOP, usingUnitId: null, cause: 'bureau_unreachable' }] },
    ({ stops }) => stops.map(({ taxNo, cause }) => [taxNo, cause]),
    [[null, 'bureau_unreachable']],
  ],
  [
    'wrong clock',
    { clockFaults: [{ directUnitId: UNIT.direct.id, skewMs: 600_000 }] },
    ({ clockFaults }) => clockFaults,
    [
      {
        directUnit: UNIT.direct.leqiId,
        skewMs: 600_000,
        message: '本机时钟比税局快600秒，已停止发送；校准时钟后自动恢复',
      },
    ],
  ],
  [
    'something parked',
    { stored: { parked: [{ entity: 'order', cause: 'catalogue_missing', count: 2, oldestAt: SINCE }] } },
    ({ parked }) => parked,
    [{ entity: 'order', cause: 'catalogue_missing', count: 2, oldestAt: SINCE }],
  ],
  [
    'results without a queue',
    { stored: { results: { pendingCount: 2, unroutableCount: 2, oldestPendingAt: SINCE } } },
    ({ results }) => results,
    { pendingCount: 2, unroutableCount: 2, oldestPendingAt: SINCE },
  ],
  ['callbacks undelivered', { stored: { callbacks: CALLBACKS } }, ({ callbacks }) => callbacks, CALLBACKS],
  [
    'unit restored',
    { unit: { restored: RESTORED } },
    ({ units }) => units?.map(({ restored }) => restored),
    [RESTORED],
  ],
]

for (const [what, state, told, expected] of READY) {
  test(`${what}: ready, and the page tells it`, async () => {
    const { livez, readyz, page } = await ask(state)

    assert.deepEqual([livez, readyz, page.status, page.phase], [200, 200, 'ready', 'running'])
    assert.deepEqual(told(page), expected)
  })
}

test('what is down is dated by its beginning, and forgets its error once it is up', async () => {
  let now = START
  let state: State = {}
  const { app, health } = await setup(() => state, { now: () => now })
  await health.start()
  const look = async () => {
    const { dependencies } = (await app.inject('/readyz')).json<Page>()
    return dependencies.database
  }
  const away: State = { load: () => Promise.reject(new Error('away')) }
  const seen = []
  for (const [next, minutes] of [
    [away, 1],
    [away, 2],
    [{}, 3],
    [{}, 4],
  ] as const) {
    state = next
    now = after(START, minutes * 60_000)
    seen.push(await look())
  }
  await app.close()

  assert.deepEqual(seen, [
    { isUp: false, since: '2026-11-22T08:01:00.000Z', lastError: 'away' },
    { isUp: false, since: '2026-11-22T08:01:00.000Z', lastError: 'away' },
    { isUp: true, since: '2026-11-22T08:03:00.000Z', lastError: null },
    { isUp: true, since: '2026-11-22T08:03:00.000Z', lastError: null },
  ])
})

test('a silent database is asked one question at a time, however often the page is', async () => {
  let askedCount = 0
  const silent: State = {
    load: () => {
      askedCount += 1
      return new Promise(() => {})
    },
    timers: EVERY_WAIT_IS_OVER,
  }
  const { app, health } = await setup(() => silent)
  await health.start()
  const answers = [await app.inject('/readyz'), await app.inject('/readyz'), await app.inject('/readyz')]
  await app.close()

  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode),
    [503, 503, 503],
  )
  assert.equal(askedCount, 1)
})
