import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OrderMapper } from '../order/mapper.js'
import { anInvoiceDraft } from '../testing/builders.js'
import { decideRepeat, isSameContent } from './repeat.js'

/** A mapping that reads an order's number and nothing else. */
const mapper: OrderMapper = {
  businessType: 'shop',
  map: (value) => {
    const { orderNo } = value as { orderNo: string }
    return orderNo === ''
      ? { kind: 'faulty', orderNo: null, faults: [] }
      : { kind: 'draft', draft: anInvoiceDraft({ orderNo }), dropped: [] }
  },
}

function isSame(existing: string, incoming: string, by: OrderMapper | null = mapper): boolean {
  return isSameContent(Buffer.from(existing), Buffer.from(incoming), by)
}

test('the same content is a duplicate in every state, other content a conflict in every state but rejected', () => {
  for (const state of ['received', 'mapped', 'in_progress', 'issued', 'partly_issued', 'failed'] as const) {
    assert.equal(decideRepeat({ state }, true), 'duplicate', state)
    assert.equal(decideRepeat({ state }, false), 'conflict', state)
  }
  assert.equal(decideRepeat({ state: 'rejected' }, true), 'duplicate')
  assert.equal(decideRepeat({ state: 'rejected' }, false), 'new_revision')
})

test('the order of keys and the way numbers are written make no other content, whatever a mapping says', () => {
  assert.ok(isSame('{"orderNo":"1","total":1.0}', ' {"total":1,"orderNo":"1"}', null))
  assert.ok(isSame('{"orderNo":"","total":1.0}', '{"total":1.00,"orderNo":""}'))
})

test('what maps to the same draft is the same content: a webhook sent again with another time', () => {
  const [first, again] = ['{"orderNo":"1","updated_at":"10:00"}', '{"orderNo":"1","updated_at":"10:05"}']
  assert.ok(isSame(first, again))
  assert.ok(!isSame(first, again, null), 'without the mapping nobody can tell')
})

test('what maps to another draft, or to none, is other content', () => {
  assert.ok(!isSame('{"orderNo":"1"}', '{"orderNo":"2"}'))
  assert.ok(!isSame('{"orderNo":"","n":1}', '{"orderNo":"","n":2}'))
  assert.ok(!isSame('{"orderNo":"1"}', '{"orderNo":'))
})
