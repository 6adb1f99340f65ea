/** What an invoice shows beside its lines: parties, drawer, vouchers, texts. Every part of a split shows the same. */
import { type Amount, exactAmount } from '../kernel/amount.js'
import type { Decimal } from '../kernel/decimal.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import type { DraftBuyer, DraftDifferential, InvoiceDraft } from './draft.js'
import type { Buyer, Invoice, Voucher } from './invoice.js'
import type { Report } from './invoice-faults.js'

/** 购买方自然人标志 Y: the name on the invoice ends so, once. */
const PERSON_SUFFIX = '（个人）'
/** How senders write it. */
const WRITTEN_PERSON_SUFFIXES = [PERSON_SUFFIX, '(个人)'] as const

export type InvoiceHead = Omit<
  Invoice,
  'lines' | 'netAmount' | 'taxAmount' | 'grossAmount' | 'quotaAmount' | 'coalQuality'
>

/**
 * Makes the head of an order's invoices from the draft and the seller's settings.
 *
 * Shape   the seller is always the unit: named as the bureau names it, address to account only from its settings
 * Units   fen for vouchers
 * Errors  null, when `report` was told of a missing name or a voucher without its amounts
 * Source  Leqi rulebook 2.9 (vouchers), 2.12 and L-41 (natural persons), L-47 and L-51 (their number)
 */
export function makeHead(draft: InvoiceDraft, unit: UsingUnit, report: Report): InvoiceHead | null {
  const buyer = toBuyer(draft.buyer, report)
  const differential = draft.differential === null ? null : toDifferential(draft.differential, report)
  if (buyer === null || (draft.differential !== null && differential === null)) return null
  return {
    letter: draft.letter,
    kind: draft.kind,
    seller: toSeller(unit),
    buyer,
    differential,
    remark: draft.remark,
    payments: draft.payments.map(({ channel, transactionNo }) => ({ channel, transactionNo })),
    drawer: draft.drawer ?? unit.settings.drawer,
    payee: draft.payee,
    reviewer: draft.reviewer,
    extras: draft.extras.map(({ name, type, value }) => ({ name, type, value })),
  }
}

function toSeller({ name, taxNo, profile, settings }: UsingUnit): Invoice['seller'] {
  const { address, phone, bank, account } = settings
  return { name: profile?.name ?? name, taxNo, address, phone, bank, account }
}

function toBuyer(draft: DraftBuyer, report: Report): Buyer | null {
  const { name, isPerson, idType, idNo, nationality, address, phone, bank, account } = draft
  if (name === null || name === '') {
    report('INV-incomplete', '/buyer/name')
    return null
  }
  return {
    name: isPerson === true ? `${stripPersonSuffixes(name)}${PERSON_SUFFIX}` : name,
    taxNo: taxNoOf(draft),
    address,
    phone,
    bank,
    account,
    isPerson,
    idType,
    idNo,
    nationality,
  }
}

/** As often as it was written; a loop, because an expression would backtrack over a name made of blanks. */
function stripPersonSuffixes(name: string): string {
  let rest = name.trimEnd()
  for (;;) {
    const suffix = WRITTEN_PERSON_SUFFIXES.find((each) => rest.endsWith(each))
    if (suffix === undefined) return rest
    rest = rest.slice(0, -suffix.length).trimEnd()
  }
}

/** A person who shows a document and has no tax number goes by the document's number (L-51); an ID card is one (L-47). */
function taxNoOf({ taxNo, isPerson, idType, idNo }: DraftBuyer): string | null {
  if (taxNo !== null || isPerson !== true || idType === null) return taxNo
  return idNo
}

function toDifferential({ type, deduction, vouchers }: DraftDifferential, report: Report): Invoice['differential'] {
  const path = '/differential'
  const total = readAmount(deduction, `${path}/deduction`, report)
  const rows: Voucher[] = []
  for (const [index, voucher] of vouchers.entries()) {
    const totalAmount = readAmount(voucher.totalAmount, `${path}/vouchers/${index}/totalAmount`, report)
    const deductedAmount = readAmount(voucher.deductedAmount, `${path}/vouchers/${index}/deductedAmount`, report)
    if (totalAmount === null || deductedAmount === null) continue
    rows.push({ ...voucher, lineNo: index + 1, totalAmount, deductedAmount })
  }
  return total === null || rows.length < vouchers.length ? null : { type, deduction: total, vouchers: rows }
}

function readAmount(value: Decimal | null, path: string, report: Report): Amount | null {
  if (value === null) {
    report('INV-incomplete', path)
    return null
  }
  const exact = exactAmount(value)
  if (exact === null) report('INV-decimals', path, value.toString())
  return exact
}
