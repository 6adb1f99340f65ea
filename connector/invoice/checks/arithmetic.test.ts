import { amount, fen } from '../../kernel/amount.js'
import { Decimal } from '../../kernel/decimal.js'
import { anInvoice, anInvoiceLine } from '../../testing/builders.js'
import { type Example, proveTheme } from '../../testing/prove-checks.js'
import type { Invoice, InvoiceLine } from '../invoice.js'

function withLine(changes: Partial<InvoiceLine>): Example {
  return { invoice: anInvoice({ lines: [anInvoiceLine(changes)] }) }
}

function withTotals(changes: Partial<Pick<Invoice, 'netAmount' | 'taxAmount' | 'grossAmount'>>): Example {
  return { invoice: anInvoice(changes) }
}

/** Lines of gross 199.88: each is 0.0056 off, all to one side. */
function manyLines(count: number): Example {
  const line = { quantity: null, unitPrice: null, netAmount: amount('176.88'), taxAmount: amount('23.00') }
  const lines = Array.from({ length: count }, (_, index) =>
    anInvoiceLine({ ...line, lineNo: index + 1, sourceLine: index }),
  )
  return { invoice: anInvoice({ lines }) }
}

function aRedInvoice(sign: bigint): Example {
  const figures = { netAmount: fen(10_000n * sign), taxAmount: fen(1_300n * sign) }
  const line = anInvoiceLine({ ...figures, quantity: null, unitPrice: null })
  return { invoice: anInvoice({ letter: 'red', lines: [line] }) }
}

proveTheme('arithmetic', {
  'L-79': {
    passes: withLine({ quantity: '3', unitPrice: '33.33', netAmount: amount('100.00') }),
    fails: withLine({ quantity: '1', unitPrice: '99.98', netAmount: amount('100.00') }),
    at: '/lines/0/unitPrice',
  },
  'L-80': {
    passes: withLine({ taxAmount: amount('13.01'), netAmount: amount('100.00') }),
    fails: withLine({ taxAmount: amount('13.07'), netAmount: amount('100.00') }),
    at: '/lines/0',
  },
  'L-81': { passes: manyLines(226), fails: manyLines(227), at: '/lines' },
  'L-82': { passes: withTotals({}), fails: withTotals({ netAmount: amount('100.01') }), at: '' },
  'L-83': { passes: withTotals({}), fails: withTotals({ grossAmount: amount('112.99') }), at: '' },
  'L-84': {
    passes: withLine({}),
    fails: withLine({ grossAmount: amount('113.01') }),
    at: '/lines/0',
  },
  'L-85': {
    passes: withLine({ netAmount: amount('100.01'), taxAmount: amount('12.99'), quantity: null, unitPrice: null }),
    fails: withLine({ netAmount: amount('100.02'), taxAmount: amount('12.98'), quantity: null, unitPrice: null }),
    at: '/lines/0',
  },
  'L-86': {
    passes: withTotals({}),
    fails: withTotals({ taxAmount: amount('13.01'), grossAmount: amount('113.01') }),
    at: '',
  },
  'L-87': {
    passes: withLine({ netAmount: amount('0.01'), taxAmount: amount('0.00'), unitPrice: '0.01' }),
    fails: {
      invoice: anInvoice({
        lines: [
          anInvoiceLine({ nature: 'discounted' }),
          anInvoiceLine({ lineNo: 2, nature: 'discount', netAmount: amount('-100.00'), taxAmount: amount('-13.00') }),
        ],
      }),
    },
    at: '/lines',
  },
  'L-88': {
    passes: withLine({ netAmount: amount('0.01'), taxAmount: amount('0.00'), unitPrice: '0.01' }),
    fails: withLine({
      netAmount: amount('0.00'),
      taxAmount: amount('0.00'),
      unitPrice: '0',
      taxRate: Decimal.of('0.13'),
    }),
    at: '/lines/0/amount',
  },
  'L-89': { passes: aRedInvoice(-1n), fails: aRedInvoice(1n), at: '/lines' },
  'L-91': {
    passes: { invoice: anInvoice({ lines: [anInvoiceLine(), anInvoiceLine({ lineNo: 2, sourceLine: 1 })] }) },
    fails: { invoice: anInvoice({ lines: [anInvoiceLine(), anInvoiceLine({ lineNo: 3, sourceLine: 1 })] }) },
    at: '/lines/1',
  },
})
