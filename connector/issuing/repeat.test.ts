import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ExistingOrder, NewOrder } from './ports.js'
import { decideRepeat } from './repeat.js'

const existing: ExistingOrder = {
  id: '1',
  orderKey: 'shopify/default/1001',
  revision: 1,
  state: 'mapped',
  contentSha256: 'content',
  draftSha256: 'draft',
  mappingVersionId: 'v1',
}

// Only these three members of an order take part in the decision.
const incoming = { contentSha256: 'content', draftSha256: 'draft', mappingVersionId: 'v1' } as NewOrder

const neverAsked = () => assert.fail('the pinned mapping was asked without need')

test('the same content is a duplicate', () => {
  assert.equal(decideRepeat(existing, { ...incoming, draftSha256: null }, neverAsked), 'duplicate')
})

test('another content with the same draft is a duplicate: a webhook sent again', () => {
  assert.equal(decideRepeat(existing, { ...incoming, contentSha256: 'other' }, neverAsked), 'duplicate')
})

test('the draft is compared under the version that the order is pinned to', () => {
  const later = { ...incoming, contentSha256: 'other', draftSha256: 'draft of v2', mappingVersionId: 'v2' }

  assert.equal(
    decideRepeat(existing, later, (version) => (version === 'v1' ? 'draft' : null)),
    'duplicate',
  )
  assert.equal(
    decideRepeat(existing, later, () => 'another draft'),
    'conflict',
  )
})

test('another content is a conflict in every state but rejected', () => {
  const other = { ...incoming, contentSha256: 'other', draftSha256: 'other' }
  for (const state of ['received', 'mapped', 'in_progress', 'issued', 'partly_issued', 'failed'] as const) {
    assert.equal(decideRepeat({ ...existing, state }, other, neverAsked), 'conflict', state)
  }
  assert.equal(decideRepeat({ ...existing, state: 'rejected' }, other, neverAsked), 'new_revision')
})

test('the same content after a rejection stays rejected', () => {
  assert.equal(decideRepeat({ ...existing, state: 'rejected' }, incoming, neverAsked), 'duplicate')
})
