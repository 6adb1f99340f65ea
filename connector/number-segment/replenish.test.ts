import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InvoiceNumber } from '../kernel/ids.js'
import { countNumbers, planClaim } from './replenish.js'

const settings = { autoClaim: true, numberWarningCount: 200, numberClaimCount: 1_000 }

test('claims one below the warning count, not at it', () => {
  assert.equal(planClaim(settings, { freeCount: 200, grantedCount: 500 }, 0), 0)
  assert.equal(planClaim(settings, { freeCount: 199, grantedCount: 500 }, 0), 1_000)
})

test('claims when less than a fifth of what was granted is left', () => {
  assert.equal(planClaim(settings, { freeCount: 999, grantedCount: 5_000 }, 0), 1_000)
  assert.equal(planClaim(settings, { freeCount: 1_000, grantedCount: 5_000 }, 0), 0)
})

test('claims at least what waits, and at most 5,000 in one call', () => {
  assert.equal(planClaim(settings, { freeCount: 0, grantedCount: 0 }, 3_000), 3_000)
  assert.equal(planClaim({ ...settings, numberClaimCount: 100_000 }, { freeCount: 0, grantedCount: 0 }, 0), 5_000)
})

test('claims nothing when switched off', () => {
  assert.equal(planClaim({ ...settings, autoClaim: false }, { freeCount: 0, grantedCount: 0 }, 10), 0)
})

test('counts a closed range whose ends differ beyond the precision of floating point', () => {
  assert.equal(countNumbers('26317000000000000001' as InvoiceNumber, '26317000000000005000' as InvoiceNumber), 5_000n)
})
