import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount } from '../kernel/amount.js'
import type { TaxPeriod } from '../kernel/time.js'
import type { ReadyInvoice } from './batch-ports.js'
import { hashBatch, planReservation } from './reserve.js'
import type { QuotaState } from './supply-ports.js'

function ready(id: string, yuan: string): ReadyInvoice {
  return { id, orderId: `order of ${id}`, quotaAmount: amount(yuan), contentSha256: '' }
}

function aQuota(overrides: Partial<QuotaState> = {}): QuotaState {
  return {
    period: '2026-11' as TaxPeriod,
    availableAmount: amount('100.00'),
    validFrom: '2026-11-01',
    validTo: '2026-11-30',
    ...overrides,
  }
}

test('chooses the oldest first and may leave exactly nothing of the quota', () => {
  const plan = planReservation([ready('a', '60.00'), ready('b', '40.00'), ready('c', '0.01')], aQuota(), '2026-11-22')

  assert.deepEqual(ids(plan.chosen), ['a', 'b'])
  assert.deepEqual(
    plan.short.map(({ cause, invoices }) => [cause, ids(invoices)]),
    [['quota_empty', ['c']]],
  )
})

test('an invoice that does not fit waits without stopping smaller ones', () => {
  const plan = planReservation([ready('big', '100.01'), ready('small', '5.00')], aQuota(), '2026-11-22')

  assert.deepEqual(ids(plan.chosen), ['small'])
})

test('an invoice outside the quota counts nothing', () => {
  const empty = aQuota({ availableAmount: amount('0.00') })

  assert.deepEqual(ids(planReservation([ready('a', '0.00')], empty, '2026-11-22').chosen), ['a'])
})

test('without quota of the period everything waits for it', () => {
  const plan = planReservation([ready('a', '0.01')], null, '2026-11-22')

  assert.deepEqual(plan.chosen, [])
  assert.equal(plan.short[0]?.cause, 'quota_empty')
})

test('issues on the first and the last day of the interval, not a day outside', () => {
  for (const [day, count] of [
    ['2026-10-31', 0],
    ['2026-11-01', 1],
    ['2026-11-30', 1],
    ['2026-12-01', 0],
  ] as const) {
    assert.equal(planReservation([ready('a', '1.00')], aQuota(), day).chosen.length, count, day)
  }
  assert.equal(planReservation([ready('a', '1.00')], aQuota(), '2026-12-01').short[0]?.cause, 'period_closed')
})

test('the hash of a batch changes with any of its texts and with their order', () => {
  const [a, b] = [{ frozenSha256: 'a' }, { frozenSha256: 'b' }]

  assert.notEqual(hashBatch([a, b]), hashBatch([b, a]))
  assert.notEqual(hashBatch([a, b]), hashBatch([a]))
})

function ids(invoices: readonly ReadyInvoice[]): string[] {
  return invoices.map(({ id }) => id)
}
