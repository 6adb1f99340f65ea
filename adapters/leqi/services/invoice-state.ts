/**
 * FPZTXXCX: what the bureau holds under an invoice number. The one service of the base capability that answers by
 * number; it tells no content, but the issue time to the second, which is frozen with the content.
 */
import { Type } from 'typebox'
import type { InvoiceKind } from '../../../connector/invoice/draft.js'
import type { InvoiceTrace, NumberQuestion } from '../../../connector/issuing/bureau.js'
import type { InvoiceStateQuery } from '../wire.js'
import type { JsonObject } from '../wire-json.js'
import { Field, odd, type Parsed, parsed, readAs, toText } from './wire-values.js'

/** 数电专 and 数电普. Source: Leqi code list fplx. */
const INVOICE_TYPES: Readonly<Record<InvoiceKind, InvoiceStateQuery['fplx']>> = { special: '81', ordinary: '82' }

const ISSUED_AT = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/

const StateAnswer = Type.Object({ fphm: Field, kprq: Field })

export function invoiceStateQuery({ invoiceNumber, kind, issuedOn }: NumberQuestion): string {
  const query: InvoiceStateQuery = {
    fplx: INVOICE_TYPES[kind],
    fphm: invoiceNumber,
    kprq: issuedOn.replaceAll('-', ''),
  }
  return JSON.stringify(query)
}

/**
 * Reads FPZTXXCX.
 * Shape   the issue time as the bureau prints it, China time to the second
 * Errors  odd: another number than asked, or no readable issue time
 * Source  Leqi base capability document V4.000, service 18
 */
export function parseInvoiceState(answer: JsonObject, { invoiceNumber }: NumberQuestion): Parsed<InvoiceTrace> {
  const state = readAs(StateAnswer, answer)
  if (state === null || toText(state.fphm) !== invoiceNumber) return odd('fphm')
  const issuedAt = toText(state.kprq)
  return ISSUED_AT.test(issuedAt) ? parsed({ issuedAt }) : odd('kprq')
}
