import { aDraftLine, anInvoice, anInvoiceLine } from '../../testing/builders.js'
import { proveTheme } from '../../testing/prove-checks.js'

function linesOf(count: number): ReturnType<typeof anInvoiceLine>[] {
  return Array.from({ length: count }, (_, index) => anInvoiceLine({ lineNo: index + 1, sourceLine: index }))
}

proveTheme('lines', {
  'L-54': {
    passes: { draft: { lines: [], shipping: aDraftLine({ name: '运费', amount: '10.00' }) } },
    fails: { draft: { lines: [] } },
    at: '/lines',
  },
  'L-54.limit': {
    passes: { invoice: anInvoice() },
    fails: { invoice: anInvoice({ lines: linesOf(5_001) }) },
    at: '/lines',
  },
  'L-54.advised': {
    passes: { invoice: anInvoice({ lines: linesOf(2_000) }) },
    fails: { invoice: anInvoice({ lines: linesOf(2_001) }) },
    at: '/lines',
  },
  'L-55': {
    passes: { invoice: anInvoice() },
    fails: { invoice: anInvoice({ lines: [anInvoiceLine({ shortName: '杂品' })] }) },
    at: '/lines/0/shortName',
  },
  'L-56': {
    passes: { draft: { lines: [aDraftLine({ name: '咖啡杯', amount: '113.00' })] } },
    fails: { draft: { lines: [aDraftLine({ name: null, amount: '113.00' })] } },
    at: '/lines/0/name',
  },
  'L-56.composed': {
    passes: { invoice: anInvoice({ lines: [anInvoiceLine({ name: '杯'.repeat(294) })] }) },
    fails: { invoice: anInvoice({ lines: [anInvoiceLine({ name: '杯'.repeat(295) })] }) },
    at: '/lines/0/name',
  },
  'L-57': {
    passes: { draft: { lines: [aDraftLine({ amount: '113.00', quantity: `1.${'1'.repeat(23)}` })] } },
    fails: { draft: { lines: [aDraftLine({ amount: '113.00', quantity: `1.${'1'.repeat(24)}` })] } },
    at: '/lines/0/quantity',
  },
  'L-57.pair': {
    passes: { invoice: anInvoice({ lines: [anInvoiceLine({ quantity: null, unitPrice: null })] }) },
    fails: { invoice: anInvoice({ lines: [anInvoiceLine({ quantity: '1', unitPrice: null })] }) },
    at: '/lines/0/unitPrice',
  },
})
