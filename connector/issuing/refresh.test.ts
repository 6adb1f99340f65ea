import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ParkCause } from '../kernel/fault.js'
import { after, instant } from '../kernel/time.js'
import { aUsingUnit, NOON } from '../testing/builders.js'
import type { BureauFailure, TaxpayerBureau } from './bureau.js'
import { isUnitDue, refreshUnit, retryUnitAt } from './refresh.js'
import type { TaxTableStore } from './supply-ports.js'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const { profile: PROFILE, risk: RISK } = aUsingUnit()

function minutesAgo(minutes: number) {
  return { fetchedAt: instant(NOON - minutes * MINUTE_MS) }
}

test('a unit that may issue is asked about once a day, one that was never read at once', () => {
  const fresh = aUsingUnit({ profile: minutesAgo(60), risk: minutesAgo(60) })
  assert.equal(isUnitDue(fresh, NOON), false)
  assert.equal(isUnitDue(fresh, after(NOON, DAY_MS)), true)
  assert.equal(isUnitDue(aUsingUnit({ profile: null }), NOON), true)
  assert.equal(isUnitDue(aUsingUnit({ risk: null }), NOON), true)
})

test('a unit that may not issue is asked about every five minutes', () => {
  const blockedFor = (minutes: number) =>
    aUsingUnit({ profile: minutesAgo(1), risk: { isRisk: true, ...minutesAgo(minutes) } })
  assert.equal(isUnitDue(blockedFor(4), NOON), false)
  assert.equal(isUnitDue(blockedFor(5), NOON), true)
  const unverified = aUsingUnit({ isVerified: false, profile: minutesAgo(6), risk: minutesAgo(6) })
  assert.equal(isUnitDue(unverified, NOON), true)
})

const FAILURES: readonly [failure: BureauFailure, pauseMs: number][] = [
  [{ kind: 'unit_fault', code: 'BUR-4057', message: '', park: 'unit_key_fault' }, 5 * MINUTE_MS],
  [{ kind: 'refused', code: 'BUR-RETURN-01', message: '', requestId: null, park: null }, 5 * MINUTE_MS],
  [{ kind: 'rate_limited', code: 'BUR-429', message: '', retryAfterMs: 90_000 }, 90_000],
  [{ kind: 'never_sent', code: 'BUR-NET', message: '', retryAfterMs: null }, 30_000],
  [{ kind: 'in_doubt', code: 'BUR-500', message: '', requestId: null }, 30_000],
]

for (const [failure, pauseMs] of FAILURES) {
  test(`after ${failure.kind} a unit is asked about again ${pauseMs / 1000} s later`, () => {
    assert.equal(retryUnitAt(failure, NOON) - NOON, pauseMs)
  })
}

test('what waited for a unit is woken when nothing stands against it any more, and only then', async () => {
  assert.deepEqual(await refreshWith({ isRisk: false }), [
    'unit_unverified',
    'seller_blocked',
    'unit_key_fault',
    'bureau_unreachable',
  ])
  assert.deepEqual(await refreshWith({ isRisk: true }), [])
})

/** Refreshes an unverified unit that the bureau answers for; the causes under which its waiting rows are woken. */
async function refreshWith(risk: { isRisk: boolean }): Promise<readonly ParkCause[]> {
  assert.ok(PROFILE !== null && RISK !== null)
  const answers = { profile: { ...PROFILE, ...minutesAgo(0) }, risk: { ...RISK, ...risk, ...minutesAgo(0) } }
  let woken: readonly ParkCause[] | null = null
  const bureau: Pick<TaxpayerBureau, 'readProfile' | 'readRisk'> = {
    readProfile: () => Promise.resolve({ kind: 'read', value: answers.profile }),
    readRisk: () => Promise.resolve({ kind: 'read', value: answers.risk }),
  }
  const tables: Pick<TaxTableStore, 'saveProfile' | 'saveRisk' | 'saveUnitFault'> = {
    saveProfile: async (_unitId, _profile, cured) => {
      woken = cured
    },
    saveRisk: () => Promise.resolve(),
    saveUnitFault: () => Promise.resolve(),
  }
  const deps = { bureau, tables, clock: { now: () => NOON }, report: () => undefined }
  const failure = await refreshUnit(deps, aUsingUnit({ isVerified: false, profile: null, risk: null }))
  assert.equal(failure, null)
  assert.ok(woken !== null)
  return woken
}
