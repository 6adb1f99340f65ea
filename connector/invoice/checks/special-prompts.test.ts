import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount } from '../../kernel/amount.js'
import { Decimal } from '../../kernel/decimal.js'
import { instant } from '../../kernel/time.js'
import { anInvoice, anInvoiceDraft, anInvoiceLine, anIssuingContext, CODES, NOON } from '../../testing/builders.js'
import { type Example, proveTheme } from '../../testing/prove-checks.js'
import type { Invoice, InvoiceLine } from '../invoice.js'
import { checkInvoice } from './check-invoice.js'
import { PROMPTS } from './prompts.js'

type Item = 'loan' | 'catering' | 'cup'

const LINES: Readonly<Record<Item, Partial<InvoiceLine>>> = {
  loan: { taxCode: CODES.loan, shortName: '金融服务', taxRate: Decimal.of('0.06'), taxAmount: amount('6.00') },
  catering: { taxCode: CODES.catering, shortName: '餐饮服务', taxRate: Decimal.of('0.06'), taxAmount: amount('6.00') },
  cup: {},
}

function anInvoiceOf(kind: Invoice['kind'], ...items: Item[]): Invoice {
  const lines = items.map((item, index) => anInvoiceLine({ ...LINES[item], lineNo: index + 1, sourceLine: index }))
  return anInvoice({ kind, lines })
}

function withItem(kind: Invoice['kind'], item: Item): Example {
  return { invoice: anInvoiceOf(kind, item) }
}

proveTheme('special-prompts', {
  'L-147': { passes: withItem('ordinary', 'loan'), fails: withItem('special', 'loan'), at: '/lines' },
  'L-148': { passes: withItem('ordinary', 'catering'), fails: withItem('special', 'catering'), at: '/lines' },
})

const LAST_OF_2025 = instant(Date.UTC(2025, 11, 31, 15, 59, 59))
const FIRST_OF_2026 = instant(Date.UTC(2025, 11, 31, 16))

function promptsOf(items: Item[], at = NOON): string[] {
  const said = checkInvoice(anInvoiceOf('special', ...items), anInvoiceDraft(), anIssuingContext({ at }))
  return Object.entries(PROMPTS)
    .filter(([, { zh }]) => said.some(({ fault }) => fault.message === zh))
    .map(([key]) => key)
}

test('loans and living services are told alone or beside other items, and both when both stand there', () => {
  assert.deepEqual(promptsOf(['loan']), ['P1'])
  assert.deepEqual(promptsOf(['loan', 'cup']), ['P2'])
  assert.deepEqual(promptsOf(['catering']), ['P4'])
  assert.deepEqual(promptsOf(['catering', 'cup']), ['P6'])
  assert.deepEqual(promptsOf(['loan', 'catering']), ['P1', 'P4'])
  assert.deepEqual(promptsOf(['loan', 'catering', 'cup']), ['P2', 'P6'])
  assert.deepEqual(promptsOf(['cup']), [])
})

test('the text on living services changes with the year 2026 in China', () => {
  assert.deepEqual(promptsOf(['catering'], LAST_OF_2025), ['P3'])
  assert.deepEqual(promptsOf(['catering', 'cup'], LAST_OF_2025), ['P5'])
  assert.deepEqual(promptsOf(['catering'], FIRST_OF_2026), ['P4'])
})
