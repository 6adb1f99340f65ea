import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CallbackAnswer, ConcludedAttempt, HeldDelivery } from '../issuing/delivery-ports.js'
import { makeHealthy } from '../issuing/endpoint-health.js'
import { instant } from '../kernel/time.js'
import { waitFor } from '../testing/wait-for.js'
import { makeCallbackDesk } from './callback-desk.js'

const NOW = instant(Date.UTC(2026, 10, 22, 4))
const ANSWERED: CallbackAnswer = { kind: 'answered', status: 204, retryAfterMs: null }

function aDelivery(eventId: string, endpoint: string): HeldDelivery {
  const rest = { url: '', sealedSecrets: [], body: '{}', traceparent: null, attemptNo: 1, tryNo: 1 }
  return { ...rest, eventId, endpoint, isReplay: false, fence: 1n }
}

/** A desk whose queue and receivers are the test's; a receiver named `slow` answers when it is told to. */
function setup(queue: HeldDelivery[], { failingRounds = 0 } = {}) {
  const concluded: ConcludedAttempt[][] = []
  let answerSlow: (() => void)[] = []
  let leftFailingRounds = failingRounds
  const desk = makeCallbackDesk({
    database: { isOutage: () => false, transaction: (_name, work) => work({ kind: 'transaction' }) },
    deliveries: {
      claimDue: async ({ limit }) => queue.splice(0, limit),
      lockEndpoints: async () => ({ endpoints: new Map([['slow', makeHealthy(NOW)]]), now: NOW }),
      conclude: async (_tx, attempts) => {
        leftFailingRounds -= 1
        if (leftFailingRounds >= 0) throw new Error('the database is away')
        concluded.push([...attempts])
        return new Set(attempts.map(({ eventId }) => eventId))
      },
      saveEndpoints: async () => undefined,
    },
    sender: {
      send: ({ endpoint }) =>
        endpoint === 'slow'
          ? new Promise((resolve) => answerSlow.push(() => resolve(ANSWERED)))
          : Promise.resolve(ANSWERED),
    },
    ids: { uuid: () => 'id', serial: () => 'serial' },
    clock: { now: () => NOW },
    timers: { elapsedMs: () => 0, after: () => () => undefined },
    random: () => 0,
    owner: 'w',
    log: () => undefined,
  })
  const eventIds = () => concluded.flat().map(({ eventId }) => eventId)
  const until = (count: number) =>
    waitFor(() => (eventIds().length >= count ? true : null), {
      what: `${count} concluded attempts`,
      waitMsMax: 5_000,
      describe: () => eventIds().join(' '),
    })
  const release = () => {
    for (const answer of answerSlow) answer()
    answerSlow = []
  }
  return { desk, concluded, eventIds, until, release }
}

test('a receiver that does not answer holds up no other; the desk does not stop before it is written down', async () => {
  const { desk, eventIds, until, release } = setup([aDelivery('s-1', 'slow'), aDelivery('q-1', 'quick')])
  await desk.start()
  await until(1)
  assert.deepEqual(eventIds(), ['q-1'])

  let isStopped = false
  const stopping = desk.stop().then(() => {
    isStopped = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(isStopped, false)
  release()
  await stopping

  assert.deepEqual(eventIds(), ['q-1', 's-1'])
})

test('what cannot be written down keeps nothing that ended after it from being written down', async () => {
  const { desk, eventIds, until } = setup([aDelivery('q-1', 'quick'), aDelivery('q-2', 'quick')], { failingRounds: 1 })
  await desk.start()
  await until(1)
  await desk.stop()

  assert.deepEqual(eventIds(), ['q-2'])
})

test('more than the desk has hands for is taken up as hands become free, and what ends together is written together', async () => {
  const { desk, concluded, until, release } = setup(
    Array.from({ length: 200 }, (_, index) => aDelivery(`s-${index}`, 'slow')),
  )
  await desk.start()
  await new Promise((resolve) => setImmediate(resolve))
  release()
  await until(128)
  release()
  await until(200)
  await desk.stop()

  assert.equal(concluded.flat().length, 200)
  assert.ok(concluded.length < 20, `${concluded.length} transactions`)
})
