/**
 * Asks the bureau for the verdicts of accepted batches, and settles what it says.
 *
 * A poll changes nothing at the bureau, so any failure of it only means: ask again. When the bureau keeps the result no
 * longer (12 h), or when the receipt turns out to be that of another upload (design D14), the same bytes are uploaded
 * again, and `03` then tells of our own earlier success.
 */
import { after, type Clock, type Instant } from '../kernel/time.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import { doubtDelayMs, pollDelayMs, RESULT_WINDOW_MS } from './backoff.js'
import type { BatchItem, HeldBatch } from './batch-ports.js'
import type { InvoiceUploader, ResultAnswer, ResultRow } from './bureau.js'
import type { IssuingStore, PendingEvent } from './ports.js'
import { isOpen, judge, type SettleDeps, settleVerdicts, type Verdict } from './settle.js'
import type { Tx } from './transaction.js'

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
  answer: ResultAnswer['kind'] | 'distrusted' | 'of_others'
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
  const outcome = await deps.store.database.transaction((tx) => conclude(deps, tx, batch, unit, answer, at))
  const { verdicts } = outcome
  deps.report({
    event: 'batch.polled',
    batchId: batch.id,
    taxNo: unit.taxNo,
    answer: outcome.answer,
    code: 'code' in answer ? answer.code : null,
    issuedCount: verdicts.filter((verdict) => verdict.to === 'issued').length,
    refusedCount: verdicts.filter((verdict) => verdict.to !== 'issued').length,
    openCount: outcome.openCount,
    durationMs: at - startedAt,
  })
  const isOpenStill = outcome.events !== null && outcome.openCount > 0
  return { dueAt: isOpenStill ? outcome.dueAt : null, events: outcome.events ?? [] }
}

interface Outcome {
  answer: PollReport['answer']
  verdicts: readonly Verdict[]
  openCount: number
  /** null: the fence was lost and nothing was written. */
  events: readonly PendingEvent[] | null
  /** When to look at the batch again while it is open. */
  dueAt: Instant
}

async function conclude(
  deps: PollDeps,
  tx: Tx,
  batch: HeldBatch,
  unit: UsingUnit,
  answer: ResultAnswer,
  at: Instant,
): Promise<Outcome> {
  const items = await deps.store.batches.loadItems(tx, batch.id)
  const rows = answer.kind === 'results' ? answer.rows : []
  const openCount = items.filter(isOpen).length
  // The first time it may be the answer that went astray, so that one is only asked for again.
  if (batch.polls > 0 && isOfOthers(items, rows)) {
    const dueAt = after(at, doubtDelayMs(batch.attempts))
    const isMoved = await doubt(deps, tx, batch, dueAt, at)
    return { answer: 'of_others', verdicts: [], openCount, events: isMoved ? [] : null, dueAt }
  }
  const judged = judge(items, rows, batch.wasInDoubt)
  const verdicts = judged ?? []
  const polls = batch.polls + 1
  const dueAt = after(at, pollDelayMs(polls, unit.direct.poll))
  const settling = { id: batch.id, unit, fence: batch.fence, from: ['accepted'] as const, closeAs: 'settled' as const }
  const events = await settleVerdicts(deps, tx, { ...settling, dueAt, polls }, items, verdicts, at)
  const kind = judged === null ? 'distrusted' : answer.kind
  return { answer: kind, verdicts, openCount: openCount - verdicts.length, events, dueAt }
}

/** Whether an answer speaks of other numbers only: then the receipt that came with our upload was not ours. */
function isOfOthers(
  items: readonly Pick<BatchItem, 'invoiceNumber'>[],
  rows: readonly Pick<ResultRow, 'invoiceNumber'>[],
): boolean {
  const own = new Set<string>(items.map(({ invoiceNumber }) => invoiceNumber))
  return rows.length > 0 && rows.every(({ invoiceNumber }) => !own.has(invoiceNumber))
}

/** The receipt is gone: the bytes are uploaded again at once. */
async function sendAgain(deps: PollDeps, batch: HeldBatch, at: Instant): Promise<PollEnd> {
  const isMoved = await deps.store.database.transaction((tx) => doubt(deps, tx, batch, at, at))
  return { dueAt: isMoved ? at : null, events: [] }
}

/** Nobody can tell what became of the upload until the same bytes are uploaded again. */
function doubt(deps: PollDeps, tx: Tx, batch: HeldBatch, dueAt: Instant, at: Instant): Promise<boolean> {
  return deps.store.batches.move(tx, {
    id: batch.id,
    fence: batch.fence,
    from: ['accepted'],
    to: 'in_doubt',
    doubtSince: batch.doubtSince ?? at,
    dueAt,
    release: true,
    at,
    invoices: { from: ['accepted'], to: 'in_doubt' },
  })
}

function isWindowPassed(batch: HeldBatch, now: Instant): boolean {
  return batch.acceptedAt !== null && now - batch.acceptedAt >= RESULT_WINDOW_MS
}
