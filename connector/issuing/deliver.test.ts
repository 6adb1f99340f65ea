import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sha256 } from '../kernel/digest.js'
import { after, type Instant, instant } from '../kernel/time.js'
import { attemptDelivery, concludeAttempts, type DeliverDeps, judgeAnswer } from './deliver.js'
import type { CallbackAnswer, CallbackRequest, ConcludedAttempt, HeldDelivery } from './delivery-ports.js'
import { type EndpointHealth, makeHealthy } from './endpoint-health.js'

const START = instant(Date.UTC(2026, 10, 22, 4))
const HOUR_MS = 3_600_000

const HELD: HeldDelivery = {
  eventId: 'e-1',
  endpoint: 'shop',
  url: 'https://receiver.example/hook',
  sealedSecrets: ['sealed'],
  body: '{"eventId":"e-1"}',
  traceparent: null,
  attemptNo: 1,
  tryNo: 1,
  isReplay: false,
  fence: 1n,
}

/** A memory of one endpoint and one delivery, a receiver that answers as told, and a clock that jumps. */
function setup(answer: (request: CallbackRequest, at: Instant) => CallbackAnswer) {
  let now = START
  let health: EndpointHealth = makeHealthy(START)
  let fence = 1n
  const reports: string[] = []
  const requests: CallbackRequest[] = []
  const deps: DeliverDeps = {
    database: { isOutage: () => false, transaction: (_name, work) => work({ kind: 'transaction' }) },
    deliveries: {
      claimDue: async () => [],
      lockEndpoints: async () => ({ endpoints: new Map([['shop', health]]), now }),
      conclude: async (_tx, attempts) =>
        new Set(attempts.filter((attempt) => attempt.fence === fence).map(({ eventId }) => eventId)),
      saveEndpoints: async (_tx, endpoints) => {
        health = endpoints.get('shop') ?? health
      },
    },
    sender: {
      send: async (request) => {
        requests.push(request)
        return answer(request, now)
      },
    },
    ids: { uuid: () => 'id', serial: () => 'serial' },
    clock: { now: () => now },
    random: () => 0,
    report: ({ event }) => reports.push(event),
  }
  /** Tries until nothing is due any more. */
  async function run(): Promise<ConcludedAttempt[]> {
    const attempts: ConcludedAttempt[] = []
    for (let tryNo = 1; ; tryNo += 1) {
      const attempt = await attemptDelivery(deps, { ...HELD, tryNo, attemptNo: tryNo })
      attempts.push(attempt)
      const dueAt = await concludeAttempts(deps, [attempt])
      if (dueAt === null) return attempts
      now = dueAt
    }
  }
  return {
    deps,
    run,
    requests,
    reports,
    health: () => health,
    now: () => now,
    lose: () => {
      fence += 1n
    },
  }
}

test('a receiver that is down is tried twelve times over 46 hours, with the same id and bytes, and then left', async () => {
  const { run, requests, now } = setup(() => ({ kind: 'unanswered', code: 'CBK-network' }))

  const attempts = await run()

  assert.deepEqual(
    attempts.map(({ to }) => to),
    [...Array.from({ length: 11 }, () => 'retrying'), 'exhausted'],
  )
  assert.ok(now() - START >= 46 * HOUR_MS)
  assert.equal(new Set(requests.map(({ eventId, body }) => `${eventId} ${body}`)).size, 1)
  assert.deepEqual(new Set(attempts.map(({ bodySha256 }) => bodySha256)), new Set([sha256(HELD.body)]))
  assert.equal(new Set(requests.map(({ at }) => at)).size, 12)
})

test('a receiver that comes back within the schedule has its result', async () => {
  const back = after(START, 20 * HOUR_MS)
  const { run, health } = setup((_request, at) => ({
    kind: 'answered',
    status: at < back ? 503 : 200,
    retryAfterMs: null,
  }))

  const attempts = await run()

  assert.deepEqual([attempts.length, attempts.at(-1)?.to], [10, 'delivered'])
  assert.deepEqual([health().failingSince, health().openUntil], [null, null])
})

test('every 2xx is a success, 410 the end of the endpoint, all else another try', () => {
  const outcomeOf = (status: number) => judgeAnswer({ kind: 'answered', status, retryAfterMs: null }, 1, () => 0)
  for (const status of [200, 201, 202, 204, 299]) assert.equal(outcomeOf(status).to, 'delivered', String(status))
  for (const status of [100, 199, 300, 301, 302, 304, 400, 401, 404, 409, 429, 500, 503]) {
    const { outcome, to, code } = outcomeOf(status)
    assert.deepEqual([outcome, to, code], ['failed', 'retrying', `CBK-HTTP-${status}`])
  }
  assert.deepEqual([outcomeOf(410).outcome, outcomeOf(410).to], ['gone', 'retrying'])
})

test('a result whose receiver is gone waits for a person, with whichever of its tries that was found out', () => {
  for (let tryNo = 1; tryNo <= 14; tryNo += 1) {
    const { to, delayMs } = judgeAnswer({ kind: 'answered', status: 410, retryAfterMs: null }, tryNo, () => 0)
    assert.equal(to, 'retrying', `try ${tryNo}`)
    assert.ok(delayMs !== null && delayMs > 0)
  }
})

test('an endpoint that says it is gone is switched off, and that is told', async () => {
  const { deps, health, reports } = setup(() => ({ kind: 'answered', status: 410, retryAfterMs: null }))

  await concludeAttempts(deps, [await attemptDelivery(deps, HELD)])

  assert.equal(health().disabledFor, 'gone')
  assert.deepEqual(reports, ['callback.attempted', 'callback.endpoint-disabled'])
})

test('a worker whose fence was lost neither judges the endpoint nor tells', async () => {
  const { deps, health, reports, lose } = setup(() => ({ kind: 'answered', status: 410, retryAfterMs: null }))
  const attempt = await attemptDelivery(deps, HELD)
  lose()

  assert.equal(await concludeAttempts(deps, [attempt]), null)
  assert.deepEqual([health().disabledFor, reports], [null, []])
})
