/**
 * Ending by hand what nobody could find out: one person proposes with a reason, another one approves, and then the invoice
 * ends like any other: quota, number, the order's end and what is told of it, in one transaction (reliability 3.2).
 *
 * Also for an invoice that had ended when the bureau said otherwise: approving what was told only closes the incident;
 * approving the opposite turns it round, and an order that was told gets a correction, never a second final.
 * The proposal is an entry of the log of actions, and so is the approval, under a key of its own: asked twice, done once.
 */
import { fen } from '../kernel/amount.js'
import type { IdSource } from '../kernel/ids.js'
import { Defect } from '../kernel/never.js'
import type { Clock, Instant } from '../kernel/time.js'
import type { Refusal } from './batch-ports.js'
import { HandRefused, NO_PROPOSAL, requireName, requireReason, requireTwoPeople } from './by-hand.js'
import type { Directory } from './directory.js'
import type { DoubtCase, DoubtStore, Proposal } from './doubt-ports.js'
import { endOrders, makeCorrection, type Seller } from './end-orders.js'
import type { IssuingStore } from './ports.js'
import { type Tx, transactSurely } from './transaction.js'

export interface CloseDeps {
  store: IssuingStore
  doubts: DoubtStore
  directory: () => Pick<Directory, 'unit' | 'businessType'>
  ids: IdSource
  clock: Clock
}

const NOT_WAITING = () =>
  new HandRefused('HND-not-waiting', '该号码没有等待人工处理的发票', 'no invoice with this number waits for a person')

/** What the order system reads of an invoice that two people found not to exist. */
const NOT_ISSUED: Refusal = {
  code: 'BUR-by-hand',
  message: '经人工核实，税局未开具此发票',
  messageEn: 'two people have verified that the tax bureau did not issue this invoice',
}

/** Proposes how an invoice should end. Errors: HandRefused. Shape: the id of the proposal. */
export async function proposeClosing(
  deps: CloseDeps,
  proposal: { invoiceNumber: string; verdict: Proposal['verdict']; reason: string; by: string },
): Promise<{ id: bigint }> {
  const { invoiceNumber, verdict, by } = proposal
  const reason = requireReason(proposal.reason)
  const actor = requireName(by)
  return deps.store.database.transaction('doubt.propose', async (tx) => {
    const found = await deps.doubts.lock(tx, invoiceNumber)
    if (found === null) throw NOT_WAITING()
    return deps.store.actions.append(tx, {
      kind: 'doubt.propose',
      actor,
      subject: invoiceNumber,
      reason,
      approver: null,
      detail: { verdict, invoiceId: found.invoiceId },
      at: deps.clock.now(),
      key: null,
    })
  })
}

export interface Closing {
  proposal: Proposal
  /** false: it had been approved before; nothing happened again. */
  isNew: boolean
}

/** Carries a proposal out. Errors: HandRefused, also when proposer and approver are one person. */
export function approveClosing(deps: CloseDeps, approval: { id: bigint; by: string }): Promise<Closing> {
  const approver = requireName(approval.by)
  return transactSurely(deps.store.database, 'doubt.close', async (tx) => {
    const proposal = await deps.doubts.loadProposal(tx, approval.id)
    if (proposal === null) throw NO_PROPOSAL()
    requireTwoPeople(proposal.by, approver)
    const at = deps.clock.now()
    const { invoiceNumber, invoiceId, verdict, reason } = proposal
    const { isNew } = await deps.store.actions.append(tx, {
      kind: 'doubt.close',
      actor: proposal.by,
      subject: invoiceNumber,
      reason,
      approver,
      detail: { proposalId: proposal.id.toString(), verdict, invoiceId },
      at,
      key: `doubt.close/${proposal.id}`,
    })
    if (isNew) await close(deps, tx, proposal, at)
    return { proposal, isNew }
  })
}

async function close(deps: CloseDeps, tx: Tx, proposal: Proposal, at: Instant): Promise<void> {
  const found = await deps.doubts.lock(tx, proposal.invoiceNumber)
  if (found === null || found.invoiceId !== proposal.invoiceId) throw NOT_WAITING()
  const unit = deps.directory().unit(found.usingUnitId)
  if (unit === null)
    throw new HandRefused('HND-no-unit', '该使用单位已不存在', 'the using unit is not configured any more')
  const to = proposal.verdict === 'issued' ? 'issued' : 'rejected'
  const isTurned = found.state !== to
  if (isTurned) await turn(deps, tx, found, to, at)
  const heldCount = await deps.doubts.closeIncidents(tx, { ...found, at })
  if (found.isOrderOpen) {
    const endedCount = heldCount + (found.state === 'needs_person' ? 1 : 0)
    await endOrder(deps, tx, unit, { orderId: found.orderId, count: endedCount }, at)
  } else if (isTurned) {
    await correct(deps, tx, unit, found.orderId, at)
  }
  await deps.store.signals.announce(tx, ['events'])
}

/** Invoice, quota and number as the verdict says. A number that was in doubt is never used again. */
async function turn(deps: CloseDeps, tx: Tx, found: DoubtCase, to: 'issued' | 'rejected', at: Instant): Promise<void> {
  const { invoiceId, state: from, usingUnitId, period, quotaAmount, batchId } = found
  if (to === 'issued' && found.isNumberElsewhere) {
    const message = '该号码已用于另一张发票，请先核对那一张'
    throw new HandRefused(
      'HND-number-elsewhere',
      message,
      'another invoice has this number by now: look into that first',
    )
  }
  const none = fen(0n)
  await deps.doubts.endInvoice(tx, { invoiceId, from, to, refusal: to === 'issued' ? null : NOT_ISSUED, at })
  if (from === 'needs_person') {
    const [settledAmount, releasedAmount] = to === 'issued' ? [quotaAmount, none] : [none, quotaAmount]
    await deps.store.quota.settle(tx, usingUnitId, period, { settledAmount, releasedAmount, batchId })
  } else {
    const settledAmount = to === 'issued' ? quotaAmount : fen(-quotaAmount)
    if (!(await deps.doubts.moveQuota(tx, usingUnitId, period, { settledAmount, batchId }))) {
      throw new HandRefused('HND-quota', '发票额度不足，请先下载额度', 'not enough credit quota: download some first')
    }
  }
  if (to === 'rejected') await deps.store.numbers.giveBack(tx, [found], 'closed_by_hand')
}

async function endOrder(
  deps: CloseDeps,
  tx: Tx,
  seller: Seller,
  ended: { orderId: string; count: number },
  at: Instant,
): Promise<void> {
  const { orders } = deps.store
  const closed = await orders.closeParts(tx, [ended])
  await endOrders(deps, tx, seller, closed, await orders.loadParts(tx, [ended.orderId]), { at, lease: null })
}

async function correct(deps: CloseDeps, tx: Tx, seller: Seller, orderId: string, at: Instant): Promise<void> {
  const order = await deps.doubts.loadTold(tx, orderId)
  if (order === null) throw new Defect(`order ${orderId} has ended without a final result`)
  const parts = await deps.store.orders.loadParts(tx, [orderId])
  const { state, event } = makeCorrection(deps, seller, order, parts, at)
  await deps.doubts.correctOrder(tx, { orderId, state, eventSeq: event.seq, at })
  await deps.store.outbox.insert(tx, [event])
}
