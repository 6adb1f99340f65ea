/** An order as a statement returns it to whoever ends or corrects it. */
import type { Letter } from '../../../connector/invoice/draft.js'
import type { OrderInProgress } from '../../../connector/issuing/ports.js'
import type { Fault } from '../../../connector/kernel/fault.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'

export interface OrderRow {
  id: string
  order_key: string
  source: string
  business_type: string
  order_no: string | null
  letter: Letter
  invoice_count: number
  open_count: number
  event_seq: number
  /** JSON of `Fault[]`. */
  warnings: string | null
  message_id: string | null
  correlation_id: string | null
  traceparent: string | null
  using_unit_id: UsingUnitId
}

export function toOrderInProgress(row: OrderRow): OrderInProgress {
  return {
    id: row.id,
    orderKey: row.order_key,
    source: row.source,
    businessType: row.business_type,
    orderNo: row.order_no,
    letter: row.letter,
    invoiceCount: row.invoice_count,
    openCount: row.open_count,
    eventSeq: row.event_seq,
    // As it was written with the order.
    warnings: row.warnings === null ? [] : (JSON.parse(row.warnings) as Fault[]),
    messageId: row.message_id,
    correlationId: row.correlation_id,
    traceparent: row.traceparent,
    usingUnitId: row.using_unit_id,
  }
}
