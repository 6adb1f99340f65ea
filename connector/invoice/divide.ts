/**
 * Cuts one charge that is too big for an invoice into pieces: the price stays, the quantity is cut, the discount goes
 * along in proportion.
 *
 * Knows: how to cut so that the pieces add up to the charge exactly and each piece stands every check by itself.
 *
 * A piece is not computed on its own and the last one corrected, because the errors of the others would pile up in the
 * last and break its checks A2 and A7. Instead amounts are computed for the quantity *up to* each cut, as one line
 * would be, and a piece is the difference between two cuts: its net is then at most a cent off what its gross says, the
 * last piece takes the rest, and the sum is the charge itself.
 */
import { type Amount, fen } from '../kernel/amount.js'
import { Decimal, divideHalfUp } from '../kernel/decimal.js'
import { type Charge, makeDiscountOf, netOfCharge, taxOn } from './compute.js'
import { INVOICE_LIMITS } from './limits.js'
import type { NetAndTax } from './net-and-tax.js'
import { isPriceOf, toUnitPrice } from './unit-price.js'

/** Decimals a quantity may gain by a cut when not even one whole piece is under the ceiling. */
const EXTRA_DECIMAL_COUNT_MAX = 6
/** Steps of a gained decimal that one piece must hold, so that rounding down wastes at most a tenth of the ceiling. */
const STEP_COUNT_MIN = 10n

/** A charge as a row of equal steps (pieces, decimal parts of a quantity, or fen), to be cut between any two of them. */
interface Divisible {
  charge: Charge
  stepCount: bigint
  /** Decimals of one step's quantity; null when the charge has no quantity and a step is one fen. */
  scale: number | null
}

/**
 * Cuts a charge into pieces whose net is at most the ceiling.
 *
 * Shape   whole pieces when the quantity is whole and one piece is under the ceiling; the last takes the rest
 * Units   ceiling in fen of net, after discount
 * Errors  null when it cannot be cut: differential, or more than the greatest number of parts
 * Source  Leqi rulebook 8 (split: keep price, cut quantity), worked example 12
 */
export function divideCharge(charge: Charge, ceiling: Amount): Charge[] | null {
  if (charge.line.deduction !== null || ceiling <= 0n) return null
  for (const divisible of listDivisibles(charge, ceiling)) {
    const cuts = findCuts(divisible, ceiling)
    if (cuts === null) continue
    const pieces = makePieces(divisible, cuts) ?? makePieces(divisible, evenOutLast(cuts))
    if (pieces?.every((piece) => netOfCharge(piece) <= ceiling)) return pieces
  }
  return null
}

/** Ways to see a charge as steps, the coarsest first. */
function listDivisibles(charge: Charge, ceiling: Amount): Divisible[] {
  const { line } = charge
  if (line.quantity === null) {
    return [{ charge, stepCount: wholeOf(charge), scale: null }]
  }
  const quantity = Decimal.of(line.quantity)
  const ways: Divisible[] = []
  for (let extra = 0; extra <= EXTRA_DECIMAL_COUNT_MAX; extra += 1) {
    const scale = quantity.scale + extra
    const way = { charge, stepCount: quantity.at(scale), scale }
    const perPiece = (way.stepCount * ceiling) / netOfCharge(charge)
    if (perPiece >= (extra === 0 ? 1n : STEP_COUNT_MIN)) ways.push(way)
  }
  return ways
}

/** Numbers of steps before each cut, from 0 to all of them. */
function findCuts(divisible: Divisible, ceiling: Amount): bigint[] | null {
  const { charge, stepCount } = divisible
  const perPiece = (stepCount * ceiling) / netOfCharge(charge)
  const cuts = [0n]
  let start = 0n
  while (netBetween(divisible, start, stepCount) > ceiling) {
    if (cuts.length >= INVOICE_LIMITS.partCountMax) return null
    let end = start + perPiece
    // Rounding may put a piece a fen or two above the ceiling: then it gives back the steps that hold the excess.
    let excess = netBetween(divisible, start, end) - ceiling
    while (excess > 0n) {
      end -= (stepCount * excess) / netOfCharge(charge) + 1n
      excess = netBetween(divisible, start, end) - ceiling
    }
    if (end <= start) return null
    cuts.push(end)
    start = end
  }
  cuts.push(stepCount)
  return cuts
}

/** A rest of a few cents may have no tax left for its discount's tax: it then shares with the piece before it. */
function evenOutLast(cuts: readonly bigint[]): bigint[] {
  const [start, last, end] = cuts.slice(-3)
  if (start === undefined || last === undefined || end === undefined) return [...cuts]
  return [...cuts.slice(0, -2), (start + end) / 2n, end]
}

function makePieces(divisible: Divisible, cuts: readonly bigint[]): Charge[] | null {
  const pieces: Charge[] = []
  let lower: Cut | null = null
  for (const upper of spreadDiscount(divisible, cuts)) {
    const piece = lower === null ? null : makePiece(divisible, lower, upper)
    if (lower !== null && piece === null) return null
    if (piece !== null) pieces.push(piece)
    lower = upper
  }
  return pieces
}

/** A place to cut: what lies before it of the steps, and of the discount (fen, in the sense of the basis). */
interface Cut {
  steps: bigint
  off: bigint
}

/**
 * The discount before each cut. A cent whose net rounds to nothing makes no discount line: it waits for the next piece,
 * and what is left of it at the end goes to the piece that has the last net of it. No net is moved by this.
 */
function spreadDiscount(divisible: Divisible, steps: readonly bigint[]): Cut[] {
  const { line, basis } = divisible.charge
  const netOf = (off: bigint) => taxOn(off, line.taxRate, basis).net
  const cuts = steps.map((each) => ({ steps: each, off: offUpTo(divisible, each) }))
  const whole = offUpTo(divisible, divisible.stepCount)
  let before = 0n
  for (const cut of cuts) {
    if (netOf(cut.off) === netOf(whole)) cut.off = whole
    else if (netOf(cut.off) === netOf(before)) cut.off = before
    before = cut.off
  }
  return cuts
}

/** One piece, or null when its amounts or its price cannot stand on an invoice. */
function makePiece(divisible: Divisible, lower: Cut, upper: Cut): Charge | null {
  const { charge, scale } = divisible
  const { amounts, discounts } = subtract(amountsAt(divisible, upper), amountsAt(divisible, lower))
  // Checks A9 and A10: it may end up alone on its invoice.
  if (amounts.net <= discounts.net || amounts.tax < discounts.tax || amounts.net <= 0n) return null
  const line = {
    ...charge.line,
    netAmount: fen(amounts.net),
    taxAmount: fen(amounts.tax),
    grossAmount: fen(amounts.gross),
  }
  if (scale !== null) {
    const quantity = new Decimal(upper.steps - lower.steps, scale)
    line.quantity = quantity.toString()
    line.unitPrice = priceOf(charge, amounts.net, quantity)
    if (line.unitPrice === null || line.quantity.length > INVOICE_LIMITS.figureLength) return null
  }
  if (charge.discount === null) return { ...charge, line }
  if (discounts.gross === 0n) return { ...charge, line: { ...line, nature: 'normal' }, discount: null }
  return { ...charge, line, discount: makeDiscountOf(line, discounts) }
}

/** The charge's own price wherever it still gives the net back (A1). */
function priceOf({ line }: Charge, net: bigint, quantity: Decimal): string | null {
  if (line.unitPrice !== null && isPriceOf(Decimal.of(line.unitPrice), quantity, net)) return line.unitPrice
  return toUnitPrice(net, quantity)
}

function netBetween(divisible: Divisible, start: bigint, end: bigint): bigint {
  const upper = amountsAt(divisible, { steps: end, off: offUpTo(divisible, end) })
  const lower = amountsAt(divisible, { steps: start, off: offUpTo(divisible, start) })
  const { amounts, discounts } = subtract(upper, lower)
  return amounts.net - discounts.net
}

interface LineAndDiscount {
  amounts: NetAndTax
  /** Positive: what is taken off. */
  discounts: NetAndTax
}

/** Line and discount before a cut, computed as if they were a charge of their own. */
function amountsAt(divisible: Divisible, { steps, off }: Cut): LineAndDiscount {
  const { line, basis } = divisible.charge
  return {
    amounts: taxOn(partUpTo(divisible, steps), line.taxRate, basis),
    discounts: taxOn(off, line.taxRate, basis),
  }
}

function wholeOf({ line, basis }: Charge): bigint {
  return basis === 'gross' ? line.grossAmount : line.netAmount
}

function partUpTo({ charge, stepCount }: Divisible, steps: bigint): bigint {
  return divideHalfUp(wholeOf(charge) * steps, stepCount)
}

/** In proportion to the part in fen, not to the steps: so no piece's discount outgrows the piece. */
function offUpTo(divisible: Divisible, steps: bigint): bigint {
  const { discount, basis } = divisible.charge
  if (discount === null) return 0n
  const off = basis === 'gross' ? -discount.grossAmount : -discount.netAmount
  return divideHalfUp(off * partUpTo(divisible, steps), wholeOf(divisible.charge))
}

function subtract(upper: LineAndDiscount, lower: LineAndDiscount): LineAndDiscount {
  return {
    amounts: subtractEach(upper.amounts, lower.amounts),
    discounts: subtractEach(upper.discounts, lower.discounts),
  }
}

function subtractEach(upper: NetAndTax, lower: NetAndTax): NetAndTax {
  return { net: upper.net - lower.net, tax: upper.tax - lower.tax, gross: upper.gross - lower.gross }
}
