/**
 * What the rows of the past are: of each table, which row of the template is copied, for whom, and what is its own.
 *
 * In the expressions `p` is the past (an order, an upload or a segment of it), `t` the row that is copied, `x` the keys of
 * the template, `told.text` the copy's own text. Columns that are not named stay as the template's.
 */

/** Source: Leqi base capability, QDFPSC takes at most 100 invoices. */
export const UPLOAD_COUNT = 100
/** Source: Leqi base capability, QDFPPLFM grants at most 5,000 numbers. */
export const SEGMENT_COUNT = 5_000

export interface Copy {
  table: string
  /** Which row is copied. */
  key: string
  /** For each of these there is one copy; for each order when it is absent. */
  each?: string
  text?: string
  own: Readonly<Record<string, string>>
}

const SEGMENTS = `(
  select segment_id, claim_id, segment_no, min(at) as at, min(number) as first, max(number) as last, count(*) as size
  from past group by segment_id, claim_id, segment_no)`

/** The hash of an upload is that of the hashes of its items. */
const UPLOADS = `(
  select q.batch_id, q.upload_no, min(q.at) as at, count(*) as size,
    encode(sha256(convert_to(string_agg(u.frozen_sha256, '' order by u.position), 'UTF8')), 'hex') as frozen_sha256
  from past q join upload_items u on u.batch_id = q.batch_id and u.position = q.position
  group by q.batch_id, q.upload_no)`

/** Entries of each upload as the product makes them; the download stands before them all. */
const LEDGER_ENTRIES = `(
  select b.batch_id, b.at, 2 + 3 * b.upload_no + step as commit_seq, reason, size * quota_amount as amount,
    available, reserved, settled
  from ${UPLOADS} b cross join template
  cross join (values (0, 'reserved', -1, 1, 0), (1, 'settled', 0, -1, 1), (2, 'released', 0, 0, 0))
    as entry(step, reason, available, reserved, settled))`

export const COPIES: readonly Copy[] = [
  {
    table: 'bureau_moves',
    key: 't.id = x.claim_id',
    each: SEGMENTS,
    own: {
      id: 'p.claim_id',
      serial: `left(t.serial, -16) || lpad(to_hex(p.segment_no), 16, '0')`,
      number_count: 'p.size',
      answer: `jsonb_build_object('kind', 'granted', 'first', p.first, 'last', p.last)`,
      created_at: 'p.at',
      closed_at: 'p.at',
    },
  },
  {
    table: 'number_segments',
    key: 't.id = x.segment_id',
    each: SEGMENTS,
    own: {
      id: 'p.segment_id',
      move_id: 'p.claim_id',
      year: 'extract(year from x.begin_at)',
      first_number: 'p.first',
      last_number: 'p.last',
      size: 'p.size',
      next_offset: 'p.size',
      returned_count: '0',
      state: `'used_up'`,
      granted_at: 'p.at',
    },
  },
  {
    table: 'inbox_messages',
    key: 't.id = x.inbox_id',
    text: `convert_to(replace(convert_from(t.body, 'UTF8'), x.order_no, p.order_no), 'UTF8')`,
    own: {
      id: 'p.inbox_id',
      order_id: 'p.order_id',
      message_id: 'p.order_no',
      body: 'told.text',
      body_sha256: `encode(sha256(told.text), 'hex')`,
      received_at: 'p.at',
    },
  },
  {
    table: 'orders',
    key: 't.id = x.order_id',
    own: {
      id: 'p.order_id',
      inbox_id: 'p.inbox_id',
      order_no: 'p.order_no',
      order_key: 'replace(t.order_key, x.order_no, p.order_no)',
      message_id: 'p.order_no',
      correlation_id: 'p.order_no',
      received_at: 'p.at',
      finished_at: 'p.at',
    },
  },
  { table: 'order_fills', key: 't.order_id = x.order_id', own: { order_id: 'p.order_id' } },
  {
    table: 'invoices',
    key: 't.id = x.invoice_id',
    own: {
      id: 'p.invoice_id',
      order_id: 'p.order_id',
      invoice_number: 'p.number',
      segment_id: 'p.segment_id',
      batch_id: 'p.batch_id',
      period: 'x.period',
      issued_at: 'p.at',
      created_at: 'p.at',
      finished_at: 'p.at',
    },
  },
  { table: 'invoice_contents', key: 't.invoice_id = x.invoice_id', own: { invoice_id: 'p.invoice_id' } },
  {
    table: 'upload_items',
    key: 't.batch_id = x.batch_id and t.invoice_id = x.invoice_id',
    text: 'replace(t.frozen, x.number, p.number)',
    own: {
      batch_id: 'p.batch_id',
      position: 'p.position',
      invoice_id: 'p.invoice_id',
      invoice_number: 'p.number',
      segment_id: 'p.segment_id',
      frozen: 'told.text',
      frozen_sha256: `encode(sha256(convert_to(told.text, 'UTF8')), 'hex')`,
    },
  },
  {
    table: 'upload_batches',
    key: 't.id = x.batch_id',
    each: UPLOADS,
    own: {
      id: 'p.batch_id',
      size: 'p.size',
      frozen_sha256: 'p.frozen_sha256',
      receipt_no: 'md5(p.upload_no::text)',
      created_at: 'p.at',
      accepted_at: 'p.at',
      closed_at: 'p.at',
    },
  },
  {
    table: 'upload_attempts',
    key: 't.id = x.attempt_id',
    each: UPLOADS,
    own: {
      id: 'pg_temp.past_id(8, x.begin_at, p.upload_no)',
      batch_id: 'p.batch_id',
      receipt_no: 'md5(p.upload_no::text)',
      started_at: 'p.at',
      deadline_at: 'p.at',
      finished_at: 'p.at',
    },
  },
  {
    table: 'outbox_events',
    key: 't.id = x.event_id',
    text: `replace(replace(replace(t.body, x.event_id::text, p.event_id::text), x.number, p.number),
      x.order_no, p.order_no)`,
    own: {
      id: 'p.event_id',
      order_id: 'p.order_id',
      correlation_id: 'p.order_no',
      body: 'told.text',
      body_sha256: `encode(sha256(convert_to(told.text, 'UTF8')), 'hex')`,
      created_at: 'p.at',
      confirmed_at: 'p.at',
    },
  },
  {
    table: 'quota_ledger',
    key: `t.reference_id = x.batch_id and t.reason = 'reserved'`,
    each: LEDGER_ENTRIES,
    own: {
      period: 'x.period',
      commit_seq: 'p.commit_seq',
      reason: 'p.reason',
      reference_id: 'p.batch_id',
      available_delta: 'p.amount * p.available',
      reserved_delta: 'p.amount * p.reserved',
      settled_delta: 'p.amount * p.settled',
      at: 'p.at',
    },
  },
]

/** What the product notes of a slice: a row for each move of the orders of an upload, as it does for the template's. */
export const LOGGED_MOVES = `
  insert into transitions (entity, entity_ids, from_state, to_state, fence, cause, at)
  select l.entity, s.ids, l.from_state, l.to_state, l.fence, l.cause, s.at
  from (
    select role, array_agg(id order by n) as ids, min(at) as at
    from past cross join lateral (values
      ('inbox', inbox_id), ('order', order_id), ('invoice', invoice_id), ('event', event_id)) as r(role, id)
    group by batch_id, role
    union all
    select 'batch', array[batch_id], min(at) from past group by batch_id
    union all
    select 'claim', array[claim_id], min(at) from past group by claim_id
  ) s join template_log l on l.role = s.role
  order by s.at, l.id`

/** The quota of the month: downloaded at once, and used up by the last fen. */
export const CLOSED_MONTH: readonly string[] = [
  `insert into bureau_moves (id, using_unit_id, kind, serial, amount, period, state, attempts, fence, answer, created_at,
     closed_at)
   select pg_temp.past_id(9, x.begin_at, 1), t.using_unit_id, t.kind, left(t.serial, -16) || repeat('0', 16),
     x.total_amount, x.period, t.state, t.attempts, t.fence, t.answer, x.begin_at, x.begin_at
   from template x join bureau_moves t on t.id = x.download_id`,
  `insert into transitions (entity, entity_ids, from_state, to_state, fence, cause, at)
   select l.entity, array[pg_temp.past_id(9, x.begin_at, 1)], l.from_state, l.to_state, l.fence, l.cause, x.begin_at
   from template x cross join template_log l where l.role = 'download' order by l.id`,
  `insert into quota_ledger (using_unit_id, period, commit_seq, reason, reference_id, available_delta, downloaded_delta)
   select using_unit_id, period, 1, 'downloaded', pg_temp.past_id(9, begin_at, 1), total_amount, total_amount
   from template`,
  `insert into credit_quotas (using_unit_id, period, downloaded_amount, settled_amount, commit_seq)
   select x.using_unit_id, x.period, x.total_amount, x.total_amount, max(l.commit_seq)
   from template x join quota_ledger l on l.using_unit_id = x.using_unit_id and l.period = x.period
   group by x.using_unit_id, x.period, x.total_amount`,
]
