/**
 * Computing: a draft that the catalogue has completed becomes charges with net, tax and gross.
 *
 * Knows: the gross and the net method, discounts, rebates, differential taxation (rulebook 2).
 * Must not know: the bureau's tables, parties, numbers, how an order is split.
 * Invariants: net + tax = gross on every line; what the order's prices contain is kept to the fen: the gross when they
 * include tax, the net when they do not.
 */
import { exactAmount, fen, formatAmount } from '../kernel/amount.js'
import { Decimal } from '../kernel/decimal.js'
import type { Fault } from '../kernel/fault.js'
import type { DraftDifferential, InvoiceDraft } from './draft.js'
import type { InvoiceLine, LineNature } from './invoice.js'
import { makeInvoiceFault, type Report } from './invoice-faults.js'
import { INVOICE_LIMITS } from './limits.js'
import { type NetAndTax, putTaxOn, takeTaxOut, taxDifference } from './net-and-tax.js'
import { type Position, pathOf, readPositions } from './positions.js'
import { spreadRebate } from './rebate.js'
import { isPriceOf, toUnitPrice } from './unit-price.js'

/** What one position of an order becomes: a line, and its discount directly after it. Never torn apart. */
export interface Charge {
  line: InvoiceLine
  discount: InvoiceLine | null
  /** Which amount is the truth, and from which the others follow. */
  basis: Basis
}

export type Basis = 'gross' | 'net'

export type Computed = { kind: 'computed'; charges: readonly Charge[] } | { kind: 'faulty'; faults: readonly Fault[] }

/**
 * Computes every line of a draft, in the draft's order, shipping last.
 *
 * Shape   one charge per position, lines numbered 1, 2, 3 …; a discounted position is a `discounted` line and its
 *         `discount`, which holds the line's own discount and its share of the rebate on the order
 * Units   fen
 * Errors  all faults of the figures, with paths into the draft
 * Source  Leqi rulebook 2.1, 2.2, 2.5, 2.9
 */
export function computeLines(draft: InvoiceDraft): Computed {
  const faults: Fault[] = []
  const report: Report = (code, path, figures) => {
    faults.push(makeInvoiceFault(code, path, draft.origins, figures))
  }
  const positions = readPositions(draft, report)
  const rebate = readRebate(draft, report)
  const sense: Sense = {
    basis: draft.pricesIncludeTax ? 'gross' : 'net',
    differential: draft.differential === null ? null : readDifferential(draft.differential, report),
  }
  if (draft.differential !== null) checkDifferential(draft, positions, rebate, report)
  if (faults.length > 0) return { kind: 'faulty', faults }

  const discounts = addRebate(positions, rebate, report)
  const charges = positions.map((position, index) => makeCharge(sense, position, discounts[index] ?? 0n, report))
  if (faults.length === 0) checkTotal(draft, charges, report)
  if (faults.length > 0) return { kind: 'faulty', faults }
  numberLines(charges)
  return { kind: 'computed', charges }
}

/** What is left of a charge after its discount. */
export function netOfCharge({ line, discount }: Charge): bigint {
  return discount === null ? line.netAmount : line.netAmount + discount.netAmount
}

export function grossOfCharge({ line, discount }: Charge): bigint {
  return discount === null ? line.grossAmount : line.grossAmount + discount.grossAmount
}

/** Net and tax of an amount in the sense of its basis. */
export function taxOn(amount: bigint, rate: Decimal, basis: Basis): NetAndTax {
  return basis === 'gross' ? takeTaxOut(amount, rate) : putTaxOn(amount, rate)
}

function readRebate(draft: InvoiceDraft, report: Report): bigint {
  if (draft.orderDiscount === null) return 0n
  const rebate = exactAmount(draft.orderDiscount)
  if (rebate === null) report('INV-decimals', '/orderDiscount', draft.orderDiscount.toString())
  else if (rebate < 0n) report('INV-order-discount', '/orderDiscount', formatAmount(rebate))
  return rebate ?? 0n
}

/** The discount of every position: its own and its share of the rebate, in one sum. */
function addRebate(positions: readonly Position[], rebate: bigint, report: Report): bigint[] {
  const own = positions.map(({ ownDiscount }) => ownDiscount)
  if (rebate === 0n) return own
  const capacity = positions.reduce((sum, { amount, ownDiscount }) => sum + amount - ownDiscount, 0n)
  if (rebate > capacity) {
    report('INV-order-discount', '/orderDiscount', `${formatAmount(fen(rebate))} > ${formatAmount(fen(capacity))}`)
    return own
  }
  const shares = spreadRebate(
    rebate,
    positions.map((position) => ({
      weight: position.amount,
      capacity: position.amount - position.ownDiscount,
      rate: position.taxRate.at(INVOICE_LIMITS.rateDecimalCount),
      content: () => describe(position),
    })),
  )
  return own.map((discount, index) => discount + (shares[index] ?? 0n))
}

/** Everything the invoice shows of a position: two that agree in it are interchangeable. */
function describe({ line, name, shortName, taxCode, quantity, ownDiscount }: Position): string {
  return JSON.stringify([
    taxCode,
    name,
    shortName,
    line.model,
    line.unit,
    quantity,
    line.unitPrice,
    line.preference,
    line.coalKind,
    ownDiscount.toString(),
  ])
}

/** How the amounts of a draft are to be read. */
interface Sense {
  basis: Basis
  differential: { type: '01' | '02'; deduction: bigint } | null
}

function makeCharge(sense: Sense, position: Position, discount: bigint, report: Report): Charge {
  const { basis } = sense
  // The draft's differential is about its goods; the freight beside them is taxed in full.
  const differential = position.source < 0 ? null : sense.differential
  const line = makeLine(position, discount > 0n ? 'discounted' : 'normal', amountsOf(position, basis, differential))
  line.quantity = position.quantity === null ? null : position.quantity.toString()
  line.unitPrice = priceOf(position, line.netAmount, basis)
  if (line.quantity !== null && line.unitPrice === null) {
    report('INV-price', `${pathOf(position.source)}/quantity`, line.quantity)
  }
  if (differential !== null) {
    line.deduction = fen(differential.deduction)
    if (line.deduction > line.grossAmount) {
      const figures = `${formatAmount(line.deduction)} > ${formatAmount(line.grossAmount)}`
      report('INV-deduction', '/differential/deduction', figures)
    }
  }
  if (discount === 0n) return { line, discount: null, basis }
  return { line, discount: makeDiscountOf(line, taxOn(discount, position.taxRate, basis)), basis }
}

function amountsOf({ amount, taxRate }: Position, basis: Basis, differential: Sense['differential']): NetAndTax {
  if (differential === null) return taxOn(amount, taxRate, basis)
  return taxDifference(differential.type, amount, differential.deduction, taxRate, basis === 'gross')
}

/** A net price that the order states itself is kept when it gives the net back (A1); any other is worked back. */
function priceOf({ line, quantity }: Position, net: bigint, basis: Basis): string | null {
  if (quantity === null) return null
  if (basis === 'net' && line.unitPrice !== null && isPriceOf(line.unitPrice, quantity, net)) {
    const given = line.unitPrice.toString()
    if (given.length <= INVOICE_LIMITS.figureLength) return given
  }
  return toUnitPrice(net, quantity)
}

function makeLine(position: Position, nature: LineNature, { net, tax, gross }: NetAndTax): InvoiceLine {
  return {
    lineNo: 0,
    nature,
    name: position.name,
    shortName: position.shortName,
    model: position.line.model,
    unit: position.line.unit,
    quantity: null,
    unitPrice: null,
    netAmount: fen(net),
    taxAmount: fen(tax),
    grossAmount: fen(gross),
    taxRate: position.taxRate,
    taxCode: position.taxCode,
    preference: position.line.preference,
    deduction: null,
    coalKind: position.line.coalKind,
    sourceLine: position.source,
  }
}

/**
 * The discount line (01) of a discounted line (02).
 *
 * Shape   repeats name, short name, rate, code and preference; model, unit, quantity, price, coal kind are empty
 * Units   fen; `amounts` is what is taken off, positive; the line is negative
 * Source  Leqi rulebook 2.5
 */
export function makeDiscountOf(line: InvoiceLine, { net, tax, gross }: NetAndTax): InvoiceLine {
  return {
    ...line,
    nature: 'discount',
    model: null,
    unit: null,
    quantity: null,
    unitPrice: null,
    netAmount: fen(-net),
    taxAmount: fen(-tax),
    grossAmount: fen(-gross),
    deduction: null,
    coalKind: null,
  }
}

/**
 * The rate that a discount amount means, for show: the amount stays the truth.
 *
 * Units   both in fen, amount > 0; a fraction with 20 decimals, enough to give any amount back to the fen
 * Source  Leqi rulebook 2.5
 */
export function discountRateOf(amount: bigint, discount: bigint): Decimal {
  return new Decimal(discount, 0).dividedBy(new Decimal(amount, 0), 20)
}

function checkDifferential(draft: InvoiceDraft, positions: readonly Position[], rebate: bigint, report: Report): void {
  if (draft.lines.length !== 1) report('INV-differential-lines', '/lines', String(draft.lines.length))
  if (rebate > 0n) report('INV-differential-discount', '/orderDiscount')
  for (const { source, ownDiscount } of positions) {
    if (source >= 0 && ownDiscount > 0n) report('INV-differential-discount', `${pathOf(source)}/discountAmount`)
  }
}

/** 01: 0 ≤ deduction ≤ gross; 02: 0 < deduction ≤ gross. The upper bound is checked when the gross is known. */
function readDifferential({ type, deduction }: DraftDifferential, report: Report): Sense['differential'] {
  const exact = exactAmount(deduction)
  if (exact === null) report('INV-decimals', '/differential/deduction', deduction.toString())
  else if (exact < 0n || (exact === 0n && type === '02')) {
    report('INV-deduction', '/differential/deduction', formatAmount(exact))
  } else return { type, deduction: exact }
  return null
}

function checkTotal(draft: InvoiceDraft, charges: readonly Charge[], report: Report): void {
  const net = charges.reduce((sum, charge) => sum + netOfCharge(charge), 0n)
  const gross = charges.reduce((sum, charge) => sum + grossOfCharge(charge), 0n)
  if (net > 0n && gross > 0n) return
  report('INV-total', draft.orderDiscount === null ? '/lines' : '/orderDiscount', formatAmount(fen(gross)))
}

function numberLines(charges: readonly Charge[]): void {
  let lineNo = 0
  for (const { line, discount } of charges) {
    lineNo += 1
    line.lineNo = lineNo
    if (discount === null) continue
    lineNo += 1
    discount.lineNo = lineNo
  }
}
