/** A use case says no: nothing was changed, and whoever asked can do something about it. */
import type { PublicFault } from './fault.js'

/**
 * invalid: what was given is wrong in itself. unauthenticated: nobody knows who asks. forbidden: he may not. not_found: there
 * is none, or none that he may see. conflict: it does not fit what is there. too_many: not now, but after `retryAfterMs`.
 */
export type RefusalKind = 'invalid' | 'unauthenticated' | 'forbidden' | 'not_found' | 'conflict' | 'too_many'

export interface RefusalWords {
  /** Stable, listed in ERRORS.md. */
  code: string
  message: string
  messageEn: string
  faults?: readonly PublicFault[]
  /** Of `too_many`. */
  retryAfterMs?: number
}

export class Refusal extends Error {
  override name = 'Refusal'
  readonly kind: RefusalKind
  readonly code: string
  readonly messageEn: string
  readonly faults: readonly PublicFault[]
  readonly retryAfterMs: number | null

  constructor(kind: RefusalKind, { code, message, messageEn, faults = [], retryAfterMs }: RefusalWords) {
    super(message)
    this.kind = kind
    this.code = code
    this.messageEn = messageEn
    this.faults = faults
    this.retryAfterMs = retryAfterMs ?? null
  }
}
