/** Spreads a rebate on the whole order over its lines, because an invoice knows discounts of lines only. */

/** What the spreading needs to know of a line. Fen. */
export interface RebateBearer {
  /** Amount of the line before any discount: the share is in proportion to it. */
  weight: bigint
  /** What its own discount has left of the line; no share is greater. */
  capacity: bigint
  /** Tax rate in millionths. */
  rate: bigint
  /** Everything else the invoice shows of the line; asked for only when two lines tie. */
  content: () => string
}

/**
 * Spreads a rebate in proportion to the lines' amounts, so that the shares add up to it exactly.
 *
 * Shape   one share per bearer, in the bearers' order; which line gets which share does not depend on that order
 * Units   fen; 0 ≤ rebate ≤ Σ capacity
 * Source  Leqi rulebook 2.5: pro rata, largest remainder, ties by larger gross, higher rate, content; a share greater
 *         than its line is cut and the rest passed on
 */
export function spreadRebate(rebate: bigint, bearers: readonly RebateBearer[]): bigint[] {
  const shares = bearers.map(() => 0n)
  // The line with the least room in proportion is the first to be full; once one has room, all after it have.
  const open = bearers.map((bearer, index) => ({ ...bearer, index })).sort(compareRoom)
  let total = open.reduce((sum, { weight }) => sum + weight, 0n)
  let rest = rebate
  let fullCount = 0
  for (const { weight, capacity, index } of open) {
    if (rest * weight <= capacity * total) break
    shares[index] = capacity
    rest -= capacity
    total -= weight
    fullCount += 1
  }
  return dealOut(rest, total, open.slice(fullCount), shares)
}

interface OpenBearer extends RebateBearer {
  index: number
}

function dealOut(rest: bigint, total: bigint, open: readonly OpenBearer[], shares: bigint[]): bigint[] {
  if (rest === 0n) return shares
  let left = rest
  const claims = open.map((bearer) => {
    const product = rest * bearer.weight
    shares[bearer.index] = product / total
    left -= product / total
    return { bearer, remainder: product % total }
  })
  if (left === 0n) return shares
  claims.sort((a, b) => compareDown(a.remainder, b.remainder) || compareBearers(a.bearer, b.bearer))
  for (const { bearer } of claims.slice(0, Number(left))) shares[bearer.index] = (shares[bearer.index] ?? 0n) + 1n
  return shares
}

function compareRoom(a: OpenBearer, b: OpenBearer): number {
  return compareDown(b.capacity * a.weight, a.capacity * b.weight)
}

function compareBearers(a: OpenBearer, b: OpenBearer): number {
  return compareDown(a.weight, b.weight) || compareDown(a.rate, b.rate) || compareTexts(a.content(), b.content())
}

function compareDown(a: bigint, b: bigint): number {
  return a > b ? -1 : a < b ? 1 : 0
}

/** By code units: no locale may change who gets the cent. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
