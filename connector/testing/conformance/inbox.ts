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
    await store.database.transaction('other', (tx) => store.inbox.insert(tx, [raw, aMessage()]))

    const taken = await store.inbox.claim({ leaseMs: LEASE_MS, limit: 10 })
    const again = await store.inbox.claim({ leaseMs: LEASE_MS, limit: 10 })

    const { disposition, orderId, faults, parkCause, ...stored } = raw
    assert.deepEqual(taken, [{ ...stored, attempts: 0, fence: 1n }])
    assert.deepEqual(again, [], 'the lease runs by the clock of the database, whatever the worker says')
  })

  test('a message whose worker died in a try is taken up again, with a mark; one that was only taken up has none', async (t) => {
    const { store } = await open(t)
    await store.database.transaction('other', (tx) => store.inbox.insert(tx, [aMessage(UNDECIDED)]))
    await store.inbox.claim({ leaseMs: 0, limit: 10 })
    const unmarked = await store.inbox.claim({ leaseMs: 0, limit: 10 })
    await store.inbox.begin(unmarked)

    const marked = await store.inbox.claim({ leaseMs: LEASE_MS, limit: 10 })

    assert.deepEqual(
      [unmarked, marked].map(([message]) => message?.attempts),
      [0, 1],
    )
  })

  test('a try that failed and harmed nobody does not count; one under an older fence is not taken back', async (t) => {
    const { store } = await open(t)
    await store.database.transaction('other', (tx) => store.inbox.insert(tx, [aMessage(UNDECIDED)]))
    const stale = await store.inbox.claim({ leaseMs: 0, limit: 10 })
    await store.inbox.begin(stale)
    const held = await store.inbox.claim({ leaseMs: LEASE_MS, limit: 10 })
    await store.inbox.begin(stale)
    await store.inbox.begin(held)

    await store.inbox.putBack(stale)
    assert.deepEqual(await store.inbox.claim({ leaseMs: LEASE_MS, limit: 10 }), [])
    await store.inbox.putBack(held)
    const [again] = await store.inbox.claim({ leaseMs: LEASE_MS, limit: 10 })

    assert.equal(again?.attempts, 1)
  })

  test('eight workers never take up the same message, and leave none', async (t) => {
    const { store } = await open(t)
    const messages = Array.from({ length: 200 }, () => aMessage(UNDECIDED))
    await store.database.transaction('other', (tx) => store.inbox.insert(tx, messages))

    const taken: string[] = []
    const work = async () => {
      for (;;) {
        const claimed = await store.inbox.claim({ leaseMs: LEASE_MS, limit: 7 })
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
    await store.database.transaction('other', (tx) => store.inbox.insert(tx, messages))

    const taken = await store.inbox.claim({ leaseMs: LEASE_MS, limit: 2 })

    assert.deepEqual(
      taken.map(({ id }) => id),
      [messages[0]?.id, messages[2]?.id],
    )
  })

  test('only the first decision about a message counts', async (t) => {
    const { store } = await open(t)
    const message = aMessage(UNDECIDED)
    const decision = { id: message.id, fence: 1n, orderId: null, faults: [], parkCause: null }
    await store.database.transaction('other', (tx) => store.inbox.insert(tx, [message]))
    await store.inbox.claim({ leaseMs: LEASE_MS, limit: 1 })

    const decide = (disposition: 'ignored' | 'dead') =>
      store.database.transaction('other', (tx) => store.inbox.decide(tx, [{ ...decision, disposition }]))
    const decided = [await decide('ignored'), await decide('dead')]

    assert.deepEqual(decided, [[message.id], []])
    assert.deepEqual(await store.inbox.claim({ leaseMs: LEASE_MS, limit: 1 }), [])
  })

  test('a stale worker decides nothing, even after the message waited in between', async (t) => {
    const { store } = await open(t)
    const message = aMessage(UNDECIDED)
    await store.database.transaction('other', (tx) => store.inbox.insert(tx, [message]))
    const claim = async () => (await store.inbox.claim({ leaseMs: 0, limit: 1 }))[0]?.fence ?? 0n
    const decide = (fence: bigint, parkCause: 'mapping_missing' | null) => {
      const disposition = parkCause === null ? ('ignored' as const) : null
      const decision = { id: message.id, fence, disposition, orderId: null, faults: [], parkCause }
      return store.database.transaction('other', (tx) => store.inbox.decide(tx, [decision]))
    }

    const [stale, held] = [await claim(), await claim()]
    const early = await decide(stale, null)
    const parked = await decide(held, 'mapping_missing')
    await store.database.transaction('other', (tx) => store.orders.wake(tx, { causes: ['mapping_missing'], limit: 1 }))
    const last = await claim()
    const late = [await decide(stale, null), await decide(held, null)]

    assert.deepEqual([stale, held, last], [1n, 2n, 3n])
    assert.deepEqual([early, parked, late], [[], [message.id], [[], []]])
    assert.deepEqual(await decide(last, null), [message.id])
  })

  test('a message that a clock ahead of ours has dated is taken up at once', async (t) => {
    const { store } = await open(t)
    const message = aMessage({ ...UNDECIDED, receivedAt: after(now(), 3_600_000) })
    await store.database.transaction('other', (tx) => store.inbox.insert(tx, [message]))

    assert.equal((await store.inbox.claim({ leaseMs: LEASE_MS, limit: 1 })).length, 1)
  })

  test('a header that cannot be stored as it is harms neither its message nor the neighbours', async (t) => {
    const { store } = await open(t)
    const broken = aMessage({
      ...UNDECIDED,
      messageId: 'a\u0000b',
      correlationId: 'x\ud800\\u0000y',
      traceparent: '😀',
    })
    await store.database.transaction('other', (tx) => store.inbox.insert(tx, [broken, aMessage(UNDECIDED)]))

    const taken = await store.inbox.claim({ leaseMs: LEASE_MS, limit: 10 })

    const found = taken.find(({ id }) => id === broken.id)
    assert.equal(taken.length, 2)
    assert.deepEqual(
      [found?.messageId, found?.correlationId, found?.traceparent],
      ['a\ufffdb', 'x\ufffd\\u0000y', '😀'],
    )
  })

  test('what broke off once, or came twice, is taken up apart from the others', async (t) => {
    const { store } = await open(t)
    const [broken, twice, fresh] = [
      aMessage({ disposition: null }),
      aMessage({ disposition: null, isRedelivered: true }),
      aMessage({ disposition: null }),
    ]
    const insert = (message: typeof broken) =>
      store.database.transaction('other', (tx) => store.inbox.insert(tx, [message]))
    await insert(broken)
    await store.inbox.begin(await store.inbox.claim({ leaseMs: 0, limit: 1 }))
    for (const message of [twice, fresh]) await insert(message)
    /** Taken up and tried, and the worker dies of it. */
    const claim = async (suspects: boolean) => {
      const claimed = await store.inbox.claim({ leaseMs: 0, limit: 10, suspects })
      await store.inbox.begin(claimed)
      return claimed.map(({ id }) => id)
    }

    assert.deepEqual(await claim(false), [fresh.id])
    assert.deepEqual((await claim(true)).sort(), [broken.id, twice.id, fresh.id].sort())
  })

  test('one business type with very many messages does not hold up the only one of another', async (t) => {
    const { store } = await open(t)
    const flood = Array.from({ length: 30 }, () => aMessage({ disposition: null, businessType: 'shop' }))
    const only = aMessage({ disposition: null, businessType: 'market' })
    for (const messages of [flood, [only]]) {
      await store.database.transaction('other', (tx) => store.inbox.insert(tx, messages))
    }

    const taken = await store.inbox.claim({ leaseMs: LEASE_MS, limit: 10 })

    assert.equal(taken.length, 6)
    assert.ok(taken.some(({ id }) => id === only.id))
  })

  test('messages whose COMMIT was not answered may come again: what is stored stays, what is not is', async (t) => {
    const { store } = await open(t)
    const [stored, missing] = [aMessage({ disposition: 'ignored' }), aMessage({ disposition: null })]
    const insert = (messages: readonly (typeof stored)[]) =>
      store.database.transaction('other', (tx) => store.inbox.insert(tx, messages))
    await insert([stored])

    await insert([{ ...stored, disposition: null }, missing])

    const taken = await store.inbox.claim({ leaseMs: LEASE_MS, limit: 10 })
    assert.deepEqual(
      taken.map(({ id }) => id),
      [missing.id],
    )
  })
}
