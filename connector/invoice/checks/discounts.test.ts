import { amount } from '../../kernel/amount.js'
import { Decimal } from '../../kernel/decimal.js'
import { aDraftLine, anInvoice, anInvoiceLine } from '../../testing/builders.js'
import { type Example, proveTheme } from '../../testing/prove-checks.js'
import type { InvoiceLine } from '../invoice.js'

const DISCOUNTED = anInvoiceLine({ nature: 'discounted' })
const OTHER = anInvoiceLine({ lineNo: 3, sourceLine: 1 })

function aDiscount(changes: Partial<InvoiceLine> = {}): InvoiceLine {
  return anInvoiceLine({
    lineNo: 2,
    nature: 'discount',
    model: null,
    unit: null,
    quantity: null,
    unitPrice: null,
    netAmount: amount('-10.00'),
    taxAmount: amount('-1.30'),
    ...changes,
  })
}

function withLines(...lines: InvoiceLine[]): Example {
  return { invoice: anInvoice({ lines }) }
}

const FULL = { netAmount: amount('-100.00'), taxAmount: amount('-13.00') }

proveTheme('discounts', {
  'L-66': {
    passes: withLines(DISCOUNTED, aDiscount()),
    fails: withLines(anInvoiceLine(), anInvoiceLine({ lineNo: 2, nature: 'discounted', sourceLine: 1 })),
    at: '/lines/1',
  },
  'L-67': {
    passes: withLines(DISCOUNTED, aDiscount()),
    fails: withLines(DISCOUNTED, aDiscount({ unit: '个' })),
    at: '/lines/0',
  },
  'L-68': {
    passes: withLines(DISCOUNTED, aDiscount()),
    fails: withLines({ ...DISCOUNTED, deduction: amount('1.00') }, aDiscount()),
    at: '/lines/0',
  },
  'L-69': {
    passes: withLines(DISCOUNTED, aDiscount()),
    fails: withLines(DISCOUNTED, aDiscount({ taxRate: Decimal.of('0.09') })),
    at: '/lines/0',
  },
  'L-70': {
    passes: { draft: { lines: [aDraftLine({ amount: '113.00', discountAmount: '113.00' })] } },
    fails: { draft: { lines: [aDraftLine({ amount: '113.00', discountAmount: '113.01' })] } },
    at: '/lines/0/discountAmount',
  },
  'L-70.pair': {
    passes: withLines(DISCOUNTED, aDiscount(FULL), OTHER),
    fails: withLines(DISCOUNTED, aDiscount({ ...FULL, taxAmount: amount('-13.01') }), OTHER),
    at: '/lines/0/discountAmount',
  },
})
