/**
 * The hash by which two drafts are told to be equal: a webhook that is sent again with a new `updated_at` maps to the
 * same draft and is a duplicate (contract 3). Where a value came from is no content.
 */
import { sha256 } from '../kernel/digest.js'
import type { DraftBuyer, DraftDifferential, DraftLine, InvoiceDraft } from './draft.js'

/**
 * The hash of a draft's content.
 *
 * Shape   64 hex characters; equal for equal content, whatever its origins, key order and the scale of its decimals
 */
export function hashDraft(draft: InvoiceDraft): string {
  return sha256(JSON.stringify(listContent(draft)))
}

/** Values in fixed places: the hot path writes no keys, and the order in which a draft was put together is no matter. */
function listContent(draft: InvoiceDraft): unknown[] {
  return [
    ...[draft.orderNo, draft.letter, draft.kind, draft.currency, draft.pricesIncludeTax, draft.expectedGross],
    listBuyer(draft.buyer),
    draft.lines.map(listLine),
    draft.orderDiscount,
    draft.shipping === null ? null : listLine(draft.shipping),
    draft.differential === null ? null : listDifferential(draft.differential),
    draft.remark,
    draft.payments.map(({ channel, transactionNo }) => [channel, transactionNo]),
    ...[draft.drawer, draft.payee, draft.reviewer],
    draft.extras.map(({ name, type, value }) => [name, type, value]),
    ...[draft.coalQuality, draft.originalOrderNo, draft.reason],
  ]
}

function listBuyer(buyer: DraftBuyer): unknown[] {
  return [
    ...[buyer.code, buyer.name, buyer.taxNo, buyer.isPerson, buyer.idType, buyer.idNo, buyer.nationality],
    ...[buyer.address, buyer.phone, buyer.bank, buyer.account],
  ]
}

function listLine(line: DraftLine): unknown[] {
  return [
    ...[line.productCode, line.name, line.model, line.unit, line.quantity, line.unitPrice, line.amount],
    ...[line.taxCode, line.taxRate, line.preference, line.discountRate, line.discountAmount],
    ...[line.shortName, line.coalKind],
  ]
}

function listDifferential({ type, deduction, vouchers }: DraftDifferential): unknown[] {
  return [
    type,
    deduction,
    vouchers.map((voucher) => [
      ...[voucher.kind, voucher.invoiceCode, voucher.invoiceNumber, voucher.voucherNumber, voucher.issuedOn],
      ...[voucher.totalAmount, voucher.deductedAmount, voucher.remark],
    ]),
  ]
}
