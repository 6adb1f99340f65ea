/**
 * Numbers of a definite refusal become free again, or are burned with a reason (design D4). The batch that was refused
 * is noted with them: the history of a number must show between which refusals it carried which content (I3).
 */
import type { NumberStore } from '../../../connector/issuing/supply-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { Defect } from '../../../connector/kernel/never.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toPlainArray } from '../statement.js'

const LOCK_SEGMENTS: Statement = {
  name: 'numbers.lock_by_id',
  text: 'select id from number_segments where id = any($1::uuid[]) order by granted_at, id for update',
}

const GIVE_BACK: Statement = {
  name: 'numbers.give_back',
  text: `
    with given as (
      insert into number_returns (segment_id, invoice_number, invoice_id, batch_id, burned_reason)
      select r.segment_id, r.invoice_number, r.invoice_id, sent.batch_id, $2
      from json_to_recordset($1) as r(segment_id uuid, invoice_number text, invoice_id uuid)
      cross join lateral (
        select u.batch_id from upload_items u join upload_batches b on b.id = u.batch_id
        where u.invoice_id = r.invoice_id and u.invoice_number = r.invoice_number
        order by b.created_at desc, (b.state = 'divided') limit 1
      ) sent
      returning segment_id, burned_reason
    ), counted as (
      update number_segments s
      set returned_count = s.returned_count + g.count,
        state = case when s.state = 'used_up' then 'active' else s.state end
      from (select segment_id, count(*) from given where burned_reason is null group by segment_id) g
      where s.id = g.segment_id
    )
    select count(*)::integer as count from given`,
}

/** Errors: Defect when a number was never sent for this invoice. */
export async function giveBackNumbers(
  tx: Tx,
  numbers: Parameters<NumberStore['giveBack']>[1],
  burnedReason: string | null,
): Promise<void> {
  if (numbers.length === 0) return
  const client = clientOf(tx)
  const rows = numbers.map((number) => ({
    segment_id: number.segmentId,
    invoice_number: number.invoiceNumber,
    invoice_id: number.invoiceId,
  }))
  const [, [given]] = await Promise.all([
    run(client, LOCK_SEGMENTS, [toPlainArray(rows.map((row) => row.segment_id))]),
    run<{ count: number }>(client, GIVE_BACK, [toJson(rows), burnedReason]),
  ])
  if (given?.count !== numbers.length) throw new Defect('a number was given back that was never frozen')
}
