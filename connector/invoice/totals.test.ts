import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount } from '../kernel/amount.js'
import { anInvoiceLine } from '../testing/builders.js'
import { QUOTA_COUNTED_UNTAXED_CODES } from './quota-codes.js'
import { totalsOf } from './totals.js'

const taxed = anInvoiceLine()
const off = anInvoiceLine({ nature: 'discount', netAmount: amount('-10.00'), taxAmount: amount('-1.30') })
const untaxed = (taxCode: string) => anInvoiceLine({ taxCode, preference: '04', taxAmount: amount('0.00') })

test('totals are the sums of the lines, discounts taken off', () => {
  assert.deepEqual(totalsOf([taxed, off]), {
    netAmount: amount('90.00'),
    taxAmount: amount('11.70'),
    grossAmount: amount('101.70'),
    quotaAmount: amount('90.00'),
  })
})

test('sixteen not taxable codes count against the quota, others do not', () => {
  assert.equal(QUOTA_COUNTED_UNTAXED_CODES.size, 16)
  for (let kind = 601; kind <= 616; kind += 1) {
    assert.equal(totalsOf([untaxed(`${kind}0000000000000000`)]).quotaAmount, amount('100.00'))
  }
  assert.equal(totalsOf([untaxed('6170000000000000000')]).quotaAmount, amount('0.00'))
  assert.equal(totalsOf([untaxed('6010000000000000001')]).quotaAmount, amount('0.00'))
})

test('exempt lines count against the quota', () => {
  const exempt = anInvoiceLine({ preference: '03', taxAmount: amount('0.00') })
  assert.equal(totalsOf([exempt, taxed]).quotaAmount, amount('200.00'))
})
