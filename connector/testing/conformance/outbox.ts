/** Results: at least once, in order, one final per order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v7 } from 'uuid'
import type { NewEvent } from '../../issuing/ports.js'
import { sha256 } from '../../kernel/digest.js'
import { after } from '../../kernel/time.js'
import { LEASE_MS, now } from '../story.js'
import type { OpenStore } from './issuing-store.js'

export function anEvent(changes: Partial<NewEvent> = {}): NewEvent {
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
    businessType: 'shop',
    delivery: 'amqp',
    lease: null,
    ...changes,
    body,
  }
}

export function proveOutbox(open: OpenStore): void {
  test('a result waits until it is published, with the bytes that were written', async (t) => {
    const { store } = await open(t)
    const event = anEvent()
    await store.database.transaction('other', (tx) => store.outbox.insert(tx, [event]))
    const claim = () => store.outbox.claimDue({ lease: { owner: 'w', ms: 0 }, limit: 10 })

    const [first] = await claim()
    const [second] = await claim()
    await store.outbox.markPublished([{ id: event.id, attempts: 2 }], now())
    const published = await claim()

    const { id, orderId, seq, routingKey, correlationId, traceparent, body } = event
    assert.deepEqual(first, {
      id,
      orderId,
      seq,
      routingKey,
      correlationId,
      traceparent,
      body,
      attempts: 1,
      isReplay: false,
    })
    assert.equal(second?.attempts, 2)
    assert.deepEqual(published, [])
  })

  test('a result under its writer’s lease is left to it', async (t) => {
    const { store } = await open(t)
    const leased = anEvent({ lease: { owner: 'writer', until: after(now(), LEASE_MS) } })
    await store.database.transaction('other', (tx) => store.outbox.insert(tx, [leased]))
    const claim = { lease: { owner: 'w', ms: LEASE_MS }, limit: 10 }

    assert.deepEqual(await store.outbox.claimDue(claim), [])
  })

  test('eight publishers never hold the same result', async (t) => {
    const { store } = await open(t)
    const events = Array.from({ length: 120 }, () => anEvent())
    await store.database.transaction('other', (tx) => store.outbox.insert(tx, events))

    const held: string[] = []
    const work = async () => {
      for (;;) {
        const claimed = await store.outbox.claimDue({ lease: { owner: 'w', ms: LEASE_MS }, limit: 9 })
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
    await store.database.transaction('other', (tx) => store.outbox.insert(tx, [second, first]))
    const claim = async () => {
      const claimed = await store.outbox.claimDue({ lease: { owner: 'w', ms: LEASE_MS }, limit: 10 })
      return claimed.map(({ id }) => id)
    }

    const before = await claim()
    await store.outbox.markPublished([{ id: first.id, attempts: 1 }], now())
    const after = await claim()

    assert.deepEqual([before, after], [[first.id], [second.id]])
  })

  test('a result that could not be published comes back when it is due, not before', async (t) => {
    const { store } = await open(t)
    const event = anEvent()
    await store.database.transaction('other', (tx) => store.outbox.insert(tx, [event]))
    const claim = () => store.outbox.claimDue({ lease: { owner: 'w', ms: 0 }, limit: 1 })
    // A worker whose clock is an hour ahead: what it wants later is as far from its own present.
    const at = after(now(), 3_600_000)
    const postpone = (attempts: number, delayMs: number) =>
      store.outbox.postpone([{ id: event.id, attempts, dueAt: after(at, delayMs), isUnroutable: true }], at)
    await claim()
    await postpone(1, 0)
    const again = await claim()
    await postpone(2, 60_000)

    assert.deepEqual([again[0]?.attempts, await claim()], [2, []])
  })

  test('a stale publisher neither marks a result nor takes it from its holder', async (t) => {
    const { store } = await open(t)
    const event = anEvent()
    await store.database.transaction('other', (tx) => store.outbox.insert(tx, [event]))
    const claim = (ms: number) => store.outbox.claimDue({ lease: { owner: 'w', ms }, limit: 1 })
    await claim(0)
    await claim(LEASE_MS)
    const stale = { id: event.id, attempts: 1 }

    await store.outbox.markPublished([stale], now())
    await store.outbox.postpone([{ ...stale, dueAt: now(), isUnroutable: false }], now())
    const renewed = await store.outbox.renewLeases([{ id: event.id, fence: 1n }], 0)
    const free = await claim(0)
    const kept = await store.outbox.renewLeases([{ id: event.id, fence: 2n }], 0)

    assert.deepEqual([renewed, free, kept], [new Set(), [], new Set([event.id])])
    assert.equal((await claim(0))[0]?.attempts, 3, 'it still waits to be published')
  })

  test('a second final result of an order is refused, whoever writes it', async (t) => {
    const { store } = await open(t)
    const event = anEvent()
    await store.database.transaction('other', (tx) => store.outbox.insert(tx, [event]))
    const again = anEvent({ orderId: event.orderId, seq: 2 })

    await assert.rejects(store.database.transaction('other', (tx) => store.outbox.insert(tx, [again])))
    const correction = anEvent({ orderId: event.orderId, seq: 2, kind: 'correction', corrects: event.id })
    await store.database.transaction('other', (tx) => store.outbox.insert(tx, [correction]))
  })

  test('one business type with very many results does not hold up the only one of another', async (t) => {
    const { store } = await open(t)
    const flood = Array.from({ length: 30 }, () => anEvent({ routingKey: 'result.shop.issued' }))
    const only = anEvent({ routingKey: 'result.market.issued' })
    for (const events of [flood, [only]]) {
      await store.database.transaction('other', (tx) => store.outbox.insert(tx, events))
    }

    const lease = { owner: 'w', ms: LEASE_MS }
    const claimed = await store.outbox.claimDue({ lease, limit: 10 })

    assert.equal(claimed.length, 6)
    assert.ok(claimed.some(({ id }) => id === only.id))
  })
}
