/** Fills the tables with finished invoices, so that a run shows whether cost grows with the past. */
import pg from 'pg'

/** Rows written by one statement. */
const SLICE_COUNT = 50_000

/** Copies one finished order of the schema, with its invoice and result, under new keys. */
export async function fillPast(url: string, schema: string, count: number): Promise<void> {
  const client = new pg.Client({ connectionString: url, options: `-c search_path=${schema}` })
  await client.connect()
  try {
    for (let done = 0; done < count; done += SLICE_COUNT) {
      await client.query(COPY_FINISHED, [done + 1, Math.min(done + SLICE_COUNT, count)])
    }
    await client.query('vacuum analyze')
  } finally {
    await client.end()
  }
}

/**
 * Past orders have no number and no share of the quota: the audit of the run must still add up, so they are settled
 * with an amount of zero under numbers of their own segment.
 */
const COPY_FINISHED = `select bench_past($1::int, $2::int)`
