/** The log of what people did: one entry per key, in one chain, in the transaction that did it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewAction } from '../../issuing/action-log.js'
import { now } from '../story.js'
import type { OpenStore } from './issuing-store.js'

export function anAction(changes: Partial<NewAction> = {}): NewAction {
  return {
    kind: 'doubt.propose',
    actor: 'operator',
    subject: '25440000000000000001',
    reason: 'the bureau confirmed it by telephone',
    approver: null,
    detail: { verdict: 'issued' },
    at: now(),
    key: null,
    ...changes,
  }
}

export function proveActions(open: OpenStore): void {
  test('actions are counted one by one, whoever acts at once', async (t) => {
    const { store } = await open(t)
    const append = () => store.database.transaction('other', (tx) => store.actions.append(tx, anAction()))

    const entries = await Promise.all(Array.from({ length: 8 }, append))

    assert.deepEqual(entries.map(({ id }) => id).sort(), [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n])
    assert.ok(entries.every(({ isNew }) => isNew))
  })

  test('who asks twice under one key acts once, even at once', async (t) => {
    const { store } = await open(t)
    const append = (key: string) =>
      store.database.transaction('other', (tx) => store.actions.append(tx, anAction({ key })))

    const entries = await Promise.all(Array.from({ length: 4 }, () => append('first')))
    const next = await append('second')

    assert.deepEqual(new Set(entries.map(({ id }) => id)), new Set([1n]))
    assert.equal(entries.filter(({ isNew }) => isNew).length, 1)
    assert.deepEqual(next, { id: 2n, isNew: true })
  })

  test('an action that failed leaves neither an entry nor a gap', async (t) => {
    const { store } = await open(t)
    const failing = store.database.transaction('other', async (tx) => {
      await store.actions.append(tx, anAction())
      throw new RangeError('it cannot be done')
    })

    await assert.rejects(failing, RangeError)
    const next = await store.database.transaction('other', (tx) => store.actions.append(tx, anAction()))

    assert.equal(next.id, 1n)
  })
}
