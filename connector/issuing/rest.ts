/**
 * A held batch rests while the way to the bureau is stopped for its unit: parked under the stop's cause, as far as it
 * had come. What was in doubt stays in doubt, what is accepted is polled later, what was never sent is reserved.
 *
 * The stop is kept from going until the batch is parked, so that whoever lifts it finds the batch and wakes it.
 */
import type { Clock } from '../kernel/time.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import type { ChannelWatch, StopCause } from './channel-ports.js'
import type { IssuingStore } from './ports.js'
import type { BatchState, InvoiceState } from './states.js'

export interface RestDeps {
  store: Pick<IssuingStore, 'database' | 'stops' | 'batches'>
  channel: Pick<ChannelWatch, 'stopOf'>
  clock: Clock
}

interface RestingBatch {
  id: string
  unit: UsingUnit
  fence: bigint
}

/** From where a batch rests, and where it is found again. */
interface Place {
  from: readonly BatchState[]
  to: BatchState
  invoices: { from: readonly InvoiceState[]; to: InvoiceState }
}

export const UNSENT: Place = {
  from: ['sending', 'reserved'],
  to: 'reserved',
  invoices: { from: ['sending'], to: 'reserved' },
}
export const IN_DOUBT: Place = {
  from: ['sending', 'in_doubt'],
  to: 'in_doubt',
  invoices: { from: ['sending'], to: 'in_doubt' },
}
export const ACCEPTED: Place = {
  from: ['accepted'],
  to: 'accepted',
  invoices: { from: ['accepted'], to: 'accepted' },
}

/** The cause under which it rests now; null: nothing holds it back. */
export async function restWhileStopped(deps: RestDeps, batch: RestingBatch, place: Place): Promise<StopCause | null> {
  if (deps.channel.stopOf(batch.unit) === null) return null
  return deps.store.database.transaction('batch.rest', async (tx) => {
    const cause = await deps.store.stops.hold(tx, batch.unit)
    if (cause === null) return null
    const at = deps.clock.now()
    const { id, fence } = batch
    await deps.store.batches.move(tx, { id, fence, ...place, parkCause: cause, dueAt: null, release: true, at })
    return cause
  })
}
