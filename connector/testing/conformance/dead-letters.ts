/** Dead letters: whoever stopped is found, grouped, and moved once; nothing of it is lost. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { v7 } from 'uuid'
import { discardLetters, holdLetters, type MoveDeps, releaseLetters } from '../../dead-letters/move-letters.js'
import type { DeadLetter, DeadLetterStore, LetterFilter } from '../../dead-letters/ports.js'
import type { IssuingStore, NewInboxMessage } from '../../issuing/ports.js'
import type { Fault, ParkCause } from '../../kernel/fault.js'
import { after, instant } from '../../kernel/time.js'
import { aMessage, anOrder, now } from '../story.js'

/** The memory of one test with its letters, and an audit of it. */
interface LetterBench {
  store: IssuingStore
  letters: DeadLetterStore
  /** What an audit finds wrong, in words. */
  audit(): Promise<readonly string[]>
}

export type OpenLetters = (t: TestContext) => Promise<LetterBench>

const BY = { actor: 'operator', reason: 'the mapping was corrected' }
const ALL: LetterFilter = {
  states: ['dead', 'parked'],
  code: null,
  cause: null,
  businessType: null,
  source: null,
  id: null,
}

export function proveDeadLetters(open: OpenLetters): void {
  test('letters are what only a person moves on, grouped by what stopped them', async (t) => {
    const { store, letters } = await open(t)
    await storeEverything(store)

    const groups = await letters.groups(ALL, 10)

    assert.deepEqual(
      groups.map(({ state, cause, code, businessType, count }) => [state, cause, code, businessType, count]),
      [
        ['dead', null, 'MSG-json', 'shop', 2],
        ['parked', 'mapping_fault', 'MAP-value', 'shop', 2],
        ['parked', 'mapping_missing', 'MAP-missing', 'market', 1],
      ],
    )
    assert.ok(groups.every(({ oldestAt, newestAt }) => oldestAt <= newestAt))
    assert.deepEqual(await letters.groups({ ...ALL, states: ['discarded'] }, 10), [])
  })

  test('a filter narrows by code, cause, business type, source and id', async (t) => {
    const { store, letters } = await open(t)
    await storeEverything(store)
    const count = async (narrowing: Partial<LetterFilter>) =>
      (await letters.page({ ...ALL, ...narrowing }, { limit: 10, after: null })).length
    const [first] = await letters.page(ALL, { limit: 1, after: null })

    assert.deepEqual(
      [
        await count({}),
        await count({ code: 'MSG-json' }),
        await count({ cause: 'mapping_fault' }),
        await count({ businessType: 'market' }),
        await count({ source: 'elsewhere' }),
        await count({ id: first?.id ?? null }),
        await count({ id: 'no id' }),
      ],
      [5, 2, 2, 1, 0, 1, 0],
    )
  })

  test('letters come page by page, oldest first, with the bytes they came with', async (t) => {
    const { store, letters } = await open(t)
    const messages = await storeEverything(store)
    const found: DeadLetter[] = []
    for (let last: DeadLetter | null = null; found.length < 5; ) {
      const page: readonly DeadLetter[] = await letters.page(ALL, { limit: 2, after: last })
      assert.ok(page.length > 0)
      found.push(...page)
      last = page.at(-1) ?? null
    }

    const contents = await letters.loadContents(found.map(({ inboxId }) => inboxId))

    assert.deepEqual(
      found.map(({ receivedAt }) => receivedAt),
      found.map(({ receivedAt }) => receivedAt).sort((a, b) => a - b),
    )
    assert.equal(new Set(found.map(({ id }) => id)).size, 5)
    for (const content of contents) {
      const message = messages.find(({ id }) => id === content.inboxId)
      assert.deepEqual([content.body, content.bodySha256], [message?.body, message?.bodySha256])
    }
  })

  test('a released letter is taken up again in its own row, once, the oldest first, with all attempts', async (t) => {
    const bench = await open(t)
    const { store, letters } = bench
    await storeEverything(store)
    const before = await letters.page(ALL, { limit: 10, after: null })

    const run = { startedAt: after(now(), 1_000), limit: 3 }
    const slice = () => store.database.transaction('letters.move', (tx) => letters.release(tx, ALL, run))
    const slices = [await slice(), await slice(), await slice()]
    const [first = [], second = [], third = []] = slices.map(({ ids }) => ids)

    assert.deepEqual(idsOf(first), idsOf(before.slice(0, 3).map(({ id }) => id)))
    assert.deepEqual(idsOf([...first, ...second]), idsOf(before.map(({ id }) => id)))
    assert.deepEqual(third, [])
    assert.deepEqual(
      slices.map(({ chosenCount }) => chosenCount),
      [3, 2, 0],
    )
    const claim = { now: now(), leaseMs: 60_000, limit: 10 }
    const messages = await store.inbox.claim(claim)
    const orders = await store.orders.claimWoken(claim)
    assert.deepEqual(idsOf([...messages, ...orders].map(({ id }) => id)), idsOf(before.map(({ id }) => id)))
    assert.ok([...messages, ...orders].every(({ attempts }) => attempts === 0))
    assert.deepEqual(await bench.audit(), [])
  })

  test('a letter that stops again is not released again by the same run, but by the next', async (t) => {
    const { store, letters } = await open(t)
    const message = aDead()
    await store.database.transaction('other', (tx) => store.inbox.insert(tx, [message]))
    const release = async (startedAt = now()) => {
      const run = { startedAt, limit: 10 }
      const { ids } = await store.database.transaction('letters.move', (tx) => letters.release(tx, ALL, run))
      return ids
    }
    const startedAt = now()
    await release(startedAt)
    await store.inbox.claim({ leaseMs: 60_000, limit: 1 })
    const held = { id: message.id, fence: 1n }
    const decision = { ...held, disposition: 'dead' as const, orderId: null, faults: [aFault('MSG-json')] }
    await store.database.transaction('other', (tx) => store.inbox.decide(tx, [{ ...decision, parkCause: null }]))

    assert.deepEqual(await release(startedAt), [])
    assert.deepEqual(await release(after(startedAt, 1)), [message.id])
  })

  test('of two who release the same letters at once each letter has one', async (t) => {
    const { store, letters } = await open(t)
    await store.database.transaction('other', (tx) => store.inbox.insert(tx, Array.from({ length: 50 }, aDead)))
    const run = { startedAt: now(), limit: 50 }

    const released = await Promise.all(
      Array.from({ length: 4 }, () =>
        store.database.transaction('letters.move', (tx) => letters.release(tx, ALL, run)),
      ),
    )

    const ids = released.flatMap((slice) => slice.ids)
    assert.equal(ids.length, 50)
    assert.equal(new Set(ids).size, 50)
  })

  test('a discarded letter keeps row and bytes, is counted and logged with its reason, and may be released', async (t) => {
    const bench = await open(t)
    const { store, letters } = bench
    const messages = await storeEverything(store)
    const deps = moveDeps(bench)

    const count = await discardLetters(deps, ALL, { ...BY, reason: 'test orders of March' })

    const discarded = await letters.page({ ...ALL, states: ['discarded'] }, { limit: 10, after: null })
    const contents = await letters.loadContents(discarded.map(({ inboxId }) => inboxId))
    assert.equal(count, 5)
    assert.deepEqual(await letters.groups(ALL, 10), [])
    assert.deepEqual(
      contents.map(({ bodySha256 }) => bodySha256).sort(),
      messages.map(({ bodySha256 }) => bodySha256).sort(),
    )
    const claim = { now: now(), leaseMs: 60_000, limit: 10 }
    assert.deepEqual([await store.inbox.claim(claim), await store.orders.claimWoken(claim)], [[], []])
    assert.deepEqual(await bench.audit(), [])
    assert.equal(await discardLetters(deps, ALL, BY), 0)

    assert.equal(await releaseLetters(deps, { ...ALL, states: ['discarded'] }, { ...BY, perSecond: 100 }), 5)
    assert.deepEqual(await bench.audit(), [])
    const orders = await store.orders.claimWoken(claim)
    assert.equal((await store.inbox.claim(claim)).length + orders.length, 5)
  })

  test('a held letter is not let go by what mends its cause, only by a release', async (t) => {
    const bench = await open(t)
    const { store, letters } = bench
    await storeEverything(store)
    const deps = moveDeps(bench)
    const filter = { ...ALL, cause: 'mapping_fault' as const }

    assert.equal(await holdLetters(deps, filter, BY), 2)
    assert.equal(await holdLetters(deps, filter, BY), 0)
    const causes: ParkCause[] = ['mapping_fault', 'mapping_missing', 'catalogue_missing']
    const woken = await store.database.transaction('other', (tx) => store.orders.wake(tx, { causes, limit: 100 }))
    const held = { ...ALL, cause: 'manual_hold' as const }

    assert.deepEqual([woken.inbox, woken.orders], [1, 0])
    assert.equal((await letters.page(held, { limit: 10, after: null })).length, 2)
    assert.equal(await releaseLetters(deps, held, { ...BY, perSecond: 10 }), 2)
    assert.deepEqual(await bench.audit(), [])
  })

  test('letters are released at their rate: a slice, a second, the next slice', async (t) => {
    const bench = await open(t)
    await bench.store.database.transaction('other', (tx) =>
      bench.store.inbox.insert(tx, Array.from({ length: 7 }, aDead)),
    )
    const pauses: number[] = []
    const told: number[] = []
    const deps = moveDeps(bench, (ms) => pauses.push(ms))

    const count = await releaseLetters(deps, ALL, { ...BY, perSecond: 3 }, (released) => told.push(released))

    assert.equal(count, 7)
    assert.deepEqual(
      [told, pauses],
      [
        [3, 6, 7],
        [1_000, 1_000],
      ],
    )
  })
}

function moveDeps({ store, letters }: LetterBench, onPause: (ms: number) => void = () => undefined): MoveDeps {
  return {
    ...store,
    letters,
    clock: { now },
    timers: {
      elapsedMs: () => 0,
      after: (ms, act) => {
        onPause(ms)
        queueMicrotask(act)
        return () => undefined
      },
    },
  }
}

/** Two dead messages, two orders at a mapping fault, one message without mapping; and others that are no letters. */
async function storeEverything(store: IssuingStore): Promise<readonly NewInboxMessage[]> {
  const start = now()
  const at = (age: number) => instant(start - age * 1_000)
  const orders = [4, 1].map((age) =>
    anOrder({
      state: 'received',
      invoiceCount: 0,
      grossAmount: null,
      parkCause: 'mapping_fault',
      faults: [aFault('MAP-value')],
      receivedAt: at(age),
    }),
  )
  const waiting = anOrder({ state: 'received', invoiceCount: 0, grossAmount: null, parkCause: 'unit_unverified' })
  const letters = [
    aDead(at(5)),
    aDead(at(2)),
    aMessage({
      disposition: null,
      businessType: 'market',
      parkCause: 'mapping_missing',
      faults: [aFault('MAP-missing')],
      receivedAt: at(3),
    }),
    ...orders.map((order) => aMessage({ id: order.inboxId, orderId: order.id, receivedAt: order.receivedAt })),
  ]
  await store.database.transaction('other', async (tx) => {
    const others = [
      aMessage({ id: waiting.inboxId, orderId: waiting.id }),
      aMessage({ disposition: 'ignored', faults: [aFault('ORD-ignored')] }),
    ]
    await store.inbox.insert(tx, [...letters, ...others])
    await store.orders.insert(tx, [...orders, waiting])
  })
  return letters
}

function aDead(receivedAt = now()): NewInboxMessage {
  return aMessage({ disposition: 'dead', faults: [aFault('MSG-json')], body: Buffer.from(`{${v7()}`), receivedAt })
}

function aFault(code: string): Fault {
  return { code, path: '/items/0', message: '有误', messageEn: 'wrong', cure: 'administrator' }
}

function idsOf(ids: readonly string[]): readonly string[] {
  return [...ids].sort()
}
