/**
 * One attempt to upload a batch, and what its answer makes of the batch (P3, P4).
 *
 * An attempt is a row before its first byte leaves. Its answer is one of five things:
 *   accepted       queued at the bureau under a receipt → poll
 *   refused        nothing of the call was stored → halve the batch down to the guilty invoice (design D14)
 *   never sent     nothing left, or the platform did not process it → `reserved`, again later
 *   unit fault     nothing was processed and a person must mend the channel → parked
 *   in doubt       anything else → the same bytes again on the schedule of `backoff.ts`
 * Once in doubt, a batch only moves on by an acceptance: a later refusal proves nothing about the earlier attempt.
 */
import type { ParkCause } from '../kernel/fault.js'
import type { IdSource } from '../kernel/ids.js'
import { assertNever } from '../kernel/never.js'
import { after, type Clock, type Instant } from '../kernel/time.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import { DOUBT_MS_MAX, doubtDelayMs, neverSentDelayMs, pollDelayMs, type Random } from './backoff.js'
import type { FrozenText } from './batch-ports.js'
import type { InvoiceUploader, UploadAnswer } from './bureau.js'
import type { IssuingStore, PendingEvent } from './ports.js'
import { hashBatch } from './reserve.js'
import { type SettleDeps, settleVerdicts, type Verdict } from './settle.js'
import type { Tx } from './transaction.js'

/** Longest wait for the answer to an upload; after it the batch is in doubt. */
const UPLOAD_TIMEOUT_MS = 60_000

export interface UploadDeps extends SettleDeps {
  store: IssuingStore
  uploader: Pick<InvoiceUploader, 'upload'>
  ids: IdSource
  clock: Clock
  random: Random
  owner: string
  leaseMs: number
  report: (report: UploadReport) => void
}

/** A batch under this worker's fence, with the bytes to send. */
export interface Sendable {
  id: string
  unit: UsingUnit
  fence: bigint
  wasInDoubt: boolean
  doubtSince: Instant | null
  items: readonly FrozenText[]
}

interface UploadReport {
  event: 'batch.uploaded'
  batchId: string
  taxNo: string
  size: number
  attemptNo: number
  outcome: UploadAnswer['kind']
  code: string | null
  durationMs: number
}

/** What the caller should do next with the batch. */
export type UploadEnd =
  | { next: 'poll'; dueAt: Instant }
  | { next: 'later'; dueAt: Instant }
  | { next: 'divided'; children: readonly Sendable[] }
  | { next: 'publish'; events: readonly PendingEvent[] }
  | { next: 'nothing' }

/** Opens an attempt, sends the frozen bytes, writes what came of it. */
export async function upload(deps: UploadDeps, batch: Sendable): Promise<UploadEnd> {
  const startedAt = deps.clock.now()
  const deadlineAt = after(startedAt, UPLOAD_TIMEOUT_MS)
  const attemptId = deps.ids.uuid()
  const opened = await deps.store.database.transaction((tx) =>
    deps.store.batches.openAttempt(tx, { id: batch.id, fence: batch.fence, attemptId, startedAt, deadlineAt }),
  )
  if (opened === null) return { next: 'nothing' }
  const answer = await deps.uploader.upload(
    batch.unit,
    batch.items.map((item) => item.frozen),
    { deadline: deadlineAt },
  )
  const at = deps.clock.now()
  const end = await deps.store.database.transaction(async (tx) => {
    const [end] = await Promise.all([
      conclude(deps, tx, batch, opened.attemptNo, answer, at),
      closeAttempt(deps, tx, attemptId, answer, at),
    ])
    return end
  })
  deps.report({
    event: 'batch.uploaded',
    batchId: batch.id,
    taxNo: batch.unit.taxNo,
    size: batch.items.length,
    attemptNo: opened.attemptNo,
    outcome: answer.kind,
    code: 'code' in answer ? answer.code : null,
    durationMs: at - startedAt,
  })
  return end
}

async function closeAttempt(
  deps: UploadDeps,
  tx: Tx,
  attemptId: string,
  answer: UploadAnswer,
  finishedAt: Instant,
): Promise<void> {
  await deps.store.batches.closeAttempt(tx, {
    id: attemptId,
    outcome: answer.kind,
    leftProcess: answer.kind !== 'never_sent',
    receiptNo: answer.kind === 'accepted' ? answer.receiptNo : null,
    requestId: 'requestId' in answer ? answer.requestId : null,
    answer: answer.kind === 'accepted' ? null : { code: answer.code, message: answer.message },
    finishedAt,
  })
}

async function conclude(
  deps: UploadDeps,
  tx: Tx,
  batch: Sendable,
  attemptNo: number,
  answer: UploadAnswer,
  at: Instant,
): Promise<UploadEnd> {
  switch (answer.kind) {
    case 'accepted':
      return accept(deps, tx, batch, answer.receiptNo, at)
    case 'in_doubt':
      return doubt(deps, tx, batch, attemptNo, at)
    case 'never_sent':
      return postpone(deps, tx, batch, answer.retryAfterMs ?? neverSentDelayMs(attemptNo, deps.random), null, at)
    case 'rate_limited':
      return postpone(deps, tx, batch, answer.retryAfterMs, null, at)
    case 'unit_fault':
      return postpone(deps, tx, batch, 0, answer.park, at)
    case 'refused':
      if (batch.wasInDoubt) return doubt(deps, tx, batch, attemptNo, at)
      if (batch.items.length > 1) return divide(deps, tx, batch, at)
      if (answer.park !== null) return postpone(deps, tx, batch, 0, answer.park, at)
      return refuse(deps, tx, batch, answer, at)
    default:
      return assertNever(answer)
  }
}

async function accept(deps: UploadDeps, tx: Tx, batch: Sendable, receiptNo: string, at: Instant): Promise<UploadEnd> {
  const dueAt = after(at, pollDelayMs(0, batch.unit.direct.poll))
  const isMoved = await deps.store.batches.move(tx, {
    id: batch.id,
    fence: batch.fence,
    from: ['sending'],
    to: 'accepted',
    receiptNo,
    acceptedAt: at,
    polls: 0,
    dueAt,
    release: true,
    at,
    invoices: { from: ['sending', 'in_doubt'], to: 'accepted' },
  })
  return isMoved ? { next: 'poll', dueAt } : { next: 'nothing' }
}

/** Same number, same bytes, again later; after a day a person looks at it and nothing is given back. */
async function doubt(deps: UploadDeps, tx: Tx, batch: Sendable, attemptNo: number, at: Instant): Promise<UploadEnd> {
  const since = batch.doubtSince ?? at
  if (at - since >= DOUBT_MS_MAX) {
    await deps.store.batches.move(tx, {
      id: batch.id,
      fence: batch.fence,
      from: ['sending'],
      to: 'needs_person',
      dueAt: null,
      release: true,
      at,
      invoices: { from: ['sending', 'in_doubt'], to: 'needs_person' },
    })
    return { next: 'nothing' }
  }
  const dueAt = after(at, doubtDelayMs(attemptNo))
  const isMoved = await deps.store.batches.move(tx, {
    id: batch.id,
    fence: batch.fence,
    from: ['sending'],
    to: 'in_doubt',
    doubtSince: since,
    dueAt,
    release: true,
    at,
    invoices: { from: ['sending', 'in_doubt'], to: 'in_doubt' },
  })
  return isMoved ? { next: 'later', dueAt } : { next: 'nothing' }
}

/** Nothing of this attempt was processed. A batch that was in doubt before stays in doubt. */
async function postpone(
  deps: UploadDeps,
  tx: Tx,
  batch: Sendable,
  delayMs: number,
  parkCause: ParkCause | null,
  at: Instant,
): Promise<UploadEnd> {
  const dueAt = after(at, delayMs)
  const isMoved = await deps.store.batches.move(tx, {
    id: batch.id,
    fence: batch.fence,
    from: ['sending'],
    to: batch.wasInDoubt ? 'in_doubt' : 'reserved',
    parkCause,
    dueAt,
    release: true,
    at,
    invoices: { from: ['sending', 'in_doubt'], to: batch.wasInDoubt ? 'in_doubt' : 'reserved' },
  })
  return isMoved ? { next: 'later', dueAt } : { next: 'nothing' }
}

async function divide(deps: UploadDeps, tx: Tx, batch: Sendable, at: Instant): Promise<UploadEnd> {
  const middle = Math.ceil(batch.items.length / 2)
  const halves = [batch.items.slice(0, middle), batch.items.slice(middle)]
  const children = halves.map((items): Sendable => ({ ...batch, id: deps.ids.uuid(), fence: 1n, items }))
  const lease = { owner: deps.owner, until: after(at, deps.leaseMs) }
  let position = 0
  const ranges = children.map((child) => {
    const positionsFrom = position
    position += child.items.length
    return { id: child.id, positionsFrom, positionsTo: position - 1, frozenSha256: hashBatch(child.items), lease }
  })
  const isDivided = await deps.store.batches.divide(tx, { id: batch.id, fence: batch.fence }, ranges, at)
  return isDivided ? { next: 'divided', children } : { next: 'nothing' }
}

/** The guilty invoice alone, for no cause that time cures: failed for good. */
async function refuse(
  deps: UploadDeps,
  tx: Tx,
  batch: Sendable,
  answer: Extract<UploadAnswer, { kind: 'refused' }>,
  at: Instant,
): Promise<UploadEnd> {
  const items = await deps.store.batches.loadItems(tx, batch.id)
  const [item] = items
  if (item === undefined) return { next: 'nothing' }
  const refusal = { code: answer.code, message: answer.message }
  const verdict: Verdict = { invoiceId: item.invoiceId, to: 'rejected', refusal }
  const settling = { ...batch, closeAs: 'refused' as const, from: ['sending'] as const }
  const events = await settleVerdicts(deps, tx, settling, items, [verdict], at)
  return events === null ? { next: 'nothing' } : { next: 'publish', events }
}
