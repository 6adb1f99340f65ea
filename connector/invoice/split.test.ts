import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount, formatAmount } from '../kernel/amount.js'
import { Decimal } from '../kernel/decimal.js'
import { aDraft, aLine } from '../testing/invoice-drafts.js'
import { assertSendable } from '../testing/invoice-tolerances.js'
import { computeLines } from './compute.js'
import type { InvoiceDraft } from './draft.js'
import type { InvoiceLine } from './invoice.js'
import { type Split, type SplitLimits, splitCharges } from './split.js'
import { totalsOf } from './totals.js'

const UNTAXED = { taxRate: '0', preference: '04', amount: '10.00' }
const GIFT = { amount: '5.00', discountRate: '1' }

test('an invoice is closed when the next line does not fit any more, and numbers begin anew', () => {
  const parts = split(aDraft({ lines: ['a', 'b', 'c', 'd', 'e'].map((name) => aLine({ name, amount: '1.13' })) }), {
    maxLinesPerInvoice: 2,
  })
  assert.deepEqual(parts.map(namesOf), [['a', 'b'], ['c', 'd'], ['e']])
  assert.deepEqual(
    parts.map((part) => part.map(({ lineNo }) => lineNo)),
    [[1, 2], [1, 2], [1]],
  )
})

test('a discounted line and its discount count as two and are never torn', () => {
  const lines = ['a', 'b', 'c'].map((name) => aLine({ name, amount: '11.30', discountAmount: '1.13' }))
  assert.deepEqual(split(aDraft({ lines }), { maxLinesPerInvoice: 5 }).map(namesOf), [
    ['a', 'a', 'b', 'b'],
    ['c', 'c'],
  ])
  assert.deepEqual(split(aDraft({ lines }), { maxLinesPerInvoice: 1 }).map(namesOf), [
    ['a', 'a'],
    ['b', 'b'],
    ['c', 'c'],
  ])
})

test('the ceiling counts the net after discount', () => {
  const lines = [aLine({ amount: '226.00', discountAmount: '113.00' }), aLine({ amount: '113.00' })]
  assert.equal(split(aDraft({ lines }), { maxNetPerInvoice: amount('200.00') }).length, 1)
  assert.equal(split(aDraft({ lines }), { maxNetPerInvoice: amount('199.99') }).length, 2)
})

test('a line above the ceiling is cut with its discount, which stays in proportion', () => {
  const lines = [aLine({ quantity: '10', unitPrice: '113.00', discountAmount: '226.00' })]
  const parts = split(aDraft({ lines }), { maxNetPerInvoice: amount('300.00') })
  assert.deepEqual(parts.map(showLines), [
    ['3 × 100: 300.00 39.00', '-60.00 -7.80'],
    ['3 × 100: 300.00 39.00', '-60.00 -7.80'],
    ['3 × 100: 300.00 39.00', '-60.00 -7.80'],
    ['1 × 100: 100.00 13.00', '-20.00 -2.60'],
  ])
})

test('a cut keeps the price that the order states', () => {
  const lines = [aLine({ quantity: '6', unitPrice: '33.333' })]
  const parts = split(aDraft({ lines, pricesIncludeTax: false }), { maxNetPerInvoice: amount('100.00') })
  assert.deepEqual(parts.map(showLines), [['3 × 33.333: 100.00 13.00'], ['3 × 33.333: 100.00 13.00']])
})

test('the last piece of a cut line shares its invoice with the lines after it', () => {
  const lines = [aLine({ name: 'a', quantity: '5', unitPrice: '113.00' }), aLine({ name: 'b', amount: '56.50' })]
  const parts = split(aDraft({ lines }), { maxNetPerInvoice: amount('200.00') })
  assert.deepEqual(parts.map(namesOf), [['a'], ['a'], ['a', 'b']])
})

test('a weight is cut at its own decimals, one piece too dear at finer ones, an amount without quantity at the fen', () => {
  const cut = (figures: Parameters<typeof aLine>[0], ceiling: string) =>
    split(aDraft({ lines: [aLine(figures)] }), { maxNetPerInvoice: amount(ceiling) }).map(showLines)
  assert.deepEqual(cut({ quantity: '2.5', unitPrice: '113.00' }, '100.00'), [
    ['1 × 100: 100.00 13.00'],
    ['1 × 100: 100.00 13.00'],
    ['0.5 × 100: 50.00 6.50'],
  ])
  assert.deepEqual(cut({ quantity: '1', unitPrice: '282.50' }, '100.00'), [
    ['0.4 × 250: 100.00 13.00'],
    ['0.4 × 250: 100.00 13.00'],
    ['0.2 × 250: 50.00 6.50'],
  ])
  assert.deepEqual(cut({ amount: '282.50' }, '100.00'), [['100.00 13.00'], ['100.00 13.00'], ['50.00 6.50']])
})

test('pieces that do not divide evenly add up, and each stands every check by itself', () => {
  const draft = aDraft({ lines: [aLine({ quantity: '7', amount: '99.99' })] })
  const parts = split(draft, { maxNetPerInvoice: amount('13.00') })
  assert.equal(parts.length, 7)
  for (const part of parts) assertSendable(part)
  assert.deepEqual(parts.map((part) => formatAmount(totalsOf(part).grossAmount)).sort(), [
    '14.28',
    '14.28',
    '14.28',
    '14.28',
    '14.29',
    '14.29',
    '14.29',
  ])
})

test('not taxable (04) stands apart from what is taxed', () => {
  const lines = [
    aLine({ name: 'a', amount: '1.13' }),
    aLine({ name: 'b', ...UNTAXED }),
    aLine({ name: 'c', amount: '1.13' }),
  ]
  assert.deepEqual(split(aDraft({ lines })).map(namesOf), [['a', 'c'], ['b']])
})

test('not taxable lines stand together, exempt ones beside taxed ones', () => {
  assert.equal(split(aDraft({ lines: [aLine(UNTAXED), aLine(UNTAXED)] })).length, 1)
  const exempt = aLine({ taxRate: '0', preference: '03', amount: '10.00' })
  assert.equal(split(aDraft({ lines: [exempt, aLine({ amount: '1.13' })] })).length, 1)
})

test('water (611) stands beside any line, the aviation fund (613) beside air passengers only', () => {
  const water = aLine({ ...UNTAXED, name: 'water', taxCode: '6110000000000000000' })
  const fund = aLine({ ...UNTAXED, name: 'fund', taxCode: '6130000000000000000' })
  const flight = aLine({ name: 'flight', taxCode: '3010301010100000000', taxRate: '0.09', amount: '109.00' })
  const cup = aLine({ name: 'cup', amount: '1.13' })
  assert.deepEqual(split(aDraft({ lines: [water, cup] })).map(namesOf), [['water', 'cup']])
  assert.deepEqual(split(aDraft({ lines: [flight, fund] })).map(namesOf), [['flight', 'fund']])
  assert.deepEqual(split(aDraft({ lines: [flight, fund, cup] })).map(namesOf), [['flight', 'cup'], ['fund']])
})

test('telecom (303) stands beside any line when the seller is a telecom', () => {
  const telecom = aLine({ ...UNTAXED, name: 'telecom', taxCode: '3030000000000000000' })
  const lines = [telecom, aLine({ name: 'cup', amount: '1.13' })]
  assert.deepEqual(split(aDraft({ lines }), { isTelecomSeller: true }).map(namesOf), [['telecom', 'cup']])
  assert.deepEqual(split(aDraft({ lines })).map(namesOf), [['cup'], ['telecom']])
})

test('a differential stands alone, freight gets an invoice of its own', () => {
  const differential = { type: '02' as const, deduction: Decimal.of('50.00'), vouchers: [] }
  const parts = split(aDraft({ differential, shipping: aLine({ name: '运费', amount: '10.90', taxRate: '0.09' }) }))
  assert.deepEqual(parts.map(namesOf), [['咖啡杯'], ['运费']])
})

test('a differential above the ceiling cannot be cut', () => {
  const differential = { type: '02' as const, deduction: Decimal.of('50.00'), vouchers: [] }
  assert.deepEqual(trySplit(aDraft({ differential }), { maxNetPerInvoice: amount('10.00') }), {
    kind: 'impossible',
    code: 'INV-split',
    path: '/lines/0',
  })
})

test('a ceiling that would make more than a thousand invoices is refused', () => {
  const lines = [aLine({ quantity: '2000', unitPrice: '113.00' })]
  assert.equal(trySplit(aDraft({ lines }), { maxNetPerInvoice: amount('200.00') }).kind, 'split')
  assert.equal(trySplit(aDraft({ lines }), { maxNetPerInvoice: amount('100.00') }).kind, 'impossible')
  assert.equal(trySplit(aDraft({ lines }), { maxNetPerInvoice: amount('0.00') }).kind, 'impossible')
})

test('a free line never makes an invoice of its own', () => {
  const lines = [
    aLine({ name: 'a', amount: '1.13' }),
    aLine({ name: 'b', amount: '1.13' }),
    aLine({ name: 'gift', ...GIFT }),
  ]
  assert.deepEqual(split(aDraft({ lines }), { maxLinesPerInvoice: 3 }).map(namesOf), [['a'], ['b', 'gift', 'gift']])
})

test('a free line before the first worthy one goes with it, in the order of the order', () => {
  const lines = [
    aLine({ name: 'gift', ...GIFT }),
    aLine({ name: 'a', amount: '1.13' }),
    aLine({ name: 'b', amount: '1.13' }),
  ]
  assert.deepEqual(split(aDraft({ lines }), { maxLinesPerInvoice: 3 }).map(namesOf), [['gift', 'gift', 'a'], ['b']])
})

test('free lines without room beside a worthy one are a matter of the line limit, without any worthy one of the order', () => {
  const gifts = [aLine({ name: 'a', amount: '1.13' }), aLine(GIFT), aLine(GIFT)]
  assert.deepEqual(trySplit(aDraft({ lines: gifts }), { maxLinesPerInvoice: 4 }), {
    kind: 'impossible',
    code: 'INV-split',
    path: '/lines/2',
  })
  const apart = [aLine({ name: 'a', amount: '1.13' }), aLine({ ...UNTAXED, discountRate: '1' })]
  assert.deepEqual(trySplit(aDraft({ lines: apart })), { kind: 'impossible', code: 'INV-total', path: '/lines/1' })
})

test('free lines that found no room at first go to an earlier worthy one', () => {
  const lines = [
    aLine({ name: 'a', amount: '1.13' }),
    aLine({ name: 'b', amount: '1.13', discountAmount: '0.13' }),
    aLine({ name: 'gift 1', ...GIFT }),
    aLine({ name: 'gift 2', ...GIFT }),
  ]
  assert.deepEqual(split(aDraft({ lines }), { maxLinesPerInvoice: 4 }).map(namesOf), [
    ['a', 'gift 2', 'gift 2'],
    ['b', 'b', 'gift 1', 'gift 1'],
  ])
})

test('a discount of a few cents is dealt out to some pieces only, never as a line without net', () => {
  for (const [quantity, discountAmount] of [
    ['10', '0.05'],
    ['20', '0.10'],
    ['20', '0.17'],
  ] as const) {
    const lines = [aLine({ quantity, unitPrice: '113.00', discountAmount })]
    const parts = split(aDraft({ lines }), { maxNetPerInvoice: amount('100.00') })
    for (const part of parts) assertSendable(part)
    const discounts = parts.flat().filter(({ nature }) => nature === 'discount')
    assert.ok(discounts.every(({ netAmount }) => netAmount < 0n))
    assert.equal(formatAmount(totalsOf(discounts).grossAmount), `-${discountAmount}`)
  }
})

test('a rest too small for the tax of its discount shares with the piece before it', () => {
  const lines = [aLine({ quantity: '28.623', unitPrice: '10.0249', taxRate: '0.01', discountAmount: '217.50' })]
  const parts = split(aDraft({ lines, pricesIncludeTax: false }), { maxNetPerInvoice: amount('17.34') })
  assert.equal(parts.length, 5)
  for (const part of parts) assertSendable(part)
  const [, , , fourth, fifth] = parts.map((part) => totalsOf(part).netAmount)
  assert.ok(fourth && fifth && fourth - fifth <= 1n)
})

test('a discount of nearly everything never outgrows a piece', () => {
  for (let fen = 1; fen < 60; fen += 1) {
    const discountAmount = Decimal.of('1000.00').minus(new Decimal(BigInt(fen), 2))
    const lines = [aLine({ quantity: '1000', amount: '1000.00', discountAmount, taxRate: '0' })]
    const result = trySplit(aDraft({ lines }), { maxNetPerInvoice: amount('0.04') })
    assert.ok(result.kind === 'split', `${fen} fen`)
    for (const part of result.parts) assertSendable(part)
    assert.equal(totalsOf(result.parts.flat()).netAmount, BigInt(fen))
  }
  const lines = [aLine({ quantity: '3', amount: '0.10', discountAmount: '0.05' })]
  assert.equal(trySplit(aDraft({ lines }), { maxNetPerInvoice: amount('0.03') }).kind, 'split')
})

test('where no line can take a cent of the tax error, the invoice ends and another begins', () => {
  const lines = Array.from({ length: 400 }, () => aLine({ amount: '199.88', discountAmount: '0.01' }))
  const parts = split(aDraft({ lines }), { maxLinesPerInvoice: 5_000 })
  assert.ok(parts.length > 1)
  for (const part of parts) assertSendable(part)
  assert.equal(parts.flat().length, 800)
})

test('the same order is split the same way again', () => {
  const lines = ['a', 'b', 'c'].map((name) => aLine({ name, quantity: '9', amount: '333.33', discountAmount: '3.33' }))
  const limits = { maxNetPerInvoice: amount('50.00'), maxLinesPerInvoice: 6 }
  assert.deepEqual(split(aDraft({ lines }), limits), split(aDraft({ lines }), limits))
})

function trySplit(draft: InvoiceDraft, limits: Partial<SplitLimits> = {}): Split {
  const computed = computeLines(draft)
  assert.ok(computed.kind === 'computed', 'the draft computes')
  const none = { maxNetPerInvoice: null, maxLinesPerInvoice: 200, isTelecomSeller: false }
  return splitCharges(computed.charges, { ...none, ...limits })
}

function split(draft: InvoiceDraft, limits: Partial<SplitLimits> = {}): readonly InvoiceLine[][] {
  const split = trySplit(draft, limits)
  assert.ok(split.kind === 'split', 'the order can be split')
  return split.parts
}

function namesOf(lines: readonly InvoiceLine[]): string[] {
  return lines.map(({ name }) => name)
}

function showLines(lines: readonly InvoiceLine[]): string[] {
  return lines.map(({ quantity, unitPrice, netAmount, taxAmount }) => {
    const figures = quantity === null ? '' : `${quantity} × ${unitPrice}: `
    return `${figures}${formatAmount(netAmount)} ${formatAmount(taxAmount)}`
  })
}
