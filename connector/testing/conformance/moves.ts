/** Claims, downloads, returns: stored before the call, one open at a time, closed by their holder alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v7 } from 'uuid'
import { amount } from '../../kernel/amount.js'
import type { TaxPeriod } from '../../kernel/time.js'
import type { UsingUnit } from '../../taxpayer/taxpayer.js'
import { LEASE_MS, now } from '../story.js'
import type { OpenStore } from './issuing-store.js'

function aMove(unit: UsingUnit) {
  return {
    id: v7(),
    usingUnitId: unit.id,
    kind: 'quota_download' as const,
    serial: v7(),
    numberCount: null,
    amount: amount('100000.00'),
    // A calendar month, as the bureau writes it.
    period: '2026-11' as TaxPeriod,
  }
}

export function proveMoves(open: OpenStore): void {
  test('of all replicas that plan a move of a unit at once exactly one does', async (t) => {
    const { store, addUnit } = await open(t)
    const unit = await addUnit()

    const planned = await Promise.all(Array.from({ length: 8 }, () => store.moves.plan(aMove(unit))))
    const otherKind = await store.moves.plan({ ...aMove(unit), kind: 'number_claim', numberCount: 100 })

    assert.equal(planned.filter((move) => move !== null).length, 1)
    assert.ok(otherKind !== null)
  })

  test('a move counts as sent before its call, keeps its serial, and ends by its holder alone', async (t) => {
    const { store, addUnit } = await open(t)
    const unit = await addUnit()
    const move = aMove(unit)
    await store.moves.plan(move)
    const claim = (ms: number) => store.moves.claimDue({ lease: { owner: 'w', ms }, limit: 10, resting: [] })
    const finish = (fence: bigint, to: 'granted' | 'in_doubt') =>
      store.database.transaction('other', (tx) =>
        store.moves.finish(tx, { id: move.id, fence, to, dueAt: now(), answer: { to }, at: now() }),
      )

    const renew = (fence: bigint) => store.moves.renewLeases([{ id: move.id, fence }], LEASE_MS)

    const [first] = await claim(0)
    const [second] = await claim(LEASE_MS)
    const third = await claim(LEASE_MS)
    const stale = await finish(1n, 'granted')
    const renewed = [await renew(1n), await renew(2n)]
    const doubted = await finish(2n, 'in_doubt')
    const [fourth] = await claim(LEASE_MS)
    const blocked = await store.moves.plan(aMove(unit))
    const granted = await finish(3n, 'granted')
    const next = await store.moves.plan(aMove(unit))

    assert.deepEqual(first, { ...move, state: 'sent', attempts: 1, fence: 1n })
    assert.deepEqual([second?.fence, second?.attempts, second?.serial], [2n, 2, move.serial])
    assert.deepEqual(third, [])
    assert.deepEqual(renewed, [new Set(), new Set([move.id])])
    assert.deepEqual([stale, doubted, granted], [false, true, true])
    assert.deepEqual([fourth?.fence, fourth?.attempts], [3n, 3])
    assert.equal(blocked, null)
    assert.ok(next !== null)
  })

  test('moves of units that rest stay as they are', async (t) => {
    const { store, addUnit } = await open(t)
    const [stopped, going] = [await addUnit(), await addUnit()]
    for (const unit of [stopped, going]) await store.moves.plan(aMove(unit))
    const claim = (resting: readonly UsingUnit[]) =>
      store.moves.claimDue({
        lease: { owner: 'w', ms: LEASE_MS },
        limit: 10,
        resting: resting.map(({ id }) => id),
      })

    const others = await claim([stopped])
    const rested = await claim([])

    assert.deepEqual([others.map(({ usingUnitId }) => usingUnitId), others[0]?.attempts], [[going.id], 1])
    assert.deepEqual([rested.map(({ usingUnitId }) => usingUnitId), rested[0]?.attempts], [[stopped.id], 1])
  })
}
