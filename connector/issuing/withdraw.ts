/**
 * Takes back what was frozen too long ago: a batch that is provably not at the bureau and whose issue time no longer
 * serves. Its invoices are drafts again, with a new number and a new issue time to come; number and quota are given back.
 *
 * Source: Leqi rulebook 0.12 (upload in less than 48 h after the issue time), 1.1 (a number serves its year only),
 * 3.1 (quota of another month must not be used).
 */

import { fen } from '../kernel/amount.js'
import type { Clock, Instant } from '../kernel/time.js'
import { taxPeriodOf } from '../kernel/time.js'
import type { BatchItem, HeldBatch } from './batch-ports.js'
import type { IssuingStore } from './ports.js'

/** An hour less than the bureau's limit: the upload itself takes time, and clocks differ. */
const FROZEN_MS_MAX = 47 * 60 * 60 * 1000

export interface WithdrawDeps {
  store: IssuingStore
  clock: Clock
}

/**
 * Whether nothing of a batch can be at the bureau: it was not let in, or its worker died before the first attempt. What
 * was ever in doubt may be there, whatever a later attempt was answered.
 */
export function isUnsent({
  state,
  attempts,
  wasInDoubt,
}: Pick<HeldBatch, 'state' | 'attempts' | 'wasInDoubt'>): boolean {
  return !wasInDoubt && (state === 'reserved' || (state === 'sending' && attempts === 0))
}

/** Whether the bytes of an unsent batch must not leave any more. */
export function isFrozenTooLong(items: readonly Pick<BatchItem, 'issuedAt'>[], now: Instant): boolean {
  return items.some(({ issuedAt }) => now - issuedAt > FROZEN_MS_MAX || taxPeriodOf(issuedAt) !== taxPeriodOf(now))
}

/** Withdraws a held batch that is unsent; false when the fence was lost. */
export async function withdraw(deps: WithdrawDeps, batch: HeldBatch, items: readonly BatchItem[]): Promise<boolean> {
  const at = deps.clock.now()
  const held = { id: batch.id, fence: batch.fence, at }
  return deps.store.database.transaction('batch.withdraw', async (tx) => {
    if (batch.state === 'sending') {
      const invoices = { from: ['sending'] as const, to: 'reserved' as const }
      await deps.store.batches.move(tx, {
        ...held,
        from: ['sending'],
        to: 'reserved',
        dueAt: at,
        release: false,
        invoices,
      })
    }
    const change = { from: ['reserved'] as const, to: 'withdrawn' as const, dueAt: null, release: true, openCount: 0 }
    if (!(await deps.store.batches.move(tx, { ...held, ...change }))) return false
    const thawed = await deps.store.batches.thawInvoices(tx, batch.id, at)
    const back = items.filter((item) => thawed.has(item.invoiceId))
    const [first] = back
    if (first === undefined) return true
    await deps.store.quota.settle(tx, batch.usingUnitId, first.period, {
      settledAmount: fen(0n),
      releasedAmount: fen(back.reduce((sum, item) => sum + item.quotaAmount, 0n)),
      batchId: batch.id,
    })
    await deps.store.numbers.giveBack(tx, back, null)
    await deps.store.signals.announce(tx, ['invoices'])
    return true
  })
}
