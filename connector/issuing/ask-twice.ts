/** Asking the bureau to carry out a move, so that its answer can be believed. */
import { after, type Clock } from '../kernel/time.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import type { ClaimAnswer, DownloadAnswer, NumberBureau, QuotaBureau } from './bureau.js'
import type { Hold } from './held.js'
import type { HeldMove } from './supply-ports.js'

/** Longest wait for the answer to a claim or a quota call. */
export const MOVE_TIMEOUT_MS = 30_000

export interface AskDeps {
  bureau: NumberBureau & QuotaBureau
  clock: Clock
}

export type MoveAnswer = ClaimAnswer | DownloadAnswer

/**
 * An answer to a claim or a quota move does not say whose it is, and one that went astray has the same form. So what ends a
 * move must be answered alike twice; the bureau answers a repeated serial as before.
 * Source: Leqi base capability, QDFPPLFM and XZTHSXED: the same ywlsh and figures give the same result.
 */
export async function askTwice(deps: AskDeps, unit: UsingUnit, move: HeldMove, hold: Hold): Promise<MoveAnswer> {
  const first = await callBureau(deps, unit, move, hold)
  if (first.kind !== 'granted' && first.kind !== 'refused') return first
  const second = await callBureau(deps, unit, move, hold)
  if (second.kind !== 'granted' && second.kind !== 'refused') return second
  if (isAlike(first, second)) return first
  return inDoubt('BUR-ANSWER-changed', '税局对同一业务流水号先后回答不同')
}

function isAlike(first: MoveAnswer, second: MoveAnswer): boolean {
  if (first.kind !== 'granted' || second.kind !== 'granted') return first.kind === second.kind
  if ('first' in first) return 'first' in second && first.first === second.first && first.last === second.last
  return 'validFrom' in second && first.validFrom === second.validFrom && first.validTo === second.validTo
}

export function inDoubt(code: string, message: string): MoveAnswer {
  return { kind: 'in_doubt', code, message, requestId: null }
}

function callBureau(deps: AskDeps, unit: UsingUnit, move: HeldMove, { signal }: Hold): Promise<MoveAnswer> {
  const deadline = after(deps.clock.now(), MOVE_TIMEOUT_MS)
  const options = { deadline, signal, isRetry: move.attempts > 1 }
  if (move.kind === 'number_claim') {
    return deps.bureau.claimNumbers(unit, { serial: move.serial, count: move.numberCount ?? 0 }, options)
  }
  const direction = move.kind === 'quota_download' ? 'download' : 'return'
  const amount = move.amount
  if (amount === null) throw new Error(`quota move ${move.id} has no amount`)
  return deps.bureau.moveQuota(unit, { serial: move.serial, direction, amount }, options)
}
