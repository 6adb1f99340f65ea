/** Deliveries by callback: at least once, in order, each endpoint for itself; proved against a real memory. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { v7 } from 'uuid'
import type { ConcludedAttempt, DeliveryStore, HeldDelivery } from '../../issuing/delivery-ports.js'
import type { EndpointHealth } from '../../issuing/endpoint-health.js'
import type { IssuingStore, NewEvent, NewOrder } from '../../issuing/ports.js'
import { sha256 } from '../../kernel/digest.js'
import { after } from '../../kernel/time.js'
import { anOrder, LEASE_MS, now } from '../story.js'
import { anEvent } from './outbox.js'

/** A memory of one test. */
interface DeliveryBench {
  store: Pick<IssuingStore, 'database' | 'outbox' | 'orders'>
  deliveries: DeliveryStore
  /** An endpoint that is enabled, for a business type of this code. */
  addEndpoint(code: string): Promise<void>
}

export type OpenDeliveries = (t: TestContext) => Promise<DeliveryBench>

/** An attempt that ended so; `retrying` at once. */
export function anAttempt(
  { eventId, endpoint, attemptNo, fence, body }: HeldDelivery,
  to: ConcludedAttempt['to'] = 'delivered',
  changes: Partial<ConcludedAttempt> = {},
): ConcludedAttempt {
  const isDelivered = to === 'delivered'
  return {
    id: v7(),
    eventId,
    endpoint,
    attemptNo,
    fence,
    bodySha256: sha256(body),
    startedAt: now(),
    durationMs: 12,
    outcome: isDelivered ? 'delivered' : 'failed',
    status: isDelivered ? 204 : 503,
    code: isDelivered ? null : 'CBK-HTTP-503',
    to,
    delayMs: to === 'retrying' ? 0 : null,
    ...changes,
  }
}

export function proveDeliveries(open: OpenDeliveries): void {
  test('a result that travels by callback waits for it with its own id and bytes, and RabbitMQ never sees it', async (t) => {
    const bench = await setUp(t, open)
    const [alone, both] = await bench.write({ delivery: 'callback', traceparent: 't' }, { delivery: 'both' })

    const held = await bench.claim()
    const published = await bench.claimOutbox()

    assert.deepEqual(
      held.map(({ eventId, body }) => ({ eventId, body })),
      [alone, both].map(({ id, body }) => ({ eventId: id, body })),
    )
    assert.deepEqual(published, [both.id])
    const { endpoint, traceparent, attemptNo, tryNo, isReplay, fence } = held[0] ?? assert.fail()
    assert.deepEqual(
      { endpoint, traceparent, attemptNo, tryNo, isReplay, fence },
      { endpoint: 'shop', traceparent: 't', attemptNo: 1, tryNo: 1, isReplay: false, fence: 1n },
    )
  })

  test('a result that travels by RabbitMQ alone has no delivery', async (t) => {
    const bench = await setUp(t, open)
    await bench.write({ delivery: 'amqp' })

    assert.deepEqual(await bench.claim(), [])
  })

  test('what is held is left to its holder until the lease runs out, and then the late holder changes nothing', async (t) => {
    const bench = await setUp(t, open)
    await bench.write({})
    const [late] = await bench.claim({ leaseMs: 0 })
    const [holder] = await bench.claim()
    assert.ok(late !== undefined && holder !== undefined)

    assert.deepEqual(await bench.claim(), [])
    assert.deepEqual(await bench.conclude(anAttempt(late, 'exhausted')), [])
    assert.deepEqual(await bench.conclude(anAttempt(holder)), [holder.eventId])
    assert.deepEqual([late.attemptNo, holder.attemptNo], [1, 2])
  })

  test('an attempt is concluded once, however it ended', async (t) => {
    const bench = await setUp(t, open)
    for (const to of ['delivered', 'retrying', 'exhausted'] as const) {
      await bench.write({})
      const [held] = await bench.claim()
      assert.ok(held !== undefined)
      const attempt = anAttempt(held, to, { delayMs: to === 'retrying' ? 60_000 : null })

      assert.deepEqual(await bench.conclude(attempt), [held.eventId])
      assert.deepEqual(await bench.conclude(attempt), [])
      assert.deepEqual(await bench.claim(), [])
    }
  })

  test('eight workers never hold the same delivery', async (t) => {
    const bench = await setUp(t, open)
    const events = await bench.write(...Array.from({ length: 60 }, () => ({})))

    const held: string[] = []
    const work = async () => {
      for (;;) {
        const claimed = await bench.claim({ limit: 7 })
        if (claimed.length === 0) return
        held.push(...claimed.map(({ eventId }) => eventId))
      }
    }
    await Promise.all(Array.from({ length: 8 }, work))

    assert.deepEqual(held.sort(), events.map(({ id }) => id).sort())
  })

  test('a later result of an order waits until the earlier one was delivered, even when that is given up', async (t) => {
    const bench = await setUp(t, open)
    const orderId = v7()
    const [second, first] = await bench.write({ orderId, seq: 2 }, { orderId, kind: 'progress' })
    const claimIds = async () => (await bench.claim({ leaseMs: 0 })).map(({ eventId }) => eventId)

    assert.deepEqual(await claimIds(), [first.id])
    const [held] = await bench.claim()
    assert.ok(held !== undefined)
    await bench.conclude(anAttempt(held, 'retrying'))
    const [again] = await bench.claim()
    assert.ok(again !== undefined && again.eventId === first.id)
    await bench.conclude(anAttempt(again, 'exhausted'))
    assert.deepEqual(await claimIds(), [])
    assert.notEqual(second.id, first.id)
  })

  test('once the earlier result was delivered the later one follows', async (t) => {
    const bench = await setUp(t, open)
    const orderId = v7()
    const [second] = await bench.write({ orderId, seq: 2 }, { orderId, kind: 'progress' })
    const [held] = await bench.claim()
    assert.ok(held !== undefined)

    await bench.conclude(anAttempt(held))

    assert.deepEqual(
      (await bench.claim()).map(({ eventId }) => eventId),
      [second.id],
    )
  })

  test('the result of a corrected order waits until the rejection of its former revision was delivered', async (t) => {
    const bench = await setUp(t, open)
    const former = anOrder({ state: 'rejected' })
    const { orderKey } = former
    const [corrected, other] = [anOrder({ orderKey, revision: 2 }), anOrder({ revision: 2 })]
    await bench.addOrders(former, corrected, other)
    const [issued, unrelated, rejected] = await bench.write(
      { orderId: corrected.id },
      { orderId: other.id },
      { orderId: former.id },
    )
    const claim = async (leaseMs = 0) => bench.claim({ leaseMs })

    assert.deepEqual((await claim()).map(({ eventId }) => eventId).sort(), [unrelated.id, rejected.id].sort())
    const held = (await claim(LEASE_MS)).find(({ eventId }) => eventId === rejected.id)
    await bench.conclude(anAttempt(held ?? assert.fail('the rejection is not due')))
    assert.deepEqual(
      (await claim()).map(({ eventId }) => eventId),
      [issued.id],
    )
  })

  test('a failed delivery comes back when it is due, not before, with the next number of its attempts', async (t) => {
    const bench = await setUp(t, open)
    const [slow, quick] = await bench.write({}, {})
    const held = await bench.claim()

    await bench.conclude(
      ...held.map((each) => anAttempt(each, 'retrying', { delayMs: each.eventId === slow.id ? 60_000 : 0 })),
    )
    const again = await bench.claim()

    assert.deepEqual(
      again.map(({ eventId, attemptNo, tryNo }) => ({ eventId, attemptNo, tryNo })),
      [{ eventId: quick.id, attemptNo: 2, tryNo: 2 }],
    )
  })

  test('endpoints take turns: one with many results keeps another waiting for none of them', async (t) => {
    const bench = await setUp(t, open)
    await bench.addEndpoint('busy')
    await bench.write(...Array.from({ length: 9 }, () => ({ businessType: 'busy' })))
    await bench.write({}, {})

    const held = await bench.claim({ limit: 5, endpointCap: 4 })
    const more = await bench.claim({ limit: 5, endpointCap: 4 })

    assert.deepEqual(countByEndpoint(held), { busy: 3, shop: 2 })
    assert.deepEqual(countByEndpoint(more), { busy: 1 })
  })

  test('an endpoint whose breaker is open gets nothing, half open one result alone, closed again all', async (t) => {
    const bench = await setUp(t, open)
    await bench.write({}, {}, {})
    const at = now()

    await bench.save({ openUntil: after(at, 3_600_000), openingCount: 1 })
    assert.deepEqual(await bench.claim(), [])
    await bench.save({ openUntil: after(at, -1_000), openingCount: 1 })
    assert.equal((await bench.claim()).length, 1)
    assert.deepEqual(await bench.claim(), [])
    await bench.save({ openUntil: null, openingCount: 0 })
    assert.equal((await bench.claim()).length, 2)
  })

  test('an endpoint that is switched off gets nothing, and everything once it is on again', async (t) => {
    const bench = await setUp(t, open)
    await bench.write({}, {})

    await bench.save({ disabledFor: 'gone' })
    assert.deepEqual(await bench.claim(), [])
    await bench.save({ disabledFor: null })
    assert.equal((await bench.claim()).length, 2)
  })

  test('the health of an endpoint is kept as it was judged', async (t) => {
    const bench = await setUp(t, open)
    const at = now()
    const health: EndpointHealth = {
      disabledFor: 'failing',
      failingSince: after(at, -5_000),
      failureCount: 14,
      window: { since: after(at, -2_000), count: 21, failureCount: 20 },
      openUntil: after(at, 15_000),
      openingCount: 3,
    }

    await bench.save(health)

    assert.deepEqual(await bench.health(), health)
  })
}

function countByEndpoint(held: readonly HeldDelivery[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { endpoint } of held) counts[endpoint] = (counts[endpoint] ?? 0) + 1
  return counts
}

async function setUp(t: TestContext, open: OpenDeliveries) {
  const { store, deliveries, addEndpoint } = await open(t)
  await addEndpoint('shop')
  const health = async () => {
    const { endpoints } = await store.database.transaction('other', (tx) => deliveries.lockEndpoints(tx, ['shop']))
    return endpoints.get('shop') ?? assert.fail('no endpoint')
  }
  return {
    addEndpoint,
    health,
    /** Events by callback unless they say otherwise, as one transaction. */
    async write<const E extends readonly Partial<NewEvent>[]>(...changes: E): Promise<{ [K in keyof E]: NewEvent }> {
      const events = changes.map((each) => anEvent({ delivery: 'callback', ...each }))
      await store.database.transaction('other', (tx) => store.outbox.insert(tx, events))
      // One event for each change, in their order.
      return events as unknown as { [K in keyof E]: NewEvent }
    },
    addOrders: (...orders: readonly NewOrder[]) =>
      store.database.transaction('other', (tx) => store.orders.insert(tx, orders)),
    claim: ({ limit = 100, endpointCap = 100, leaseMs = LEASE_MS } = {}) =>
      deliveries.claimDue({ lease: { owner: 'w', ms: leaseMs }, endpointCap, limit }),
    async claimOutbox() {
      const events = await store.outbox.claimDue({ lease: { owner: 'w', ms: LEASE_MS }, limit: 100 })
      return events.map(({ id }) => id)
    },
    async conclude(...attempts: readonly ConcludedAttempt[]) {
      return [...(await store.database.transaction('other', (tx) => deliveries.conclude(tx, attempts)))]
    },
    async save(changes: Partial<EndpointHealth>) {
      const changed = new Map([['shop', { ...(await health()), ...changes }]])
      await store.database.transaction('other', (tx) => deliveries.saveEndpoints(tx, changed))
    },
  }
}
