/** Our side of the comparison with the bureau: what was on its way, which numbers came next, what quota was used. */
import type pg from 'pg'
import type { InvoiceKind } from '../../../connector/invoice/draft.js'
import type { InFlightBatch } from '../../../connector/issuing/restore-ports.js'
import { type Amount, amount } from '../../../connector/kernel/amount.js'
import type { InvoiceNumber, UsingUnitId } from '../../../connector/kernel/ids.js'
import type { Instant, TaxPeriod } from '../../../connector/kernel/time.js'
import { run, type Statement } from '../statement.js'

const LOAD_IN_FLIGHT: Statement = {
  name: 'restores.in_flight',
  text: `
    select b.id, b.fence, i.invoice_number, i.kind, i.issued_at
    from upload_batches b join invoices i on i.batch_id = b.id
    where b.using_unit_id = $1 and b.state = 'in_doubt' and b.park_cause = 'restored' and i.state = 'in_doubt'
    order by b.id, i.invoice_number`,
}

// In the order of take-numbers.ts: returned ones first, then each segment from where it stood.
const LOAD_NEXT: Statement = {
  name: 'restores.next_numbers',
  text: `
    select number from (
      select r.invoice_number as number, 0 as rank, null::timestamptz as granted_at, r.id as place
      from number_returns r join number_segments s on s.id = r.segment_id
      where s.using_unit_id = $1 and s.state = 'stopped' and r.taken_at is null and r.burned_reason is null
      union all
      select lpad((s.first_number::numeric + n.place)::text, 20, '0'), 1, s.granted_at, n.place
      from number_segments s
      cross join lateral generate_series(s.next_offset, least(s.size, s.next_offset + $2) - 1) as n(place)
      where s.using_unit_id = $1 and s.state = 'stopped'
    ) next order by rank, granted_at, place limit $2`,
}

const LOAD_USED: Statement = {
  name: 'restores.used',
  text: `
    select coalesce(max(settled_amount), 0) as settled, coalesce(max(reserved_amount), 0) as reserved
    from credit_quotas where using_unit_id = $1 and period = $2`,
}

export async function loadInFlight(pool: pg.Pool, unit: UsingUnitId): Promise<readonly InFlightBatch[]> {
  const rows = await run<{
    id: string
    fence: string
    invoice_number: InvoiceNumber
    kind: InvoiceKind
    issued_at: Instant
  }>(pool, LOAD_IN_FLIGHT, [unit])
  const batches = new Map<string, InFlightBatch & { items: InFlightBatch['items'][number][] }>()
  for (const row of rows) {
    const batch = batches.get(row.id) ?? { id: row.id, fence: BigInt(row.fence), items: [] }
    batches.set(row.id, batch)
    batch.items.push({ invoiceNumber: row.invoice_number, kind: row.kind, issuedAt: row.issued_at })
  }
  return [...batches.values()]
}

export async function loadNextNumbers(
  pool: pg.Pool,
  unit: UsingUnitId,
  limit: number,
): Promise<readonly InvoiceNumber[]> {
  const rows = await run<{ number: InvoiceNumber }>(pool, LOAD_NEXT, [unit, limit])
  return rows.map(({ number }) => number)
}

export async function loadUsed(
  pool: pg.Pool,
  unit: UsingUnitId,
  period: TaxPeriod,
): Promise<{ settledAmount: Amount; reservedAmount: Amount }> {
  const [row] = await run<{ settled: string; reserved: string }>(pool, LOAD_USED, [unit, period])
  return { settledAmount: amount(row?.settled ?? '0'), reservedAmount: amount(row?.reserved ?? '0') }
}
