import assert from 'node:assert/strict'
import { test } from 'node:test'
import { after, type LocalDate } from '../kernel/time.js'
import { aUsingUnit, NOON, taxTables } from '../testing/builders.js'
import { proveSellerGate } from '../testing/prove-checks.js'
import { checkSeller, type GateFinding } from './gate.js'
import type { UsingUnit } from './taxpayer.js'

const DAY_MS = 24 * 60 * 60 * 1000

interface SellerExample {
  unit?: UsingUnit
  ageMs?: number
}

function judge({ unit = aUsingUnit(), ageMs = 0 }: SellerExample): GateFinding[] {
  return checkSeller(unit, taxTables(), after(NOON, ageMs))
}

/** A test's date is right by construction. */
function validUntil(typeValidTo: string): UsingUnit {
  return aUsingUnit({ profile: { typeValidTo: typeValidTo as LocalDate } })
}

const EXAMPLES: Readonly<Record<string, { passes: SellerExample; fails: SellerExample }>> = {
  'L-01': {
    passes: { unit: aUsingUnit({ risk: { riskType: '02' } }) },
    fails: { unit: aUsingUnit({ risk: { riskType: '01' } }) },
  },
  'L-02': {
    passes: { unit: aUsingUnit({ risk: { warningLevel: '02' } }) },
    fails: { unit: aUsingUnit({ risk: { warningLevel: '01' } }) },
  },
  'L-03': { passes: {}, fails: { unit: aUsingUnit({ risk: { isRisk: true } }) } },
  'L-04': {
    passes: { unit: aUsingUnit({ profile: { statusCode: '09' } }) },
    fails: { unit: aUsingUnit({ profile: { statusCode: '05' } }) },
  },
  'L-05': { passes: {}, fails: { unit: aUsingUnit({ profile: { isPilot: false } }) } },
  'L-06': { passes: { unit: validUntil('2026-11-22') }, fails: { unit: validUntil('2026-11-21') } },
  'L-07': { passes: { ageMs: DAY_MS }, fails: { ageMs: DAY_MS + 1 } },
  'L-08': { passes: {}, fails: { unit: aUsingUnit({ direct: { capabilities: ['203067'] } }) } },
}

proveSellerGate(EXAMPLES, judge)

test('a blocked seller waits for the bureau, an unverified unit for its verification', () => {
  const causesOf = (unit: UsingUnit) => judge({ unit }).map(({ fault }) => fault.parkCause)
  assert.deepEqual(causesOf(aUsingUnit({ risk: { isRisk: true }, profile: { statusCode: '07' } })), [
    'seller_blocked',
    'seller_blocked',
  ])
  assert.deepEqual(causesOf(aUsingUnit({ isVerified: false })), ['unit_unverified'])
  assert.deepEqual(causesOf(aUsingUnit({ direct: { isVerified: false } })), ['unit_unverified'])
})

test('what was never read closes the gate, because nothing is known of the seller', () => {
  const unknown = judge({ unit: aUsingUnit({ profile: null, risk: null }) })
  assert.deepEqual(
    unknown.map(({ check, reaction, fault }) => [check, reaction, fault.parkCause]),
    [
      ['L-07', 'park', 'unit_unverified'],
      ['L-07', 'park', 'unit_unverified'],
    ],
  )
  const tables = { classificationFetchedAt: null, ratesFetchedAt: null }
  assert.deepEqual(
    checkSeller(aUsingUnit(), tables, NOON).map(({ fault }) => fault.parkCause),
    ['tax_tables_stale', 'tax_tables_stale'],
  )
})

test('the tables are left out of the judgement when none are given', () => {
  assert.deepEqual(checkSeller(aUsingUnit(), null, NOON), [])
})

test('the validity of the taxpayer type is a matter of China dates', () => {
  const lastEvening = after(NOON, 12 * 60 * 60 * 1000 - 1)
  const nextMorning = after(NOON, 12 * 60 * 60 * 1000)
  assert.deepEqual(checkSeller(validUntil('2026-11-22'), null, lastEvening), [])
  assert.deepEqual(
    checkSeller(validUntil('2026-11-22'), null, nextMorning).map(({ check }) => check),
    ['L-06'],
  )
})
