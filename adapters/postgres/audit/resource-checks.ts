/** I3–I6: invoice numbers and credit quota, to the last one and to the fen. */
import type { AuditCheck } from './checks.js'

const NUMBERS: readonly AuditCheck[] = [
  {
    invariant: 'I3',
    what: 'a number left with two contents or for two invoices, without a refusal in between',
    sql: `
      select number as example from {audit}.upload_attempts
      where left_process and outcome is distinct from 'refused_02'
      group by number having count(distinct content_sha256) > 1 or count(distinct invoice_id) > 1`,
  },
  {
    invariant: 'I3',
    what: 'a number belongs to two invoices',
    sql: `
      select invoice_number as example from invoices where invoice_number is not null and is_number_held
      group by invoice_number having count(*) > 1`,
  },
  {
    invariant: 'I3',
    what: 'an invoice has another number than its frozen bytes',
    sql: `
      select i.id as example from invoices i
      left join upload_items u on u.batch_id = i.batch_id and u.invoice_id = i.id
      where i.state <> 'draft'
        and (u.invoice_number is distinct from i.invoice_number or u.segment_id is distinct from i.segment_id)`,
  },
  {
    invariant: 'I3',
    what: 'frozen bytes were changed',
    sql: `
      select batch_id || ' position ' || position as example from upload_items
      where encode(sha256(convert_to(frozen, 'UTF8')), 'hex') <> frozen_sha256`,
  },
  {
    invariant: 'I3',
    what: 'the hash of a batch is not that of the hashes of its items',
    sql: `
      select b.id as example from upload_batches b
      left join (
        select batch_id, count(*) as count,
          encode(sha256(convert_to(string_agg(frozen_sha256, '' order by position), 'UTF8')), 'hex') as hash
        from upload_items group by batch_id
      ) u on u.batch_id = b.id
      where u.count is distinct from b.size or u.hash is distinct from b.frozen_sha256`,
  },
  {
    invariant: 'I3',
    what: 'a number was used that its segment never handed out',
    sql: `
      select u.invoice_number as example from upload_items u left join number_segments s on s.id = u.segment_id
      where s.id is null or u.invoice_number::numeric - s.first_number::numeric not between 0 and s.next_offset - 1`,
  },
  {
    invariant: 'I4',
    what: 'a segment has other numbers than its size',
    sql: `
      select s.segment_id as example from {audit}.segments s left join {audit}.numbers n on n.segment_id = s.segment_id
      group by s.segment_id, s.size having s.size <> count(n.number) or s.size <> count(distinct n.number)`,
  },
  {
    invariant: 'I4',
    what: 'a number was handed out and nobody has it',
    sql: `select number as example from {audit}.numbers where state = 'unaccounted'`,
  },
  {
    invariant: 'I4',
    what: 'a segment counts other returned numbers than it has',
    sql: `
      select s.id as example from number_segments s
      left join number_returns r on r.segment_id = s.id and r.taken_at is null and r.burned_reason is null
      group by s.id, s.returned_count having count(r.id) <> s.returned_count`,
  },
  {
    invariant: 'I4',
    what: 'a segment and a granted claim do not belong together',
    sql: `
      select coalesce(s.id, m.id) as example
      from number_segments s
      full join (select * from bureau_moves where kind = 'number_claim' and state = 'granted') m on m.id = s.move_id
      where m.id is null or (s.id is null and coalesce(m.answer->>'kind', '') = 'granted')`,
  },
]

const QUOTA: readonly AuditCheck[] = [
  {
    invariant: 'I5',
    what: 'more quota was spent and reserved than was there',
    sql: `
      select entry_id as example from (
        select entry_id, sum(d_available) over w as available, sum(d_reserved) over w as reserved
        from {audit}.quota_ledger window w as (partition by unit_id, period order by commit_seq)
      ) balance where available < 0 or reserved < 0`,
  },
  {
    invariant: 'I6',
    what: 'the entries of a quota do not balance',
    sql: `
      select unit_id || ' ' || period as example from {audit}.quota_ledger group by unit_id, period
      having sum(d_downloaded) - sum(d_returned) - sum(d_expired)
        <> sum(d_available) + sum(d_reserved) + sum(d_settled)`,
  },
  {
    invariant: 'I6',
    what: 'a quota is not the sum of its entries',
    sql: `
      select q.using_unit_id || ' ' || q.period as example from credit_quotas q
      left join (
        select using_unit_id, period, count(*) as count, max(commit_seq) as commit_seq,
          sum(available_delta) as available, sum(reserved_delta) as reserved, sum(settled_delta) as settled,
          sum(downloaded_delta) as downloaded, sum(returned_delta) as returned, sum(expired_delta) as expired
        from quota_ledger group by using_unit_id, period
      ) l on l.using_unit_id = q.using_unit_id and l.period = q.period
      where (coalesce(l.count, 0), coalesce(l.commit_seq, 0)) <> (q.commit_seq, q.commit_seq)
        or coalesce(l.available, 0) <> q.available_amount or coalesce(l.reserved, 0) <> q.reserved_amount
        or coalesce(l.settled, 0) <> q.settled_amount or coalesce(l.downloaded, 0) <> q.downloaded_amount
        or coalesce(l.returned, 0) <> q.returned_amount or coalesce(l.expired, 0) <> q.expired_amount`,
  },
  {
    invariant: 'I6',
    what: 'the invoices of a period do not add up to its quota',
    sql: `
      select coalesce(q.using_unit_id, i.using_unit_id) || ' ' || coalesce(q.period, i.period) as example
      from credit_quotas q
      full join (
        select using_unit_id, period,
          coalesce(sum(quota_amount) filter (where state not in ('issued', 'rejected')), 0) as reserved,
          coalesce(sum(quota_amount) filter (where state = 'issued'), 0) as settled
        from invoices where period is not null group by using_unit_id, period
      ) i on i.using_unit_id = q.using_unit_id and i.period = q.period
      where coalesce(q.reserved_amount, 0) <> coalesce(i.reserved, 0)
        or coalesce(q.settled_amount, 0) <> coalesce(i.settled, 0)`,
  },
]

export const RESOURCE_CHECKS: readonly AuditCheck[] = [...NUMBERS, ...QUOTA]
