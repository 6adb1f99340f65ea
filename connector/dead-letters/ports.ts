/**
 * Dead letters (死信): messages and orders that stopped and that only a person moves on.
 *
 * A *letter* is a message that nobody could read or that the broker gave up on, or a message or order that waits for what
 * an administrator must mend; and what a person discarded. Not a letter: what waits for numbers, quota, the bureau or a
 * unit's key, because it goes on by itself.
 * Knows: letters, their groups, how they are moved. Must not know: SQL, HTTP, the command line.
 */
import type { InboxDisposition } from '../issuing/states.js'
import type { Tx } from '../issuing/transaction.js'
import type { Fault, ParkCause } from '../kernel/fault.js'
import type { Instant } from '../kernel/time.js'

/** What an operator works on: he mends a mapping, a catalogue or the program, or he held it himself. */
export const LETTER_CAUSES = [
  'mapping_missing',
  'mapping_fault',
  'catalogue_missing',
  'manual_hold',
  'defect',
] as const satisfies readonly ParkCause[]

/** `discarded`: a person decided that nothing becomes of it; row and bytes stay, and it may be released again. */
type LetterState = Extract<InboxDisposition, 'dead' | 'discarded'> | 'parked'

export interface DeadLetter {
  kind: 'message' | 'order'
  /** Of the message or of the order. */
  id: string
  state: LetterState
  /** What a parked one waits for. */
  cause: ParkCause | null
  /** Of its first fault. */
  code: string
  faults: readonly Fault[]
  source: string
  businessType: string
  orderNo: string | null
  /** null for a message: which order it is, is not known yet. */
  orderKey: string | null
  messageId: string | null
  /** The stored message that holds the bytes. */
  inboxId: string
  receivedAt: Instant
}

/** What a letter came with; a body is shown only to who asks for it. */
export interface LetterContent {
  inboxId: string
  body: Buffer
  bodySha256: string
  queue: string
  correlationId: string | null
  traceparent: string | null
}

export interface LetterGroup extends Pick<DeadLetter, 'state' | 'cause' | 'code' | 'businessType'> {
  count: number
  oldestAt: Instant
  newestAt: Instant
}

/** Which letters; what is null does not narrow. */
export interface LetterFilter {
  states: readonly LetterState[]
  code: string | null
  cause: ParkCause | null
  businessType: string | null
  source: string | null
  id: string | null
}

/** What one transaction moved of the letters it chose; fewer than chosen when another was quicker. */
export interface MovedSlice {
  ids: readonly string[]
  chosenCount: number
}

export interface DeadLetterStore {
  /** By state, cause, code and business type; the largest first, at most `limit`. */
  groups(filter: LetterFilter, limit: number): Promise<readonly LetterGroup[]>
  /** Oldest first, behind `after`. */
  page(
    filter: LetterFilter,
    options: { limit: number; after: Pick<DeadLetter, 'receivedAt' | 'id'> | null },
  ): Promise<readonly DeadLetter[]>
  loadContents(inboxIds: readonly string[]): Promise<readonly LetterContent[]>
  /**
   * Puts the oldest letters back into the intake, in their own rows: due at once, in the order of age, with all attempts.
   * Those that a run with this `startedAt` or a later one has released stay, so that a run never goes round in circles.
   */
  release(tx: Tx, filter: LetterFilter, run: { startedAt: Instant; limit: number }): Promise<MovedSlice>
  /** Ends the oldest letters; rows and bytes stay. Discarded ones stay as they are. */
  discard(tx: Tx, filter: LetterFilter, limit: number): Promise<MovedSlice>
  /** Parks the oldest parked letters under `manual_hold`, so that mending their cause does not let them go all at once. */
  hold(tx: Tx, filter: LetterFilter, limit: number): Promise<MovedSlice>
}
