import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from './clock.js'
import { randomIds } from './ids.js'

test('ids made one after the other sort in that order', () => {
  const ids = Array.from({ length: 1_000 }, () => randomIds.uuid())

  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.deepEqual([...ids].sort(), ids)
  assert.equal(new Set(ids).size, ids.length)
})

test('a serial is 32 lower-case hex characters and never comes twice', () => {
  const serials = Array.from({ length: 1_000 }, () => randomIds.serial())

  for (const serial of serials) assert.match(serial, /^[0-9a-f]{32}$/)
  assert.equal(new Set(serials).size, serials.length)
})

test("the clock tells the host's time in whole milliseconds", () => {
  const before = Date.now()
  const now = systemClock.now()

  assert.ok(now >= before && now <= Date.now() && Number.isInteger(now))
})
