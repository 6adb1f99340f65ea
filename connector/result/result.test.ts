import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Value } from 'typebox/value'
import { amount } from '../kernel/amount.js'
import { instant } from '../kernel/time.js'
import { buildFinalResult, buildRejection, ResultMessage, type ResultPart, routingKeyOf } from './result.js'

const subject = {
  source: 'default',
  businessType: 'shopify',
  orderNo: '1001',
  messageId: 'm-1',
  correlationId: 'c-1',
  letter: 'blue' as const,
}
const at = instant(Date.UTC(2026, 10, 22, 8))

function aPart(overrides: Partial<ResultPart> = {}): ResultPart {
  return {
    splitNo: 1,
    isIssued: true,
    invoiceNumber: '26317000000000000001',
    kind: 'ordinary',
    issuedAt: at,
    netAmount: amount('100.00'),
    taxAmount: amount('13.00'),
    grossAmount: amount('113.00'),
    seller: { taxNo: '91310115MA1K00015K', name: '示例销售有限公司' },
    buyer: { taxNo: null, name: '张先生（个人）' },
    refusal: null,
    ...overrides,
  }
}

test('an issued order tells its invoices with amounts as texts and the issue time of China', () => {
  const result = buildFinalResult(subject, { id: 'e-1', seq: 1, at, status: 'issued' }, [aPart()])

  assert.ok(Value.Check(ResultMessage, result))
  assert.equal(result.occurredAt, '2026-11-22T08:00:00.000Z')
  assert.equal(result.invoices[0]?.issuedAt, '2026-11-22T16:00:00+08:00')
  assert.equal(result.invoices[0]?.grossAmount, '113.00')
  assert.equal(result.failure, null)
  assert.equal(routingKeyOf(result), 'result.shopify.issued')
})

test('a refused part shows the reason and no number, because the number is not an invoice', () => {
  const refusal = { code: 'BUR-02', path: '/invoices/0', message: '税率不正确', messageEn: 'wrong rate' }
  const result = buildFinalResult(subject, { id: 'e-1', seq: 1, at, status: 'failed' }, [
    aPart({ isIssued: false, refusal }),
  ])

  assert.ok(Value.Check(ResultMessage, result))
  assert.equal(result.invoices[0]?.invoiceNumber, null)
  assert.deepEqual(result.failure, {
    code: 'BUR-02',
    message: '税率不正确',
    messageEn: 'wrong rate',
    faults: [refusal],
  })
})

test('a rejection lists every fault with code, path and both languages', () => {
  const faults = ['ORD-amount', 'ORD-shape'].map((code) => ({
    code,
    path: `/${code}`,
    message: '错',
    messageEn: 'wrong',
    cure: 'sender' as const,
  }))
  const result = buildRejection({ ...subject, orderNo: null }, { id: 'e-1', seq: 1, at }, faults)

  assert.ok(Value.Check(ResultMessage, result))
  assert.equal(result.status, 'rejected')
  assert.equal(result.failure?.code, 'ORD-rejected')
  assert.deepEqual(
    result.failure?.faults.map((fault) => fault.code),
    ['ORD-amount', 'ORD-shape'],
  )
})
