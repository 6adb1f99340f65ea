/**
 * The same order again: what may happen, and what must not (contract: RabbitMQ).
 *
 *   same content, or the same draft under the pinned mapping version   → duplicate: nothing happens again
 *   other content, and the order was rejected (nothing was ever sent)  → a new revision with its own single result
 *   other content otherwise                                            → conflict: recorded, no effect
 *
 * Nearly every repeat has the very bytes of the first message, whose hash is stored. Other bytes are compared with the
 * stored ones, both read and mapped by this release: a hash made by an older one would not tell the same.
 */
import { hashDraft } from '../invoice/draft-hash.js'
import { toCanonicalText } from '../order/canonical-text.js'
import { decodeOrder } from '../order/decode.js'
import type { OrderMapper } from '../order/mapper.js'
import type { ExistingOrder } from './ports.js'

export type RepeatDecision = 'duplicate' | 'conflict' | 'new_revision'

export function decideRepeat({ state }: Pick<ExistingOrder, 'state'>, isSame: boolean): RepeatDecision {
  if (isSame) return 'duplicate'
  return state === 'rejected' ? 'new_revision' : 'conflict'
}

/**
 * Whether two bodies say the same: equal JSON values, or equal drafts.
 *
 * @param mapper of the version that the existing order is pinned to; null when there is none
 */
export function isSameContent(existing: Buffer, incoming: Buffer, mapper: OrderMapper | null): boolean {
  const [before, again] = [decodeOrder(existing), decodeOrder(incoming)]
  if (before.kind === 'fault' || again.kind === 'fault') return false
  if (toCanonicalText(before.value) === toCanonicalText(again.value)) return true
  if (mapper === null) return false
  const [draft, draftAgain] = [mapper.map(before.value), mapper.map(again.value)]
  return draft.kind === 'draft' && draftAgain.kind === 'draft' && hashDraft(draft.draft) === hashDraft(draftAgain.draft)
}
