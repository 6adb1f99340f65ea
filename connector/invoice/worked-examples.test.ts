/** The worked examples of the Leqi rulebook, chapter 9, that concern blue invoices: 1–6 and 10–12. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount, formatAmount } from '../kernel/amount.js'
import { Decimal } from '../kernel/decimal.js'
import { aDraft, aLine } from '../testing/invoice-drafts.js'
import { computeLines, discountRateOf } from './compute.js'
import type { InvoiceDraft } from './draft.js'
import type { InvoiceLine } from './invoice.js'
import { discountByRate } from './positions.js'
import { type SplitLimits, splitCharges } from './split.js'
import { totalsOf } from './totals.js'

const NO_CEILING: SplitLimits = { maxNetPerInvoice: null, maxLinesPerInvoice: 200, isTelecomSeller: false }

test('example 1: a gross line keeps its gross and quotes a net price of thirteen decimals', () => {
  const [line] = oneInvoice(aDraft({ lines: [aLine({ quantity: '3', amount: '199.00' })] }))
  assert.ok(line)
  assert.equal(show(line), 'normal 176.11 22.89 199.00')
  assert.equal(line.unitPrice, '58.7033333333333')
  assert.equal(line.quantity, '3')
})

test('example 2: several lines and rates add up exactly', () => {
  const grosses = ['9.90', '9.90', '9.90', '0.01'].map((gross) => aLine({ amount: gross }))
  const lines = oneInvoice(aDraft({ lines: [...grosses, aLine({ amount: '35.50', taxRate: '0.06' })] }))
  assert.deepEqual(lines.map(show), [
    'normal 8.76 1.14 9.90',
    'normal 8.76 1.14 9.90',
    'normal 8.76 1.14 9.90',
    'normal 0.01 0.00 0.01',
    'normal 33.49 2.01 35.50',
  ])
  assert.equal(showTotals(lines), '59.78 5.43 65.21')
})

test('example 3: a discount by rate', () => {
  const lines = oneInvoice(aDraft({ lines: [aLine({ amount: '1130.00', discountRate: '0.15' })] }))
  assert.deepEqual(lines.map(show), ['discounted 1000.00 130.00 1130.00', 'discount -150.00 -19.50 -169.50'])
  assert.equal(showTotals(lines), '850.00 110.50 960.50')
})

test('example 4: a discount by amount; the rate worked back is for show', () => {
  const lines = oneInvoice(aDraft({ lines: [aLine({ amount: '299.00', discountAmount: '33.33' })] }))
  assert.deepEqual(lines.map(show), ['discounted 264.60 34.40 299.00', 'discount -29.50 -3.83 -33.33'])
  assert.equal(showTotals(lines), '235.10 30.57 265.67')

  const gross = amount('299.00')
  const rate = discountRateOf(gross, amount('33.33'))
  assert.equal(rate.toFixed(8), '0.11147157')
  assert.equal(discountByRate(gross, rate), amount('33.33'))
  assert.equal(discountByRate(gross, Decimal.of('0.1115')), amount('33.34'))
  assert.equal(discountByRate(gross, Decimal.of('0.11147')), amount('33.33'))
})

test('example 5: a coupon on the order is spread over its lines', () => {
  const lines = oneInvoice(
    aDraft({ lines: ['99.00', '59.90', '128.00'].map((gross) => aLine({ amount: gross })), orderDiscount: '50.00' }),
  )
  assert.deepEqual(lines.map(show), [
    'discounted 87.61 11.39 99.00',
    'discount -15.27 -1.98 -17.25',
    'discounted 53.01 6.89 59.90',
    'discount -9.24 -1.20 -10.44',
    'discounted 113.27 14.73 128.00',
    'discount -19.74 -2.57 -22.31',
  ])
  assert.equal(showTotals(lines), '209.64 27.26 236.90')
})

test('example 6: an exempt line beside a taxed one; both count against the quota', () => {
  const exempt = aLine({ amount: '80.00', taxRate: '0', preference: '03' })
  const lines = oneInvoice(aDraft({ lines: [aLine({ amount: '226.00' }), exempt] }))
  assert.deepEqual(lines.map(show), ['normal 200.00 26.00 226.00', 'normal 80.00 0.00 80.00'])
  assert.equal(showTotals(lines), '280.00 26.00 306.00')
  assert.equal(totalsOf(lines).quotaAmount, amount('280.00'))
})

test('example 10: differential taxation in both types', () => {
  const dispatch = (type: '01' | '02') => differential(type, '10500.00', '8400.00', '0.05')
  assert.equal(show(dispatch('02')), 'normal 10400.00 100.00 10500.00')
  assert.equal(show(dispatch('01')), 'normal 10000.00 500.00 10500.00')
  const second = differential('02', '106000.00', '95400.00', '0.06')
  assert.equal(show(second), 'normal 105400.00 600.00 106000.00')
  assert.equal(totalsOf([second]).quotaAmount, amount('105400.00'))
})

test('example 11: 226 equal lines pass as they are, 227 need one cent moved', () => {
  const limits = { ...NO_CEILING, maxLinesPerInvoice: 5_000 }
  const invoiceOf = (count: number) => {
    const parts = split(aDraft({ lines: Array.from({ length: count }, () => aLine({ amount: '199.88' })) }), limits)
    assert.equal(parts.length, 1)
    return parts[0] ?? []
  }
  assert.ok(invoiceOf(226).every((line) => line.netAmount === amount('176.88')))
  const long = invoiceOf(300)
  assert.ok(long.every((line) => line.grossAmount === amount('199.88')))
  const moved = long.filter((line) => line.netAmount === amount('176.89'))
  assert.ok(moved.length > 0 && moved.every((line) => line.taxAmount === amount('22.99')))
  assert.ok(taxErrorOf(long).compare(Decimal.of('1.27')) <= 0)
})

test('example 11: at two hundred lines an invoice needs no cure', () => {
  const parts = split(aDraft({ lines: Array.from({ length: 300 }, () => aLine({ amount: '199.88' })) }), NO_CEILING)
  assert.deepEqual(
    parts.map((part) => part.length),
    [200, 100],
  )
  assert.ok(parts.flat().every((line) => line.netAmount === amount('176.88')))
})

test('example 12: a ceiling cuts the quantity and keeps the price', () => {
  const draft = aDraft({ lines: [aLine({ quantity: '320', unitPrice: '1130.00' })] })
  const parts = split(draft, { ...NO_CEILING, maxNetPerInvoice: amount('100000.00') })
  assert.deepEqual(
    parts.flat().map((line) => `${line.quantity} × ${line.unitPrice}`),
    ['100 × 1000', '100 × 1000', '100 × 1000', '20 × 1000'],
  )
  assert.deepEqual(parts.map(showTotals), [
    '100000.00 13000.00 113000.00',
    '100000.00 13000.00 113000.00',
    '100000.00 13000.00 113000.00',
    '20000.00 2600.00 22600.00',
  ])
})

function differential(type: '01' | '02', gross: string, deduction: string, taxRate: string): InvoiceLine {
  const draft = aDraft({
    lines: [aLine({ amount: gross, taxRate })],
    differential: { type, deduction: Decimal.of(deduction), vouchers: [] },
  })
  const [line] = oneInvoice(draft)
  assert.ok(line)
  assert.equal(line.deduction, amount(deduction))
  return line
}

function oneInvoice(draft: InvoiceDraft): readonly InvoiceLine[] {
  const parts = split(draft, NO_CEILING)
  assert.equal(parts.length, 1)
  return parts[0] ?? []
}

function split(draft: InvoiceDraft, limits: SplitLimits): readonly (readonly InvoiceLine[])[] {
  const computed = computeLines(draft)
  assert.equal(computed.kind, 'computed')
  const split = splitCharges(computed.charges, limits)
  assert.equal(split.kind, 'split')
  return split.parts
}

function show({ nature, netAmount, taxAmount, grossAmount }: InvoiceLine): string {
  return `${nature} ${[netAmount, taxAmount, grossAmount].map(formatAmount).join(' ')}`
}

function showTotals(lines: readonly InvoiceLine[]): string {
  const { netAmount, taxAmount, grossAmount } = totalsOf(lines)
  return [netAmount, taxAmount, grossAmount].map(formatAmount).join(' ')
}

/** Check A3, unrounded. */
function taxErrorOf(lines: readonly InvoiceLine[]): Decimal {
  const errors = lines.map((line) =>
    new Decimal(line.netAmount, 2).times(line.taxRate).minus(new Decimal(line.taxAmount, 2)),
  )
  return errors.reduce((sum, error) => sum.plus(error), Decimal.ZERO).abs()
}
