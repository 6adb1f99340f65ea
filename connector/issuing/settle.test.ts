import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InvoiceNumber } from '../kernel/ids.js'
import type { ResultRow } from './bureau.js'
import { type Judgement, judge } from './settle.js'
import type { InvoiceState } from './states.js'

const FIRST = '26317000000000000001' as InvoiceNumber
const SECOND = '26317000000000000002' as InvoiceNumber

function anItem(invoiceNumber: InvoiceNumber, state: InvoiceState = 'accepted') {
  return { invoiceId: `invoice of ${invoiceNumber}`, invoiceNumber, state }
}

function aRow(overrides: Partial<ResultRow> = {}): ResultRow {
  return { invoiceNumber: FIRST, status: 'issued', code: null, message: '', park: null, ...overrides }
}

function verdicts(...given: Extract<Judgement, { kind: 'verdicts' }>['verdicts']): Judgement {
  return { kind: 'verdicts', verdicts: given }
}

test('issues what the bureau says is issued and leaves open what it does not name', () => {
  const judgement = judge([anItem(FIRST), anItem(SECOND)], [aRow()], false)

  assert.deepEqual(judgement, verdicts({ invoiceId: `invoice of ${FIRST}`, to: 'issued' }))
})

test('leaves pending and unknown rows open', () => {
  const rows = [aRow({ status: 'pending' }), aRow({ invoiceNumber: SECOND, status: 'unknown', code: '77' })]

  assert.deepEqual(judge([anItem(FIRST), anItem(SECOND)], rows, true), verdicts())
})

test('trusts nothing of an answer that names a number which is not ours', () => {
  const rows = [aRow(), aRow({ invoiceNumber: '26317000000000009999' })]

  assert.deepEqual(judge([anItem(FIRST)], rows, false), { kind: 'distrusted', because: 'stranger_named' })
})

test('trusts nothing of an answer that judges one number in two ways', () => {
  const judgement = judge([anItem(FIRST)], [aRow(), aRow({ status: 'refused' })], false)

  assert.deepEqual(judgement, { kind: 'distrusted', because: 'two_verdicts' })
})

test('takes a repeated number for our own success only when these bytes were sent before', () => {
  const row = aRow({ status: 'repeated', code: '03', message: '重复上传' })

  const person = { invoiceId: `invoice of ${FIRST}`, to: 'needs_person' as const }
  assert.deepEqual(judge([anItem(FIRST)], [row], true), verdicts({ invoiceId: `invoice of ${FIRST}`, to: 'issued' }))
  assert.deepEqual(
    judge([anItem(FIRST)], [row], false),
    verdicts({ ...person, refusal: { code: '03', message: '重复上传' } }),
  )
})

test('words that a number exists prove nothing: open when it was sent before, else for a person', () => {
  const row = aRow({ status: 'held', code: '02', message: '发票号码已存在' })

  assert.deepEqual(judge([anItem(FIRST)], [row], true), verdicts())
  assert.deepEqual(
    judge([anItem(FIRST)], [row], false),
    verdicts({
      invoiceId: `invoice of ${FIRST}`,
      to: 'needs_person',
      refusal: { code: '02', message: '发票号码已存在' },
    }),
  )
})

test('a refusal that no pattern explains is final', () => {
  const judgement = judge([anItem(FIRST)], [aRow({ status: 'refused', message: '税率不正确' })], false)

  const refusal = { code: 'BUR-02', message: '税率不正确' }
  assert.deepEqual(judgement, verdicts({ invoiceId: `invoice of ${FIRST}`, to: 'rejected', refusal }))
})

test('a refusal that time cures keeps the number and waits', () => {
  const row = aRow({ status: 'refused', message: '授信额度不足', park: 'quota_empty' })

  assert.deepEqual(
    judge([anItem(FIRST)], [row], false),
    verdicts({ invoiceId: `invoice of ${FIRST}`, to: 'reserved', park: 'quota_empty' }),
  )
})

for (const [state, status] of [
  ['issued', 'issued'],
  ['issued', 'repeated'],
  ['issued', 'pending'],
  ['rejected', 'refused'],
  ['rejected', 'held'],
] as const) {
  test(`an invoice that has ended as ${state} is not judged again by ${status}`, () => {
    assert.deepEqual(judge([anItem(FIRST, state)], [aRow({ status })], true), verdicts())
  })
}

for (const [told, status] of [
  ['issued', 'refused'],
  ['rejected', 'issued'],
  ['rejected', 'repeated'],
] as const) {
  test(`takes nothing of an answer that says ${status} of an invoice that has ended as ${told}`, () => {
    const said = aRow({ status })
    const judgement = judge([anItem(FIRST, told), anItem(SECOND)], [said, aRow({ invoiceNumber: SECOND })], true)

    const contradictions = [{ invoiceId: `invoice of ${FIRST}`, told, said }]
    assert.deepEqual(judgement, { kind: 'contradicted', contradictions })
  })
}
