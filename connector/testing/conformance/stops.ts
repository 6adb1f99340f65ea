/** Stops of the way to the bureau: one of each kind, told once, probed by one replica, gone only when nobody holds it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewStop } from '../../issuing/channel-ports.js'
import type { UsingUnit } from '../../taxpayer/taxpayer.js'
import type { OpenStore } from './issuing-store.js'

const LEASE = { leaseMs: 60_000, limit: 10 }

function aStop({ direct }: UsingUnit, change: Partial<NewStop> = {}): NewStop {
  const said = { code: 'BUR-NET-ECONNREFUSED', message: '税局不可达' }
  return { directUnitId: direct.id, usingUnitId: null, cause: 'bureau_unreachable', ...said, probeInMs: 0, ...change }
}

export function proveStops(open: OpenStore): void {
  test('of all replicas that raise a stop at once exactly one tells it, and all see it', async (t) => {
    const { store, addUnit } = await open(t)
    const unit = await addUnit()
    const raised = await Promise.all(Array.from({ length: 8 }, () => store.stops.raise(aStop(unit))))
    const other = await store.stops.raise(aStop(unit, { usingUnitId: unit.id, cause: 'unit_key_fault' }))

    assert.equal(raised.filter((isNew) => isNew).length, 1)
    assert.equal(other, true)
    const seen = await store.stops.load()
    assert.deepEqual(
      seen.map(({ directUnitId, usingUnitId, cause, failedProbes, isTold }) => ({
        directUnitId,
        usingUnitId,
        cause,
        failedProbes,
        isTold,
      })),
      [
        { directUnitId: unit.direct.id, usingUnitId: null, cause: 'bureau_unreachable' },
        { directUnitId: unit.direct.id, usingUnitId: unit.id, cause: 'unit_key_fault' },
      ].map((stop) => ({ ...stop, failedProbes: 0, isTold: false })),
    )
  })

  test('a pause grows longer and never shorter; other stops keep their time', async (t) => {
    const { store, addUnit } = await open(t)
    const unit = await addUnit()
    const at = async () => {
      const stops = await store.stops.load()
      return new Map(stops.map(({ cause, probeAt }) => [cause, probeAt]))
    }
    for (const cause of ['rate_limited', 'bureau_unreachable'] as const) {
      await store.stops.raise(aStop(unit, { cause, probeInMs: 60_000 }))
    }
    const before = await at()
    for (const probeInMs of [1_000, 300_000]) {
      for (const cause of ['rate_limited', 'bureau_unreachable'] as const) {
        assert.equal(await store.stops.raise(aStop(unit, { cause, probeInMs })), false)
      }
      if (probeInMs === 1_000) assert.deepEqual(await at(), before)
    }
    const grown = await at()
    assert.ok((grown.get('rate_limited') ?? 0) > (before.get('rate_limited') ?? 0) + 200_000)
    assert.equal(grown.get('bureau_unreachable'), before.get('bureau_unreachable'))
  })

  test('one replica alone probes a stop, again when the probe was in vain, and others not before', async (t) => {
    const { store, addUnit } = await open(t)
    const unit = await addUnit()
    await store.stops.raise(aStop(unit))
    await store.stops.raise(aStop(unit, { cause: 'unit_key_fault', probeInMs: 60_000 }))
    // Once to open the connections, so that the claims come at the same time.
    await Promise.all(Array.from({ length: 12 }, () => store.stops.load()))
    const claims = await Promise.all(Array.from({ length: 12 }, () => store.stops.claimDue(LEASE)))
    const [taken, ...rest] = claims.flat()

    assert.equal(taken?.cause, 'bureau_unreachable')
    assert.deepEqual(rest, [])
    await store.stops.postpone(taken.id, { probeInMs: 60_000, isTold: false })
    assert.deepEqual(await store.stops.claimDue(LEASE), [])
    await store.stops.postpone(taken.id, { probeInMs: 0, isTold: true })
    await store.stops.postpone(taken.id, { probeInMs: 0, isTold: false })
    const [again] = await store.stops.claimDue(LEASE)
    assert.deepEqual([again?.id, again?.failedProbes, again?.isTold], [taken.id, 3, true])
  })

  test('a stop holds its unit, or all of the direct unit, until it is lifted, which one replica does', async (t) => {
    const { store, addUnit } = await open(t)
    const [unit, stranger] = [await addUnit(), await addUnit()]
    const held = (each: UsingUnit) => store.database.transaction('other', (tx) => store.stops.hold(tx, each))
    // In the memory all units of a test are of one direct unit; here what matters is whom the stop names.
    await store.stops.raise(aStop(unit, { usingUnitId: unit.id, cause: 'unit_unverified' }))
    assert.deepEqual([await held(unit), await held(stranger)], ['unit_unverified', null])

    const [{ id } = assert.fail()] = await store.stops.load()
    const lifted = await Promise.all(
      Array.from({ length: 4 }, () => store.database.transaction('other', (tx) => store.stops.lift(tx, id))),
    )
    assert.equal(lifted.filter((isLifted) => isLifted).length, 1)
    assert.deepEqual([await held(unit), await store.stops.load()], [null, []])
    assert.equal(await store.stops.raise(aStop(unit, { usingUnitId: unit.id, cause: 'unit_unverified' })), true)
  })

  test('who lifts a stop waits for whoever parks something under it', async (t) => {
    const { store, addUnit } = await open(t)
    const unit = await addUnit()
    await store.stops.raise(aStop(unit))
    const [{ id } = assert.fail()] = await store.stops.load()
    const order: string[] = []
    let tellHeld: () => void = () => assert.fail('not started yet')
    const isHeld = new Promise<void>((resolve) => {
      tellHeld = resolve
    })
    const parking = store.database.transaction('other', async (tx) => {
      const cause = await store.stops.hold(tx, unit)
      tellHeld()
      // Time enough for a lifting that does not wait to be over.
      for (let count = 0; count < 30; count += 1) await store.stops.load()
      order.push(`parked under ${cause}`)
    })
    await isHeld
    const lifting = store.database.transaction('other', async (tx) => {
      await store.stops.lift(tx, id)
      order.push('lifted')
    })
    await Promise.all([parking, lifting])

    assert.deepEqual(order, ['parked under bureau_unreachable', 'lifted'])
  })
}
