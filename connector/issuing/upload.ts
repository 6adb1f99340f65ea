/**
 * One attempt to upload a batch, and what its answer makes of the batch (P3, P4).
 *
 * An attempt is a row before its first byte leaves. Its answer is one of six things:
 *   accepted       queued at the bureau under a receipt that no other batch had → poll
 *   refused        nothing of the call was stored → halve the batch down to the guilty invoice (design D14)
 *   number held    nothing of the call was stored, a number in it was before → one by one, so that each is answered alone
 *   never sent     nothing left, or the platform did not process it → `reserved`, again later
 *   unit fault     nothing was processed and a person must mend the channel → parked
 *   in doubt       anything else → the same bytes again on the schedule of `backoff.ts`
 * Once in doubt, an invoice only moves on by an acceptance: a later refusal proves nothing about the earlier attempt, and
 * its parts, each with the bytes it had, are as much in doubt as the whole was.
 */
import type { ParkCause } from '../kernel/fault.js'
import { ageOfId, type IdSource } from '../kernel/ids.js'
import { assertNever } from '../kernel/never.js'
import { after, type Clock, type Instant } from '../kernel/time.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import { DOUBT_MS_MAX, doubtDelayMs, neverSentDelayMs, pollDelayMs, type Random } from './backoff.js'
import type { FrozenText } from './batch-ports.js'
import type { CallOptions, InvoiceUploader, UploadAnswer } from './bureau.js'
import type { Hold } from './held.js'
import type { IncidentKind, IncidentReport } from './incidents.js'
import type { IssuingStore } from './ports.js'
import { hashBatch } from './reserve.js'
import { IN_DOUBT, type RestDeps, restWhileStopped, UNSENT } from './rest.js'
import { type SettleDeps, settleVerdicts, type Verdict, type WrittenEvent } from './settle.js'
import { type Tx, transactSurely } from './transaction.js'

/** Longest wait for the answer to an upload; after it the batch is in doubt. */
const UPLOAD_TIMEOUT_MS = 60_000

export interface UploadDeps extends SettleDeps, RestDeps {
  store: IssuingStore
  uploader: Pick<InvoiceUploader, 'upload'>
  ids: IdSource
  clock: Clock
  random: Random
  owner: string
  leaseMs: number
  report: (report: UploadReport | IncidentReport) => void
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
  /** From reserved to accepted; null: not accepted. */
  waitedMs: number | null
}

/** What the caller should do next with the batch; `delayMs` counts from the commit. */
export type UploadEnd =
  | { next: 'poll'; delayMs: number }
  | { next: 'later'; delayMs: number }
  | { next: 'divided'; children: readonly Sendable[] }
  | { next: 'publish'; events: readonly WrittenEvent[] }
  | { next: 'person'; incident: IncidentKind }
  | { next: 'nothing' }

/** An attempt that was opened, and the instant at which its answer was there. */
interface Attempt {
  id: string
  no: number
  at: Instant
}

type Unaccepted = Exclude<UploadAnswer, { kind: 'accepted' }>

/** This worker stood still between the attempt and its first byte; whoever holds the batch sends it. */
const NOT_SENT: Unaccepted = { kind: 'never_sent', code: 'STO-lease-lost', message: '', retryAfterMs: 0 }

/**
 * Opens an attempt, sends the frozen bytes, writes what came of it. The call begins with a fresh lease or not at all, and
 * is given up when the lease is not trusted any more.
 */
export async function upload(deps: UploadDeps, batch: Sendable, hold: Hold): Promise<UploadEnd> {
  const isResting = (await restWhileStopped(deps, batch, batch.wasInDoubt ? IN_DOUBT : UNSENT)) !== null
  if (isResting) return { next: 'nothing' }
  const startedAt = deps.clock.now()
  const deadlineAt = after(startedAt, UPLOAD_TIMEOUT_MS)
  const attemptId = deps.ids.uuid()
  const opening = { id: batch.id, fence: batch.fence, attemptId, startedAt, deadlineAt, leaseMs: deps.leaseMs }
  const opened = await hold.extend(() =>
    transactSurely(deps.store.database, 'upload.open', (tx) => deps.store.batches.openAttempt(tx, opening)),
  )
  if (opened === null) return { next: 'nothing' }
  const options = { deadline: deadlineAt, signal: hold.signal, isRetry: opened.attemptNo > 1 }
  const answer = hold.isTrusted() ? await send(deps, batch, options) : NOT_SENT
  const attempt = { id: attemptId, no: opened.attemptNo, at: deps.clock.now() }
  const { end, taken } = await hold.extend(() =>
    transactSurely(deps.store.database, 'upload.conclude', (tx) => conclude(deps, tx, batch, attempt, answer)),
  )
  deps.report({
    event: 'batch.uploaded',
    batchId: batch.id,
    taxNo: batch.unit.taxNo,
    size: batch.items.length,
    attemptNo: attempt.no,
    outcome: taken.kind,
    code: 'code' in taken ? taken.code : null,
    durationMs: attempt.at - startedAt,
    waitedMs: taken.kind === 'accepted' ? ageOfId(batch.id, attempt.at) : null,
  })
  if (end.next === 'person') {
    const about = { batchId: batch.id, taxNo: batch.unit.taxNo, count: batch.items.length }
    deps.report({ event: 'incident.noted', kind: end.incident, ...about })
  }
  return end
}

function send({ uploader }: UploadDeps, batch: Sendable, options: CallOptions): Promise<UploadAnswer> {
  const texts = batch.items.map((item) => item.frozen)
  return uploader.upload(batch.unit, texts, options)
}

/** `taken` is what the answer was taken for: one under the receipt of another batch is none (design D14). */
async function conclude(
  deps: UploadDeps,
  tx: Tx,
  batch: Sendable,
  attempt: Attempt,
  answer: UploadAnswer,
): Promise<{ end: UploadEnd; taken: UploadAnswer }> {
  if (answer.kind === 'accepted') {
    const delayMs = pollDelayMs(0, batch.unit.direct.poll)
    const { receiptNo, requestId } = answer
    const receipt = { attemptId: attempt.id, receiptNo, requestId }
    const accepted = { id: batch.id, fence: batch.fence, ...receipt, at: attempt.at, dueAt: after(attempt.at, delayMs) }
    const accepting = await deps.store.batches.accept(tx, accepted)
    if (accepting !== 'receipt_of_other') {
      return { end: accepting === 'accepted' ? { next: 'poll', delayMs } : { next: 'nothing' }, taken: answer }
    }
  }
  const taken = answer.kind === 'accepted' ? distrust(answer) : answer
  const receiptNo = answer.kind === 'accepted' ? answer.receiptNo : null
  const [end] = await Promise.all([
    decide(deps, tx, batch, attempt, taken),
    closeAttempt(deps, tx, attempt, taken, receiptNo),
  ])
  return { end, taken }
}

/** The answer belongs to another upload. */
function distrust({ requestId }: { requestId: string | null }): Unaccepted {
  return { kind: 'in_doubt', code: 'BUR-RECEIPT-known', message: '受理流水号属于另一批次，不予采信', requestId }
}

function closeAttempt(
  deps: UploadDeps,
  tx: Tx,
  attempt: Attempt,
  answer: Unaccepted,
  receiptNo: string | null,
): Promise<void> {
  return deps.store.batches.closeAttempt(tx, {
    id: attempt.id,
    outcome: answer.kind === 'number_held' ? 'refused' : answer.kind,
    leftProcess: answer.kind !== 'never_sent',
    receiptNo,
    requestId: 'requestId' in answer ? answer.requestId : null,
    answer: { code: answer.code, message: answer.message },
    finishedAt: attempt.at,
  })
}

async function decide(
  deps: UploadDeps,
  tx: Tx,
  batch: Sendable,
  attempt: Attempt,
  answer: Unaccepted,
): Promise<UploadEnd> {
  const { at } = attempt
  switch (answer.kind) {
    case 'in_doubt':
      return doubt(deps, tx, batch, attempt)
    case 'never_sent':
      return postpone(deps, tx, batch, answer.retryAfterMs ?? neverSentDelayMs(attempt.no, deps.random), null, at)
    case 'rate_limited':
      return postpone(deps, tx, batch, answer.retryAfterMs, null, at)
    case 'unit_fault':
      return postpone(deps, tx, batch, 0, answer.park, at)
    case 'number_held':
      if (batch.items.length > 1) return divide(deps, tx, batch, 1, at)
      if (batch.wasInDoubt) return doubt(deps, tx, batch, attempt)
      // On a first send the number is held by something that is not ours (design D4).
      return giveToPerson(deps, tx, batch, 'number_held_at_first', answer, at)
    case 'refused':
      if (batch.items.length > 1) return divide(deps, tx, batch, Math.ceil(batch.items.length / 2), at)
      if (batch.wasInDoubt) return doubt(deps, tx, batch, attempt)
      if (answer.park !== null) return postpone(deps, tx, batch, 0, answer.park, at)
      return refuse(deps, tx, batch, answer, at)
    default:
      return assertNever(answer)
  }
}

/** Same number, same bytes, again later; after a day a person looks at it and nothing is given back. */
async function doubt(deps: UploadDeps, tx: Tx, batch: Sendable, attempt: Attempt): Promise<UploadEnd> {
  const { at } = attempt
  const since = batch.doubtSince ?? at
  if (at - since >= DOUBT_MS_MAX) return giveToPerson(deps, tx, batch, 'doubt_too_long', null, at)
  const delayMs = doubtDelayMs(attempt.no)
  const isMoved = await deps.store.batches.move(tx, {
    id: batch.id,
    fence: batch.fence,
    from: ['sending'],
    to: 'in_doubt',
    doubtSince: since,
    dueAt: after(at, delayMs),
    release: true,
    at,
    invoices: { from: ['sending', 'in_doubt'], to: 'in_doubt' },
  })
  return isMoved ? { next: 'later', delayMs } : { next: 'nothing' }
}

/** Nothing more can be found out by asking: number and quota stay as they are until two people have decided. */
async function giveToPerson(
  deps: UploadDeps,
  tx: Tx,
  batch: Sendable,
  kind: 'number_held_at_first' | 'doubt_too_long',
  answer: { code: string; message: string } | null,
  at: Instant,
): Promise<UploadEnd> {
  const isMoved = await deps.store.batches.move(tx, {
    id: batch.id,
    fence: batch.fence,
    from: ['sending'],
    to: 'needs_person',
    dueAt: null,
    release: true,
    at,
    invoices: { from: ['sending', 'in_doubt'], to: 'needs_person' },
  })
  if (!isMoved) return { next: 'nothing' }
  await deps.store.incidents.note(tx, [{ kind, batchId: batch.id, invoiceId: null, at, detail: { answer } }])
  return { next: 'person', incident: kind }
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
  const isMoved = await deps.store.batches.move(tx, {
    id: batch.id,
    fence: batch.fence,
    from: ['sending'],
    to: batch.wasInDoubt ? 'in_doubt' : 'reserved',
    parkCause,
    dueAt: after(at, delayMs),
    release: true,
    at,
    invoices: { from: ['sending', 'in_doubt'], to: batch.wasInDoubt ? 'in_doubt' : 'reserved' },
  })
  return isMoved ? { next: 'later', delayMs } : { next: 'nothing' }
}

/** Parts of at most `partSize`, each with the bytes it had and, like the whole, in doubt or not. */
async function divide(deps: UploadDeps, tx: Tx, batch: Sendable, partSize: number, at: Instant): Promise<UploadEnd> {
  const lease = { owner: deps.owner, until: after(at, deps.leaseMs) }
  const children: Sendable[] = []
  const ranges = []
  for (let from = 0; from < batch.items.length; from += partSize) {
    const items = batch.items.slice(from, from + partSize)
    const id = deps.ids.uuid()
    children.push({ ...batch, id, fence: 1n, items })
    const positions = { positionsFrom: from, positionsTo: from + items.length - 1 }
    ranges.push({ id, ...positions, frozenSha256: hashBatch(items), lease })
  }
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
