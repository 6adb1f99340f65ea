/**
 * Asks the bureau for the verdicts of accepted batches, and settles what it says.
 *
 * A poll changes nothing at the bureau, so any failure of it only means: ask again. A refusal is asked for twice, since it
 * gives a number and a sum back. When the bureau keeps the result no longer (12 h), or when the receipt turns out to be
 * that of another upload (design D14), the same bytes are uploaded again, and `03` then tells of our own earlier success;
 * when a day has passed without a verdict, a person looks.
 */
import { after, type Clock, type Instant } from '../kernel/time.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import { DOUBT_MS_MAX, doubtDelayMs, pollDelayMs, RESULT_WINDOW_MS, unseenResultMs } from './backoff.js'
import type { BatchItem, HeldBatch } from './batch-ports.js'
import type { InvoiceUploader, ResultAnswer, ResultRow } from './bureau.js'
import type { Hold } from './held.js'
import type { IncidentKind, IncidentReport, NewIncident } from './incidents.js'
import type { IssuingStore } from './ports.js'
import { ACCEPTED, type RestDeps, restWhileStopped } from './rest.js'
import {
  isOpen,
  type Judgement,
  judge,
  type SettleDeps,
  settleVerdicts,
  type Verdict,
  type WrittenEvent,
} from './settle.js'
import { type Tx, transactSurely } from './transaction.js'

/** Longest wait for the answer to a query. */
const QUERY_TIMEOUT_MS = 30_000

export interface PollDeps extends SettleDeps, RestDeps {
  store: IssuingStore
  uploader: Pick<InvoiceUploader, 'queryResult'>
  clock: Clock
  report: (report: PollReport | IncidentReport) => void
}

interface PollReport {
  event: 'batch.polled'
  batchId: string
  taxNo: string
  answer: ResultAnswer['kind'] | Exclude<Judgement['kind'], 'verdicts'> | 'of_others' | 'too_late'
  code: string | null
  issuedCount: number
  refusedCount: number
  openCount: number
  durationMs: number
  /** From accepted to the last verdict of the batch; null: there is none yet. */
  waitedMs: number | null
}

/** What the caller does next: publish what is committed, and look again so long after (null: the batch is closed). */
export interface PollEnd {
  delayMs: number | null
  events: readonly WrittenEvent[]
}

/** Polls one held batch; the question is given up when the lease is not trusted any more, and another asks it again. */
export async function poll(deps: PollDeps, batch: HeldBatch, unit: UsingUnit, hold: Hold): Promise<PollEnd> {
  if ((await restWhileStopped(deps, { ...batch, unit }, ACCEPTED)) !== null) return { delayMs: null, events: [] }
  const startedAt = deps.clock.now()
  const answer = await ask(deps, batch, unit, hold, startedAt)
  const at = deps.clock.now()
  const outcome = await hold.extend(() =>
    transactSurely(deps.store.database, answer === null ? 'poll.doubt' : 'poll.settle', (tx) =>
      answer === null ? doubt(deps, tx, batch, null, at) : conclude(deps, tx, batch, unit, answer, at),
    ),
  )
  const { verdicts, incident } = outcome
  const isSettled = verdicts.length > 0 && outcome.openCount === 0
  deps.report({
    event: 'batch.polled',
    batchId: batch.id,
    taxNo: unit.taxNo,
    answer: outcome.answer,
    code: answer !== null && 'code' in answer ? answer.code : null,
    issuedCount: verdicts.filter(({ to }) => to === 'issued').length,
    refusedCount: verdicts.filter(({ to }) => to !== 'issued').length,
    openCount: outcome.openCount,
    durationMs: at - startedAt,
    waitedMs: isSettled && batch.acceptedAt !== null ? Math.max(0, at - batch.acceptedAt) : null,
  })
  if (incident !== null) {
    deps.report({ event: 'incident.noted', batchId: batch.id, taxNo: unit.taxNo, ...incident })
  }
  const isOpenStill = outcome.events !== null && outcome.openCount > 0
  return { delayMs: isOpenStill ? outcome.dueAt - at : null, events: outcome.events ?? [] }
}

/** null: there is nothing to ask for any more. */
async function ask(
  deps: PollDeps,
  batch: HeldBatch,
  unit: UsingUnit,
  { signal }: Hold,
  now: Instant,
): Promise<ResultAnswer | null> {
  const { receiptNo } = batch
  if (receiptNo === null || isWindowPassed(batch, now)) return null
  const query = () =>
    deps.uploader.queryResult(unit, receiptNo, { deadline: after(deps.clock.now(), QUERY_TIMEOUT_MS), signal })
  const answer = await query()
  if (answer.kind !== 'results' || answer.rows.every(({ status }) => status !== 'refused')) return answer
  return { ...answer, rows: onlyConfirmed(answer.rows, await query()) }
}

/**
 * A refusal that the second answer does not repeat is none yet. One that stands beside another word about its number stays
 * where it is: without it the other word would be believed.
 */
function onlyConfirmed(rows: readonly ResultRow[], second: ResultAnswer): readonly ResultRow[] {
  const confirming = second.kind === 'results' ? second.rows : []
  const refused = new Set(
    confirming.filter(({ status }) => status === 'refused').map(({ invoiceNumber }) => invoiceNumber),
  )
  const counts = new Map<string, number>()
  for (const { invoiceNumber } of rows) counts.set(invoiceNumber, (counts.get(invoiceNumber) ?? 0) + 1)
  const isKept = ({ status, invoiceNumber }: ResultRow) =>
    status !== 'refused' || refused.has(invoiceNumber) || (counts.get(invoiceNumber) ?? 0) > 1
  return rows.map((row) => (isKept(row) ? row : { ...row, status: 'unknown', park: null }))
}

interface Outcome {
  answer: PollReport['answer']
  verdicts: readonly Verdict[]
  openCount: number
  /** null: the fence was lost and nothing was written. */
  events: readonly WrittenEvent[] | null
  /** When to look at the batch again while it is open. */
  dueAt: Instant
  incident: { kind: IncidentKind; count: number } | null
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
  // The first time it may be the answer that went astray, so that one is only asked for again.
  if (batch.polls > 0 && isOfOthers(items, rows)) return doubt(deps, tx, batch, items, at)
  if (answer.kind === 'not_ready' && isUnseen(batch, at)) return doubt(deps, tx, batch, items, at)
  const judgement = judge(items, rows, batch.wasInDoubt)
  const verdicts = judgement.kind === 'verdicts' ? judgement.verdicts : []
  const polls = batch.polls + 1
  const dueAt = after(at, pollDelayMs(polls, unit.direct.poll))
  const settling = { id: batch.id, unit, fence: batch.fence, from: ['accepted'] as const, closeAs: 'settled' as const }
  const events = await settleVerdicts(deps, tx, { ...settling, dueAt, polls }, items, verdicts, at)
  const openCount = items.filter(isOpen).length - verdicts.length
  const incident = events === null ? null : await note(deps, tx, batch, answer, judgement, at)
  const kind = judgement.kind === 'verdicts' ? answer.kind : judgement.kind
  return { answer: kind, verdicts, openCount, events, dueAt, incident }
}

/** Keeps what must not be in an answer; null when there was nothing of the kind, or it is known. */
async function note(
  deps: PollDeps,
  tx: Tx,
  batch: HeldBatch,
  answer: ResultAnswer,
  judgement: Judgement,
  at: Instant,
): Promise<Outcome['incident']> {
  const incidents = toIncidents(batch, answer, judgement, at)
  const [first] = incidents
  if (first === undefined) return null
  const count = await deps.store.incidents.note(tx, incidents)
  return count === 0 ? null : { kind: first.kind, count }
}

function toIncidents(
  batch: HeldBatch,
  answer: ResultAnswer,
  judgement: Judgement,
  at: Instant,
): readonly NewIncident[] {
  const requestId = 'requestId' in answer ? answer.requestId : null
  const source = { receiptNo: batch.receiptNo, requestId }
  if (judgement.kind === 'contradicted') {
    return judgement.contradictions.map(({ invoiceId, told, said }) => ({
      kind: 'verdict_contradicted',
      batchId: batch.id,
      invoiceId,
      at,
      detail: { ...source, told, said: said.status, message: said.message },
    }))
  }
  if (judgement.kind === 'verdicts' || judgement.because !== 'stranger_named') return []
  return [{ kind: 'stranger_named', batchId: batch.id, invoiceId: null, at, detail: source }]
}

/** Whether an answer speaks of other numbers only: then the receipt that came with our upload was not ours. */
function isOfOthers(
  items: readonly Pick<BatchItem, 'invoiceNumber'>[],
  rows: readonly Pick<ResultRow, 'invoiceNumber'>[],
): boolean {
  const own = new Set<string>(items.map(({ invoiceNumber }) => invoiceNumber))
  return rows.length > 0 && rows.every(({ invoiceNumber }) => !own.has(invoiceNumber))
}

/**
 * Nobody can tell what became of the upload until the same bytes are uploaded again: at once when the receipt is gone
 * (`known` null), after a pause when it was another's. Only what is still open goes again, in a batch of its own when its
 * neighbours have ended: the number of a refused one may be another invoice's by now.
 */
async function doubt(
  deps: PollDeps,
  tx: Tx,
  batch: HeldBatch,
  known: readonly BatchItem[] | null,
  at: Instant,
): Promise<Outcome> {
  const open = (known ?? (await deps.store.batches.loadItems(tx, batch.id))).filter(isOpen)
  const since = batch.doubtSince ?? batch.acceptedAt ?? at
  const held = { id: batch.id, fence: batch.fence, from: ['accepted'] as const, release: true, at }
  const invoices = { from: ['accepted'] as const }
  const dueAt = known === null ? at : after(at, doubtDelayMs(batch.attempts))
  const outcome = { answer: known === null ? ('too_late' as const) : ('of_others' as const), verdicts: [], dueAt }
  const ended = (isMoved: boolean): Outcome => ({
    ...outcome,
    openCount: open.length,
    events: isMoved ? [] : null,
    incident: null,
  })
  if (at - since >= DOUBT_MS_MAX) {
    const toPerson = { ...held, to: 'needs_person' as const, dueAt: null }
    if (!(await deps.store.batches.move(tx, { ...toPerson, invoices: { ...invoices, to: 'needs_person' } })))
      return ended(false)
    const incident = { kind: 'doubt_too_long' as const, batchId: batch.id, invoiceId: null, at, detail: {} }
    await deps.store.incidents.note(tx, [incident])
    return { ...ended(true), openCount: 0, incident: { kind: incident.kind, count: open.length } }
  }
  if (open.length === batch.size) {
    const toDoubt = { ...held, to: 'in_doubt' as const, doubtSince: since, dueAt }
    return ended(await deps.store.batches.move(tx, { ...toDoubt, invoices: { ...invoices, to: 'in_doubt' } }))
  }
  if (!(await deps.store.batches.move(tx, { ...held, to: 'settled', dueAt: null, openCount: 0 }))) return ended(false)
  const rest = { id: deps.ids.uuid(), invoiceIds: open.map(({ invoiceId }) => invoiceId), at }
  await deps.store.batches.setAside(tx, batch.id, { ...rest, to: { state: 'in_doubt', since, dueAt } })
  return ended(true)
}

/** Whether the bureau should long know the receipt: then it may be that of another unit's upload, which it tells nobody else. */
function isUnseen(batch: HeldBatch, now: Instant): boolean {
  return batch.acceptedAt !== null && now - batch.acceptedAt >= unseenResultMs(batch.attempts)
}

function isWindowPassed(batch: HeldBatch, now: Instant): boolean {
  return batch.acceptedAt !== null && now - batch.acceptedAt >= RESULT_WINDOW_MS
}
