/**
 * Splits an order's charges into invoices.
 *
 * Knows: tax treatments that must stand apart, the ceiling and the line limit of one invoice, the long-invoice error.
 * Must not know: parties, numbers, quota.
 * Invariants: Σ parts = order for net, tax and gross (the carry of long invoices moves single cents between net and tax,
 * never the gross); a line and its discount stay together; every part is worth more than nothing; the same order is
 * split the same way for ever.
 */
import type { Amount } from '../kernel/amount.js'
import { holdTaxError } from './carry.js'
import { type Charge, netOfCharge } from './compute.js'
import { divideCharge } from './divide.js'
import type { InvoiceLine } from './invoice.js'
import type { InvoiceFaultCode } from './invoice-faults.js'
import { INVOICE_LIMITS } from './limits.js'
import { pathOf } from './positions.js'
import { groupByTreatment } from './treatments.js'

/** A line and its discount must fit on an invoice whatever a setting says. */
const LINE_COUNT_MIN = 2

export interface SplitLimits {
  /** Ceiling of the net of one invoice, or null for none. */
  maxNetPerInvoice: Amount | null
  maxLinesPerInvoice: number
  isTelecomSeller: boolean
}

export type Split = { kind: 'split'; parts: readonly InvoiceLine[][] } | Obstacle

/** Why an order cannot be split; `path` is a JSON Pointer into the draft. */
interface Obstacle {
  kind: 'impossible'
  code: Extract<InvoiceFaultCode, 'INV-split' | 'INV-total'>
  path: string
}

/**
 * Splits charges by tax treatment, by ceiling and by number of lines.
 *
 * Shape   lines of each invoice numbered 1, 2, 3 …, in the order's order; goods first, 不征税 after them
 * Units   fen of net for the ceiling; a discounted line and its discount are two lines
 * Errors  impossible, when a charge cannot be cut under the ceiling or nothing but free lines would stand on an invoice
 * Source  Leqi rulebook 2.4, 2.7, 2.10, 8 (split), worked examples 11 and 12
 */
export function splitCharges(charges: readonly Charge[], limits: SplitLimits): Split {
  const lineCountMax = Math.min(Math.max(limits.maxLinesPerInvoice, LINE_COUNT_MIN), INVOICE_LIMITS.lineCountMax)
  const parts: InvoiceLine[][] = []
  for (const group of groupByTreatment(charges, limits.isTelecomSeller)) {
    const pieces = cutToCeiling(group, limits.maxNetPerInvoice)
    if (!Array.isArray(pieces)) return pieces
    const bundles = bundle(pieces, lineCountMax)
    if (!Array.isArray(bundles)) return bundles
    for (const packed of pack(bundles, lineCountMax, limits.maxNetPerInvoice)) {
      for (const part of holdTaxError(packed.map((each) => each.charges))) parts.push(toLines(part))
    }
  }
  if (parts.length > INVOICE_LIMITS.partCountMax) return { kind: 'impossible', code: 'INV-split', path: '/lines' }
  return { kind: 'split', parts }
}

function cutToCeiling(charges: readonly Charge[], ceiling: Amount | null): Charge[] | Obstacle {
  const pieces: Charge[] = []
  for (const charge of charges) {
    if (ceiling === null || netOfCharge(charge) <= ceiling) {
      pieces.push(charge)
      continue
    }
    const cut = divideCharge(charge, ceiling)
    if (cut === null) return { kind: 'impossible', code: 'INV-split', path: pathOf(charge.line.sourceLine) }
    pieces.push(...cut)
  }
  return pieces
}

/** A charge worth something, with the free ones (wholly discounted) that go along: alone they would make no invoice. */
interface Bundle {
  charges: Charge[]
  lineCount: number
  net: bigint
}

/** Gives every free charge to the worthy one before it, or to the next one that has room for it. */
function bundle(charges: readonly Charge[], lineCountMax: number): Bundle[] | Obstacle {
  const bundles: Bundle[] = []
  let waiting: Charge[] = []
  for (const charge of charges) {
    const net = netOfCharge(charge)
    if (net <= 0n) {
      waiting.push(charge)
    } else {
      bundles.push({ charges: [charge], lineCount: countLines(charge), net })
    }
    const latest = bundles.at(-1)
    if (latest !== undefined && waiting.length > 0) waiting = fill(latest, waiting, lineCountMax)
  }
  for (const each of bundles) waiting = fill(each, waiting, lineCountMax)
  const [left] = waiting
  if (left === undefined) return bundles
  const code = bundles.length === 0 ? 'INV-total' : 'INV-split'
  return { kind: 'impossible', code, path: pathOf(left.line.sourceLine) }
}

/** Adds as many of the waiting as there is room for; answers those that are left. */
function fill(bundle: Bundle, waiting: Charge[], lineCountMax: number): Charge[] {
  let taken = 0
  for (const charge of waiting) {
    const lineCount = countLines(charge)
    if (bundle.lineCount + lineCount > lineCountMax) break
    bundle.charges.push(charge)
    bundle.lineCount += lineCount
    bundle.net += netOfCharge(charge)
    taken += 1
  }
  return waiting.slice(taken)
}

/** In the order's order, an invoice is closed when the next bundle does not fit any more. */
function pack(bundles: readonly Bundle[], lineCountMax: number, ceiling: Amount | null): Bundle[][] {
  const parts: Bundle[][] = []
  let part: Bundle[] = []
  let lineCount = 0
  let net = 0n
  for (const each of bundles) {
    const isFull = lineCount + each.lineCount > lineCountMax || (ceiling !== null && net + each.net > ceiling)
    if (part.length > 0 && isFull) {
      parts.push(part)
      part = []
      lineCount = 0
      net = 0n
    }
    part.push(each)
    lineCount += each.lineCount
    net += each.net
  }
  if (part.length > 0) parts.push(part)
  return parts
}

/** The lines of one invoice, in the order's order (bundling may have moved a free one) and numbered anew. */
function toLines(bundles: readonly (readonly Charge[])[]): InvoiceLine[] {
  const charges: Charge[] = []
  for (const bundle of bundles) for (const charge of bundle) charges.push(charge)
  if (!isInOrder(charges)) charges.sort((a, b) => a.line.lineNo - b.line.lineNo)
  const lines: InvoiceLine[] = []
  for (const { line, discount } of charges) {
    lines.push(withNumber(line, lines.length + 1))
    if (discount !== null) lines.push(withNumber(discount, lines.length + 1))
  }
  return lines
}

function isInOrder(charges: readonly Charge[]): boolean {
  let last = 0
  for (const { line } of charges) {
    if (line.lineNo < last) return false
    last = line.lineNo
  }
  return true
}

function withNumber(line: InvoiceLine, lineNo: number): InvoiceLine {
  return line.lineNo === lineNo ? line : { ...line, lineNo }
}

function countLines({ discount }: Charge): number {
  return discount === null ? 1 : 2
}
