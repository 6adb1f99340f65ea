/**
 * From a message to what shall be stored of it: decode → map → catalogue → compute and check. Pure, in memory, before
 * any transaction (design §4). One message can never hurt another: a defect parks its own message.
 *
 * Who can cure it decides (design D15): only faults that the sender alone can cure reject the order; whatever an
 * administrator or time can cure parks it.
 */

import { matchCatalogue } from '../catalogue/match.js'
import { approve } from '../invoice/approve.js'
import { toCanonicalJson } from '../invoice/canonical.js'
import type { InvoiceDraft } from '../invoice/draft.js'
import { describeFills } from '../invoice/draft-fills.js'
import type { Invoice } from '../invoice/invoice.js'
import { type Amount, sumAmounts } from '../kernel/amount.js'
import { sha256 } from '../kernel/digest.js'
import type { Fault, ParkCause } from '../kernel/fault.js'
import type { IdSource } from '../kernel/ids.js'
import { assertNever } from '../kernel/never.js'
import type { Clock } from '../kernel/time.js'
import { decodeOrder } from '../order/decode.js'
import type { OrderMapper } from '../order/mapper.js'
import { isBusinessTypeCode, isSource, makeNamelessKey, makeOrderKey, ORDER_NO_LENGTH_MAX } from '../order/order-key.js'
import { buildRejection, routingKeyOf } from '../result/result.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import type { InvoiceUploader } from './bureau.js'
import type { BusinessTypeEntry, Directory } from './directory.js'
import type { NewEvent, NewInboxMessage, NewInvoice, NewOrder } from './ports.js'
import type { Shelf } from './shelf.js'

export interface PrepareDeps {
  directory: () => Directory
  /** The compiled mapping of a stored version; null when it does not compile any more. */
  mapperOf: (businessType: string, version: MappingText) => OrderMapper | null
  uploader: Pick<InvoiceUploader, 'draw'>
  shelf: Shelf
  ids: IdSource
  clock: Clock
}

export type MappingText = NonNullable<BusinessTypeEntry['mapping']>

/** What a message turned out to be. */
export type Prepared =
  /** Ends in the inbox: undecodable (`dead`) or not to be invoiced (`ignored`). */
  | { kind: 'disposed'; disposition: 'dead' | 'ignored'; faults: readonly Fault[] }
  /** Waits in the inbox, because not even its order number can be known yet. */
  | { kind: 'waiting'; parkCause: ParkCause; faults: readonly Fault[] }
  | { kind: 'order'; order: NewOrder; invoices: readonly NewInvoice[]; events: readonly NewEvent[] }

export type Message = Pick<
  NewInboxMessage,
  'id' | 'body' | 'businessType' | 'source' | 'messageId' | 'correlationId' | 'traceparent' | 'receivedAt'
> & {
  /** Set when the order exists already and is mapped again. */
  orderId: string | null
}

export function prepare(deps: PrepareDeps, message: Message): Prepared {
  const decoded = decodeOrder(message.body)
  if (decoded.kind === 'fault' && decoded.disposition === 'dead') return dispose('dead', [decoded.fault])
  if (!isBusinessTypeCode(message.businessType) || !isSource(message.source)) {
    return dispose('dead', [headerFault(message)])
  }
  const directory = deps.directory()
  const entry = directory.businessType(message.businessType)
  if (entry === null) return wait('mapping_missing', unknownBusinessType(message.businessType))
  const subject: Subject = { deps, message, entry }
  if (decoded.kind === 'fault') return rejectNameless(subject, [decoded.fault])
  const mapper = entry.mapping === null ? null : deps.mapperOf(entry.code, entry.mapping)
  if (mapper === null || entry.mapping === null) return wait('mapping_missing', mappingMissing(entry))

  const { versionId } = entry.mapping
  const outcome = mapper.map(decoded.value)
  switch (outcome.kind) {
    case 'ignored':
      return dispose('ignored', [ignoredNote(outcome.reason)])
    case 'faulty':
      return prepareFaulty(subject, versionId, outcome.orderNo, outcome.faults)
    case 'draft':
      return prepareDraft(subject, versionId, outcome.draft, directory)
    default:
      return assertNever(outcome)
  }
}

interface Subject {
  deps: PrepareDeps
  message: Message
  entry: BusinessTypeEntry
}

function prepareFaulty(
  subject: Subject,
  versionId: string,
  orderNo: string | null,
  faults: readonly Fault[],
): Prepared {
  if (orderNo === null) {
    const parkCause = parkCauseOf(faults)
    return parkCause === null ? rejectNameless(subject, faults) : { kind: 'waiting', parkCause, faults }
  }
  return concludeFaulty(subject, makeOrder(subject, { orderNo, mappingVersionId: versionId }), faults)
}

function prepareDraft(subject: Subject, versionId: string, mapped: InvoiceDraft, directory: Directory): Prepared {
  const { deps, entry } = subject
  const unit = directory.unit(entry.unitId)
  if (mapped.orderNo.length > ORDER_NO_LENGTH_MAX) return rejectNameless(subject, [orderNoTooLong()])
  if (unit === null) return wait('unit_unverified', unknownSeller(entry))
  const order = makeOrder(subject, { orderNo: mapped.orderNo, mappingVersionId: versionId })
  const draft = matchCatalogue(mapped, directory.catalogue(entry.unitId), directory.tables)
  const approval = approve(draft, { unit, tables: directory.tables, at: deps.clock.now() })
  const filled = { ...order, letter: mapped.letter, fills: describeFills(draft.origins) }
  if (approval.kind === 'faulty') return concludeFaulty(subject, filled, approval.faults)
  const warnings = approval.warnings.map((finding) => finding.fault)
  return {
    kind: 'order',
    order: {
      ...filled,
      state: 'mapped',
      warnings,
      grossAmount: sumAmounts(approval.invoices.map((invoice) => invoice.grossAmount)),
      invoiceCount: approval.invoices.length,
    },
    invoices: approval.invoices.map((invoice, index) => toNewInvoice(deps, order, unit, invoice, index + 1)),
    events: [],
  }
}

function toNewInvoice(
  deps: PrepareDeps,
  order: NewOrder,
  unit: UsingUnit,
  invoice: Invoice,
  splitNo: number,
): NewInvoice {
  const content = toCanonicalJson(invoice)
  const contentSha256 = sha256(content)
  const id = deps.ids.uuid()
  deps.shelf.put(id, { contentSha256, contentLength: content.length, unit, blank: deps.uploader.draw(unit, invoice) })
  return {
    id,
    orderId: order.id,
    splitNo,
    usingUnitId: unit.id,
    kind: invoice.kind,
    buyerName: invoice.buyer.name,
    buyerTaxNo: invoice.buyer.taxNo,
    netAmount: invoice.netAmount,
    taxAmount: invoice.taxAmount,
    grossAmount: invoice.grossAmount,
    quotaAmount: invoice.quotaAmount,
    content,
    contentSha256,
    createdAt: order.receivedAt,
    parkCause: null,
  }
}

/** Rejects when the sender must act, else parks under the first cause. */
function concludeFaulty(subject: Subject, order: NewOrder, faults: readonly Fault[]): Prepared {
  const parkCause = parkCauseOf(faults)
  if (parkCause === null) return reject(subject, order, faults)
  return { kind: 'order', order: { ...order, state: 'received', parkCause, faults }, invoices: [], events: [] }
}

/** The cause to wait for, or null when some fault is the sender's: then waiting would be in vain. */
function parkCauseOf(faults: readonly Fault[]): ParkCause | null {
  if (faults.some((fault) => fault.cure === 'sender')) return null
  return faults.find((fault) => fault.parkCause !== undefined)?.parkCause ?? 'manual_hold'
}

function rejectNameless(subject: Subject, faults: readonly Fault[]): Prepared {
  const { message } = subject
  const bodySha256 = sha256(message.body)
  const order = makeOrder(subject, { orderNo: null, mappingVersionId: null })
  const orderKey = makeNamelessKey(message.source, message.businessType, bodySha256)
  return reject(subject, { ...order, orderKey }, faults)
}

function reject(subject: Subject, order: NewOrder, faults: readonly Fault[]): Prepared {
  return {
    kind: 'order',
    order: { ...order, state: 'rejected', faults, eventSeq: 1 },
    invoices: [],
    events: [makeRejectionEvent(subject, order, faults)],
  }
}

/** The final event of an order that is rejected before anything was sent; always its first. */
function makeRejectionEvent({ deps, entry }: Subject, order: NewOrder, faults: readonly Fault[]): NewEvent {
  const [id, at] = [deps.ids.uuid(), deps.clock.now()]
  const result = buildRejection(order, { id, seq: 1, at }, faults)
  const body = JSON.stringify(result)
  return {
    id,
    orderId: order.id,
    seq: 1,
    kind: 'final',
    corrects: null,
    routingKey: routingKeyOf(result),
    correlationId: order.correlationId,
    traceparent: order.traceparent,
    body,
    bodySha256: sha256(body),
    createdAt: at,
    businessType: entry.code,
    delivery: entry.delivery,
    lease: null,
  }
}

function makeOrder({ deps, message, entry }: Subject, known: Pick<NewOrder, 'orderNo' | 'mappingVersionId'>): NewOrder {
  return {
    id: message.orderId ?? deps.ids.uuid(),
    orderKey: makeOrderKey(message.source, message.businessType, known.orderNo ?? ''),
    revision: 1,
    source: message.source,
    businessType: message.businessType,
    orderNo: known.orderNo,
    inboxId: message.id,
    usingUnitId: entry.unitId,
    mappingVersionId: known.mappingVersionId,
    letter: 'blue',
    state: 'received',
    parkCause: null,
    faults: [],
    warnings: [],
    messageId: message.messageId,
    correlationId: message.correlationId ?? message.messageId,
    traceparent: message.traceparent,
    grossAmount: null as Amount | null,
    invoiceCount: 0,
    eventSeq: 0,
    receivedAt: message.receivedAt,
    fills: null,
  }
}

function dispose(disposition: 'dead' | 'ignored', faults: readonly Fault[]): Prepared {
  return { kind: 'disposed', disposition, faults }
}

function wait(parkCause: ParkCause, fault: Fault): Prepared {
  return { kind: 'waiting', parkCause, faults: [{ ...fault, parkCause }] }
}

// Faults of this room; every code stands in ERRORS.md. -----------------------------------------------------------------

function headerFault(message: Message): Fault {
  const isType = isBusinessTypeCode(message.businessType)
  return {
    code: isType ? 'MSG-source' : 'MSG-business-type',
    path: '',
    message: isType ? '消息头 source 不合规' : '消息的业务类型不合规（小写字母、数字、_、-，不超过 40 个字符）',
    messageEn: isType
      ? 'header source must be 1 to 64 letters, digits, dots, underscores or hyphens'
      : 'the business type must be 1 to 40 lower-case letters, digits, underscores or hyphens',
    cure: 'sender',
  }
}

function unknownBusinessType(code: string): Fault {
  return {
    code: 'MAP-business-type',
    path: '',
    message: `业务类型 ${code} 尚未配置`,
    messageEn: `business type ${code} is not configured`,
    cure: 'administrator',
  }
}

function mappingMissing(entry: BusinessTypeEntry): Fault {
  return {
    code: 'MAP-missing',
    path: '',
    message: `业务类型 ${entry.code} 没有可用的映射`,
    messageEn: `business type ${entry.code} has no usable mapping`,
    cure: 'administrator',
  }
}

function unknownSeller(entry: BusinessTypeEntry): Fault {
  return {
    code: 'UNIT-missing',
    path: '',
    message: `业务类型 ${entry.code} 的销售方尚未配置完整`,
    messageEn: `the seller of business type ${entry.code} is not configured completely`,
    cure: 'administrator',
  }
}

function orderNoTooLong(): Fault {
  return {
    code: 'ORD-number',
    path: '/orderNo',
    message: `订单号超过 ${ORDER_NO_LENGTH_MAX} 个字符`,
    messageEn: `the order number has more than ${ORDER_NO_LENGTH_MAX} characters`,
    cure: 'sender',
  }
}

function ignoredNote(reason: string): Fault {
  return {
    code: 'ORD-ignored',
    path: '',
    message: `映射的 accept 条件不成立，不开票：${reason}`,
    messageEn: `a condition of the mapping (accept) does not hold, so nothing is issued: ${reason}`,
    cure: 'sender',
  }
}
