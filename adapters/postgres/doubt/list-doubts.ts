/** What waits for people, and what is in doubt. */
import type pg from 'pg'
import type { DoubtSummary } from '../../../connector/issuing/doubt-ports.js'
import type { InvoiceState } from '../../../connector/issuing/states.js'
import type { InvoiceNumber } from '../../../connector/kernel/ids.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { run, type Statement } from '../statement.js'

const LIST_DOUBTS: Statement = {
  name: 'doubts.list',
  text: `
    with contradicted as materialized (
      select invoice_id, first_at from incidents
      where kind = 'verdict_contradicted' and closed_at is null and invoice_id is not null
    )
    select i.invoice_number, o.order_key, u.tax_no, i.state, c.invoice_id is not null as is_contradicted,
      coalesce(c.first_at, b.doubt_since, b.created_at) as since, b.attempts,
      array(
        select a.id::text from actions a
        where a.subject = i.invoice_number and a.kind = 'doubt.propose' and a.detail->>'invoiceId' = i.id::text
          and not exists (select from actions d where d.key = 'doubt.close/' || a.id)
        order by a.id
      ) as proposal_ids
    from invoices i
    join orders o on o.id = i.order_id
    join using_units u on u.id = i.using_unit_id
    join upload_batches b on b.id = i.batch_id
    left join contradicted c on c.invoice_id = i.id
    where i.state in ('needs_person', 'in_doubt') or c.invoice_id is not null
    order by i.state = 'in_doubt', since, i.invoice_number
    limit $1`,
}

interface SummaryRow {
  invoice_number: InvoiceNumber
  order_key: string
  tax_no: string
  state: InvoiceState
  is_contradicted: boolean
  since: Instant
  attempts: number
  proposal_ids: string[]
}

export async function listDoubts(pool: pg.Pool, limit: number): Promise<readonly DoubtSummary[]> {
  const rows = await run<SummaryRow>(pool, LIST_DOUBTS, [limit])
  return rows.map((row) => ({
    invoiceNumber: row.invoice_number,
    orderKey: row.order_key,
    taxNo: row.tax_no,
    state: row.state,
    isContradicted: row.is_contradicted,
    since: row.since,
    attempts: row.attempts,
    proposalIds: row.proposal_ids.map(BigInt),
  }))
}
