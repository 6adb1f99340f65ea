/** I1, I2, I7–I10, I16: messages, orders, invoices and what is told about them. */
import type { AuditCheck } from './checks.js'

const MESSAGES: readonly AuditCheck[] = [
  {
    invariant: 'I1',
    what: 'a message was accepted and its order is missing or belongs to another message',
    sql: `
      select m.id as example from inbox_messages m left join orders o on o.id = m.order_id
      where m.disposition = 'accepted' and o.inbox_id is distinct from m.id`,
  },
  {
    invariant: 'I1',
    what: 'an order has no message that it was made from',
    sql: `
      select o.id as example from orders o left join inbox_messages m on m.id = o.inbox_id
      where m.order_id is distinct from o.id or m.disposition not in ('accepted', 'rejected')`,
  },
  {
    invariant: 'I1',
    what: 'a message is the duplicate or conflict of an order that does not exist',
    sql: `
      select m.id as example from inbox_messages m left join orders o on o.id = m.order_id
      where m.disposition in ('duplicate', 'conflict') and o.id is null`,
  },
  {
    invariant: 'I1',
    what: 'the stored bytes of a message are not those that were received',
    sql: `select id as example from inbox_messages where encode(sha256(body), 'hex') <> body_sha256`,
  },
  {
    invariant: 'I16',
    what: 'a message was given up, turned away or ignored without a reason',
    sql: `
      select id as example from inbox_messages
      where disposition in ('rejected', 'dead', 'ignored') and faults is null`,
  },
  {
    invariant: 'I16',
    what: 'something was discarded and nobody stands for it in the log of actions',
    sql: `
      select d.id as example
      from (
        select id from inbox_messages where disposition = 'discarded'
        union all select id from orders where park_cause = 'discarded'
      ) d
      left join (
        select distinct i.id from actions a cross join lateral jsonb_array_elements_text(a.detail->'ids') as i(id)
        where a.kind = 'letters.discard'
      ) a on a.id = d.id::text
      where a.id is null`,
  },
]

const ORDERS: readonly AuditCheck[] = [
  {
    invariant: 'I2',
    what: 'a part of an order has more than one invoice that was not refused',
    sql: `
      select order_key || ' part ' || split_no as example from {audit}.invoices
      where state <> 'rejected' group by order_key, split_no having count(*) > 1`,
  },
  {
    invariant: 'I2',
    what: 'an order key has several revisions that were not rejected',
    sql: `select order_key as example from orders where state <> 'rejected' group by order_key having count(*) > 1`,
  },
  {
    invariant: 'I2',
    what: 'an order that was rejected has invoices',
    sql: `
      select distinct o.id as example from orders o join invoices i on i.order_id = o.id where o.state = 'rejected'`,
  },
  {
    invariant: 'I10',
    what: 'the parts of an order do not add up to it',
    sql: `
      select o.id as example from orders o
      left join (
        select order_id, count(*) as part_count, sum(gross_amount) as gross_amount from invoices group by order_id
      ) i on i.order_id = o.id
      where coalesce(i.part_count, 0) <> o.invoice_count
        or (o.invoice_count > 0 and i.gross_amount is distinct from o.gross_amount)`,
  },
  {
    invariant: 'I10',
    what: 'net and tax of an invoice are not its gross',
    sql: 'select id as example from invoices where net_amount + tax_amount <> gross_amount',
  },
  {
    invariant: 'I10',
    what: 'an invoice has not the content that was approved',
    sql: `
      select i.id as example from invoices i left join invoice_contents c on c.invoice_id = i.id
      where c.content is null or encode(sha256(convert_to(c.content, 'UTF8')), 'hex') <> i.content_sha256`,
  },
  {
    invariant: 'I10',
    what: 'an order was mapped by no version of a mapping',
    sql: `
      select id as example from orders
      where state not in ('received', 'rejected') and mapping_version_id is null`,
  },
]

const RESULTS: readonly AuditCheck[] = [
  {
    invariant: 'I7',
    what: 'an order has several final results',
    sql: `
      select order_key as example from {audit}.outbox where kind = 'final'
      group by order_key having count(distinct event_id) <> 1 or count(distinct body_sha256) <> 1`,
  },
  {
    invariant: 'I7',
    what: 'a finished order has no final result, or an unfinished one has',
    sql: `
      select o.id as example from orders o left join outbox_events e on e.order_id = o.id and e.kind = 'final'
      where (o.state in ('issued', 'partly_issued', 'failed', 'rejected')) <> (e.id is not null)`,
  },
  {
    invariant: 'I7',
    what: 'the bytes of a result are not those that were written with the verdict',
    sql: `
      select id as example from outbox_events where encode(sha256(convert_to(body, 'UTF8')), 'hex') <> body_sha256`,
  },
  {
    invariant: 'I8',
    what: 'results of an order leave a gap, or a later one was confirmed before an earlier one',
    sql: `
      select distinct order_key as example from (
        select order_key, seq, confirmed_at, lag(confirmed_at) over w as previous_at, lag(seq) over w as previous_seq,
          lag(state) over w as previous_state
        from {audit}.outbox window w as (partition by order_key order by seq)
      ) e
      where seq <> coalesce(previous_seq, 0) + 1 or previous_at > confirmed_at
        or (previous_state <> 'by_callback' and previous_at is null and confirmed_at is not null)`,
  },
  {
    invariant: 'I8',
    what: 'a correction corrects another result than the final one of its order, or before there is one',
    sql: `
      select c.id as example from outbox_events c
      left join outbox_events f on f.order_id = c.order_id and f.kind = 'final'
      where c.kind = 'correction' and (f.id is distinct from c.corrects or f.seq >= c.seq)`,
  },
  {
    invariant: 'I8',
    what: 'an order counts other results than it has',
    sql: `
      select o.id as example from orders o
      left join (select order_id, max(seq) as seq from outbox_events group by order_id) e on e.order_id = o.id
      where o.event_seq <> coalesce(e.seq, 0)`,
  },
]

const CALLBACKS: readonly AuditCheck[] = [
  {
    invariant: 'I7',
    what: 'a callback carried other bytes than the result',
    sql: `
      select a.id as example from callback_attempts a left join outbox_events e on e.id = a.event_id
      where e.body_sha256 is distinct from a.body_sha256`,
  },
  {
    invariant: 'I7',
    what: 'a result that travels by callback alone has no delivery, or a delivery has no result',
    sql: `
      select coalesce(e.id, d.event_id) as example from outbox_events e full join callback_deliveries d on d.event_id = e.id
      where e.id is null or (e.state = 'by_callback' and d.event_id is null)
        or e.order_id <> d.order_id or e.seq <> d.seq`,
  },
  {
    invariant: 'I7',
    what: 'a delivery counts as delivered and no attempt was',
    sql: `
      select d.event_id as example from callback_deliveries d
      where (d.delivered_at is not null) <> exists (
        select from callback_attempts a where a.event_id = d.event_id and a.outcome = 'delivered')`,
  },
  {
    invariant: 'I8',
    what: 'a callback of an order was delivered before an earlier one',
    sql: `
      select distinct order_key as example from (
        select order_key, seq, delivered_at, lag(delivered_at) over w as previous_at, lag(seq) over w as previous_seq
        from {audit}.callback_deliveries window w as (partition by order_key order by seq)
      ) d
      where previous_seq is not null and delivered_at is not null and (previous_at is null or previous_at > delivered_at)`,
  },
]

/** Two people have found out how the invoice `i` ended: a ground of its own, beside the bureau's word. */
function endedByHand(verdict: 'issued' | 'failed'): string {
  return `exists (
          select from actions d where d.subject = i.invoice_number and d.kind = 'doubt.close' and d.approver is not null
            and d.detail->>'invoiceId' = i.id::text and d.detail->>'verdict' = '${verdict}')`
}

const TRUTH: readonly AuditCheck[] = [
  {
    invariant: 'I9',
    what: 'an invoice counts as issued although the bureau never accepted its batch',
    sql: `
      select i.id as example from invoices i left join upload_batches b on b.id = i.batch_id
      where i.state = 'issued' and (b.accepted_at is null or i.finished_at is null or not exists (
          select from upload_attempts a where a.batch_id = b.id and a.outcome = 'accepted' and a.receipt_no is not null))
        and not ${endedByHand('issued')}`,
  },
  {
    invariant: 'I9',
    what: 'an invoice counts as refused without the bureau’s refusal',
    sql: `
      select i.id as example from invoices i left join upload_batches b on b.id = i.batch_id
      where i.state = 'rejected'
        and (i.refusal is null or i.finished_at is null or (b.accepted_at is null and b.state <> 'refused'))
        and not ${endedByHand('failed')}`,
  },
  {
    invariant: 'I9',
    what: 'the end of an order is not what its parts say',
    sql: `
      select o.id as example from orders o
      left join (
        select order_id, count(*) filter (where state = 'issued') as issued_count,
          count(*) filter (where state = 'rejected') as rejected_count,
          count(*) filter (where state not in ('issued', 'rejected')) as open_count
        from invoices group by order_id
      ) i on i.order_id = o.id
      left join (
        select v.order_id, count(*) as count from incidents n join invoices v on v.id = n.invoice_id
        where n.kind = 'verdict_contradicted' and n.closed_at is null group by v.order_id
      ) h on h.order_id = o.id and o.state = 'in_progress'
      where o.open_count <> coalesce(i.open_count, 0) + coalesce(h.count, 0)
        or (o.state in ('mapped', 'in_progress') and coalesce(i.open_count, 0) + coalesce(h.count, 0) = 0)
        or (o.state = 'issued' and (i.rejected_count > 0 or i.open_count > 0 or i.issued_count is null))
        or (o.state = 'failed' and (i.issued_count > 0 or i.open_count > 0 or i.rejected_count is null))
        or (o.state = 'partly_issued' and (i.issued_count = 0 or i.rejected_count = 0 or i.open_count > 0))`,
  },
  {
    invariant: 'I9',
    what: 'the last result of an order tells another end than it has',
    sql: `
      select e.id as example from outbox_events e join orders o on o.id = e.order_id
      where e.kind in ('final', 'correction') and e.seq = o.event_seq and (
        e.body::json->>'status' is distinct from o.state or e.body::json->>'eventId' is distinct from e.id::text
        or (e.body::json->>'seq')::integer is distinct from e.seq)`,
  },
  {
    invariant: 'I9',
    what: 'the last result of an order tells another invoice than was issued or refused',
    sql: `
      select coalesce(i.id::text, told.order_id::text) as example
      from (select * from invoices where state in ('issued', 'rejected')) i
      full join (
        select e.order_id, t.* from outbox_events e join orders l on l.id = e.order_id and l.event_seq = e.seq
        cross join lateral json_to_recordset(e.body::json->'invoices') as t("splitNo" integer, "invoiceNumber" text,
          status text, "netAmount" numeric, "taxAmount" numeric, "grossAmount" numeric)
        where e.kind in ('final', 'correction')
      ) told on told.order_id = i.order_id and told."splitNo" = i.split_no
      left join orders o on o.id = i.order_id
      where i.id is null
        or (told.order_id is null and o.state <> 'in_progress')
        or (told.order_id is not null and (
          (told.status = 'issued') <> (i.state = 'issued')
          or (i.state = 'issued' and told."invoiceNumber" is distinct from i.invoice_number)
          or told."netAmount" is distinct from i.net_amount
          or told."taxAmount" is distinct from i.tax_amount
          or told."grossAmount" is distinct from i.gross_amount))`,
  },
]

export const VERDICT_CHECKS: readonly AuditCheck[] = [...MESSAGES, ...ORDERS, ...RESULTS, ...CALLBACKS, ...TRUTH]
