/**
 * The states of the story and the moves that are allowed; nothing else (reliability: state machine).
 *
 *   INBOX    stored → accepted | ignored | duplicate | conflict | rejected | dead        stored ⇄ parked
 *            stored (parked) | dead → discarded, and dead | discarded → stored: a person decides (dead-letters)
 *   ORDER    received → mapped → in_progress → issued | partly_issued | failed           received ⇄ parked
 *            received → rejected
 *   INVOICE  draft → sending → accepted → issued | rejected                              draft ⇄ parked
 *            sending → reserved (provably never sent) → sending
 *            sending → in_doubt → accepted | issued | needs_person
 *            needs_person → issued | rejected (two people, `close-by-hand.ts`)
 *            sending | accepted → reserved (the bureau refused for a cause that time cures: same number, same bytes, later)
 *            reserved → draft (frozen too long ago to be sent; number and quota given back)
 *            reserved | sending | accepted → in_doubt (the database is an older copy, `restore.ts`)
 *   BATCH    sending | reserved | in_doubt | accepted → … → settled | refused | divided | withdrawn | needs_person
 *   MOVE     planned → sent → granted | refused | in_doubt;  in_doubt → sent
 *   EVENT    pending → published;  published → pending (replayed);  by_callback: RabbitMQ never sees it
 *   DELIVERY pending → delivered | retrying | exhausted;  retrying → delivered | exhausted;  delivered | exhausted → pending
 *            (replayed)
 *
 * Nothing follows an end, but for a correction: two people who find that the bureau's first word was false turn it round.
 * What was once in doubt never goes back to `reserved` or `draft`: same number, same bytes, until the bureau answered.
 */
export type InboxDisposition = 'accepted' | 'ignored' | 'duplicate' | 'conflict' | 'rejected' | 'dead' | 'discarded'

export type OrderState = 'received' | 'mapped' | 'in_progress' | 'issued' | 'partly_issued' | 'failed' | 'rejected'

export type InvoiceState =
  | 'draft'
  | 'reserved'
  | 'sending'
  | 'in_doubt'
  | 'accepted'
  | 'issued'
  | 'rejected'
  | 'needs_person'

export type BatchState =
  | 'reserved'
  | 'sending'
  | 'in_doubt'
  | 'accepted'
  | 'settled'
  | 'refused'
  | 'divided'
  | 'withdrawn'
  | 'needs_person'

export type MoveState = 'planned' | 'sent' | 'in_doubt' | 'granted' | 'refused'

/** Of a result on its way by HTTP callback. */
export type DeliveryState = 'pending' | 'delivered' | 'retrying' | 'exhausted'

export const ORDER_MOVES: Record<OrderState, readonly OrderState[]> = {
  received: ['mapped', 'rejected'],
  mapped: ['in_progress', 'rejected'],
  in_progress: ['issued', 'partly_issued', 'failed'],
  issued: [],
  partly_issued: [],
  failed: [],
  rejected: [],
}

export const INVOICE_MOVES: Record<InvoiceState, readonly InvoiceState[]> = {
  draft: ['sending'],
  reserved: ['sending', 'draft', 'in_doubt'],
  sending: ['reserved', 'in_doubt', 'accepted', 'rejected', 'needs_person'],
  in_doubt: ['accepted', 'needs_person'],
  accepted: ['issued', 'rejected', 'reserved', 'in_doubt', 'needs_person'],
  issued: [],
  rejected: [],
  needs_person: ['issued', 'rejected'],
}

export const BATCH_MOVES: Record<BatchState, readonly BatchState[]> = {
  reserved: ['sending', 'withdrawn', 'in_doubt'],
  sending: ['reserved', 'in_doubt', 'accepted', 'refused', 'divided', 'needs_person'],
  in_doubt: ['sending', 'needs_person'],
  accepted: ['accepted', 'settled', 'in_doubt', 'needs_person'],
  settled: [],
  refused: [],
  divided: [],
  withdrawn: [],
  needs_person: [],
}

export const MOVE_MOVES: Record<MoveState, readonly MoveState[]> = {
  planned: ['sent', 'refused'],
  sent: ['granted', 'refused', 'in_doubt', 'planned'],
  in_doubt: ['sent', 'refused'],
  granted: [],
  refused: [],
}

/** The order's end once every part of it has ended. */
export function orderEnd(parts: { issuedCount: number; rejectedCount: number }): 'issued' | 'partly_issued' | 'failed' {
  if (parts.rejectedCount === 0) return 'issued'
  return parts.issuedCount === 0 ? 'failed' : 'partly_issued'
}
