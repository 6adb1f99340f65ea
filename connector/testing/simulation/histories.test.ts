/** What earlier releases recorded of their entities is still a way that the states of today allow, and leads somewhere. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import type { History } from './histories.js'
import { isAllowedMove, isKnownState } from './moves.js'

const FOLDER = resolve(import.meta.dirname, '../histories')

for (const file of readdirSync(FOLDER)) {
  test(`the histories of ${file} are still allowed, and end in states that this release knows`, () => {
    // Recorded by `npm run simulate -- --record`.
    const histories = JSON.parse(readFileSync(resolve(FOLDER, file), 'utf8')) as History[]
    const entities = new Set(histories.map(({ entity }) => entity))

    assert.deepEqual([...entities].sort(), ['batch', 'event', 'inbox', 'invoice', 'move', 'order'])
    for (const { entity, way } of histories) {
      const states = way.map((step) => step.split(':')[0] ?? '')
      for (const [index, state] of states.entries()) {
        assert.ok(isKnownState(entity, state), `${entity} ${state}`)
        const before = states[index - 1]
        assert.ok(before === undefined || isAllowedMove(entity, before, state), `${entity} ${before} → ${state}`)
      }
    }
  })
}

test('a move that is taken out of the map is missed', () => {
  assert.equal(isAllowedMove('invoice', 'issued', 'draft'), false)
  assert.equal(isAllowedMove('batch', 'sending', 'accepted'), true)
  assert.equal(isKnownState('order', 'shelved'), false)
})
