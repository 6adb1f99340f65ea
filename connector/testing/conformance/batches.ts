/** Batches: one holder at a time, frozen for ever, and nothing moves without the fence. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v7 } from 'uuid'
import type { BatchState } from '../../issuing/states.js'
import { after } from '../../kernel/time.js'
import { hashItems, LEASE_MS, makeStory, now, type Story } from '../story.js'
import type { OpenStore, StoreBench } from './issuing-store.js'

const OPEN_STATES: readonly BatchState[] = ['reserved', 'sending', 'in_doubt', 'accepted']

async function setup(bench: StoreBench, orderCount = 3): Promise<Story> {
  const story = makeStory(bench.store, await bench.addUnit())
  await story.grantNumbers(orderCount * 2 + 10)
  await story.grantQuota('1000000.00')
  await story.receive(orderCount)
  return story
}

async function reserve(story: Story, limit = 100) {
  const batch = await story.reserve(limit)
  assert.ok(batch !== null)
  return batch
}

export function proveBatches(open: OpenStore): void {
  proveReadiness(open)
  proveHolding(open)
  proveFences(open)
  proveVerdicts(open)
}

function proveReadiness(open: OpenStore): void {
  test('ready invoices that one worker has locked are stepped over by the next', async (t) => {
    const bench = await open(t)
    const story = await setup(bench, 5)
    const { store } = bench

    const [first, second, contents] = await store.database.transaction('other', async (tx) => {
      const mine = await store.batches.lockReady(tx, story.unit.id, 3)
      const theirs = await store.database.transaction('other', (other) =>
        store.batches.lockReady(other, story.unit.id, 3),
      )
      const oldest = mine.slice(0, 2).map(({ id }) => id)
      return [mine, theirs, await store.batches.loadContents(tx, oldest)] as const
    })

    const ids = [...first, ...second].map(({ id }) => id)
    assert.deepEqual([first.length, second.length, new Set(ids).size], [3, 2, 5])
    assert.deepEqual(ids, [...ids].sort(), 'the oldest first')
    assert.deepEqual([...contents.keys()].sort(), ids.slice(0, 2))
    assert.match(contents.get(ids[0] ?? '') ?? '', /咖啡杯/)
  })

  test('a parked invoice is not ready, and units are told by who waits longest', async (t) => {
    const bench = await open(t)
    const { store } = bench
    const stories = [await setup(bench, 1), await setup(bench, 2), await setup(bench, 1)]
    const [first, second, third] = stories.map(({ unit }) => unit.id)
    assert.ok(first !== undefined && second !== undefined && third !== undefined)

    const before = await store.batches.unitsWithReadyInvoices(10)
    await store.database.transaction('other', async (tx) => {
      const ready = await store.batches.lockReady(tx, first, 10)
      const ids = ready.map(({ id }) => id)
      await store.batches.parkInvoices(tx, ids, 'quota_empty')
    })

    assert.deepEqual(before, [first, second, third])
    assert.deepEqual(await store.batches.unitsWithReadyInvoices(1), [second])
    assert.deepEqual(await store.batches.unitsWithReadyInvoices(1, [second]), [third])
    assert.equal(await store.batches.countParked(first, 'quota_empty'), 1)
  })

  test('one invoice of a unit is in the first batches, however many another unit has', async (t) => {
    const bench = await open(t)
    await setup(bench, 300)
    const only = await setup(bench, 1)

    const units = await bench.store.batches.unitsWithReadyInvoices(2)

    assert.equal(units[1], only.unit.id)
    assert.equal((await reserve(only)).items.length, 1)
  })

  test('a frozen batch keeps its bytes, numbers and order', async (t) => {
    const bench = await open(t)
    const story = await setup(bench, 12)
    const batch = await reserve(story)

    const items = await bench.store.batches.loadItems(null, batch.id)
    const texts = await bench.store.batches.loadFrozen(batch.id)

    assert.deepEqual(
      items.map(({ invoiceId, invoiceNumber, state, period }) => ({ invoiceId, invoiceNumber, state, period })),
      batch.items.map(({ invoiceId, invoiceNumber }) => ({
        invoiceId,
        invoiceNumber,
        state: 'sending',
        period: story.period,
      })),
    )
    assert.deepEqual(
      texts,
      batch.items.map(({ invoiceId, frozen, frozenSha256 }) => ({ invoiceId, frozen, frozenSha256 })),
    )
  })
}

function proveHolding(open: OpenStore): void {
  test('eight workers never hold the same batch', async (t) => {
    const bench = await open(t)
    const story = await setup(bench, 40)
    for (let count = 0; count < 40; count += 1) {
      const batch = await reserve(story, 1)
      const attempt = await story.send(batch)
      assert.ok(attempt !== null && (await story.accept(batch, attempt)))
    }
    const claim = { states: ['accepted' as const], limit: 3 }

    const held: string[] = []
    const work = async (_: unknown, index: number) => {
      for (;;) {
        const batches = await bench.store.batches.claimDue({ ...claim, lease: { owner: `w${index}`, ms: LEASE_MS } })
        if (batches.length === 0) return
        held.push(...batches.map(({ id }) => id))
      }
    }
    await Promise.all(Array.from({ length: 8 }, work))

    assert.equal(held.length, 40)
    assert.equal(new Set(held).size, 40)
  })

  test('a batch under a lease is nobody else’s, and one whose lease has run out is', async (t) => {
    const bench = await open(t)
    const batch = await reserve(await setup(bench))
    const claim = (ms: number) =>
      bench.store.batches.claimDue({
        lease: { owner: 'other', ms },
        states: OPEN_STATES,
        limit: 10,
      })

    const underLease = await claim(0)
    await bench.store.batches.renewLeases([batch], 0)
    const free = await claim(0)
    const again = await claim(LEASE_MS)

    assert.deepEqual(underLease, [])
    assert.deepEqual([free[0]?.fence, again[0]?.fence], [2n, 3n])
  })

  test('a batch found in sending after its attempt was opened is in doubt, whatever became of its worker', async (t) => {
    const bench = await open(t)
    const story = await setup(bench)
    const [fresh, sent] = [await reserve(story, 1), await reserve(story, 1)]
    await story.send(sent)
    await bench.store.batches.renewLeases([fresh, sent], 0)

    const found = await bench.store.batches.claimDue({
      lease: { owner: 'rescuer', ms: LEASE_MS },
      states: ['sending'],
      limit: 10,
    })

    assert.deepEqual(
      found.map(({ id, state, attempts, wasInDoubt, doubtSince }) => ({
        ...{ id, state, attempts, wasInDoubt },
        isDoubtDated: doubtSince !== null,
      })),
      [
        { id: fresh.id, state: 'sending', attempts: 0, wasInDoubt: false, isDoubtDated: false },
        { id: sent.id, state: 'sending', attempts: 1, wasInDoubt: true, isDoubtDated: true },
      ],
    )
  })

  test('a batch that was let go is due at once; one that another holds is not let go by its former holder', async (t) => {
    const bench = await open(t)
    const story = await setup(bench)
    const [own, foreign] = [await reserve(story, 1), await reserve(story, 1)]

    await bench.store.batches.letGo([own, { id: foreign.id, fence: 7n }])
    const lease = { owner: 'next', ms: LEASE_MS }
    const found = await bench.store.batches.claimDue({ lease, states: OPEN_STATES, limit: 10 })

    assert.deepEqual(
      found.map(({ id, wasInDoubt }) => ({ id, wasInDoubt })),
      [{ id: own.id, wasInDoubt: false }],
    )
    assert.equal((await bench.store.batches.renewLeases([own], LEASE_MS)).size, 0, 'and nothing brings its lease back')
  })

  test('a worker whose clock is an hour ahead or behind postpones by as much as it means', async (t) => {
    const bench = await open(t)
    const story = await setup(bench)
    const postpone = async (skewMs: number, delayMs: number) => {
      const batch = await reserve(story, 1)
      const at = after(now(), skewMs)
      const change = { from: ['sending' as const], to: 'in_doubt' as const, release: true, at }
      await bench.store.database.transaction('other', (tx) =>
        bench.store.batches.move(tx, { ...batch, ...change, dueAt: after(at, delayMs) }),
      )
      return batch.id
    }
    const due = [await postpone(3_600_000, 0)]
    await postpone(-3_600_000, 60_000)

    const lease = { owner: 'next', ms: LEASE_MS }
    const found = await bench.store.batches.claimDue({ lease, states: OPEN_STATES, limit: 10 })

    assert.deepEqual(
      found.map(({ id }) => id),
      due,
    )
  })

  test('whose lease ran out may still write while nobody took the batch up, and not afterwards', async (t) => {
    const bench = await open(t)
    const story = await setup(bench)
    const [left, taken] = [await reserve(story, 1), await reserve(story, 1)]
    const attempts = [await story.send(left), await story.send(taken)]
    await bench.store.batches.renewLeases([left, taken], 0)
    const isLeftWritten = await story.accept(left, attempts[0] ?? '')
    const claim = { lease: { owner: 'next', ms: LEASE_MS }, states: ['sending' as const], limit: 10 }
    const found = await bench.store.batches.claimDue(claim)
    const isTakenWritten = await story.accept(taken, attempts[1] ?? '')

    assert.deepEqual([isLeftWritten, found.map(({ id }) => id), isTakenWritten], [true, [taken.id], false])
  })

  test('leases are renewed only for those who still hold the fence', async (t) => {
    const bench = await open(t)
    const story = await setup(bench)
    const [kept, lost] = [await reserve(story, 1), await reserve(story, 1)]

    const renewed = await bench.store.batches.renewLeases([kept, { id: lost.id, fence: 7n }], LEASE_MS)

    assert.deepEqual(renewed, new Set([kept.id]))
  })
}

function proveFences(open: OpenStore): void {
  test('a stale fence changes nothing at all', async (t) => {
    const bench = await open(t)
    const { store } = bench
    const story = await setup(bench)
    const stale = await reserve(story)
    await store.batches.renewLeases([stale], 0)
    const claim = { lease: { owner: 'next', ms: LEASE_MS }, states: OPEN_STATES, limit: 1 }
    const [held] = await store.batches.claimDue(claim)
    const lease = { owner: 'stale', until: after(now(), LEASE_MS) }
    const child = { id: v7(), positionsFrom: 0, positionsTo: 2, frozenSha256: hashItems(stale.items), lease }
    const move = { dueAt: now(), release: true, at: now() }

    const opened = await story.send(stale)
    const changed = await store.database.transaction('other', async (tx) => [
      await store.batches.move(tx, {
        ...stale,
        ...move,
        from: ['sending'],
        to: 'accepted',
        invoices: { from: ['sending'], to: 'accepted' },
      }),
      await store.batches.divide(tx, stale, [child], now()),
    ])
    const renewed = await store.batches.renewLeases([stale], LEASE_MS)
    const items = await store.batches.loadItems(null, stale.id)

    assert.equal(held?.fence, 2n)
    assert.equal(opened, null)
    assert.deepEqual(changed, [false, false])
    assert.equal(renewed.size, 0)
    assert.deepEqual(new Set(items.map(({ state }) => state)), new Set(['sending']))
    assert.ok(held !== undefined && (await story.send(held)) !== null, 'the holder of the fence goes on')
  })

  test('a move from a state that the batch is not in changes nothing', async (t) => {
    const bench = await open(t)
    const batch = await reserve(await setup(bench))

    const isMoved = await bench.store.database.transaction('other', (tx) =>
      bench.store.batches.move(tx, {
        ...batch,
        from: ['accepted'],
        to: 'settled',
        dueAt: null,
        release: true,
        at: now(),
      }),
    )

    assert.equal(isMoved, false)
  })

  test('a divided batch hands its bytes on unchanged, and its parts may be sent at once', async (t) => {
    const bench = await open(t)
    const { store } = bench
    const story = await setup(bench, 5)
    const parent = await reserve(story)
    const attempt = await story.send(parent)
    assert.ok(attempt !== null)
    const lease = { owner: story.owner, until: after(now(), LEASE_MS) }
    const ranges = [
      { id: v7(), positionsFrom: 0, positionsTo: 2 },
      { id: v7(), positionsFrom: 3, positionsTo: 4 },
    ].map((range) => ({
      ...range,
      frozenSha256: hashItems(parent.items.slice(range.positionsFrom, range.positionsTo + 1)),
      lease,
    }))

    const isDivided = await store.database.transaction('other', async (tx) => {
      await story.closeAttempt(tx, attempt, 'refused')
      return store.batches.divide(tx, parent, ranges, now())
    })
    const children = await Promise.all(ranges.map(({ id }) => store.batches.loadFrozen(id)))
    const left = await store.batches.loadItems(null, parent.id)
    const sent = await Promise.all(ranges.map(({ id }) => story.send({ id, fence: 1n })))

    assert.equal(isDivided, true)
    assert.deepEqual(
      children.flat(),
      parent.items.map(({ invoiceId, frozen, frozenSha256 }) => ({ invoiceId, frozen, frozenSha256 })),
    )
    assert.deepEqual(left, [])
    assert.ok(sent.every((attemptId) => attemptId !== null))
    const items = await store.batches.loadItems(null, ranges[1]?.id ?? '')
    assert.deepEqual(
      items.map(({ state }) => state),
      ['sending', 'sending'],
    )
  })
}

function proveVerdicts(open: OpenStore): void {
  test('a verdict is written once, and only about invoices of the batch', async (t) => {
    const bench = await open(t)
    const { store } = bench
    const story = await setup(bench, 4)
    const [batch, other] = [await reserve(story, 2), await reserve(story, 2)]
    const attempt = await story.send(batch)
    assert.ok(attempt !== null && (await story.accept(batch, attempt)))
    const verdicts = [...batch.items, ...other.items].map(({ invoiceId }) => ({
      invoiceId,
      to: 'issued' as const,
      refusal: null,
      at: now(),
    }))
    const settle = () =>
      store.database.transaction('other', (tx) => store.batches.settleInvoices(tx, batch.id, verdicts))

    const settled = [await settle(), await settle()]

    assert.deepEqual(settled, [new Set(batch.items.map(({ invoiceId }) => invoiceId)), new Set()])
  })

  test('a refusal that time cures keeps number and bytes, aside in a parked batch', async (t) => {
    const bench = await open(t)
    const { store } = bench
    const story = await setup(bench, 3)
    const batch = await reserve(story)
    const attempt = await story.send(batch)
    assert.ok(attempt !== null && (await story.accept(batch, attempt)))
    const [first, , third] = batch.items
    assert.ok(first !== undefined && third !== undefined)
    const to = { state: 'reserved' as const, cause: 'quota_empty' as const }
    const aside = { id: v7(), invoiceIds: [third.invoiceId, first.invoiceId], to, at: now() }

    const changed = await store.database.transaction('other', (tx) => store.batches.setAside(tx, batch.id, aside))
    const texts = await store.batches.loadFrozen(aside.id)
    const items = await store.batches.loadItems(null, aside.id)

    assert.deepEqual(changed, new Set(aside.invoiceIds))
    assert.deepEqual(
      texts.map(({ frozen }) => frozen),
      [first.frozen, third.frozen],
    )
    assert.deepEqual(
      items.map(({ state, invoiceNumber }) => ({ state, invoiceNumber })),
      [first, third].map(({ invoiceNumber }) => ({ state: 'reserved', invoiceNumber })),
    )
  })

  test('invoices that were frozen too long ago are drafts again, without number or batch', async (t) => {
    const bench = await open(t)
    const { store } = bench
    const story = await setup(bench, 2)
    const batch = await reserve(story)
    const at = now()

    const thawed = await store.database.transaction('other', async (tx) => {
      const change = { ...batch, dueAt: at, release: true, at }
      const invoices = { from: ['sending' as const], to: 'reserved' as const }
      await store.batches.move(tx, { ...change, from: ['sending'], to: 'reserved', invoices })
      await store.batches.move(tx, { ...change, from: ['reserved'], to: 'withdrawn', dueAt: null, openCount: 0 })
      return store.batches.thawInvoices(tx, batch.id, at)
    })

    assert.equal(thawed.size, 2)
    assert.deepEqual(await store.batches.loadItems(null, batch.id), [])
    const ready = await store.database.transaction('other', (tx) => store.batches.lockReady(tx, story.unit.id, 10))
    assert.deepEqual(new Set(ready.map(({ id }) => id)), thawed)
  })

  test('one unit with very many due batches does not hold up the only one of another', async (t) => {
    const { store, addUnit } = await open(t)
    const [many, few] = [makeStory(store, await addUnit()), makeStory(store, await addUnit())]
    for (const story of [many, few]) {
      await story.receive(story === many ? 20 : 1)
      await story.grantNumbers(20)
      await story.grantQuota('2000.00')
    }
    for (let count = 0; count < 20; count += 1) await setBack(many)
    const only = await setBack(few)

    const claimed = await store.batches.claimDue({
      lease: { owner: 'w', ms: 60_000 },
      states: ['reserved'],
      limit: 8,
    })

    assert.ok(claimed.length <= 8 && claimed.length >= 4, String(claimed.length))
    assert.ok(claimed.some(({ id }) => id === only.id))

    /** A batch of one invoice, given back to be sent. */
    async function setBack(story: typeof many) {
      const batch = await story.reserve(1)
      assert.ok(batch !== null)
      const back = { from: ['sending' as const], to: 'reserved' as const, dueAt: now(), release: true, at: now() }
      await store.database.transaction('other', (tx) => store.batches.move(tx, { ...batch, ...back }))
      return batch
    }
  })
}
