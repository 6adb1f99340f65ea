import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal } from '../../kernel/decimal.js'
import { after, type LocalDate } from '../../kernel/time.js'
import {
  aClassification,
  aDraftLine,
  anInvoiceDraft,
  anIssuingContext,
  aRateEntry,
  aUsingUnit,
  CODES,
  NOON,
  taxTables,
} from '../../testing/builders.js'
import { type Example, proveTheme } from '../../testing/prove-checks.js'
import { checkDraft } from './check-draft.js'

const TELECOM = { unit: aUsingUnit({ profile: { industry: '6311' } }) }
const DAY_MS = 24 * 60 * 60 * 1000

function aLineOf(taxCode: string, taxRate: string, preference: string | null = null): Example {
  return { draft: { lines: [aDraftLine({ taxCode, taxRate, preference, amount: '106.00' })] } }
}

/** A rate of 13 % that ends on the day given. */
function untilDay(validTo: string): Example {
  // A test's date is right by construction.
  return { context: { tables: taxTables({ rates: [aRateEntry({ validTo: validTo as LocalDate })] }) } }
}

proveTheme('codes-and-rates', {
  'L-58': {
    passes: aLineOf(CODES.cup, '0.13'),
    fails: aLineOf('1080113000000000009', '0.13'),
    at: '/lines/0/taxCode',
  },
  'L-59': {
    passes: aLineOf(CODES.cup, '0.13'),
    fails: aLineOf(CODES.summary, '0.13'),
    at: '/lines/0/taxCode',
  },
  'L-60': {
    passes: { ...aLineOf(CODES.basicTelecom, '0.09'), context: TELECOM },
    fails: { ...aLineOf(CODES.basicTelecom, '0.06'), context: TELECOM },
    at: '/lines/0/taxRate',
  },
  'L-61': {
    passes: { ...aLineOf(CODES.telecom, '0', '04'), context: TELECOM },
    fails: {
      draft: { ...aLineOf(CODES.telecom, '0', '04').draft, kind: 'special' },
      context: TELECOM,
    },
    at: '/kind',
  },
  'L-62': {
    passes: { ...aLineOf(CODES.prepaidCard, '0', '04'), context: TELECOM },
    fails: { ...aLineOf(CODES.prepaidCard, '0.06', '04'), context: TELECOM },
    at: '/lines/0/taxRate',
  },
  'L-63': { passes: untilDay('2026-11-22'), fails: untilDay('2026-11-21'), at: '/lines/0/taxRate' },
  'L-64': {
    passes: aLineOf(CODES.cup, '0.03'),
    fails: aLineOf(CODES.cup, '0.09'),
    at: '/lines/0/taxRate',
  },
  'L-65': {
    passes: {
      ...aLineOf(CODES.cup, '0.16'),
      context: { unit: aUsingUnit({ settings: { hasFormerRateAuthorisation: true } }) },
    },
    fails: aLineOf(CODES.cup, '0.16'),
    at: '/lines/0/taxRate',
  },
})

function findingsOf(example: Example): string[] {
  const findings = checkDraft(anInvoiceDraft(example.draft), anIssuingContext(example.context))
  return findings.map(({ check, fault }) => `${check} ${fault.path} ${fault.parkCause ?? fault.cure}`)
}

test('an unknown code is the fault of the sender while the code table is fresh, and waits for a new one once it is old', () => {
  const unknown = aLineOf('1080113000000000009', '0.13')
  assert.deepEqual(findingsOf(unknown), ['L-58 /lines/0/taxCode sender'])
  const later = { ...unknown, context: { at: after(NOON, DAY_MS + 1) } }
  assert.deepEqual(findingsOf(later), ['L-58 /lines/0/taxCode tax_tables_stale'])
})

test('without a code table no code is judged and nobody is proved wrong', () => {
  const tables = { ...taxTables({ classificationFetchedAt: null }), classification: () => null }
  assert.deepEqual(findingsOf({ context: { tables } }), ['L-07  tax_tables_stale'])
})

test('without a rate table no rate is judged and nobody is proved wrong', () => {
  const tables = taxTables({ rates: [], ratesFetchedAt: null })
  assert.deepEqual(findingsOf({ context: { tables } }), ['L-07  tax_tables_stale'])
})

test('a code is in force from its first to its stop date, both included', () => {
  const inForce = (validFrom: string, stoppedOn: string) =>
    // A test's dates are right by construction.
    aClassification({ validFrom: validFrom as LocalDate, stoppedOn: stoppedOn as LocalDate })
  const judge = (validFrom: string, stoppedOn: string) =>
    findingsOf({ context: { tables: taxTables({ classifications: [inForce(validFrom, stoppedOn)] }) } })

  assert.deepEqual(judge('2026-11-22', '2026-11-22'), [])
  assert.deepEqual(judge('2026-11-23', '2026-12-31'), ['L-58 /lines/0/taxCode sender'])
  assert.deepEqual(judge('2016-05-01', '2026-11-21'), ['L-58 /lines/0/taxCode sender'])
})

test('a rate is found whatever its number of decimals, and the open entry speaks before a closed or former one', () => {
  const rates = [
    aRateEntry({ isEnabled: false }),
    aRateEntry({ isFormer: true }),
    aRateEntry({ rate: Decimal.of('0.130000') }),
  ]
  assert.deepEqual(findingsOf({ context: { tables: taxTables({ rates }) } }), [])
})

test('every line is judged by its own rate, also between lines that share one', () => {
  const lines = ['0.13', '0.17', '0.17', '0.13'].map((taxRate) => aDraftLine({ taxRate, amount: '100.00' }))
  const closed = findingsOf({ draft: { lines } }).filter((finding) => finding.startsWith('L-63'))
  assert.deepEqual(
    closed.map((finding) => finding.split(' ')[1]),
    ['/lines/1/taxRate', '/lines/2/taxRate'],
  )
})

test('a small-scale seller may take 1 % where the code lists 3 %, a general one may not', () => {
  const onePercent = aLineOf(CODES.cup, '0.01')
  assert.deepEqual(findingsOf({ ...onePercent, context: { unit: aUsingUnit({ profile: { taxpayerType: '2' } }) } }), [])
  assert.deepEqual(findingsOf(onePercent), ['L-64 /lines/0/taxRate sender'])
})

test('a summary code of telecom services is refused to a seller of another industry', () => {
  assert.deepEqual(findingsOf(aLineOf(CODES.basicTelecom, '0.09')), ['L-60 /lines/0/taxCode sender'])
})
