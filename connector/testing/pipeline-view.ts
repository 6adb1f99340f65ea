/** What the database says of an end-to-end test: messages, orders and their invoices, in the words of the tests. */
import type pg from 'pg'
import type { Fault } from '../kernel/fault.js'

export interface InboxView {
  messageId: string
  businessType: string
  isRedelivered: boolean
  /** null: not decided yet. */
  disposition: string | null
  parkCause: string | null
  faults: readonly Fault[]
  attempts: number
  orderId: string | null
  bodyBytes: number
}

export interface OrderView {
  id: string
  source: string
  businessType: string
  orderNo: string | null
  revision: number
  state: string
  parkCause: string | null
  faults: readonly Fault[]
  grossAmount: string | null
  invoices: readonly InvoiceView[]
}

interface InvoiceView {
  id: string
  splitNo: number
  state: string
  parkCause: string | null
  /** null while it has none. */
  number: string | null
  netAmount: string
  taxAmount: string
  grossAmount: string
  batchId: string | null
}

/** One upload batch; `frozenSha256` is the hash of its bytes. */
export interface BatchView {
  id: string
  parentId: string | null
  state: string
  parkCause: string | null
  size: number
  attempts: number
  polls: number
  wasInDoubt: boolean
  frozenSha256: string
}

const INBOX = `
  select message_id, business_type, is_redelivered, disposition, park_cause, coalesce(faults, '[]') as faults, attempts,
    order_id, length(body) as body_bytes
  from inbox_messages order by received_at, id`

const ORDERS = `
  select o.id, o.source, o.business_type, o.order_no, o.revision, o.state, o.park_cause,
    coalesce(o.faults, '[]') as faults, o.gross_amount::text as gross_amount,
    coalesce((select json_agg(json_build_object('id', i.id, 'splitNo', i.split_no, 'state', i.state,
        'parkCause', i.park_cause, 'number', i.invoice_number, 'netAmount', i.net_amount::text,
        'taxAmount', i.tax_amount::text, 'grossAmount', i.gross_amount::text, 'batchId', i.batch_id)
        order by i.split_no)
      from invoices i where i.order_id = o.id), '[]') as invoices
  from orders o order by o.received_at, o.order_no, o.revision`

const BATCHES = `
  select id, parent_id, state, park_cause, size, attempts, polls, was_in_doubt, frozen_sha256
  from upload_batches order by created_at, id`

export function makeView(pool: pg.Pool) {
  return {
    async inbox(): Promise<InboxView[]> {
      const { rows } = await pool.query(INBOX)
      return rows.map((row) => ({
        messageId: row.message_id,
        businessType: row.business_type,
        isRedelivered: row.is_redelivered,
        disposition: row.disposition,
        parkCause: row.park_cause,
        faults: row.faults,
        attempts: row.attempts,
        orderId: row.order_id,
        bodyBytes: row.body_bytes,
      }))
    },
    async orders(): Promise<OrderView[]> {
      const { rows } = await pool.query(ORDERS)
      return rows.map((row) => ({
        id: row.id,
        source: row.source,
        businessType: row.business_type,
        orderNo: row.order_no,
        revision: row.revision,
        state: row.state,
        parkCause: row.park_cause,
        faults: row.faults,
        grossAmount: row.gross_amount,
        invoices: row.invoices,
      }))
    },
    async batches(): Promise<BatchView[]> {
      const { rows } = await pool.query(BATCHES)
      return rows.map((row) => ({
        id: row.id,
        parentId: row.parent_id,
        state: row.state,
        parkCause: row.park_cause,
        size: row.size,
        attempts: row.attempts,
        polls: row.polls,
        wasInDoubt: row.was_in_doubt,
        frozenSha256: row.frozen_sha256,
      }))
    },
  }
}
