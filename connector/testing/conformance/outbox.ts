/** Results: at least once, in order, one final per order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v7 } from 'uuid'
import type { NewEvent } from '../../issuing/ports.js'
import { sha256 } from '../../kernel/digest.js'
import { after } from '../../kernel/time.js'
import { LEASE_MS, now } from '../story.js'
import type { OpenStore } from './issuing-store.js'

function anEvent(changes: Partial<NewEvent> = {}): NewEvent {
  const body = changes.body ?? JSON.stringify({ note: '结果“一”😀' })
  return {
    id: v7(),
    orderId: v7(),
    seq: 1,
    kind: 'final',
    corrects: null,
    routingKey: 'result.shop.issued',
    correlationId: null,
    traceparent: null,
    bodySha256: sha256(body),
    createdAt: now(),
    lease: null,
    ...changes,
    body,
  }
}

export function proveOutbox(open: OpenStore): void {
  test('a result waits until it is published, with the bytes that were written', async (t) => {
    const { store } = await open(t)
    const event = anEvent()
    await store.database.transaction((tx) => store.outbox.insert(tx, [event]))
    const claim = () => store.outbox.claimDue({ now: after(now(), LEASE_MS), lease: { owner: 'w', ms: 0 }, limit: 10 })

    const [first] = await claim()
    const [second] = await claim()
    await store.outbox.markPublished([event.id], now())
    const published = await claim()

    const { id, orderId, seq, routingKey, correlationId, traceparent, body } = event
    assert.deepEqual(first, { id, orderId, seq, routingKey, correlationId, traceparent, body, attempts: 1 })
    assert.equal(second?.attempts, 2)
    assert.deepEqual(published, [])
  })

  test('a result under its writer’s lease is left to it', async (t) => {
    const { store } = await open(t)
    const leased = anEvent({ lease: { owner: 'writer', until: after(now(), LEASE_MS) } })
    await store.database.transaction((tx) => store.outbox.insert(tx, [leased]))
    const claim = { now: after(now(), 2 * LEASE_MS), lease: { owner: 'w', ms: LEASE_MS }, limit: 10 }

    assert.deepEqual(await store.outbox.claimDue(claim), [])
  })

  test('eight publishers never hold the same result', async (t) => {
    const { store } = await open(t)
    const events = Array.from({ length: 120 }, () => anEvent())
    await store.database.transaction((tx) => store.outbox.insert(tx, events))

    const held: string[] = []
    const work = async () => {
      for (;;) {
        const claimed = await store.outbox.claimDue({ now: now(), lease: { owner: 'w', ms: LEASE_MS }, limit: 9 })
        if (claimed.length === 0) return
        held.push(...claimed.map(({ id }) => id))
      }
    }
    await Promise.all(Array.from({ length: 8 }, work))

    assert.deepEqual(held.sort(), events.map(({ id }) => id).sort())
  })

  test('a later result of an order waits for the earlier one', async (t) => {
    const { store } = await open(t)
    const orderId = v7()
    const [first, second] = [anEvent({ orderId, kind: 'progress' }), anEvent({ orderId, seq: 2 })]
    await store.database.transaction((tx) => store.outbox.insert(tx, [second, first]))
    const claim = async () => {
      const claimed = await store.outbox.claimDue({ now: now(), lease: { owner: 'w', ms: LEASE_MS }, limit: 10 })
      return claimed.map(({ id }) => id)
    }

    const before = await claim()
    await store.outbox.markPublished([first.id], now())
    const after = await claim()

    assert.deepEqual([before, after], [[first.id], [second.id]])
  })

  test('a result that could not be published comes back when it is due, not before', async (t) => {
    const { store } = await open(t)
    const event = anEvent()
    await store.database.transaction((tx) => store.outbox.insert(tx, [event]))
    const start = now()
    const claim = (at: typeof start) =>
      store.outbox.claimDue({ now: at, lease: { owner: 'w', ms: LEASE_MS }, limit: 1 })
    await claim(start)

    const dueAt = after(start, 30_000)
    await store.outbox.postpone([{ id: event.id, dueAt, isUnroutable: true }])

    assert.deepEqual(await claim(after(start, 29_000)), [])
    assert.equal((await claim(dueAt)).length, 1)
  })

  test('a second final result of an order is refused, whoever writes it', async (t) => {
    const { store } = await open(t)
    const event = anEvent()
    await store.database.transaction((tx) => store.outbox.insert(tx, [event]))
    const again = anEvent({ orderId: event.orderId, seq: 2 })

    await assert.rejects(store.database.transaction((tx) => store.outbox.insert(tx, [again])))
    const correction = anEvent({ orderId: event.orderId, seq: 2, kind: 'correction', corrects: event.id })
    await store.database.transaction((tx) => store.outbox.insert(tx, [correction]))
  })
}
