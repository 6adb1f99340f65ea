/**
 * The result message: what the order system reads (contract: RabbitMQ, results).
 *
 * Knows: the message's shape and how it is built from the end of an order. Must not know: queues, tables, wire names.
 * Invariants: the body is built once, stored as bytes, and every copy that ever leaves is those bytes (I7).
 */

import type { Static } from 'typebox'
import { Type } from 'typebox'
import type { InvoiceKind, Letter } from '../invoice/draft.js'
import { type Amount, formatAmount } from '../kernel/amount.js'
import { type Fault, type PublicFault, toPublicFault } from '../kernel/fault.js'
import { chinaRfc3339, type Instant, utcRfc3339 } from '../kernel/time.js'

const Text = Type.String()
const NullableText = Type.Union([Type.String(), Type.Null()])

const FaultBody = Type.Object({ code: Text, path: Text, message: Text, messageEn: Text })

const InvoiceBody = Type.Object({
  splitNo: Type.Integer({ minimum: 1 }),
  invoiceNumber: NullableText,
  kind: Type.Union([Type.Literal('ordinary'), Type.Literal('special')]),
  status: Type.Union([Type.Literal('issued'), Type.Literal('failed')]),
  issuedAt: NullableText,
  netAmount: Text,
  taxAmount: Text,
  grossAmount: Text,
  seller: Type.Object({ taxNo: Text, name: Text }),
  buyer: Type.Object({ taxNo: NullableText, name: Text }),
  files: Type.Null({ description: 'Layout files; null until the layout files are delivered.' }),
})

/** JSON of a result, without personal data beyond what an invoice shows. */
export const ResultMessage = Type.Object({
  eventId: Text,
  type: Type.Union([Type.Literal('result'), Type.Literal('correction'), Type.Literal('progress')]),
  corrects: Type.Optional(Type.String({ description: 'Of a correction: the event id of the final result.' })),
  seq: Type.Integer({ minimum: 1 }),
  final: Type.Boolean(),
  status: Type.Union([
    Type.Literal('issued'),
    Type.Literal('partly_issued'),
    Type.Literal('failed'),
    Type.Literal('rejected'),
  ]),
  occurredAt: Text,
  source: Text,
  businessType: Text,
  orderNo: NullableText,
  messageId: NullableText,
  correlationId: NullableText,
  letter: Type.Union([Type.Literal('blue'), Type.Literal('red')]),
  invoices: Type.Array(InvoiceBody),
  warnings: Type.Array(FaultBody),
  failure: Type.Union([
    Type.Object({ code: Text, message: Text, messageEn: Text, faults: Type.Array(FaultBody) }),
    Type.Null(),
  ]),
})
export type ResultMessage = Static<typeof ResultMessage>
type ResultStatus = ResultMessage['status']

/** What an order is called outside. */
export interface ResultSubject {
  source: string
  businessType: string
  orderNo: string | null
  messageId: string | null
  correlationId: string | null
  letter: Letter
}

/** One part of an order at its end. */
export interface ResultPart {
  splitNo: number
  isIssued: boolean
  invoiceNumber: string | null
  kind: InvoiceKind
  issuedAt: Instant | null
  netAmount: Amount
  taxAmount: Amount
  grossAmount: Amount
  seller: { taxNo: string; name: string }
  buyer: { taxNo: string | null; name: string }
  /** Why the bureau refused it; null when issued. */
  refusal: PublicFault | null
}

/** The final result of an order whose parts have all ended. */
export function buildFinalResult(
  subject: ResultSubject,
  event: { id: string; seq: number; at: Instant; status: 'issued' | 'partly_issued' | 'failed' },
  parts: readonly ResultPart[],
  warnings: readonly Fault[] = [],
): ResultMessage {
  const refusals = parts.flatMap((part) => (part.refusal === null ? [] : [part.refusal]))
  return {
    ...head(subject, event),
    invoices: parts.map(toInvoiceBody),
    warnings: warnings.map(toPublicFault),
    failure: toFailure(
      {
        code: 'BUR-refused',
        message: '税局拒绝了发票上传',
        messageEn: 'the tax bureau refused the invoice',
      },
      refusals,
    ),
  }
}

/** What a result should have said, of an order that was told otherwise; `corrects` is the event id of its final result. */
export function buildCorrection(message: ResultMessage, corrects: string): ResultMessage {
  return { ...message, type: 'correction', corrects, final: false }
}

/** The final result of an order that is itself wrong; nothing of it was ever sent. */
export function buildRejection(
  subject: ResultSubject,
  event: { id: string; seq: number; at: Instant },
  faults: readonly Fault[],
): ResultMessage {
  return {
    ...head(subject, { ...event, status: 'rejected' }),
    invoices: [],
    warnings: [],
    failure: toFailure(
      { code: 'ORD-rejected', message: '订单有误，未开具发票', messageEn: 'the order is wrong; no invoice was issued' },
      faults.map(toPublicFault),
    ),
  }
}

/** `result.<businessType>.<status>`. */
export function routingKeyOf(message: Pick<ResultMessage, 'businessType' | 'status'>): string {
  return `result.${message.businessType}.${message.status}`
}

function head(subject: ResultSubject, event: { id: string; seq: number; at: Instant; status: ResultStatus }) {
  return {
    eventId: event.id,
    type: 'result' as const,
    seq: event.seq,
    final: true,
    status: event.status,
    occurredAt: utcRfc3339(event.at),
    source: subject.source,
    businessType: subject.businessType,
    orderNo: subject.orderNo,
    messageId: subject.messageId,
    correlationId: subject.correlationId,
    letter: subject.letter,
  }
}

function toInvoiceBody(part: ResultPart): ResultMessage['invoices'][number] {
  return {
    splitNo: part.splitNo,
    invoiceNumber: part.isIssued ? part.invoiceNumber : null,
    kind: part.kind,
    status: part.isIssued ? 'issued' : 'failed',
    issuedAt: part.isIssued && part.issuedAt !== null ? chinaRfc3339(part.issuedAt) : null,
    netAmount: formatAmount(part.netAmount),
    taxAmount: formatAmount(part.taxAmount),
    grossAmount: formatAmount(part.grossAmount),
    seller: part.seller,
    buyer: part.buyer,
    files: null,
  }
}

/** One fault speaks for itself; several are summed up by `general`. */
function toFailure(general: Omit<PublicFault, 'path'>, faults: readonly PublicFault[]): ResultMessage['failure'] {
  const [first, ...others] = faults
  if (first === undefined) return null
  const told = others.length === 0 ? first : general
  return { code: told.code, message: told.message, messageEn: told.messageEn, faults: [...faults] }
}
