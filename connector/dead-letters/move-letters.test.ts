import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instant } from '../kernel/time.js'
import { discardLetters, holdLetters, type MoveDeps, releaseLetters } from './move-letters.js'
import type { LetterFilter, MovedSlice } from './ports.js'

const ALL: LetterFilter = {
  states: ['dead', 'parked'],
  code: null,
  cause: null,
  businessType: null,
  source: null,
  id: null,
}
const BY = { actor: 'operator', reason: 'the mapping was corrected' }

/** A memory that gives these slices one after the other, and a log of actions that counts. */
function setup(slices: readonly MovedSlice[]) {
  const left = [...slices]
  let loggedCount = 0
  const give = async () => left.shift() ?? { ids: [], chosenCount: 0 }
  const nothing = async () => []
  const deps: MoveDeps = {
    letters: { groups: nothing, page: nothing, loadContents: nothing, release: give, discard: give, hold: give },
    database: { isOutage: () => false, transaction: (_name, work) => work({ kind: 'transaction' }) },
    actions: {
      append: async () => {
        loggedCount += 1
        return { id: 1n, isNew: true }
      },
    },
    signals: { announce: async () => undefined },
    clock: { now: () => instant(0) },
    timers: {
      elapsedMs: () => 0,
      after: (_ms, act) => {
        queueMicrotask(act)
        return () => undefined
      },
    },
  }
  return { deps, loggedCount: () => loggedCount, leftCount: () => left.length }
}

test('a release goes on where another operator was quicker at some of its letters, or at all of a slice', async () => {
  const { deps, loggedCount } = setup([
    { ids: ['a'], chosenCount: 2 },
    { ids: [], chosenCount: 2 },
    { ids: ['b', 'c'], chosenCount: 2 },
    { ids: ['d'], chosenCount: 1 },
  ])

  assert.equal(await releaseLetters(deps, ALL, { ...BY, perSecond: 2 }), 4)
  assert.equal(loggedCount(), 3)
})

test('so do a hold and a discard', async () => {
  for (const move of [holdLetters, discardLetters]) {
    const { deps, leftCount } = setup([
      { ids: [], chosenCount: 500 },
      { ids: ['a'], chosenCount: 1 },
      { ids: ['b'], chosenCount: 1 },
    ])

    assert.equal(await move(deps, ALL, BY), 1)
    assert.equal(leftCount(), 1)
  }
})
