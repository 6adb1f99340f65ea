/** The inbox: no confirmed message is lost, none is decided twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { after, instant } from '../../kernel/time.js'
import { aMessage, now } from '../story.js'
import type { OpenStore } from './issuing-store.js'

const LEASE_MS = 60_000
const UNDECIDED = { disposition: null, orderId: null } as const

export function proveInbox(open: OpenStore): void {
  test('a message that was stored undecided is taken up once, with the bytes that came', async (t) => {
    const { store } = await open(t)
    const body = Buffer.from([0x7b, 0x00, 0xff, 0xfe, 0x80, 0x7d])
    const raw = aMessage({ ...UNDECIDED, body, correlationId: 'c-1', isRedelivered: true })
    await store.database.transaction((tx) => store.inbox.insert(tx, [raw, aMessage()]))

    const taken = await store.inbox.claim({ now: now(), leaseMs: LEASE_MS, limit: 10 })
    const again = await store.inbox.claim({ now: after(now(), LEASE_MS), leaseMs: LEASE_MS, limit: 10 })

    const { disposition, orderId, faults, parkCause, ...stored } = raw
    assert.deepEqual(taken, [{ ...stored, attempts: 1 }])
    assert.deepEqual(again, [], 'the lease runs by the clock of the database, whatever the worker says')
  })

  test('a message whose worker died is taken up again, with one more attempt', async (t) => {
    const { store } = await open(t)
    await store.database.transaction((tx) => store.inbox.insert(tx, [aMessage(UNDECIDED)]))
    await store.inbox.claim({ now: now(), leaseMs: 0, limit: 10 })

    const [again] = await store.inbox.claim({ now: now(), leaseMs: LEASE_MS, limit: 10 })

    assert.equal(again?.attempts, 2)
  })

  test('eight workers never take up the same message, and leave none', async (t) => {
    const { store } = await open(t)
    const messages = Array.from({ length: 200 }, () => aMessage(UNDECIDED))
    await store.database.transaction((tx) => store.inbox.insert(tx, messages))

    const taken: string[] = []
    const work = async () => {
      for (;;) {
        const claimed = await store.inbox.claim({ now: now(), leaseMs: LEASE_MS, limit: 7 })
        if (claimed.length === 0) return
        taken.push(...claimed.map(({ id }) => id))
      }
    }
    await Promise.all(Array.from({ length: 8 }, work))

    assert.deepEqual(taken.sort(), messages.map(({ id }) => id).sort())
  })

  test('the oldest messages are taken up first', async (t) => {
    const { store } = await open(t)
    const start = now()
    const messages = [3, 1, 2].map((age) => aMessage({ ...UNDECIDED, receivedAt: instant(start - age * 1_000) }))
    await store.database.transaction((tx) => store.inbox.insert(tx, messages))

    const taken = await store.inbox.claim({ now: start, leaseMs: LEASE_MS, limit: 2 })

    assert.deepEqual(
      taken.map(({ id }) => id),
      [messages[0]?.id, messages[2]?.id],
    )
  })

  test('only the first decision about a message counts', async (t) => {
    const { store } = await open(t)
    const message = aMessage(UNDECIDED)
    const decision = { id: message.id, orderId: null, faults: [], parkCause: null }
    await store.database.transaction((tx) => store.inbox.insert(tx, [message]))

    const decide = (disposition: 'ignored' | 'dead') =>
      store.database.transaction((tx) => store.inbox.decide(tx, [{ ...decision, disposition }]))
    const decided = [await decide('ignored'), await decide('dead')]

    assert.deepEqual(decided, [[message.id], []])
    assert.deepEqual(await store.inbox.claim({ now: after(now(), 1), leaseMs: LEASE_MS, limit: 1 }), [])
  })

  test('a header that cannot be stored as it is harms neither its message nor the neighbours', async (t) => {
    const { store } = await open(t)
    const broken = aMessage({
      ...UNDECIDED,
      messageId: 'a\u0000b',
      correlationId: 'x\ud800\\u0000y',
      traceparent: '😀',
    })
    await store.database.transaction((tx) => store.inbox.insert(tx, [broken, aMessage(UNDECIDED)]))

    const taken = await store.inbox.claim({ now: now(), leaseMs: LEASE_MS, limit: 10 })

    const found = taken.find(({ id }) => id === broken.id)
    assert.equal(taken.length, 2)
    assert.deepEqual(
      [found?.messageId, found?.correlationId, found?.traceparent],
      ['a\ufffdb', 'x\ufffd\\u0000y', '😀'],
    )
  })
}
