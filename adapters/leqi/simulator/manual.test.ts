/** The manual (docs/simulator.md) says what is true: its world starts, its calls are taken, its lists are complete. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { FAULT_KINDS } from './faults.js'
import { REPEATED_UPLOAD_MODES } from './settings.js'
import { startFrozen } from './testing/seller.js'
import { parseWorld } from './world.js'

const MANUAL = readFileSync(new URL('../../../docs/simulator.md', import.meta.url), 'utf8')

test('the world of the manual starts', async (t) => {
  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(MANUAL) ?? []
  const simulator = await startFrozen(t, { world: parseWorld(JSON.parse(json)) })
  assert.deepEqual(
    simulator.control.state().taxpayers.map((each) => each.taxNo),
    ['91310115MA1K00090C'],
  )
})

test('the calls of the manual are taken', async (t) => {
  const simulator = await startFrozen(t)
  const calls = [...MANUAL.matchAll(/^curl (?:-X (\w+) +)?http:\/\/127\.0\.0\.1:9443(\S+)(?: -d '(.*)')?$/gm)]
  assert.ok(calls.length >= 3)
  for (const [line, method = 'GET', path, body] of calls) {
    const response = await fetch(`${simulator.url}${path}`, { method, ...(body === undefined ? {} : { body }) })
    assert.equal(response.status, 200, line)
    await response.text()
  }
})

test('the manual names every fault and every answer to a repeated upload', () => {
  const missing = [...FAULT_KINDS, ...REPEATED_UPLOAD_MODES].filter((name) => !MANUAL.includes(`\`${name}\``))
  assert.deepEqual(missing, [])
})
