/** What a running simulator can be told to do differently; the control doors change it, the desks read it. */
import type { FaultRule, ForcedFault } from './faults.js'

/**
 * What a second upload of a stored number is answered with. The bureau's documents say `03`; the others are switches for
 * tests: `00` and a receipt of its own, as if it had never been stored; `02` with the words that it exists; the receipt
 * of the first upload again; the whole call refused with the words that a number exists.
 */
export const REPEATED_UPLOAD_MODES = ['03', '00', '02', 'same-receipt', 'refuse-call'] as const
export type RepeatedUploadMode = (typeof REPEATED_UPLOAD_MODES)[number]

export interface VerdictDelay {
  /** An invoice answers 01 for a seeded time between the two. */
  minMs: number
  maxMs: number
  /** Before that a receipt is not found at all. */
  hiddenMs: number
}

/** What a test may decide about an invoice; the last is said of the whole call that carries it. */
export const FORCED_STATUSES = ['00', '01', '02', 'refuse-call'] as const

/** A verdict decided by a test: the next uploads that match get it. */
export interface ForcedVerdict {
  match: { number?: string; buyerName?: string; remark?: string }
  /** 00 stored whatever the rules say, 01 pending for ever, 02 failed with `message`; or the call is refused with it. */
  status: (typeof FORCED_STATUSES)[number]
  message: string
  remainingCount: number
}

export interface FaultTiming {
  /** How late a late answer is. */
  lateMs: number
  /** How long the connection of a lost answer stays silent before it is cut. */
  lostHoldMs: number
  /** Pause between two pieces of a slow answer, and their size. */
  dripMs: number
  dripBytes: number
}

export interface Settings {
  verdictDelay: VerdictDelay
  repeatedUpload: RepeatedUploadMode
  forcedVerdicts: ForcedVerdict[]
  faults: FaultRule[]
  forcedFaults: ForcedFault[]
  timing: FaultTiming
  /** Calls a second per direct unit and capability. */
  ratePerSecond: number
  /** A unit that went over it is refused for so long. */
  ratePenaltyMs: number
  /** Whether a business refusal comes as Data with returncode 01 or as an unencrypted Error. */
  refusalForm: 'data' | 'error'
  autoRegister: boolean
  /** Whether the content of stored invoices is kept in memory (about 4 KB for five lines). */
  keepContent: boolean
}
