import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount, fen } from '../../kernel/amount.js'
import { Decimal } from '../../kernel/decimal.js'
import { after } from '../../kernel/time.js'
import {
  aClassification,
  aDraftLine,
  anInvoice,
  anInvoiceDraft,
  anInvoiceLine,
  anIssuingContext,
  aUsingUnit,
  CODES,
  NOON,
  taxTables,
} from '../../testing/builders.js'
import { type Example, proveTheme } from '../../testing/prove-checks.js'
import type { DraftDifferential, DraftLine, InvoiceDraft } from '../draft.js'
import type { InvoiceLine } from '../invoice.js'
import { checkDraft } from './check-draft.js'

function aDifferential(type: '01' | '02', deduction: string): DraftDifferential {
  const total = Decimal.of(deduction)
  const blank = { invoiceCode: null, invoiceNumber: null, voucherNumber: null, issuedOn: null, remark: null }
  const vouchers = total.isZero ? [] : [{ kind: '05', totalAmount: total, deductedAmount: total, ...blank }]
  return { type, deduction: total, vouchers }
}

const DISPATCH = {
  taxCode: CODES.labourDispatch,
  shortName: '人力资源服务',
  taxRate: '0.06',
  amount: '106.00',
} as const

type DraftChanges = NonNullable<Example['draft']>

function aDispatch(
  line: Parameters<typeof aDraftLine>[0] = {},
  draft: DraftChanges = {},
  context: Example['context'] = {},
): Example {
  return {
    draft: { differential: aDifferential('02', '50.00'), lines: [aDraftLine({ ...DISPATCH, ...line })], ...draft },
    context,
  }
}

/** Worked example: gross 10,500.00 at 5 %, deduction 8,400.00, type 02: tax 100.00. */
function anIssuedDispatch(line: Partial<InvoiceLine> = {}, deduction = amount('8400.00')): Example {
  const lines = [
    anInvoiceLine({
      taxCode: CODES.labourDispatch,
      shortName: '人力资源服务',
      taxRate: Decimal.of('0.05'),
      netAmount: amount('10400.00'),
      taxAmount: amount('100.00'),
      quantity: null,
      unitPrice: null,
      deduction,
      ...line,
    }),
  ]
  return { invoice: anInvoice({ lines, differential: { type: '02', deduction, vouchers: [] } }) }
}

/** The gross stays 10,500.00 whatever the tax. */
function withTax(taxFen: bigint): Example {
  return anIssuedDispatch({ taxAmount: fen(taxFen), netAmount: fen(1_050_000n - taxFen) })
}

const PROPERTY = { taxCode: CODES.propertyManagement, shortName: '企业管理服务' }
const HOUSE = { taxCode: CODES.house, shortName: '不动产', taxRate: '0.09' }
const BANK = { unit: aUsingUnit({ profile: { industry: '6621' } }) }
const SECOND_LINE: DraftLine = aDraftLine(DISPATCH)

proveTheme('differential', {
  'L-90': { passes: withTax(10_006n), fails: withTax(10_007n), at: '/lines/0' },
  'L-92': {
    passes: aDispatch(),
    fails: aDispatch({ discountAmount: '6.00' }),
    at: '/lines/0/discountAmount',
  },
  'L-92.invoice': {
    passes: anIssuedDispatch(),
    fails: {
      invoice: anInvoice({
        differential: { type: '01', deduction: amount('0.00'), vouchers: [] },
        lines: [anInvoiceLine({ deduction: amount('0.00') }), anInvoiceLine({ lineNo: 2, deduction: amount('0.00') })],
      }),
    },
    at: '/lines',
  },
  'L-93': {
    passes: aDispatch({}, { differential: aDifferential('01', '0') }),
    fails: aDispatch({}, { differential: aDifferential('02', '0') }),
    at: '/differential/deduction',
  },
  'L-93.line': {
    passes: anIssuedDispatch({ taxAmount: amount('0.00'), netAmount: amount('10500.00') }, amount('10500.00')),
    fails: anIssuedDispatch({ taxAmount: amount('0.00'), netAmount: amount('10500.00') }, amount('10500.01')),
    at: '/differential/deduction',
  },
  'L-94': {
    passes: anIssuedDispatch(),
    fails: anIssuedDispatch({ netAmount: amount('10399.99'), grossAmount: amount('10500.00') }),
    at: '/lines/0',
  },
  'L-95': { passes: aDispatch(), fails: aDispatch({ taxCode: CODES.cup, taxRate: '0.13' }), at: '/lines/0/taxCode' },
  'L-96': { passes: aDispatch(), fails: aDispatch({}, { kind: 'special' }), at: '/kind' },
  'L-97': {
    passes: aDispatch({ taxRate: '0.05', preference: '09' }),
    fails: aDispatch({ taxRate: '0.05' }),
    at: '/lines/0/taxRate',
  },
  'L-98': {
    passes: aDispatch(PROPERTY, {}, { unit: aUsingUnit({ settings: { secondaryIndustries: ['7020'] } }) }),
    fails: aDispatch(PROPERTY),
    at: '',
  },
  'L-99': {
    passes: aDispatch(HOUSE, {}, BANK),
    fails: aDispatch(HOUSE, { differential: aDifferential('01', '50.00') }, BANK),
    at: '/differential/type',
  },
})

function findingsOf({ draft, context }: Example): string[] {
  const judged: InvoiceDraft = anInvoiceDraft(draft)
  return checkDraft(judged, anIssuingContext(context)).map(({ check, fault }) => `${check} ${fault.path}`)
}

test('two lines of goods cannot be differential, freight beside one line can', () => {
  assert.deepEqual(findingsOf(aDispatch({}, { lines: [aDraftLine(DISPATCH), SECOND_LINE] })), ['L-92 /lines'])
  const freight = aDraftLine({ name: '运费', amount: '10.00' })
  assert.deepEqual(findingsOf(aDispatch({}, { shipping: freight })), [])
})

test('the rates of a differential code depend on the type of the seller', () => {
  const sellerOf = (taxpayerType: '1' | '2' | '3' | '4' | '5', hasFormerRateAuthorisation = false) => ({
    unit: aUsingUnit({ profile: { taxpayerType }, settings: { hasFormerRateAuthorisation } }),
  })
  const isRefused = (taxRate: string, context: Example['context']) =>
    findingsOf(aDispatch({ taxRate }, {}, context)).includes('L-97 /lines/0/taxRate')

  assert.equal(isRefused('0.06', sellerOf('1')), false)
  assert.equal(isRefused('0.06', sellerOf('4')), false)
  assert.equal(isRefused('0.05', sellerOf('1')), true)
  assert.equal(isRefused('0.05', sellerOf('1', true)), false)
  assert.equal(isRefused('0.03', sellerOf('2')), false)
  assert.equal(isRefused('0.06', sellerOf('2', true)), true)
  assert.equal(isRefused('0.06', sellerOf('3')), true)
  assert.equal(isRefused('0.06', sellerOf('3', true)), false)
  assert.equal(isRefused('0.03', sellerOf('5')), true)
})

test('an old differential table proves nobody wrong', () => {
  const at = after(NOON, 24 * 60 * 60 * 1000 + 1)
  const draft = anInvoiceDraft(aDispatch({ taxCode: CODES.cup, taxRate: '0.13' }).draft)
  const [finding] = checkDraft(draft, anIssuingContext({ at })).filter(({ check }) => check === 'L-95')
  assert.equal(finding?.fault.parkCause, 'tax_tables_stale')
})

test('type 02 needs the flag of the differential table', () => {
  const code = '3040803990000000000'
  const tables = taxTables({
    classifications: [
      aClassification({ code, shortName: '人力资源服务', taxRates: [], levyRates: [], allowsDifferential: true }),
    ],
    differentials: [
      {
        code,
        allowsDifferentialIssue: false,
        differentialAllowsSpecial: false,
        fullAllowsSpecial: false,
        generalRates: [Decimal.of('0.06')],
        generalLevyRates: [],
        smallScaleLevyRates: [],
      },
    ],
  })
  assert.deepEqual(findingsOf(aDispatch({ taxCode: code }, {}, { tables })), ['L-96 /differential/type'])
  const full = { differential: aDifferential('01', '50.00') }
  assert.deepEqual(findingsOf(aDispatch({ taxCode: code }, full, { tables })), [])
})
