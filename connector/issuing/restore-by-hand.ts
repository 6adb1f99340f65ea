/**
 * What people do about a restore: say that there was one, keep orders back that were issued since the backup, and let a
 * unit issue again although the bureau knows more. The last one takes two people.
 */
import type { IdSource } from '../kernel/ids.js'
import type { Clock } from '../kernel/time.js'
import { HandRefused, NO_PROPOSAL, requireName, requireReason, requireTwoPeople } from './by-hand.js'
import type { IssuingStore } from './ports.js'
import { releaseHeld } from './restore.js'
import type { RestoreStore } from './restore-ports.js'
import { transactSurely } from './transaction.js'

/** Orders kept back by one call. */
const EXCLUDED_COUNT_MAX = 10_000

export interface RestoreHandDeps {
  store: IssuingStore
  restores: RestoreStore
  ids: IdSource
  clock: Clock
}

interface Hand {
  reason: string
  by: string
}

/** Treats the database as an older copy from now on. Errors: HandRefused. */
export async function declareRestore(deps: RestoreHandDeps, hand: Hand): Promise<void> {
  const reason = requireReason(hand.reason)
  const actor = requireName(hand.by)
  const at = deps.clock.now()
  const id = deps.ids.uuid()
  await transactSurely(deps.store.database, 'other', async (tx) => {
    const action = { kind: 'restore.declare', subject: id, approver: null, detail: {} } as const
    const { isNew } = await deps.store.actions.append(tx, {
      ...action,
      actor,
      reason,
      at,
      key: `restore.declare/${id}`,
    })
    if (!isNew) return
    await deps.restores.begin(tx, { id, ground: 'operator', detail: { reason }, at })
    await deps.store.signals.announce(tx, ['settings'])
  })
}

/** Proposes that a held unit issues again. Errors: HandRefused. Shape: the id of the proposal. */
export async function proposeRelease(deps: RestoreHandDeps, hand: Hand & { taxNo: string }): Promise<{ id: bigint }> {
  const reason = requireReason(hand.reason)
  const actor = requireName(hand.by)
  const unit = (await deps.restores.list()).find(({ taxNo }) => taxNo === hand.taxNo)
  if (unit?.state !== 'held') throw notHeld()
  const { usingUnitId, restoreId, findings } = unit
  return deps.store.database.transaction('other', (tx) =>
    deps.store.actions.append(tx, {
      kind: 'restore.propose',
      actor,
      subject: hand.taxNo,
      reason,
      approver: null,
      detail: { usingUnitId, restoreId, findings },
      at: deps.clock.now(),
      key: null,
    }),
  )
}

/** Lets the unit issue again. Errors: HandRefused, also when proposer and approver are one person. */
export async function approveRelease(
  deps: RestoreHandDeps,
  approval: { id: bigint; by: string },
): Promise<{ taxNo: string; isNew: boolean }> {
  const approver = requireName(approval.by)
  return transactSurely(deps.store.database, 'other', async (tx) => {
    const proposal = await deps.restores.loadProposal(tx, approval.id)
    if (proposal === null) throw NO_PROPOSAL()
    requireTwoPeople(proposal.by, approver)
    const { taxNo, usingUnitId, restoreId, reason } = proposal
    const { isNew } = await deps.store.actions.append(tx, {
      kind: 'restore.release',
      actor: proposal.by,
      subject: taxNo,
      reason,
      approver,
      detail: { proposalId: proposal.id.toString(), usingUnitId, restoreId },
      at: deps.clock.now(),
      key: `restore.release/${proposal.id}`,
    })
    if (isNew && !(await releaseHeld(deps, tx, usingUnitId, restoreId))) throw notHeld()
    return { taxNo, isNew }
  })
}

/** Keeps back orders that were issued since the backup, by their keys. Shape: those that were found waiting. */
export async function excludeOrders(
  deps: RestoreHandDeps,
  hand: Hand & { orderKeys: readonly string[] },
): Promise<readonly string[]> {
  const reason = requireReason(hand.reason)
  const actor = requireName(hand.by)
  if (hand.orderKeys.length > EXCLUDED_COUNT_MAX) {
    const count = EXCLUDED_COUNT_MAX.toString()
    throw new HandRefused('HND-count', `一次最多 ${count} 个订单`, `at most ${count} orders at once`)
  }
  return deps.store.database.transaction('other', async (tx) => {
    const found = await deps.restores.exclude(tx, hand.orderKeys)
    const action = { kind: 'restore.exclude', subject: 'orders', approver: null, detail: { orderKeys: found } } as const
    await deps.store.actions.append(tx, { ...action, actor, reason, at: deps.clock.now(), key: null })
    return found
  })
}

function notHeld(): HandRefused {
  return new HandRefused('HND-not-held', '该使用单位没有等待人工放行', 'this unit does not wait for a person')
}
