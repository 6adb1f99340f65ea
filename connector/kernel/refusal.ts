/** A use case says no: nothing was changed, and whoever asked can do something about it. */
import type { PublicFault } from './fault.js'

/**
 * invalid: what was given is wrong in itself. unreadable: it is not even in the right form. unconditional: it has to say which state
 * of the record it means. unauthenticated: nobody knows who asks. forbidden: he may not. not_found: there
 * is none, or none that he may see. conflict: it does not fit what is there. stale: somebody changed it since the caller
 * last saw it. too_many: not now, but after `retryAfterMs`.
 */
export type RefusalKind =
  | 'invalid'
  | 'unreadable'
  | 'unconditional'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'stale'
  | 'too_many'

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

/** The same for what is not there and for what the caller may not see. */
export const notFound = () =>
  new Refusal('not_found', {
    code: 'API-not-found',
    message: '没有该记录，或无权查看',
    messageEn: 'there is no such record, or it is not yours to see',
  })

export const stale = () =>
  new Refusal('stale', {
    code: 'API-stale',
    message: '记录已被他人修改，请重新读取后再试',
    messageEn: 'somebody has changed the record meanwhile; read it again',
  })
