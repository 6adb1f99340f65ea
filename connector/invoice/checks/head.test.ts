import { amount } from '../../kernel/amount.js'
import { Decimal } from '../../kernel/decimal.js'
import { aDraftLine, anInvoice, anInvoiceLine, CODES } from '../../testing/builders.js'
import { proveTheme } from '../../testing/prove-checks.js'
import type { InvoiceDraft } from '../draft.js'

const DISPATCH = aDraftLine({
  taxCode: CODES.labourDispatch,
  taxRate: '0.06',
  shortName: '人力资源服务',
  amount: '106.00',
})

/** A differential without vouchers, whose type may be anything a parser let slip. */
function aDifferential(type: string): InvoiceDraft['differential'] {
  return {
    // The check exists for texts outside the type.
    type: type as '01',
    deduction: Decimal.of('1.00'),
    vouchers: [
      {
        kind: '05',
        invoiceCode: null,
        invoiceNumber: null,
        voucherNumber: null,
        issuedOn: null,
        totalAmount: Decimal.of('1.00'),
        deductedAmount: Decimal.of('1.00'),
        remark: null,
      },
    ],
  }
}

const EIGHTEEN_DIGITS = amount('9999999999999999.99')
const NINETEEN_DIGITS = amount('10000000000000000.00')

function anInvoiceOf(grossAmount: typeof EIGHTEEN_DIGITS): ReturnType<typeof anInvoice> {
  const line = { quantity: null, unitPrice: null, taxRate: Decimal.ZERO, taxAmount: amount('0.00') }
  return anInvoice({ lines: [anInvoiceLine({ ...line, netAmount: grossAmount })] })
}

proveTheme('head', {
  'L-18': {
    passes: { draft: { kind: 'special' } },
    // The check exists for texts outside the type.
    fails: { draft: { kind: 'vehicle' as InvoiceDraft['kind'] } },
    at: '/kind',
  },
  'L-22': {
    passes: { draft: { lines: [DISPATCH], differential: aDifferential('02') } },
    fails: { draft: { lines: [DISPATCH], differential: aDifferential('03') } },
    at: '/differential/type',
  },
  'L-25': {
    passes: { draft: { buyer: { account: '6'.repeat(50) } } },
    fails: { draft: { buyer: { account: '6'.repeat(51) } } },
    at: '/buyer/account',
  },
  'L-25.money': {
    passes: { draft: { orderDiscount: '0.01' } },
    fails: { draft: { orderDiscount: '0.001' } },
    at: '/orderDiscount',
  },
  'L-25.line': {
    passes: { draft: { lines: [aDraftLine({ amount: '113.00', model: '型'.repeat(150) })] } },
    fails: { draft: { lines: [aDraftLine({ amount: '113.005' })] } },
    at: '/lines/0/amount',
  },
  'L-25.seller': {
    passes: { invoice: anInvoice({ seller: { ...anInvoice().seller, phone: '0'.repeat(60) } }) },
    fails: { invoice: anInvoice({ seller: { ...anInvoice().seller, phone: '0'.repeat(61) } }) },
    at: '',
  },
  'L-25.total': {
    passes: { invoice: anInvoiceOf(EIGHTEEN_DIGITS) },
    fails: { invoice: anInvoiceOf(NINETEEN_DIGITS) },
    at: '',
  },
  'L-25.amounts': {
    passes: { invoice: anInvoiceOf(EIGHTEEN_DIGITS) },
    fails: { invoice: anInvoiceOf(NINETEEN_DIGITS) },
    at: '/lines/0/amount',
  },
  'L-29': {
    passes: { draft: { payments: [{ channel: '009', transactionNo: '2026112222001400001' }] } },
    fails: { draft: { payments: [{ channel: '009', transactionNo: '' }] } },
    at: '/payments/0/transactionNo',
  },
  'L-32': {
    passes: { draft: { remark: '😀'.repeat(450) } },
    fails: { draft: { remark: '备'.repeat(451) } },
    at: '/remark',
  },
  'L-34': {
    passes: { draft: { extras: [{ name: '合同', type: 'string', value: '号'.repeat(200) }] } },
    fails: { draft: { extras: [{ name: '合同', type: 'string', value: '号'.repeat(201) }] } },
    at: '/extras/0/value',
  },
  'L-35.broken': {
    passes: { draft: { remark: '第一行\n第二行 😀' } },
    fails: { draft: { remark: '备\u0000注' } },
    at: '/remark',
  },
  'L-35.line': {
    passes: { draft: { lines: [aDraftLine({ amount: '113.00', name: '咖啡\t杯' })] } },
    fails: { draft: { lines: [aDraftLine({ amount: '113.00', name: '咖啡\u0000杯' })] } },
    at: '/lines/0/name',
  },
})
