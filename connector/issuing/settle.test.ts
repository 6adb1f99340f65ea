import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InvoiceNumber } from '../kernel/ids.js'
import type { ResultRow } from './bureau.js'
import { judge } from './settle.js'
import type { InvoiceState } from './states.js'

const FIRST = '26317000000000000001' as InvoiceNumber
const SECOND = '26317000000000000002' as InvoiceNumber

function anItem(invoiceNumber: InvoiceNumber, state: InvoiceState = 'accepted') {
  return { invoiceId: `invoice of ${invoiceNumber}`, invoiceNumber, state }
}

function aRow(overrides: Partial<ResultRow> = {}): ResultRow {
  return { invoiceNumber: FIRST, status: 'issued', code: null, message: '', park: null, ...overrides }
}

test('issues what the bureau says is issued and leaves open what it does not name', () => {
  const verdicts = judge([anItem(FIRST), anItem(SECOND)], [aRow()], false)

  assert.deepEqual(verdicts, [{ invoiceId: `invoice of ${FIRST}`, to: 'issued' }])
})

test('leaves pending and unknown rows open', () => {
  const rows = [aRow({ status: 'pending' }), aRow({ invoiceNumber: SECOND, status: 'unknown', code: '77' })]

  assert.deepEqual(judge([anItem(FIRST), anItem(SECOND)], rows, true), [])
})

test('trusts nothing of an answer that names a number which is not ours', () => {
  const rows = [aRow(), aRow({ invoiceNumber: '26317000000000009999' })]

  assert.equal(judge([anItem(FIRST)], rows, false), null)
})

test('trusts nothing of an answer that judges one number in two ways', () => {
  assert.equal(judge([anItem(FIRST)], [aRow(), aRow({ status: 'refused' })], false), null)
})

test('takes a repeated number for our own success only when these bytes were sent before', () => {
  const row = aRow({ status: 'repeated', code: '03', message: '重复上传' })

  assert.deepEqual(judge([anItem(FIRST)], [row], true), [{ invoiceId: `invoice of ${FIRST}`, to: 'issued' }])
  assert.deepEqual(judge([anItem(FIRST)], [row], false), [
    { invoiceId: `invoice of ${FIRST}`, to: 'needs_person', refusal: { code: '03', message: '重复上传' } },
  ])
})

test('a refusal that no pattern explains is final', () => {
  const verdicts = judge([anItem(FIRST)], [aRow({ status: 'refused', message: '税率不正确' })], false)

  assert.deepEqual(verdicts, [
    { invoiceId: `invoice of ${FIRST}`, to: 'rejected', refusal: { code: 'BUR-02', message: '税率不正确' } },
  ])
})

test('a refusal that time cures keeps the number and waits', () => {
  const row = aRow({ status: 'refused', message: '授信额度不足', park: 'quota_empty' })

  assert.deepEqual(judge([anItem(FIRST)], [row], false), [
    { invoiceId: `invoice of ${FIRST}`, to: 'reserved', park: 'quota_empty' },
  ])
})

test('an invoice that has ended is never judged again', () => {
  assert.deepEqual(judge([anItem(FIRST, 'issued')], [aRow({ status: 'refused' })], false), [])
})
