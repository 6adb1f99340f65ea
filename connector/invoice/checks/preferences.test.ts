import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount } from '../../kernel/amount.js'
import { Decimal } from '../../kernel/decimal.js'
import {
  aClassification,
  aDraftLine,
  anInvoice,
  anInvoiceDraft,
  anInvoiceLine,
  anIssuingContext,
  CODES,
  taxTables,
} from '../../testing/builders.js'
import { type Example, proveTheme } from '../../testing/prove-checks.js'
import type { InvoiceLine } from '../invoice.js'
import { checkDraft } from './check-draft.js'
import { checkInvoice } from './check-invoice.js'

function aLineOf(taxCode: string, taxRate: string, preference: string | null): Example {
  return { draft: { lines: [aDraftLine({ taxCode, taxRate, preference, amount: '106.00' })] } }
}

const VEGETABLES_EXEMPT = aLineOf(CODES.vegetables, '0', '03')
const VEGETABLES = aLineOf(CODES.vegetables, '0.09', null)

function anUntaxedLine(taxCode: string, shortName: string, lineNo: number): InvoiceLine {
  return anInvoiceLine({
    lineNo,
    sourceLine: lineNo - 1,
    taxCode,
    shortName,
    taxRate: Decimal.ZERO,
    taxAmount: amount('0.00'),
    preference: '04',
  })
}

proveTheme('preferences', {
  'L-71': { passes: VEGETABLES_EXEMPT, fails: aLineOf(CODES.vegetables, '0', '19'), at: '/lines/0/preference' },
  'L-71.listed': { passes: VEGETABLES_EXEMPT, fails: aLineOf(CODES.cup, '0', '03'), at: '/lines/0/preference' },
  'L-72': {
    passes: aLineOf(CODES.labourDispatch, '0.05', '09'),
    fails: aLineOf(CODES.labourDispatch, '0.03', '09'),
    at: '/lines/0/taxRate',
  },
  'L-73': {
    passes: { invoice: anInvoice({ lines: [anUntaxedLine(CODES.untaxedWater, '不征税自来水', 1)] }) },
    fails: { invoice: anInvoice({ lines: [anInvoiceLine({ preference: '03' })] }) },
    at: '/lines/0/taxRate',
  },
  'L-74': {
    passes: aLineOf(CODES.labourDispatch, '0.05', '09'),
    fails: aLineOf(CODES.house, '0.05', '10'),
    at: '/lines/0/preference',
  },
  'L-75': {
    passes: aLineOf(CODES.prepaidCard, '0', '04'),
    fails: aLineOf(CODES.prepaidCard, '0', null),
    at: '/lines/0/preference',
  },
  'L-76': {
    passes: { invoice: anInvoice({ lines: [anInvoiceLine(), anUntaxedLine(CODES.untaxedWater, '不征税自来水', 2)] }) },
    fails: { invoice: anInvoice({ lines: [anInvoiceLine(), anUntaxedLine(CODES.prepaidCard, '预付卡销售', 2)] }) },
    at: '/lines/1',
  },
  'L-77': {
    passes: VEGETABLES_EXEMPT,
    fails: { draft: { ...VEGETABLES_EXEMPT.draft, kind: 'special' } },
    at: '/lines/0/preference',
  },
  'L-78': {
    passes: VEGETABLES,
    fails: { draft: { ...VEGETABLES.draft, kind: 'special' } },
    at: '/lines/0/taxRate',
  },
})

test('the air fund stands beside air passenger transport, and beside nothing else', () => {
  const fund = anUntaxedLine(CODES.airFund, '代收民航发展基金', 2)
  const flight = anInvoiceLine({
    taxCode: CODES.flight,
    shortName: '运输服务',
    taxRate: Decimal.of('0.09'),
    taxAmount: amount('9.00'),
  })
  const judge = (lines: InvoiceLine[]) =>
    checkInvoice(anInvoice({ lines }), anInvoiceDraft(), anIssuingContext()).map(({ check }) => check)

  assert.deepEqual(judge([flight, fund]), [])
  assert.deepEqual(judge([flight, fund, anInvoiceLine({ lineNo: 3, sourceLine: 2 })]), ['L-76'])
})

test('a table that says nothing of a code forbids it no preference', () => {
  const silent = aClassification({ taxRates: [], levyRates: [], specialManagement: [] })
  const context = anIssuingContext({ tables: taxTables({ classifications: [silent] }) })
  assert.deepEqual(checkDraft(anInvoiceDraft(aLineOf(CODES.cup, '0', '03').draft), context), [])
})
