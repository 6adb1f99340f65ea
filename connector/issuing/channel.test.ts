import assert from 'node:assert/strict'
import { test } from 'node:test'
import { after, type Instant, instant } from '../kernel/time.js'
import { aUsingUnit } from '../testing/builders.js'
import { type ChannelReport, makeChannel } from './channel.js'
import type { NewStop, Sight, Stop } from './channel-ports.js'

const START = instant(Date.UTC(2026, 10, 22, 8))
const UNIT = aUsingUnit()
const OTHER = aUsingUnit({ direct: { id: 'other' } })
const MINUTE_MS = 60_000

const OPEN: Sight = { way: 'open', bureauDate: null }
const BROKEN: Sight = { way: 'broken', bureauDate: null, code: 'BUR-NET-ECONNREFUSED', message: '不可达' }
const GARBLED: Sight = { way: 'garbled', bureauDate: null, code: 'BUR-ANSWER-not-decryptable', message: '无法解密' }

/** A channel whose store keeps one stop a cause, as the real one does; the clock is moved by hand. */
function setup() {
  const state = { now: START as Instant, elapsedMs: 0, isDown: false, stops: [] as Stop[] }
  const reports: ChannelReport[] = []
  const raised: NewStop[] = []
  const channel = makeChannel({
    stops: {
      load: async () => state.stops,
      async raise(stop) {
        if (state.isDown) throw new Error('store down')
        raised.push(stop)
        if (state.stops.some(({ cause }) => cause === stop.cause)) return false
        const times = { since: state.now, probeAt: after(state.now, stop.probeInMs), failedProbes: 0, isTold: false }
        state.stops = [...state.stops, { ...stop, ...times, id: stop.cause }]
        return true
      },
    },
    clock: { now: () => state.now },
    timers: { elapsedMs: () => state.elapsedMs },
    report: (report) => reports.push(report),
  })
  const pass = (ms: number) => {
    state.now = after(state.now, ms)
    state.elapsedMs += ms
  }
  const observe = async (sight: Sight, times = 1, unit = UNIT) => {
    for (let count = 0; count < times; count += 1) await channel.observe(unit, sight)
  }
  const dated = (ms: number): Sight => ({ way: 'open', bureauDate: after(state.now, ms) })
  return { channel, state, reports, raised, pass, observe, dated }
}

test('calls that go well write nothing', async () => {
  const { channel, raised, observe } = setup()
  await observe(OPEN, 100)
  assert.deepEqual(raised, [])
  assert.equal(channel.stopOf(UNIT), null)
})

test('a broken way is stopped once, for all its units and no others, and told once', async () => {
  const { channel, raised, reports, observe } = setup()
  await observe(BROKEN, 4)
  assert.equal(channel.stopOf(UNIT), null)
  await observe(BROKEN, 11)

  assert.equal(channel.stopOf(UNIT)?.cause, 'bureau_unreachable')
  assert.equal(channel.stopOf(aUsingUnit({ id: 'sibling' as typeof UNIT.id }))?.usingUnitId, null)
  assert.equal(channel.stopOf(OTHER), null)
  assert.deepEqual(
    raised.map(({ probeInMs }) => probeInMs),
    [15_000, 15_000, 15_000],
  )
  assert.deepEqual(
    reports.map(({ event }) => event),
    ['channel.stopped'],
  )
})

test('five answers to questions that nobody can read stop the unit until its key is mended; one that can be read starts anew', async () => {
  const { channel, raised, observe } = setup()
  await observe(GARBLED, 4)
  await observe(OPEN)
  await observe(GARBLED, 4)
  await observe({ way: 'unclear', bureauDate: null }, 3)
  assert.equal(channel.stopOf(UNIT), null)
  await observe(GARBLED, 1, OTHER)
  assert.equal(channel.stopOf(UNIT), null, 'another direct unit has another key')
  await observe(GARBLED)
  assert.equal(channel.stopOf(UNIT)?.cause, 'unit_key_fault')
  assert.equal(channel.stopOf(OTHER), null)
  assert.deepEqual(
    raised.map(({ probeInMs, code }) => [probeInMs, code]),
    [[5 * MINUTE_MS, 'BUR-ANSWER-not-decryptable']],
  )
})

test('what nobody understands neither breaks the way nor mends it', async () => {
  const { channel, observe } = setup()
  await observe(BROKEN, 4)
  await observe({ way: 'unclear', bureauDate: null }, 10)
  assert.equal(channel.stopOf(UNIT), null)
  await observe(BROKEN)
  assert.notEqual(channel.stopOf(UNIT), null)
})

test('when a stop has gone the calls before it count no more', async () => {
  const { channel, state, observe } = setup()
  await observe(BROKEN, 9)
  state.stops = []
  const hasGone = await channel.renew()
  await observe(BROKEN, 4)
  assert.deepEqual([hasGone, channel.stopOf(UNIT), await channel.renew()], [true, null, false])
})

test('a closed door stops the unit that it is closed to, a pause all of them for as long as asked', async () => {
  const { channel, raised, observe } = setup()
  const sibling = aUsingUnit({ id: 'sibling' as typeof UNIT.id })
  const fault = { code: 'BUR-4033', message: '未授权', bureauDate: null }
  await observe({ way: 'closed', reach: 'using_unit', cause: 'unit_unverified', ...fault })
  assert.deepEqual([channel.stopOf(UNIT)?.cause, channel.stopOf(sibling)], ['unit_unverified', null])

  await observe({ way: 'busy', pauseMs: 5 * MINUTE_MS, code: 'BUR-HTTP-429', message: '限流', bureauDate: null })
  assert.equal(channel.stopOf(sibling)?.cause, 'rate_limited')
  assert.deepEqual(
    raised.map(({ cause, usingUnitId, probeInMs }) => [cause, usingUnitId, probeInMs]),
    [
      ['unit_unverified', UNIT.id, 5 * MINUTE_MS],
      ['rate_limited', null, 5 * MINUTE_MS],
    ],
  )
})

test('a store that is down costs the stop, not the call', async () => {
  const { state, reports, observe } = setup()
  state.isDown = true
  await observe(BROKEN, 5)
  assert.deepEqual(
    reports.map(({ event }) => event),
    ['channel.note-failed'],
  )
})

test('no date may be printed before the clock was compared, nor while it is five minutes off', async () => {
  const { channel, reports, observe, dated } = setup()
  assert.deepEqual([channel.isClockRight(UNIT.direct.id), channel.isClockWrong()], [false, false])
  for (const ms of [0, 4 * MINUTE_MS, -4 * MINUTE_MS]) {
    await observe(dated(ms))
    assert.equal(channel.isClockRight(UNIT.direct.id), true)
  }
  for (const ms of [6 * MINUTE_MS, -6 * MINUTE_MS]) {
    await observe(dated(ms))
    assert.deepEqual([channel.isClockRight(UNIT.direct.id), channel.isClockWrong()], [false, true])
    assert.deepEqual(channel.clockFaults(), [{ directUnitId: UNIT.direct.id, skewMs: -ms }])
    await observe(dated(0))
    assert.equal(channel.isClockWrong(), false)
  }
  assert.deepEqual(
    reports.map(({ event }) => event),
    ['clock.went-wrong', 'clock.went-wrong'],
  )
})

test('a clock that is set counts at once, without another call', async () => {
  const { channel, state, pass, observe, dated } = setup()
  await observe(dated(0))
  pass(8 * 60 * MINUTE_MS)
  assert.equal(channel.isClockRight(UNIT.direct.id), true, 'time alone makes no clock wrong')
  state.now = after(state.now, 10 * MINUTE_MS)
  assert.equal(channel.isClockWrong(), true, 'the clock was put forward')
  state.now = after(state.now, -10 * MINUTE_MS)
  assert.equal(channel.isClockWrong(), false, 'and put right again')
  state.now = after(state.now, -10 * MINUTE_MS)
  assert.equal(channel.isClockWrong(), true, 'and put back')
})

test('one bureau whose own clock is wrong holds back its units alone', async () => {
  const { channel, observe, dated } = setup()
  await observe(dated(0))
  await observe(dated(60 * MINUTE_MS), 1, OTHER)
  assert.deepEqual(
    [channel.isClockRight(UNIT.direct.id), channel.isClockRight(OTHER.direct.id), channel.isClockWrong()],
    [true, false, false],
  )
})

test('a server that tells no time leaves nothing to disagree with', async () => {
  const { channel, observe } = setup()
  await observe(OPEN)
  assert.equal(channel.isClockRight(UNIT.direct.id), true)
})
