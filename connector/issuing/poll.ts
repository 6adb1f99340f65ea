/**
 * Asks the bureau for the verdicts of accepted batches, and settles what it says.
 *
 * A poll changes nothing at the bureau, so any failure of it only means: ask again. When the bureau keeps the result no
 * longer (12 h), the same bytes are uploaded again, and `03` then tells of our own earlier success.
 */
import { after, type Clock, type Instant } from '../kernel/time.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import { pollDelayMs, RESULT_WINDOW_MS } from './backoff.js'
import type { HeldBatch } from './batch-ports.js'
import type { InvoiceUploader, ResultAnswer } from './bureau.js'
import type { IssuingStore, PendingEvent } from './ports.js'
import { isOpen, judge, type SettleDeps, settleVerdicts } from './settle.js'

/** Longest wait for the answer to a query. */
const QUERY_TIMEOUT_MS = 30_000

export interface PollDeps extends SettleDeps {
  store: IssuingStore
  uploader: Pick<InvoiceUploader, 'queryResult'>
  clock: Clock
  report: (report: PollReport) => void
}

interface PollReport {
  event: 'batch.polled'
  batchId: string
  taxNo: string
  answer: ResultAnswer['kind'] | 'distrusted'
  code: string | null
  issuedCount: number
  refusedCount: number
  openCount: number
  durationMs: number
}

/** What the caller does next: publish what is committed, and look again when it is due (null: the batch is closed). */
export interface PollEnd {
  dueAt: Instant | null
  events: readonly PendingEvent[]
}

/** Polls one held batch. */
export async function poll(deps: PollDeps, batch: HeldBatch, unit: UsingUnit): Promise<PollEnd> {
  const startedAt = deps.clock.now()
  if (batch.receiptNo === null || isWindowPassed(batch, startedAt)) return sendAgain(deps, batch, startedAt)
  const answer = await deps.uploader.queryResult(unit, batch.receiptNo, {
    deadline: after(startedAt, QUERY_TIMEOUT_MS),
  })
  const at = deps.clock.now()
  const dueAt = after(at, pollDelayMs(batch.polls + 1, unit.direct.poll))
  const settling = { id: batch.id, unit, fence: batch.fence, from: ['accepted'] as const, closeAs: 'settled' as const }
  const outcome = await deps.store.database.transaction(async (tx) => {
    const items = await deps.store.batches.loadItems(tx, batch.id)
    const verdicts = answer.kind === 'results' ? judge(items, answer.rows, batch.wasInDoubt) : []
    const next = { dueAt, polls: batch.polls + 1 }
    const events = await settleVerdicts(deps, tx, { ...settling, ...next }, items, verdicts ?? [], at)
    return { verdicts, openCount: items.filter(isOpen).length - (verdicts?.length ?? 0), events }
  })
  const verdicts = outcome.verdicts ?? []
  deps.report({
    event: 'batch.polled',
    batchId: batch.id,
    taxNo: unit.taxNo,
    answer: outcome.verdicts === null ? 'distrusted' : answer.kind,
    code: 'code' in answer ? answer.code : null,
    issuedCount: verdicts.filter((verdict) => verdict.to === 'issued').length,
    refusedCount: verdicts.filter((verdict) => verdict.to !== 'issued').length,
    openCount: outcome.openCount,
    durationMs: at - startedAt,
  })
  const isOpenStill = outcome.events !== null && outcome.openCount > 0
  return { dueAt: isOpenStill ? dueAt : null, events: outcome.events ?? [] }
}

/** The receipt is gone or was never ours to ask: the bytes must be uploaded again, and the batch is in doubt until then. */
async function sendAgain(deps: PollDeps, batch: HeldBatch, at: Instant): Promise<PollEnd> {
  const isMoved = await deps.store.database.transaction((tx) =>
    deps.store.batches.move(tx, {
      id: batch.id,
      fence: batch.fence,
      from: ['accepted'],
      to: 'in_doubt',
      doubtSince: batch.doubtSince ?? at,
      dueAt: at,
      release: true,
      at,
      invoices: { from: ['accepted'], to: 'in_doubt' },
    }),
  )
  return { dueAt: isMoved ? at : null, events: [] }
}

function isWindowPassed(batch: HeldBatch, now: Instant): boolean {
  return batch.acceptedAt !== null && now - batch.acceptedAt >= RESULT_WINDOW_MS
}
