import { amount } from '../../kernel/amount.js'
import { aDraftLine, anInvoice, anInvoiceLine, CODES } from '../../testing/builders.js'
import { type Example, proveTheme } from '../../testing/prove-checks.js'

const QUALITY = '每千克煤炭发热量：5500千卡、干基全硫：0.8%、干燥无灰基挥发分：32.15%'

function someCoal(coalKind: string | null): Example {
  return { draft: { lines: [aDraftLine({ taxCode: CODES.coal, amount: '113.00', coalKind })] } }
}

function anInvoiceOfCoal(net: string, tax: string, coalQuality: string | null): Example {
  const line = { taxCode: CODES.coal, shortName: '煤炭', coalKind: '0300', quantity: null, unitPrice: null }
  const lines = [anInvoiceLine({ ...line, netAmount: amount(net), taxAmount: amount(tax) })]
  return { invoice: anInvoice({ lines, coalQuality }) }
}

function aDiscountedCoal(coalKind: string | null): Example {
  const coal = { taxCode: CODES.coal, shortName: '煤炭' }
  const none = { model: null, unit: null, quantity: null, unitPrice: null }
  return {
    invoice: anInvoice({
      lines: [
        anInvoiceLine({ ...coal, nature: 'discounted', coalKind: '0300' }),
        anInvoiceLine({
          ...coal,
          ...none,
          lineNo: 2,
          nature: 'discount',
          netAmount: amount('-10.00'),
          taxAmount: amount('-1.30'),
          coalKind,
        }),
      ],
    }),
  }
}

proveTheme('coal', {
  'L-104': { passes: someCoal('0300'), fails: someCoal(null), at: '/lines/0/coalKind' },
  'L-104.discount': { passes: aDiscountedCoal(null), fails: aDiscountedCoal('0300'), at: '/lines/0/coalKind' },
  'L-105': {
    passes: anInvoiceOfCoal('10000000.00', '1300000.00', QUALITY),
    fails: anInvoiceOfCoal('10000000.00', '1300000.00', null),
    at: '/coalQuality',
  },
  'L-106': {
    passes: { draft: { coalQuality: QUALITY } },
    fails: { draft: { coalQuality: '每千克煤炭发热量：5500千卡、干燥无灰基挥发分：32.15%' } },
    at: '/coalQuality',
  },
  'L-107': {
    passes: { draft: { coalQuality: QUALITY, remark: '备'.repeat(449 - QUALITY.length) } },
    fails: { draft: { coalQuality: QUALITY, remark: '备'.repeat(450 - QUALITY.length) } },
    at: '/remark',
  },
})
