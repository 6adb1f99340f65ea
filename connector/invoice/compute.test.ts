import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAmount } from '../kernel/amount.js'
import { Decimal } from '../kernel/decimal.js'
import { aDraft, aLine, originsOf } from '../testing/invoice-drafts.js'
import { computeLines } from './compute.js'
import type { DraftLine, InvoiceDraft } from './draft.js'
import type { InvoiceLine } from './invoice.js'

test('a price that includes tax keeps its gross, one that does not keeps its net', () => {
  const line = aLine({ amount: '100.00' })
  assert.deepEqual(amounts(aDraft({ lines: [line] })), ['88.50 11.50 100.00'])
  assert.deepEqual(amounts(aDraft({ lines: [line], pricesIncludeTax: false })), ['100.00 13.00 113.00'])
})

test('quantity, price and amount complete each other', () => {
  const cases: [Parameters<typeof aLine>[0], string][] = [
    [{ quantity: '3', unitPrice: '11.30' }, '3 × 10 = 30.00'],
    [{ unitPrice: '11.30' }, '1 × 10 = 10.00'],
    [{ quantity: '2', unitPrice: '11.30', amount: '22.60' }, '2 × 10 = 20.00'],
    [{ quantity: '3', unitPrice: '3.33', amount: '10.00' }, '3 × 2.95 = 8.85'],
    [{ quantity: '4', amount: '22.60' }, '4 × 5 = 20.00'],
    [{ unitPrice: '11.30', amount: '11.30' }, '1 × 10 = 10.00'],
    [{ amount: '11.30' }, 'null × null = 10.00'],
    [{ quantity: '0.375', unitPrice: '30.00' }, '0.375 × 26.56 = 9.96'],
  ]
  for (const [figures, expected] of cases) {
    const [line] = linesOf(aDraft({ lines: [aLine(figures)] }))
    assert.equal(`${line?.quantity} × ${line?.unitPrice} = ${line && formatAmount(line.netAmount)}`, expected)
  }
})

test('a net price that the order states is kept as it stands', () => {
  const lines = [aLine({ quantity: '3', unitPrice: '33.333' }), aLine({ quantity: '7', amount: '100.00' })]
  const computed = linesOf(aDraft({ lines, pricesIncludeTax: false }))
  assert.deepEqual(
    computed.map(({ unitPrice }) => unitPrice),
    ['33.333', '14.2857142857143'],
  )
})

test('special rates: zero, exempt, not taxable, simplified (rulebook 2.6)', () => {
  const cases: [rate: string, preference: string | null, expected: string][] = [
    ['0', null, '100.00 0.00 100.00'],
    ['0', '03', '100.00 0.00 100.00'],
    ['0', '04', '100.00 0.00 100.00'],
    ['0.03', '01', '97.09 2.91 100.00'],
    ['0.03', '08', '97.09 2.91 100.00'],
    ['0.05', '09', '95.24 4.76 100.00'],
    ['0.01', null, '99.01 0.99 100.00'],
    ['0.13', '13', '88.50 11.50 100.00'],
  ]
  for (const [taxRate, preference, expected] of cases) {
    const [line] = linesOf(aDraft({ lines: [aLine({ amount: '100.00', taxRate, preference })] }))
    assert.ok(line)
    assert.equal(show(line), expected)
    assert.equal(line.preference, preference)
  }
})

test('a discount line repeats its line and leaves the rest empty (rulebook 2.5)', () => {
  const coal = aLine({ quantity: '2', amount: '226.00', model: 'A', coalKind: '0300', discountAmount: '113.00' })
  const [line, discount] = linesOf(aDraft({ lines: [coal] }))
  assert.ok(line && discount)
  assert.deepEqual([line.nature, line.lineNo, line.coalKind], ['discounted', 1, '0300'])
  const { name, shortName, taxCode, taxRate, preference, sourceLine } = line
  assert.deepEqual(discount, {
    ...{ lineNo: 2, nature: 'discount', name, shortName, taxCode, taxRate, preference, sourceLine },
    ...{ model: null, unit: null, quantity: null, unitPrice: null, deduction: null, coalKind: null },
    ...{ netAmount: -10000n, taxAmount: -1300n, grossAmount: -11300n },
  })
})

test('a discount of nothing makes no discount line', () => {
  const lines = [aLine({ amount: '9.90', discountRate: '0' }), aLine({ amount: '9.90', discountAmount: '0.00' })]
  const computed = linesOf(aDraft({ lines, orderDiscount: '0' }))
  assert.deepEqual(
    computed.map(({ nature }) => nature),
    ['normal', 'normal'],
  )
})

test('a net-priced discount is taken off the net', () => {
  const draft = aDraft({ lines: [aLine({ amount: '100.00', discountRate: '0.1' })], pricesIncludeTax: false })
  assert.deepEqual(amounts(draft), ['100.00 13.00 113.00', '-10.00 -1.30 -11.30'])
})

test("a coupon joins a line's own discount in one discount line", () => {
  const lines = [aLine({ amount: '100.00', discountAmount: '20.00' }), aLine({ amount: '100.00' })]
  const computed = linesOf(aDraft({ lines, orderDiscount: '30.00' }))
  assert.deepEqual(
    computed.map(({ nature, grossAmount }) => `${nature} ${formatAmount(grossAmount)}`),
    ['discounted 100.00', 'discount -35.00', 'discounted 100.00', 'discount -15.00'],
  )
})

test('lines that differ in nothing but their own discount get the same cent in any order', () => {
  const lines = [aLine({ amount: '1.00', discountAmount: '0.10' }), aLine({ amount: '1.00', discountAmount: '0.20' })]
  const grosses = (draft: InvoiceDraft) => linesOf(draft).map(({ grossAmount }) => formatAmount(grossAmount))
  const forth = grosses(aDraft({ lines, orderDiscount: '0.01' }))
  const back = grosses(aDraft({ lines: lines.toReversed(), orderDiscount: '0.01' }))
  assert.deepEqual(back.toSorted(), forth.toSorted())
})

test('freight is the last line, and bears its share of a coupon', () => {
  const freight = aLine({ name: '运费', amount: '10.00', taxRate: '0.09' })
  const computed = linesOf(aDraft({ lines: [aLine({ amount: '90.00' })], shipping: freight, orderDiscount: '10.00' }))
  assert.deepEqual(
    computed.map(({ name, sourceLine }) => `${name} ${sourceLine}`),
    ['咖啡杯 0', '咖啡杯 0', '运费 -1', '运费 -1'],
  )
  assert.equal(formatAmount(computed[3]?.grossAmount ?? assert.fail()), '-1.00')
})

test('stars that product data carry are stripped from the name', () => {
  const names = ['*日用杂品*咖啡杯', '咖啡杯*大*', '*新*']
  const computed = computeLines(aDraft({ lines: names.map((name) => aLine({ name, amount: '1.00' })) }))
  assert.ok(computed.kind === 'faulty')
  assert.deepEqual(
    computed.faults.map(({ code, path }) => `${code} ${path}`),
    ['INV-incomplete /lines/2/name'],
  )
  const [first, second] = linesOf(aDraft({ lines: names.slice(0, 2).map((name) => aLine({ name, amount: '1.00' })) }))
  assert.deepEqual([first?.name, second?.name], ['咖啡杯', '咖啡杯*大*'])
})

test('a differential stands on the only line; freight beside it is taxed in full', () => {
  const differential = { type: '02' as const, deduction: Decimal.of('8400.00'), vouchers: [] }
  const lines = [aLine({ amount: '10500.00', taxRate: '0.05' })]
  const [line, freight] = linesOf(aDraft({ lines, differential, shipping: aLine({ name: '运费', amount: '113.00' }) }))
  assert.ok(line && freight)
  assert.deepEqual([show(line), line.deduction], ['10400.00 100.00 10500.00', 840000n])
  assert.deepEqual([show(freight), freight.deduction], ['100.00 13.00 113.00', null])
})

test('a net-priced differential comes to the same tax as its gross', () => {
  const differential = { type: '02' as const, deduction: Decimal.of('8400.00'), vouchers: [] }
  const lines = [aLine({ amount: '10400.00', taxRate: '0.05' })]
  assert.deepEqual(amounts(aDraft({ lines, differential, pricesIncludeTax: false })), ['10400.00 100.00 10500.00'])
})

test('a full-amount differential may deduct nothing, a difference must deduct something', () => {
  const ofType = (type: '01' | '02') => aDraft({ differential: { type, deduction: Decimal.ZERO, vouchers: [] } })
  assert.deepEqual(amounts(ofType('01')), ['100.00 13.00 113.00'])
  assert.deepEqual(faultsOf(ofType('02')), ['INV-deduction /differential/deduction'])
})

const FAULTY: [what: string, draft: InvoiceDraft, faults: string[]][] = [
  ['no amount and no price', withLine({ quantity: '2' }), ['INV-amount-missing /lines/0/amount']],
  ['an amount with parts of a fen', withLine({ amount: '9.999' }), ['INV-decimals /lines/0/amount']],
  ['a negative amount', withLine({ amount: '-9.90' }), ['INV-amount /lines/0/amount']],
  ['a line that rounds to nothing', withLine({ unitPrice: '0.001' }), ['INV-amount /lines/0/unitPrice']],
  ['a negative price', withLine({ unitPrice: '-1', amount: '1' }), ['INV-price /lines/0/unitPrice']],
  ['a negative quantity', withLine({ quantity: '-1', amount: '1' }), ['INV-quantity /lines/0/quantity']],
  ['a quantity of zero', withLine({ quantity: '0', amount: '1' }), ['INV-quantity /lines/0/quantity']],
  [
    'a quantity too long',
    withLine({ quantity: '1.123456789012345678901234', amount: '1' }),
    ['INV-quantity /lines/0/quantity'],
  ],
  [
    'a quantity too big for any price',
    withLine({ quantity: '9'.repeat(25), amount: '0.01' }),
    ['INV-price /lines/0/quantity'],
  ],
  [
    'an amount that price and quantity do not give',
    withLine({ quantity: '3', unitPrice: '3.30', amount: '10.00' }),
    ['INV-amount-mismatch /lines/0/amount'],
  ],
  [
    'a price alone that is not the amount',
    withLine({ unitPrice: '3.30', amount: '9.90' }),
    ['INV-amount-mismatch /lines/0/amount'],
  ],
  [
    'a discount above its line',
    withLine({ amount: '9.90', discountAmount: '9.91' }),
    ['INV-discount /lines/0/discountAmount'],
  ],
  ['a negative discount', withLine({ amount: '9.90', discountAmount: '-1' }), ['INV-discount /lines/0/discountAmount']],
  [
    'a discount with parts of a fen',
    withLine({ amount: '9.90', discountAmount: '1.001' }),
    ['INV-decimals /lines/0/discountAmount'],
  ],
  [
    'a discount rate above one',
    withLine({ amount: '9.90', discountRate: '15' }),
    ['INV-discount /lines/0/discountRate'],
  ],
  [
    'a discount said twice',
    withLine({ amount: '9.90', discountRate: '0.1', discountAmount: '0.99' }),
    ['INV-discount-both /lines/0/discountAmount'],
  ],
  ['a tax rate in per cent', withLine({ amount: '9.90', taxRate: '13' }), ['INV-rate /lines/0/taxRate']],
  ['a negative tax rate', withLine({ amount: '9.90', taxRate: '-0.13' }), ['INV-rate /lines/0/taxRate']],
  ['a tax rate of seven decimals', withLine({ amount: '9.90', taxRate: '0.1300001' }), ['INV-rate /lines/0/taxRate']],
  [
    'a line the catalogue did not complete',
    withLine({ amount: '9.90', name: null, taxCode: null, taxRate: null, shortName: null }),
    ['name', 'shortName', 'taxCode', 'taxRate'].map((field) => `INV-incomplete /lines/0/${field}`),
  ],
  ['a faulty freight', aDraft({ shipping: aLine({ amount: '-1.00' }) }), ['INV-amount /shipping/amount']],
  ['a negative coupon', aDraft({ orderDiscount: '-1.00' }), ['INV-order-discount /orderDiscount']],
  ['a coupon with parts of a fen', aDraft({ orderDiscount: '1.001' }), ['INV-decimals /orderDiscount']],
  ['a coupon above the order', aDraft({ orderDiscount: '113.01' }), ['INV-order-discount /orderDiscount']],
  ['a coupon that pays for everything', aDraft({ orderDiscount: '113.00' }), ['INV-total /orderDiscount']],
  ['nothing but a free line', withLine({ amount: '1.00', discountRate: '1' }), ['INV-total /lines']],
  ['an order whose net rounds to nothing', withLine({ amount: '1.00', discountAmount: '0.99' }), ['INV-total /lines']],
  ['no line at all', aDraft({ lines: [] }), ['INV-total /lines']],
  [
    'several faults in several lines',
    aDraft({ lines: [aLine({ amount: '-1' }), aLine({ amount: '1' }), aLine({ amount: '1', discountRate: '2' })] }),
    ['INV-amount /lines/0/amount', 'INV-discount /lines/2/discountRate'],
  ],
  [
    'a differential of two lines',
    aDraft({ lines: [aLine({ amount: '1' }), aLine({ amount: '1' })], differential: deducting('1.00') }),
    ['INV-differential-lines /lines'],
  ],
  [
    'a differential with discounts',
    aDraft({
      lines: [aLine({ amount: '9', discountRate: '0.1' })],
      orderDiscount: '1',
      differential: deducting('1.00'),
    }),
    ['INV-differential-discount /orderDiscount', 'INV-differential-discount /lines/0/discountAmount'],
  ],
  [
    'a deduction above the gross',
    aDraft({ differential: deducting('113.01') }),
    ['INV-deduction /differential/deduction'],
  ],
  ['a negative deduction', aDraft({ differential: deducting('-1.00') }), ['INV-deduction /differential/deduction']],
  [
    'a deduction with parts of a fen',
    aDraft({ differential: deducting('1.001') }),
    ['INV-decimals /differential/deduction'],
  ],
]

for (const [what, draft, faults] of FAULTY) {
  test(`refuses ${what} and says where`, () => assert.deepEqual(faultsOf(draft), faults))
}

test('a fault speaks both languages, with the figures, and is cured where the value came from', () => {
  const origins = originsOf({ '/lines/0/amount': { from: 'constant' } })
  const computed = computeLines({ ...withLine({ quantity: '3', unitPrice: '3.30', amount: '10.00' }), origins })
  assert.ok(computed.kind === 'faulty')
  assert.deepEqual(computed.faults, [
    {
      code: 'INV-amount-mismatch',
      path: '/lines/0/amount',
      message: '单价×数量与金额相差超过 0.01（9.9 ≠ 10.00）',
      messageEn: 'price × quantity differs from the amount by more than 0.01 (9.9 ≠ 10.00)',
      cure: 'administrator',
      parkCause: 'mapping_fault',
    },
  ])
})

function withLine(figures: Parameters<typeof aLine>[0]): InvoiceDraft {
  const line: DraftLine = aLine(figures)
  return aDraft({ lines: [line] })
}

function deducting(deduction: string): NonNullable<InvoiceDraft['differential']> {
  return { type: '02', deduction: Decimal.of(deduction), vouchers: [] }
}

function linesOf(draft: InvoiceDraft): InvoiceLine[] {
  const computed = computeLines(draft)
  assert.ok(computed.kind === 'computed', 'the draft computes')
  return computed.charges.flatMap(({ line, discount }) => (discount === null ? [line] : [line, discount]))
}

function faultsOf(draft: InvoiceDraft): string[] {
  const computed = computeLines(draft)
  return computed.kind === 'computed' ? [] : computed.faults.map(({ code, path }) => `${code} ${path}`)
}

function amounts(draft: InvoiceDraft): string[] {
  return linesOf(draft).map(show)
}

function show({ netAmount, taxAmount, grossAmount }: InvoiceLine): string {
  return [netAmount, taxAmount, grossAmount].map(formatAmount).join(' ')
}
