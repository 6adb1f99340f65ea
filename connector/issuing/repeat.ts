/**
 * The same order again: what may happen, and what must not (contract: RabbitMQ).
 *
 *   same content, or the same draft under the pinned mapping version   → duplicate: nothing happens again
 *   other content, and the order was rejected (nothing was ever sent)  → a new revision with its own single result
 *   other content otherwise                                            → conflict: recorded, no effect
 */
import type { ExistingOrder, NewOrder } from './ports.js'

export type RepeatDecision = 'duplicate' | 'conflict' | 'new_revision'

/**
 * @param hashUnderPinned the draft's hash when the incoming body is mapped by the version that the existing order is
 *   pinned to; asked only when the versions differ and the contents do.
 */
export function decideRepeat(
  existing: ExistingOrder,
  incoming: NewOrder,
  hashUnderPinned: (mappingVersionId: string) => string | null,
): RepeatDecision {
  if (existing.contentSha256 === incoming.contentSha256) return 'duplicate'
  if (isSameDraft(existing, incoming, hashUnderPinned)) return 'duplicate'
  return existing.state === 'rejected' ? 'new_revision' : 'conflict'
}

function isSameDraft(
  existing: ExistingOrder,
  incoming: NewOrder,
  hashUnderPinned: (mappingVersionId: string) => string | null,
): boolean {
  if (existing.draftSha256 === null || existing.mappingVersionId === null) return false
  const hash =
    existing.mappingVersionId === incoming.mappingVersionId
      ? incoming.draftSha256
      : hashUnderPinned(existing.mappingVersionId)
  return hash === existing.draftSha256
}
