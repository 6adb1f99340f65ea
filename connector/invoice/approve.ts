/**
 * The room's front door: a draft becomes invoices that are computed, split and checked, or a complete list of faults.
 *
 * Knows: the order of the steps (draft checks → compute → split → invoice checks), and which fault speaks for which.
 * Must not know: where the draft came from, numbers, quota, wire names.
 * Invariant: pure. The same draft in the same context gives the same invoices, to the last character.
 */
import { exactAmount, fen, formatAmount } from '../kernel/amount.js'
import type { Fault } from '../kernel/fault.js'
import { checkDraft } from './checks/check-draft.js'
import { checkInvoice } from './checks/check-invoice.js'
import { TELECOM_INDUSTRY_PREFIX } from './checks/code-lists.js'
import { type Charge, computeLines, grossOfCharge } from './compute.js'
import type { InvoiceDraft } from './draft.js'
import type { Finding, IssuingContext } from './finding.js'
import { type InvoiceHead, makeHead } from './head.js'
import type { Invoice, InvoiceLine } from './invoice.js'
import { makeInvoiceFault, type Report } from './invoice-faults.js'
import { INVOICE_LIMITS } from './limits.js'
import { splitCharges } from './split.js'
import { totalsOf } from './totals.js'

/** Characters of a currency code (ISO 4217); a message repeats no more of what was sent instead. */
const CURRENCY_LENGTH = 3

export type Approval =
  | { kind: 'approved'; invoices: readonly Invoice[]; warnings: readonly Finding[] }
  | { kind: 'faulty'; faults: readonly Fault[] }

/**
 * Approves a draft that the catalogue has completed.
 *
 * Shape   one invoice or the parts of a split, in splitting order; what they show is final
 * Units   fen
 * Errors  every fault that can be found at once; only a step that has nothing to work on is left out
 * Source  Leqi rulebook 2, 8 (split), 12
 */
export function approve(draft: InvoiceDraft, context: IssuingContext): Approval {
  const faults: Fault[] = []
  const report: Report = (code, path, figures) => {
    faults.push(makeInvoiceFault(code, path, draft.origins, figures))
  }
  if (draft.letter === 'red') {
    report('INV-letter', '/letter')
    return { kind: 'faulty', faults }
  }
  if (draft.currency !== 'CNY') report('ORD-currency', '/currency', draft.currency.slice(0, CURRENCY_LENGTH))
  const findings = checkDraft(draft, context)
  const computed = computeLines(draft)
  if (computed.kind === 'faulty') faults.push(...computed.faults)
  const invoices = computed.kind === 'faulty' ? [] : makeInvoices(draft, computed.charges, context, report)
  for (const invoice of invoices) findings.push(...checkInvoice(invoice, draft, context))

  const blocking: Fault[] = []
  for (const { reaction, fault } of findings) if (reaction !== 'warn') blocking.push(fault)
  if (faults.length > 0 || blocking.length > 0) return { kind: 'faulty', faults: mergeFaults(blocking, faults) }
  return { kind: 'approved', invoices, warnings: dropRepeated(findings, ({ fault }) => fault) }
}

/** The split invoices; what prevents them goes to `report`, and then there are none. */
function makeInvoices(
  draft: InvoiceDraft,
  charges: readonly Charge[],
  { unit }: IssuingContext,
  report: Report,
): Invoice[] {
  checkTotal(draft, charges, report)
  const head = makeHead(draft, unit, report)
  const split = splitCharges(charges, {
    maxNetPerInvoice: unit.settings.maxNetPerInvoice,
    maxLinesPerInvoice: unit.settings.maxLinesPerInvoice,
    isTelecomSeller: unit.profile?.industry.startsWith(TELECOM_INDUSTRY_PREFIX) ?? false,
  })
  if (split.kind === 'impossible') report(split.code, split.path)
  if (head === null || split.kind === 'impossible') return []
  const { parts } = split
  return parts.map((lines) => makeInvoice(head, lines, coalQualityOf(draft, lines, parts)))
}

/** Field by field: spreading the head and the totals takes as long as all checks of a line. */
function makeInvoice(head: InvoiceHead, lines: readonly InvoiceLine[], coalQuality: string | null): Invoice {
  const { netAmount, taxAmount, grossAmount, quotaAmount } = totalsOf(lines)
  return {
    letter: head.letter,
    kind: head.kind,
    seller: head.seller,
    buyer: head.buyer,
    lines,
    netAmount,
    taxAmount,
    grossAmount,
    quotaAmount,
    differential: lines.some(({ deduction }) => deduction !== null) ? head.differential : null,
    remark: head.remark,
    payments: head.payments,
    drawer: head.drawer,
    payee: head.payee,
    reviewer: head.reviewer,
    extras: head.extras,
    coalQuality,
  }
}

/** What the sender says the customer pays must be what the lines add up to, to the fen. */
function checkTotal({ expectedGross }: InvoiceDraft, charges: readonly Charge[], report: Report): void {
  if (expectedGross === null) return
  const gross = fen(charges.reduce((sum, charge) => sum + grossOfCharge(charge), 0n))
  if (exactAmount(expectedGross) === gross) return
  report('ORD-total', '/expectedGross', `${expectedGross} ≠ ${formatAmount(gross)}`)
}

/**
 * 煤炭品质信息 belongs on the parts of a big coal order that are themselves big. On an order that is not big it stays
 * as the sender gave it, so that the local check can say that it does not belong there.
 */
function coalQualityOf(
  { coalQuality }: InvoiceDraft,
  lines: readonly InvoiceLine[],
  parts: readonly (readonly InvoiceLine[])[],
): string | null {
  if (coalQuality === null || parts.length === 1) return coalQuality
  const { coalQualityNet } = INVOICE_LIMITS
  return coalNetOf(parts.flat()) < coalQualityNet || coalNetOf(lines) >= coalQualityNet ? coalQuality : null
}

function coalNetOf(lines: readonly InvoiceLine[]): bigint {
  let net = 0n
  for (const line of lines) if (INVOICE_LIMITS.coalCodes.has(line.taxCode)) net += line.netAmount
  return net
}

/** The rulebook's own checks speak first; where they have spoken of a place, arithmetic does not repeat it. */
function mergeFaults(blocking: readonly Fault[], faults: readonly Fault[]): readonly Fault[] {
  const places = new Set(blocking.map(({ path }) => path))
  const others = faults.filter(({ path, code }) => !(code.startsWith('INV-') && places.has(path)))
  return dropRepeated([...blocking, ...others], (fault) => fault)
}

/** Parts of a split have the same head: what is wrong with it is said once. */
function dropRepeated<T>(items: readonly T[], faultOf: (item: T) => Fault): readonly T[] {
  if (items.length < 2) return items
  const seen = new Set<string>()
  return items.filter((item) => {
    const { code, path, message } = faultOf(item)
    const key = `${code} ${path} ${message}`
    return seen.has(key) ? false : seen.add(key)
  })
}
