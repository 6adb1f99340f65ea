import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal } from '../kernel/decimal.js'
import { originsOf } from '../testing/invoice-drafts.js'
import type { DeductionVoucher, DraftBuyer, DraftLine, InvoiceDraft } from './draft.js'
import { hashDraft } from './draft-hash.js'
import { Origins } from './origins.js'

const LINE: DraftLine = {
  ...{
    productCode: 'a',
    name: 'b',
    model: 'c',
    unit: 'd',
    taxCode: 'e',
    preference: 'f',
    shortName: 'g',
    coalKind: 'h',
  },
  quantity: Decimal.of('1'),
  unitPrice: Decimal.of('2'),
  amount: Decimal.of('3.10'),
  taxRate: Decimal.of('0.13'),
  discountRate: Decimal.of('0.5'),
  discountAmount: Decimal.of('6'),
}
const BUYER: DraftBuyer = {
  ...{ code: 'a', name: 'b', taxNo: 'c', isPerson: true, idType: 'd', idNo: 'e', nationality: 'f' },
  ...{ address: 'g', phone: 'h', bank: 'i', account: 'j' },
}
const VOUCHER: DeductionVoucher = {
  ...{ kind: 'a', invoiceCode: 'b', invoiceNumber: 'c', voucherNumber: 'd', issuedOn: 'e', remark: 'f' },
  totalAmount: Decimal.of('1'),
  deductedAmount: Decimal.of('2'),
}
const DRAFT: InvoiceDraft = {
  ...{ orderNo: 'A-1', letter: 'blue', kind: 'ordinary', currency: 'CNY', pricesIncludeTax: true },
  expectedGross: Decimal.of('3.10'),
  buyer: BUYER,
  lines: [LINE, { ...LINE, name: 'other' }],
  orderDiscount: Decimal.of('1'),
  shipping: LINE,
  differential: { type: '01', deduction: Decimal.of('1'), vouchers: [VOUCHER] },
  payments: [{ channel: '009', transactionNo: '1' }],
  extras: [{ name: 'a', type: 'b', value: 'c' }],
  ...{ remark: 'r', drawer: 'd', payee: 'p', reviewer: 'v', coalQuality: 'q', originalOrderNo: 'o', reason: 'x' },
  origins: originsOf({ '/orderNo': { from: 'constant' } }),
}

/** Every copy of a value in which one leaf is another one; origins apart. */
function* alter(value: unknown): Generator<unknown> {
  if (value instanceof Decimal) yield value.plus(Decimal.ONE)
  else if (Array.isArray(value)) {
    yield [...value, ...value.slice(0, 1)]
    for (const [index, item] of value.entries()) for (const other of alter(item)) yield value.with(index, other)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      if (key === 'origins') continue
      yield { ...value, [key]: null }
      for (const other of alter(member)) yield { ...value, [key]: other }
    }
  } else yield `${String(value)}!`
}

test('drafts of equal content have one hash, whatever their origins, key order and scale of decimals', () => {
  const turned: unknown = Object.fromEntries(Object.entries(DRAFT).reverse())
  // The same members in another order are the same type.
  const draft = { ...(turned as InvoiceDraft), expectedGross: Decimal.of('3.1000'), origins: new Origins() }
  assert.equal(hashDraft(draft), hashDraft(DRAFT))
  assert.match(hashDraft(DRAFT), /^[0-9a-f]{64}$/)
})

test('whatever one changes in a draft changes its hash', () => {
  const seen = new Set([hashDraft(DRAFT)])
  let count = 1
  for (const altered of alter(DRAFT)) {
    // Leaves of other types are exactly what the hash has to tell apart; lists and objects keep their shape.
    const { lines, buyer, payments, extras } = altered as InvoiceDraft
    if (lines === null || buyer === null || payments === null || extras === null) continue
    if ((altered as InvoiceDraft).differential?.vouchers === null) continue
    seen.add(hashDraft(altered as InvoiceDraft))
    count += 1
  }
  assert.ok(count > 150, `${count} drafts`)
  assert.equal(seen.size, count)
})
