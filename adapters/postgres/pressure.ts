/** How full the memory is: what is not finished yet, and how big the database has grown. Not free: asked every few seconds. */
import type pg from 'pg'
import type { Pressure } from '../../connector/issuing/pressure.js'
import { run, type Statement } from './statement.js'

// Each queue is counted up to $1, so that counting never costs more than the limit that it is held against.
const PRESSURE: Statement = {
  name: 'pressure.load',
  text: `
    select (
      (select count(*) from (select from inbox_messages where due_at is not null limit $1) due)
      + (select count(*) from (select from inbox_messages where park_cause is not null limit $1) parked)
      + (select count(*) from (select from orders where due_at is not null limit $1) due)
      + (select count(*) from (select from orders where park_cause is not null limit $1) parked)
      + (select count(*) from (
          select from invoices where invoice_number is null and park_cause is null limit $1) ready)
      + (select count(*) from (select from invoices where park_cause is not null limit $1) parked)
      + coalesce((select sum(open_count) from (
          select open_count from upload_batches where due_at is not null limit $1) due), 0)
      + coalesce((select sum(open_count) from (
          select open_count from upload_batches where park_cause is not null limit $1) parked), 0)
    )::float8 as waiting_count,
    case when $2::boolean then pg_database_size(current_database()) end::float8 as database_bytes`,
}

export async function loadPressure(
  pool: pg.Pool,
  options: { countMax: number; isSizeAsked: boolean },
): Promise<Pressure> {
  const values = [options.countMax, options.isSizeAsked]
  const [row] = await run<{ waiting_count: number; database_bytes: number | null }>(pool, PRESSURE, values)
  return { waitingCount: row?.waiting_count ?? 0, databaseBytes: row?.database_bytes ?? null }
}
