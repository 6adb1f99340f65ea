import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BATCH_MOVES, INVOICE_MOVES, MOVE_MOVES, ORDER_MOVES, orderEnd } from './states.js'

/** Every state that can follow, however many moves later. */
function reach<S extends string>(moves: Record<S, readonly S[]>, from: S): Set<S> {
  const reached = new Set<S>()
  const open = [...moves[from]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (!reached.has(next)) open.push(...moves[next])
    reached.add(next)
  }
  return reached
}

test('an invoice once in doubt keeps its number and bytes until the bureau has answered', () => {
  const answered = new Set(['accepted', 'needs_person'])
  for (const next of INVOICE_MOVES.in_doubt) assert.ok(answered.has(next), next)
})

test('a batch once in doubt is sent again or handed to a person', () => {
  for (const next of BATCH_MOVES.in_doubt) assert.ok(['sending', 'needs_person'].includes(next), next)
})

test('nothing follows an end', () => {
  for (const end of ['issued', 'rejected'] as const) assert.deepEqual(INVOICE_MOVES[end], [])
  for (const end of ['issued', 'partly_issued', 'failed', 'rejected'] as const) assert.deepEqual(ORDER_MOVES[end], [])
  for (const end of ['settled', 'refused', 'divided', 'withdrawn', 'needs_person'] as const) {
    assert.deepEqual(BATCH_MOVES[end], [])
  }
  for (const end of ['granted', 'refused'] as const) assert.deepEqual(MOVE_MOVES[end], [])
})

test('what waits for a person ends by people alone, one way or the other', () => {
  assert.deepEqual(INVOICE_MOVES.needs_person, ['issued', 'rejected'])
})

test('every state can reach an end', () => {
  assert.ok(reach(ORDER_MOVES, 'received').has('issued'))
  assert.ok(reach(INVOICE_MOVES, 'draft').has('issued'))
  assert.ok(reach(INVOICE_MOVES, 'in_doubt').has('issued'))
  assert.ok(reach(BATCH_MOVES, 'in_doubt').has('settled'))
  assert.ok(reach(MOVE_MOVES, 'planned').has('granted'))
})

test('an order that was sent is never rejected', () => {
  assert.ok(!reach(ORDER_MOVES, 'in_progress').has('rejected'))
})

test('an order ends as its parts did', () => {
  assert.equal(orderEnd({ issuedCount: 2, rejectedCount: 0 }), 'issued')
  assert.equal(orderEnd({ issuedCount: 1, rejectedCount: 1 }), 'partly_issued')
  assert.equal(orderEnd({ issuedCount: 0, rejectedCount: 2 }), 'failed')
})
