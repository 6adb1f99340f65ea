import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { instant } from '../kernel/time.js'
import type { PendingEvent, PublishOutcome } from './ports.js'
import { type PublishDeps, publish } from './publish.js'

const AWAY = new Error('the database is away')
const WRONG = new Error('the statement is wrong')

const EVENTS = ['e-1', 'e-2'].map(
  (id): PendingEvent => ({
    id,
    orderId: 'o-1',
    seq: 1,
    routingKey: 'result.shop.issued',
    correlationId: null,
    traceparent: null,
    body: '{}',
    attempts: 1,
    isReplay: false,
  }),
)

/** A memory that fails to write as often as it is told, a broker that answers as told, and a clock that jumps. */
function setUp(outcomes: readonly PublishOutcome[], failures: readonly Error[]) {
  const failing = [...failures]
  const written: string[] = []
  const waits: number[] = []
  let publishedCount = 0
  const write = async (what: string, events: readonly { id: string }[]) => {
    const failure = failing.shift()
    if (failure !== undefined) throw failure
    written.push(`${what} ${events.map(({ id }) => id).join(' ')}`)
  }
  const deps: PublishDeps = {
    outbox: {
      insert: async () => undefined,
      claimDue: async () => [],
      renewLeases: async () => new Set(),
      markPublished: (events) => write('published', events),
      postpone: (events) => write('postponed', events),
    },
    database: { isOutage: (error) => error === AWAY },
    publisher: {
      publish: async () => {
        publishedCount += 1
        return outcomes
      },
    },
    clock: { now: () => instant(0) },
    timers: {
      after: (ms, act) => {
        waits.push(ms)
        queueMicrotask(act)
        return () => undefined
      },
    },
    random: () => 0.5,
    report: () => undefined,
  }
  return { deps, written, waits, publishedCount: () => publishedCount }
}

describe('what the broker said of a result', () => {
  test('is written when the database is there again, and the result not published a second time', async () => {
    const { deps, written, waits, publishedCount } = setUp(['confirmed', 'lost'], [AWAY, AWAY, AWAY])
    const waitMs = await publish(deps, EVENTS, { isTrusted: () => true })
    assert.deepEqual(written, ['published e-1', 'postponed e-2'])
    assert.equal(waits.length, 3)
    assert.ok(waitMs !== null && waitMs > 0)
    assert.equal(publishedCount(), 1)
  })

  test('is left to the next worker once nobody can tell whether the result is still ours', async () => {
    const { deps, written, waits } = setUp(['confirmed', 'confirmed'], [AWAY, AWAY, AWAY])
    await assert.rejects(publish(deps, EVENTS, { isTrusted: () => waits.length < 2 }), AWAY)
    assert.deepEqual(written, [])
  })

  test('is not written again and again when the statement itself is refused', async () => {
    const { deps, waits } = setUp(['confirmed', 'confirmed'], [WRONG])
    await assert.rejects(publish(deps, EVENTS, { isTrusted: () => true }), WRONG)
    assert.deepEqual(waits, [])
  })
})

test('nothing is published by a worker that no longer knows whether it holds', async () => {
  const { deps, publishedCount } = setUp(['confirmed', 'confirmed'], [])
  assert.equal(await publish(deps, EVENTS, { isTrusted: () => false }), null)
  assert.equal(publishedCount(), 0)
})
