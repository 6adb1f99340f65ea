/** Ends the lease on batches that were taken up and not begun, so that whoever comes next need not wait for its end. */
import type pg from 'pg'
import type { Held } from '../../../connector/issuing/transaction.js'
import { run, type Statement, toPlainArray } from '../statement.js'

// $1 ids, $2 fences
const LET_GO: Statement = {
  name: 'batches.let_go',
  text: `
    update upload_batches b
    set leased_by = null, leased_until = null, due_at = now()
    from unnest($1::uuid[], $2::bigint[]) as held(id, fence)
    where b.id = any($1::uuid[]) and b.id = held.id and b.fence = held.fence and b.leased_until is not null`,
}

export async function letGo(pool: pg.Pool, held: readonly Held[]): Promise<void> {
  if (held.length === 0) return
  const fences = toPlainArray(held.map(({ fence }) => fence))
  await run(pool, LET_GO, [toPlainArray(held.map(({ id }) => id)), fences])
}
