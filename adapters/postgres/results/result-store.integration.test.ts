/** Results by hand: what a list shows, what a replay sends again, and that it stays the same result. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { enableEndpoint, type ReplayDeps, replayResults } from '../../../connector/issuing/replay.js'
import type { ResultFilter } from '../../../connector/issuing/replay-ports.js'
import { after } from '../../../connector/kernel/time.js'
import { anAttempt } from '../../../connector/testing/conformance/deliveries.js'
import { addEndpoint, addUnit, withSchema } from '../../../connector/testing/database.js'
import { LEASE_MS, makeStory, now } from '../../../connector/testing/story.js'
import { runAudit } from '../audit/audit.js'
import { makeDeliveryStore } from '../deliveries/delivery-store.js'
import { makeResultStore } from './result-store.js'

const ANY: ResultFilter = {
  businessType: null,
  orderNo: null,
  eventId: null,
  since: null,
  until: null,
  way: null,
  isUndelivered: false,
}
const BY_HAND = { actor: 'operator', reason: 'the receiver lost them', confirmedCount: null }

/** Four results: by RabbitMQ, by both, and two by callback alone; the first of these, or that by both, is given up. */
async function setup(t: TestContext, { isBothLost = false } = {}) {
  const { store, pool, schema } = await withSchema(t)
  const unit = await addUnit(pool)
  await addEndpoint(pool, unit)
  const events = []
  for (const delivery of ['amqp', 'both', 'callback', 'callback'] as const) {
    const story = makeStory(store, unit, 'worker-1', delivery)
    await story.grantNumbers(1)
    await story.grantQuota('1000.00')
    await story.receive(1)
    events.push(...(await story.issueReady()))
  }
  const deliveries = makeDeliveryStore(pool)
  const results = makeResultStore(pool)
  const claim = () => deliveries.claimDue({ lease: { owner: 'w', ms: LEASE_MS }, endpointCap: 10, limit: 10 })
  const conclude = (held: Awaited<ReturnType<typeof claim>>, lost: readonly string[] = []) =>
    store.database.transaction('other', (tx) =>
      deliveries.conclude(
        tx,
        held.map((each) => anAttempt(each, lost.includes(each.eventId) ? 'exhausted' : 'delivered')),
      ),
    )
  const [amqp, both, lost, delivered] = events.map(({ id }) => id)
  assert.ok(amqp !== undefined && both !== undefined && lost !== undefined && delivered !== undefined)
  await conclude(await claim(), [isBothLost ? both : lost])
  const deps: ReplayDeps = { ...store, results, clock: { now } }
  const claimOutbox = async () => {
    const claimed = await store.outbox.claimDue({ lease: { owner: 'w', ms: LEASE_MS }, limit: 10 })
    return claimed
  }
  const auditIsClean = async () => assert.deepEqual((await runAudit(pool, schema)).violations, [])
  return {
    deps,
    results,
    store,
    pool,
    events,
    ids: { amqp, both, lost, delivered },
    claim,
    conclude,
    claimOutbox,
    auditIsClean,
  }
}

test('the list shows each result with what became of it in each way', async (t) => {
  const { results, ids } = await setup(t)

  const all = await results.list(ANY, 10)
  const undelivered = await results.list({ ...ANY, isUndelivered: true }, 10)

  assert.deepEqual(
    all.map(({ eventId, amqp, callback }) => [eventId, amqp?.state, callback?.state, callback?.code]),
    [
      [ids.delivered, undefined, 'delivered', null],
      [ids.lost, undefined, 'exhausted', 'CBK-HTTP-503'],
      [ids.both, 'published', 'delivered', null],
      [ids.amqp, 'published', undefined, undefined],
    ],
  )
  assert.deepEqual(
    undelivered.map(({ eventId }) => eventId),
    [ids.lost],
  )
})

test('a filter means what it says', async (t) => {
  const { results, ids, events } = await setup(t)
  const countOf = (filter: Partial<ResultFilter>) => results.count({ ...ANY, ...filter })
  const [first] = events
  assert.ok(first !== undefined)

  assert.deepEqual(
    [
      ...[await countOf({}), await countOf({ businessType: 'shop' }), await countOf({ businessType: 'other' })],
      ...[await countOf({ way: 'amqp' }), await countOf({ way: 'callback' }), await countOf({ eventId: ids.both })],
      ...[await countOf({ since: after(now(), 60_000) }), await countOf({ until: first.createdAt })],
      ...[await countOf({ orderNo: 'nobody' }), await countOf({ way: 'amqp', isUndelivered: true })],
    ],
    [4, 4, 0, 2, 3, 1, 0, 0, 0, 0],
  )
})

test('a result that was given up is found however many came after it, in its own way only', async (t) => {
  const { results, ids } = await setup(t)
  const isFound = (filter: Partial<ResultFilter>) => results.hasGivenUp({ ...ANY, ...filter })

  assert.deepEqual(
    [await isFound({}), await isFound({ isUndelivered: true }), await isFound({ eventId: ids.lost, way: 'callback' })],
    [true, true, true],
  )
  assert.deepEqual([await isFound({ way: 'amqp' }), await isFound({ eventId: ids.delivered })], [false, false])
})

test('what was given up goes out again with the same id and bytes, marked, and its schedule begins anew', async (t) => {
  const { deps, ids, events, claim, conclude, claimOutbox, auditIsClean } = await setup(t)

  const end = await replayResults(deps, { ...ANY, isUndelivered: true }, BY_HAND)
  const [held, ...more] = await claim()

  assert.deepEqual(end, { kind: 'replayed', matchedCount: 1, amqpCount: 0, callbackCount: 1 })
  assert.deepEqual(more, [])
  assert.deepEqual(
    [held?.eventId, held?.body, held?.isReplay, held?.tryNo, held?.attemptNo],
    [ids.lost, events.find(({ id }) => id === ids.lost)?.body, true, 1, 2],
  )
  assert.deepEqual(await claimOutbox(), [])
  await conclude(held === undefined ? [] : [held])
  await auditIsClean()
})

test('of a result that arrived one way only the other is sent again, when what is undelivered is meant', async (t) => {
  const { deps, ids, claim, conclude, claimOutbox, auditIsClean } = await setup(t, { isBothLost: true })

  const end = await replayResults(deps, { ...ANY, isUndelivered: true }, BY_HAND)
  const held = await claim()

  assert.deepEqual(end, { kind: 'replayed', matchedCount: 1, amqpCount: 0, callbackCount: 1 })
  assert.deepEqual([held.map(({ eventId }) => eventId), await claimOutbox()], [[ids.both], []])
  await conclude(held)
  await auditIsClean()
})

test('a result that was published and delivered is sent again both ways, and its first arrival stays on record', async (t) => {
  const { deps, ids, store, pool, claim, conclude, claimOutbox, auditIsClean } = await setup(t)
  const arrivals = async () => {
    const { rows } = await pool.query(
      `select e.confirmed_at, d.delivered_at from outbox_events e join callback_deliveries d on d.event_id = e.id
       where e.id = $1`,
      [ids.both],
    )
    return rows
  }
  const before = await arrivals()

  const end = await replayResults(deps, { ...ANY, eventId: ids.both }, BY_HAND)
  const held = await claim()
  const published = await claimOutbox()

  assert.deepEqual(end, { kind: 'replayed', matchedCount: 1, amqpCount: 1, callbackCount: 1 })
  assert.deepEqual(
    [...held, ...published].map(({ isReplay, ...each }) => ['eventId' in each ? each.eventId : each.id, isReplay]),
    [
      [ids.both, true],
      [ids.both, true],
    ],
  )
  await conclude(held)
  await store.outbox.markPublished(published, now())
  assert.deepEqual(await arrivals(), before)
  await auditIsClean()
})

test('everything is sent again only when its number was confirmed, and who did it stands in the log', async (t) => {
  const { deps, pool } = await setup(t)
  const replay = (confirmedCount: number | null) => replayResults(deps, ANY, { ...BY_HAND, confirmedCount })

  assert.deepEqual(await replay(null), { kind: 'unconfirmed', matchedCount: 4 })
  assert.deepEqual(await replay(3), { kind: 'unconfirmed', matchedCount: 4 })
  assert.deepEqual(await replay(4), { kind: 'replayed', matchedCount: 4, amqpCount: 2, callbackCount: 3 })
  const { rows } = await pool.query('select kind, actor, reason from actions')
  assert.deepEqual(rows, [{ kind: 'results.replay', actor: 'operator', reason: BY_HAND.reason }])
})

test('what is written after a replay was confirmed is not sent along', async (t) => {
  const { deps, results, ids } = await setup(t)
  // The fourth result is committed just after they were counted.
  const counted = { ...deps, results: { ...results, count: async () => 3 } }

  const end = await replayResults(counted, ANY, { ...BY_HAND, confirmedCount: 3 })

  assert.deepEqual(end, { kind: 'replayed', matchedCount: 3, amqpCount: 2, callbackCount: 2 })
  const [latest] = await results.list({ ...ANY, eventId: ids.delivered }, 1)
  assert.deepEqual([latest?.callback?.state, latest?.callback?.replays], ['delivered', 0])
})

test('what is being sent now is not sent twice by a replay', async (t) => {
  const { deps, ids, claim } = await setup(t)
  await replayResults(deps, { ...ANY, eventId: ids.delivered }, BY_HAND)
  const [held] = await claim()

  const end = await replayResults(deps, { ...ANY, eventId: ids.delivered }, BY_HAND)

  assert.equal(held?.eventId, ids.delivered)
  assert.deepEqual(end, { kind: 'replayed', matchedCount: 1, amqpCount: 0, callbackCount: 0 })
})

test('an endpoint that is switched on again is healthy, and what waits for it is due, with all its tries', async (t) => {
  const { deps, pool, results, ids, claim, conclude } = await setup(t)
  await replayResults(deps, { ...ANY, eventId: ids.lost }, BY_HAND)
  await pool.query(`update callback_endpoints set disabled_for = 'gone', disabled_at = now(), failure_count = 9;
    update callback_deliveries set due_at = now() + interval '6 hours', tries = 12 where due_at is not null`)
  assert.deepEqual(await claim(), [])

  assert.equal(await enableEndpoint(deps, 'nobody', BY_HAND), false)
  assert.equal(await enableEndpoint(deps, 'shop', BY_HAND), true)

  const [endpoint] = await results.endpoints()
  assert.deepEqual(
    [endpoint?.businessType, endpoint?.disabledFor, endpoint?.failureCount, endpoint?.waitingCount],
    ['shop', null, 0, 1],
  )
  const held = await claim()
  assert.deepEqual(
    held.map(({ eventId, tryNo }) => [eventId, tryNo]),
    [[ids.lost, 1]],
  )
  await conclude(held)
})
