/** Builders of drafts for tests: say what matters, the rest is an ordinary order of a fictitious shop. */
import type { DraftBuyer, DraftLine, InvoiceDraft } from '../invoice/draft.js'
import { type Origin, Origins } from '../invoice/origins.js'
import { Decimal } from '../kernel/decimal.js'

type DecimalKeys<T> = { [Key in keyof T]: Decimal extends T[Key] ? Key : never }[keyof T]
/** Figures may be written as texts: `{ amount: '9.90' }`. */
type Written<T> = Partial<Omit<T, DecimalKeys<T>>> & Partial<Record<DecimalKeys<T>, Decimal | string | null>>

/** A line that the catalogue has completed: a coffee cup at 13 %. */
export function aLine(written: Written<DraftLine> = {}): DraftLine {
  const { quantity, unitPrice, amount, taxRate = '0.13', discountRate, discountAmount, ...rest } = written
  return {
    productCode: 'CUP-1',
    name: '咖啡杯',
    model: null,
    unit: '个',
    taxCode: '1080113000000000000',
    preference: null,
    shortName: '日用杂品',
    coalKind: null,
    ...rest,
    quantity: read(quantity),
    unitPrice: read(unitPrice),
    amount: read(amount),
    taxRate: read(taxRate),
    discountRate: read(discountRate),
    discountAmount: read(discountAmount),
  }
}

function aBuyer(written: Partial<DraftBuyer>): DraftBuyer {
  return {
    code: null,
    name: '示例商贸有限公司',
    taxNo: '91310115MA1K00023E',
    isPerson: false,
    idType: null,
    idNo: null,
    nationality: null,
    address: null,
    phone: null,
    bank: null,
    account: null,
    ...written,
  }
}

type WrittenDraft = Omit<Written<InvoiceDraft>, 'buyer'> & { buyer?: Partial<DraftBuyer> }

/** A blue ordinary draft of one line, with prices that include tax. */
export function aDraft(written: WrittenDraft = {}): InvoiceDraft {
  const { expectedGross, orderDiscount, buyer = {}, ...rest } = written
  return {
    orderNo: '1001',
    letter: 'blue',
    kind: 'ordinary',
    currency: 'CNY',
    pricesIncludeTax: true,
    lines: [aLine({ amount: '113.00' })],
    shipping: null,
    differential: null,
    remark: null,
    payments: [],
    drawer: null,
    payee: null,
    reviewer: null,
    extras: [],
    coalQuality: null,
    originalOrderNo: null,
    reason: null,
    origins: new Origins(),
    ...rest,
    expectedGross: read(expectedGross),
    orderDiscount: read(orderDiscount),
    buyer: aBuyer(buyer),
  }
}

/** Origins by path, as golden files show them. */
export function originsOf(byPath: Readonly<Record<string, Origin>>): Origins {
  return new Origins(Object.keys(byPath), Object.values(byPath))
}

function read(written: Decimal | string | null | undefined): Decimal | null {
  return typeof written === 'string' ? Decimal.of(written) : (written ?? null)
}
