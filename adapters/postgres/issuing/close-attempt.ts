/** Writes what became of an attempt (P4). Its row is its worker's own, so a stale worker may still tell what it saw. */
import type { BatchStore } from '../../../connector/issuing/batch-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'

const CLOSE_ATTEMPT: Statement = {
  name: 'batches.close_attempt',
  text: `
    update upload_attempts
    set outcome = $2, left_process = $3, receipt_no = $4, request_id = $5, answer = $6, finished_at = $7
    where id = $1 and finished_at is null`,
}

export async function closeAttempt(tx: Tx, attempt: Parameters<BatchStore['closeAttempt']>[1]): Promise<void> {
  await run(clientOf(tx), CLOSE_ATTEMPT, [
    attempt.id,
    attempt.outcome,
    attempt.leftProcess,
    attempt.receiptNo,
    attempt.requestId,
    toJson(attempt.answer),
    toTimestamp(attempt.finishedAt),
  ])
}
