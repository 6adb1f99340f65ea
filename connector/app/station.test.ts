import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { systemTimers } from '../../adapters/system/clock.js'
import { makeStation } from './station.js'

/** A station on a clock that the test moves; `runs` are the milliseconds at which it worked. */
async function setup(t: TestContext, work: () => Promise<number> = async () => 0) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let elapsedMs = 0
  const runs: number[] = []
  const errors: unknown[] = []
  const station = makeStation({
    name: 'test',
    restMsMax: 60_000,
    timers: { ...systemTimers, elapsedMs: () => elapsedMs },
    run: () => {
      runs.push(elapsedMs)
      return work()
    },
    onError: (_name, error) => errors.push(error),
    errorRestMs: (_error, failureCount) => 1_000 * failureCount,
  })
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
  const pass = async (ms: number) => {
    elapsedMs += ms
    t.mock.timers.tick(ms)
    await settle()
  }
  await station.start()
  await settle()
  t.after(() => station.stop())
  return { station, runs, errors, pass, settle }
}

test('a station that finds nothing rests until its longest rest is over', async (t) => {
  const { runs, pass } = await setup(t)
  await pass(59_999)
  assert.deepEqual(runs, [0])
  await pass(1)
  assert.deepEqual(runs, [0, 60_000])
})

test('each of several due times is kept, whatever the order they were named in', async (t) => {
  const { station, runs, pass } = await setup(t)
  for (const ms of [300, 100, 200]) station.kickIn(ms)
  for (let step = 0; step < 4; step += 1) await pass(100)

  assert.deepEqual(
    runs.filter((ms) => ms > 0),
    [100, 200, 300],
  )
})

test('a kick during a run is not lost', async (t) => {
  let finish = () => {}
  const { station, runs, settle } = await setup(t, () => new Promise((resolve) => (finish = () => resolve(0))))
  station.kick()
  finish()
  await settle()

  assert.equal(runs.length, 2)
  finish()
})

test('it goes on at once while it finds work, and an error is told and waited out', async (t) => {
  const found = [2, 1, 0]
  const { runs, errors, pass } = await setup(t, async () => {
    const count = found.shift()
    if (count === undefined) throw new Error('away')
    return count
  })
  assert.deepEqual(runs, [0, 0, 0])
  await pass(60_000)
  assert.equal(errors.length, 1)
  await pass(1_000)
  assert.deepEqual([runs.length, errors.length], [5, 2])
  await pass(1_999)
  assert.equal(errors.length, 2, 'each error in a row is waited out longer')
  await pass(1)
  assert.equal(errors.length, 3)
})
