import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount, fen } from '../kernel/amount.js'
import { instant, type TaxPeriod } from '../kernel/time.js'
import type { ReadyInvoice } from './batch-ports.js'
import { hashBatch, holdsLine, planReservation } from './reserve.js'
import type { LockedQuota } from './supply-ports.js'

const NOW = noonOf('2026-11-22')
const MINUTE_MS = 60_000

function noonOf(chinaDay: string) {
  return instant(Date.parse(`${chinaDay}T12:00:00+08:00`))
}

function ready(id: string, yuan: string): ReadyInvoice {
  return { id, orderId: `order of ${id}`, quotaAmount: amount(yuan), contentSha256: '' }
}

function aQuota(overrides: Partial<LockedQuota> = {}): LockedQuota {
  return {
    period: '2026-11' as TaxPeriod,
    availableAmount: amount('100.00'),
    validFrom: '2026-11-01',
    validTo: '2026-11-30',
    firstInLine: null,
    ...overrides,
  }
}

test('chooses the oldest first and may leave exactly nothing of the quota', () => {
  const plan = planReservation([ready('a', '60.00'), ready('b', '40.00'), ready('c', '0.01')], aQuota(), NOW)

  assert.deepEqual(ids(plan.chosen), ['a', 'b'])
  assert.deepEqual(
    plan.short.map(({ cause, invoices }) => [cause, ids(invoices)]),
    [['quota_empty', ['c']]],
  )
})

test('an invoice that does not fit waits without stopping smaller ones', () => {
  const plan = planReservation([ready('big', '100.01'), ready('small', '5.00')], aQuota(), NOW)

  assert.deepEqual(ids(plan.chosen), ['small'])
})

/** A quota of 100.00 for which invoice `b` waits, needing 150.00, since so many minutes. */
function awaited(minutes: number, changes: Partial<LockedQuota> = {}): LockedQuota {
  const createdAt = instant(NOW - minutes * MINUTE_MS)
  return aQuota({ firstInLine: { id: 'b', quotaAmount: amount('150.00'), createdAt }, ...changes })
}

test('smaller invoices overtake one that waits for quota, then wait in their turn, in turns that double', () => {
  const overtakes = (minutes: number) =>
    planReservation([ready('c', '5.00')], awaited(minutes), NOW).chosen.length === 1

  assert.deepEqual([0, 9, 10, 19, 20, 39, 40, 79, 80, 159, 160, 319, 320].map(overtakes), [
    true,
    true,
    false,
    false,
    true,
    true,
    false,
    false,
    true,
    true,
    false,
    false,
    true,
  ])
})

test('who came before the one that holds the line, needs nothing, or finds enough beside it, goes on', () => {
  const rich = awaited(15, { availableAmount: amount('160.00') })
  const all = [ready('a', '10.00'), ready('c', '0.00'), ready('d', '0.01')]

  assert.deepEqual(ids(planReservation(all, awaited(15), NOW).chosen), ['a', 'c'])
  assert.deepEqual(ids(planReservation([ready('c', '10.00'), ready('d', '0.01')], rich, NOW).chosen), ['c'])
})

test('a big invoice that quota trickles in for is issued in the end, and those behind it are not stopped for good', () => {
  // One small invoice of 10.00 and 10.00 of quota come every minute; the big one needs 1,000.00.
  const big = { id: 'b', quotaAmount: amount('1000.00'), createdAt: NOW }
  let available = 0n
  let waiting = 0
  let longestLine = 0
  for (let minute = 0; ; minute += 1) {
    assert.ok(minute < 24 * 60, 'overtaken for a whole day')
    available += amount('10.00')
    waiting += 1
    if (available >= big.quotaAmount) break
    const queue = Array.from({ length: waiting }, (_, index) => ready(`c${index}`, '10.00'))
    const quota = aQuota({ availableAmount: fen(available), firstInLine: big })
    const { chosen } = planReservation(queue, quota, instant(NOW + minute * MINUTE_MS))
    available -= amount('10.00') * BigInt(chosen.length)
    waiting -= chosen.length
    longestLine = Math.max(longestLine, waiting)
  }
  assert.ok(longestLine > 0)
})

test('the line is held only after ten minutes', () => {
  assert.equal(holdsLine(0), false)
  assert.equal(holdsLine(-MINUTE_MS), false)
})

test('an invoice outside the quota counts nothing', () => {
  const empty = aQuota({ availableAmount: amount('0.00') })

  assert.deepEqual(ids(planReservation([ready('a', '0.00')], empty, NOW).chosen), ['a'])
})

test('without quota of the period everything waits for it', () => {
  const plan = planReservation([ready('a', '0.01')], null, NOW)

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
    assert.equal(planReservation([ready('a', '1.00')], aQuota(), noonOf(day)).chosen.length, count, day)
  }
  assert.equal(planReservation([ready('a', '1.00')], aQuota(), noonOf('2026-12-01')).short[0]?.cause, 'period_closed')
})

test('the hash of a batch changes with any of its texts and with their order', () => {
  const [a, b] = [{ frozenSha256: 'a' }, { frozenSha256: 'b' }]

  assert.notEqual(hashBatch([a, b]), hashBatch([b, a]))
  assert.notEqual(hashBatch([a, b]), hashBatch([a]))
})

function ids(invoices: readonly ReadyInvoice[]): string[] {
  return invoices.map(({ id }) => id)
}
