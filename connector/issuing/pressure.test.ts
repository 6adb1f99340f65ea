import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgePressure } from './pressure.js'

const LIMITS = { waitingCountMax: 1_000, databaseBytesMax: 100 }

function follow(loads: readonly { waitingCount: number; databaseBytes: number | null }[], limits = LIMITS) {
  let isShut = false
  return loads.map((load) => {
    const stop = judgePressure(load, limits, isShut)
    isShut = stop !== null
    return stop
  })
}

test('stops at the high-water mark of what waits and goes on at the low one, without fluttering between', () => {
  const stops = follow([999, 1_000, 999, 801, 800, 999].map((waitingCount) => ({ waitingCount, databaseBytes: 0 })))

  assert.deepEqual(stops, [null, 'too_many_waiting', 'too_many_waiting', 'too_many_waiting', null, null])
})

test('stops when less than 15 % of the database is free and goes on at 20 %', () => {
  const stops = follow([84, 85, 84, 81, 80, 84].map((databaseBytes) => ({ waitingCount: 0, databaseBytes })))

  assert.deepEqual(stops, [null, 'database_nearly_full', 'database_nearly_full', 'database_nearly_full', null, null])
})

test('a database of unknown room never stops intake by its size', () => {
  assert.equal(judgePressure({ waitingCount: 0, databaseBytes: null }, LIMITS, false), null)
  const unlimited = { waitingCountMax: 1_000, databaseBytesMax: null }
  assert.equal(judgePressure({ waitingCount: 0, databaseBytes: 10 ** 15 }, unlimited, true), null)
})
