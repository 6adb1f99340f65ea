import assert from 'node:assert/strict'
import { test } from 'node:test'
import { after, type Instant, instant } from '../kernel/time.js'
import { aUsingUnit } from '../testing/builders.js'
import { makeSchema } from '../testing/memory/schema.js'
import { type Link, Server } from '../testing/memory/server.js'
import { makeMemoryStore } from '../testing/memory/store.js'
import { makeStory } from '../testing/story.js'
import type { BureauFailure } from './bureau.js'
import type { StopCause } from './channel-ports.js'
import { liftStops, type ProbeDeps, type ProbeReport, probeStops } from './probe.js'

const UNIT = aUsingUnit()
const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS

const DIRECT: Link = {
  reach: () => Promise.resolve(),
  commit: () => Promise.resolve('stored'),
  answer: () => Promise.resolve(),
  sleep: () => Promise.resolve(),
  random: () => 0.5,
}

const BROKEN: BureauFailure = { kind: 'in_doubt', code: 'BUR-NET-ECONNRESET', message: '', requestId: null }
const REFUSED: BureauFailure = { kind: 'refused', code: 'BUR-ERROR-01', message: '', requestId: null, park: null }
const CLOSED: BureauFailure = { kind: 'unit_fault', code: 'BUR-4057', message: '', park: 'unit_key_fault' }

function setup() {
  const state = { now: instant(Date.UTC(2026, 10, 22, 8)) as Instant, answer: BROKEN as BureauFailure | null }
  const clock = { now: () => state.now }
  const store = makeMemoryStore(makeSchema(), new Server(clock), DIRECT)
  const reports: ProbeReport[] = []
  const asked: boolean[] = []
  const deps = {
    store,
    // What a probe looks up is the units alone.
    directory: () => ({ units: [UNIT], directUnits: [UNIT.direct] }) as unknown as ReturnType<ProbeDeps['directory']>,
    bureau: {
      async readProfile(_unit, { isProbe }) {
        asked.push(isProbe === true)
        return state.answer ?? { kind: 'read', value: UNIT.profile ?? assert.fail() }
      },
    },
    channel: { isClockRight: () => true, stopOf: () => null },
    clock,
    report: (report) => reports.push(report),
  } satisfies ProbeDeps
  const raise = (cause: StopCause, probeInMs = 0) => {
    const said = { code: 'BUR-X', message: '' }
    return store.stops.raise({ directUnitId: UNIT.direct.id, usingUnitId: null, cause, ...said, probeInMs })
  }
  const pass = (ms: number) => {
    state.now = after(state.now, ms)
  }
  return { state, store, deps, raise, pass, reports, asked }
}

test('asks by one read after 15, 30, 60, 120, 120 … seconds while nobody answers', async () => {
  const { store, deps, state, raise, pass, asked } = setup()
  await raise('bureau_unreachable', 15 * SECOND_MS)
  assert.equal(await probeStops(deps), 0)
  const pauses: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const [{ probeAt } = assert.fail()] = await store.stops.load()
    pauses.push((probeAt - state.now) / SECOND_MS)
    pass(probeAt - state.now)
    await probeStops(deps)
  }
  assert.deepEqual(pauses, [15, 30, 60, 120, 120])
  assert.deepEqual(asked, [true, true, true, true, true])
})

test('one unit that is not let in does not keep a whole direct unit stopped', async () => {
  const { store, deps, raise, pass } = setup()
  const other = aUsingUnit({ id: 'another unit' as typeof UNIT.id })
  const both = {
    ...deps,
    directory: () =>
      ({ units: [UNIT, other], directUnits: [UNIT.direct] }) as unknown as ReturnType<ProbeDeps['directory']>,
    bureau: {
      readProfile: async (unit: typeof UNIT) =>
        unit.id === UNIT.id ? CLOSED : { kind: 'read' as const, value: UNIT.profile ?? assert.fail() },
    },
  } satisfies ProbeDeps
  await raise('unit_key_fault')
  await probeStops(both)
  assert.equal((await store.stops.load()).length, 1)

  pass(5 * MINUTE_MS)
  await probeStops(both)

  assert.deepEqual(await store.stops.load(), [])
})

test('any answer opens a broken way; only a read that succeeds lets a unit in again', async () => {
  const { store, deps, state, raise, pass } = setup()
  await raise('bureau_unreachable')
  await raise('unit_key_fault')
  for (const answer of [REFUSED, CLOSED]) {
    state.answer = answer
    await raise('bureau_unreachable')
    await probeStops(deps)
    assert.deepEqual(
      (await store.stops.load()).map(({ cause }) => cause),
      ['unit_key_fault'],
    )
    pass(5 * MINUTE_MS)
  }
  state.answer = null
  assert.equal(await probeStops(deps), 1)
  assert.deepEqual(await store.stops.load(), [])
})

test('a unit that is not let in is asked about every five minutes', async () => {
  const { store, deps, state, raise } = setup()
  state.answer = CLOSED
  await raise('unit_key_fault')
  await probeStops(deps)
  const [{ probeAt } = assert.fail()] = await store.stops.load()
  assert.equal(probeAt - state.now, 5 * MINUTE_MS)
})

test('a pause that is over needs no question', async () => {
  const { store, deps, raise, pass, asked } = setup()
  await raise('rate_limited', 5 * MINUTE_MS)
  await probeStops(deps)
  assert.equal((await store.stops.load()).length, 1)
  pass(5 * MINUTE_MS)
  assert.equal(await probeStops(deps), 1)
  assert.deepEqual(asked, [])
})

test('a stop of a day is told once more, and stays', async () => {
  const { store, deps, raise, pass, reports } = setup()
  await raise('bureau_unreachable')
  for (let hour = 0; hour < 30; hour += 1) {
    await probeStops(deps)
    pass(60 * MINUTE_MS)
  }
  assert.deepEqual(
    reports.map(({ event, stoppedMs }) => [event, stoppedMs / MINUTE_MS / 60]),
    [['channel.stopped-for-long', 24]],
  )
  assert.equal((await store.stops.load()).length, 1)
})

test('what waited under the cause is woken by the transaction that removes the stop, and nothing else', async () => {
  const { store, deps, state, raise } = setup()
  const story = makeStory(store, UNIT)
  await story.receive(3, { parkCause: 'bureau_unreachable' })
  await story.receive(2, { parkCause: 'quota_empty' })
  await raise('bureau_unreachable')
  state.answer = null
  await probeStops(deps)
  assert.equal(await store.batches.countParked(UNIT.id, 'bureau_unreachable'), 0)
  assert.equal(await store.batches.countParked(UNIT.id, 'quota_empty'), 2)
})

test('somebody else’s answered question opens the way as well, but ends no pause', async () => {
  const { store, deps, raise } = setup()
  for (const cause of ['unit_unverified', 'bureau_unreachable', 'rate_limited'] as const) await raise(cause, MINUTE_MS)
  await liftStops(deps, UNIT)
  assert.deepEqual(
    (await store.stops.load()).map(({ cause }) => cause),
    ['rate_limited'],
  )
})
