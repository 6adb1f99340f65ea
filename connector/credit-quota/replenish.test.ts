import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount } from '../kernel/amount.js'
import { limitDownload, wantedDownload } from './replenish.js'

const settings = { autoDownloadQuota: true, quotaDownloadAmount: amount('1000.00') }

test('wants the configured amount when there is nothing or less than half of it', () => {
  assert.equal(wantedDownload(settings, null, amount('0.00')), amount('1000.00'))
  assert.equal(wantedDownload(settings, amount('499.99'), amount('0.00')), amount('1000.00'))
  assert.equal(wantedDownload(settings, amount('500.00'), amount('0.00')), null)
})

test('wants what is short when that is more', () => {
  assert.equal(wantedDownload(settings, amount('600.00'), amount('5600.01')), amount('5000.01'))
})

test('wants nothing when switched off', () => {
  assert.equal(wantedDownload({ ...settings, autoDownloadQuota: false }, null, amount('1.00')), null)
})

test('asks for no more than the bureau offers and for nothing while it is suspended', () => {
  const wanted = amount('1000.00')

  assert.equal(limitDownload(wanted, { isSuspended: false, availableAmount: amount('999.99') }), amount('999.99'))
  assert.equal(limitDownload(wanted, { isSuspended: false, availableAmount: amount('0.00') }), null)
  assert.equal(limitDownload(wanted, { isSuspended: true, availableAmount: amount('9999.00') }), null)
})
