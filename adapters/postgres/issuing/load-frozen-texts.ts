/** The bytes of a batch by position, exactly as they left or will leave. */
import type pg from 'pg'
import type { FrozenText } from '../../../connector/issuing/batch-ports.js'
import { run, type Statement } from '../statement.js'

const LOAD_FROZEN: Statement = {
  name: 'batches.load_frozen',
  text: 'select invoice_id, frozen, frozen_sha256 from upload_items where batch_id = $1 order by position',
}

export async function loadFrozenTexts(pool: pg.Pool, batchId: string): Promise<readonly FrozenText[]> {
  const rows = await run<{ invoice_id: string; frozen: string; frozen_sha256: string }>(pool, LOAD_FROZEN, [batchId])
  return rows.map((row) => ({ invoiceId: row.invoice_id, frozen: row.frozen, frozenSha256: row.frozen_sha256 }))
}
