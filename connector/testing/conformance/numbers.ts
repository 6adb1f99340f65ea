/** Invoice numbers: each is handed out once, in order, and comes back only after a definite refusal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v7 } from 'uuid'
import type { InvoiceNumber } from '../../kernel/ids.js'
import { makeStory } from '../story.js'
import type { OpenStore } from './issuing-store.js'

function countUp(first: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => (BigInt(first) + BigInt(index)).toString())
}

export function proveNumbers(open: OpenStore): void {
  test('numbers are taken in order, over the end of a segment, and never more than there are', async (t) => {
    const { store, addUnit } = await open(t)
    const story = makeStory(store, await addUnit())
    const segments = [await story.grantNumbers(5), await story.grantNumbers(5)]
    const take = (count: number) =>
      store.database.transaction('other', (tx) => store.numbers.take(tx, story.unit.id, story.year, count))
    const before = await store.numbers.stock(null, story.unit.id, story.year)

    const taken = [await take(3), await take(4), await take(9), await take(1)]

    const all = segments.flatMap(({ first }) => countUp(first, 5))
    assert.deepEqual(before, { freeCount: 10, grantedCount: 10 })
    assert.deepEqual(
      taken.map((numbers) => numbers.length),
      [3, 4, 3, 0],
    )
    assert.deepEqual(
      taken.flat().map(({ invoiceNumber }) => invoiceNumber),
      all,
    )
    assert.equal((await store.numbers.stock(null, story.unit.id, story.year)).freeCount, 0)
  })

  test('eight takers at once never get the same number, and all numbers go', async (t) => {
    const { store, addUnit } = await open(t)
    const story = makeStory(store, await addUnit())
    const segments = [await story.grantNumbers(300), await story.grantNumbers(100), await story.grantNumbers(180)]

    const taken: string[] = []
    const work = async () => {
      for (;;) {
        const numbers = await store.database.transaction('other', (tx) =>
          store.numbers.take(tx, story.unit.id, story.year, 7),
        )
        if (numbers.length === 0) return
        taken.push(...numbers.map(({ invoiceNumber }) => invoiceNumber))
      }
    }
    await Promise.all(Array.from({ length: 8 }, work))

    const sizes = [300, 100, 180]
    const all = segments.flatMap(({ first }, index) => countUp(first, sizes[index] ?? 0))
    assert.deepEqual(taken.sort(), all.sort())
  })

  test('numbers of another year or another unit are not touched', async (t) => {
    const { store, addUnit } = await open(t)
    const [mine, theirs] = [makeStory(store, await addUnit()), makeStory(store, await addUnit())]
    await theirs.grantNumbers(5)
    await mine.grantNumbers(5)

    const taken = await store.database.transaction('other', async (tx) => [
      await store.numbers.take(tx, mine.unit.id, mine.year + 1, 3),
      await store.numbers.take(tx, mine.unit.id, mine.year, 9),
    ])

    assert.deepEqual(
      taken.map((numbers) => numbers.length),
      [0, 5],
    )
    assert.equal((await store.numbers.stock(null, theirs.unit.id, theirs.year)).freeCount, 5)
  })

  test('what a transaction took is free again when it does not commit', async (t) => {
    const { store, addUnit } = await open(t)
    const story = makeStory(store, await addUnit())
    const { first } = await story.grantNumbers(5)
    const take = (count: number) =>
      store.database.transaction('other', (tx) => store.numbers.take(tx, story.unit.id, story.year, count))

    await assert.rejects(
      store.database.transaction('other', async (tx) => {
        await store.numbers.take(tx, story.unit.id, story.year, 5)
        throw new Error('the worker changed its mind')
      }),
    )
    const [taken] = await take(1)

    assert.equal(taken?.invoiceNumber, first)
  })

  test('a refused number is taken again before fresh ones, once, and a burned one never', async (t) => {
    const { store, addUnit } = await open(t)
    const story = makeStory(store, await addUnit())
    const { first } = await story.grantNumbers(4)
    await story.grantQuota('1000.00')
    await story.receive(2)
    const batch = await story.reserve(2)
    assert.ok(batch !== null)
    const [refused, burned] = batch.items
    assert.ok(refused !== undefined && burned !== undefined)
    const giveBack = (item: typeof refused, reason: string | null) =>
      store.database.transaction('other', (tx) => store.numbers.giveBack(tx, [item], reason))
    await giveBack(refused, null)
    await giveBack(burned, 'refused')
    const stock = await store.numbers.stock(null, story.unit.id, story.year)

    await assert.rejects(giveBack(refused, null), 'a number cannot come back twice')
    const taken = await store.database.transaction('other', (tx) =>
      store.numbers.take(tx, story.unit.id, story.year, 9),
    )

    assert.equal(stock.freeCount, 3)
    const [, , third, fourth] = countUp(first, 4)
    assert.deepEqual(
      taken.map(({ invoiceNumber }) => invoiceNumber),
      [refused.invoiceNumber, third, fourth],
    )
  })

  test('a number that was never frozen for an invoice cannot be given back', async (t) => {
    const { store, addUnit } = await open(t)
    const story = makeStory(store, await addUnit())
    await story.grantNumbers(4)
    const [taken] = await store.database.transaction('other', (tx) =>
      store.numbers.take(tx, story.unit.id, story.year, 1),
    )
    assert.ok(taken !== undefined)

    await assert.rejects(
      store.database.transaction('other', (tx) => store.numbers.giveBack(tx, [{ ...taken, invoiceId: v7() }], null)),
      { name: 'Defect' },
    )
  })

  test('a segment that shares a number with another is not entered; the same answer again changes nothing', async (t) => {
    const { store, addUnit } = await open(t)
    const story = makeStory(store, await addUnit())
    const { first, last } = await story.grantNumbers(10)
    const moves = await Promise.all(
      [1, 2].map(async () => {
        const other = await addUnit()
        const rest = { serial: v7(), numberCount: 10, amount: null, period: null }
        const id = v7()
        await store.moves.plan({ id, usingUnitId: other.id, kind: 'number_claim', ...rest })
        return { id, usingUnitId: other.id }
      }),
    )
    const [own, foreign] = moves
    assert.ok(own !== undefined && foreign !== undefined)
    const enter = (move: typeof own, range: { first: string; last: string; size: number }) =>
      store.database.transaction('other', (tx) =>
        store.numbers.addSegment(tx, {
          id: v7(),
          usingUnitId: move.usingUnitId,
          moveId: move.id,
          year: story.year,
          size: range.size,
          // Made-up ranges in the bureau's form.
          first: range.first as InvoiceNumber,
          last: range.last as InvoiceNumber,
        }),
      )
    const next = { first: (BigInt(last) + 1n).toString(), last: (BigInt(last) + 10n).toString(), size: 10 }

    const entered = [
      await enter(foreign, { first, last, size: 10 }),
      await enter(foreign, { first: last, last: (BigInt(last) + 4n).toString(), size: 5 }),
      await enter(own, next),
      await enter(own, next),
    ]

    assert.deepEqual(entered, ['overlaps', 'overlaps', 'added', 'added'])
    assert.equal((await store.numbers.stock(null, own.usingUnitId, story.year)).freeCount, 10)
  })
}
