/**
 * Seeded misbehaviour of the bureau and of the way to it. Off unless rules are set.
 *
 * Which call meets which fault depends only on the seed, the service and the how-many-eth call of that service it is.
 * Forced faults come first, in the order in which they were asked for.
 */
import { SERVICES, type UploadResultRow } from '../wire.js'
import type { Dice } from './dice.js'

export const FAULT_KINDS = [
  /** The call is not processed and never answered. */
  'lost-before',
  /** The call is processed and never answered. */
  'lost-after',
  /** Processed, answered long after. */
  'late',
  /** 200 with bytes that are no envelope. */
  'garbage',
  /** 200 with half an envelope; one without `Data`; with a `Data` that is no base64; with one whose last block is wrong. */
  'not-json',
  'no-data',
  'bad-base64',
  'bad-padding',
  /** `Data` under another key. */
  'wrong-key',
  /** httpStatusCode 500, 5001, -1. */
  'code-500',
  'code-5001',
  'code-minus-1',
  /** A proxy's page with status 502. */
  'html',
  /** An httpStatusCode that no document lists. */
  'unknown-code',
  /** Results of only half of the numbers. */
  'half-list',
  /** A result of a number that nobody uploaded. */
  'unknown-number',
  /** The answer to an earlier call of the same service. */
  'swapped-answer',
  /** The upload's results stay 01 for ever. */
  'endless-pending',
  /** This once, 00 is told as 02 and 02 as 00. */
  'verdict-flip',
  /** The answer comes in small pieces with pauses. */
  'slow-drip',
  'connection-reset',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

export interface FaultRule {
  kind: FaultKind
  /** 0 … 1, per call. */
  probability: number
  /** Service codes; absent: every service for which the kind means something. */
  services?: readonly string[]
}

export interface ForcedFault {
  kind: FaultKind
  /** Absent: the next call of any service. */
  service?: string
  /** Whether the call is processed before the fault; absent: a seeded coin. */
  isProcessed?: boolean
  remainingCount: number
}

interface FaultDecision {
  kind: FaultKind
  isProcessed: boolean
}

const ONLY_AT: Partial<Record<FaultKind, string>> = {
  'half-list': SERVICES.uploadResult,
  'unknown-number': SERVICES.uploadResult,
  'verdict-flip': SERVICES.uploadResult,
  'endless-pending': SERVICES.upload,
}
/** Kinds after which nobody can tell whether the call was processed: a coin decides. The others process, but one. */
const COIN_KINDS: ReadonlySet<FaultKind> = new Set<FaultKind>([
  'garbage',
  'not-json',
  'no-data',
  'bad-base64',
  'bad-padding',
  'code-500',
  'code-5001',
  'code-minus-1',
  'html',
  'unknown-code',
  'connection-reset',
])

export interface FaultPlan {
  /** Decides for the next call of a service. */
  decide(service: string): FaultDecision | null
}

export function makeFaultPlan(dice: Dice, source: { faults: FaultRule[]; forcedFaults: ForcedFault[] }): FaultPlan {
  const ordinals = new Map<string, number>()
  return {
    decide(service) {
      const ordinal = ordinals.get(service) ?? 0
      ordinals.set(service, ordinal + 1)
      const coin = dice.throwAt(`${service}/processed`, ordinal) < 0.5
      const forced = takeForced(source.forcedFaults, service)
      if (forced !== null)
        return { kind: forced.kind, isProcessed: forced.isProcessed ?? isProcessed(forced.kind, coin) }
      const drawn = dice.throwAt(`${service}/fault`, ordinal)
      let threshold = 0
      for (const { kind, probability, services } of source.faults) {
        const isMeant = isMeaningful(kind, service) && (services === undefined || services.includes(service))
        if (!isMeant) continue
        threshold += probability
        if (drawn < threshold) return { kind, isProcessed: isProcessed(kind, coin) }
      }
      return null
    },
  }
}

function takeForced(forcedFaults: ForcedFault[], service: string): ForcedFault | null {
  const place = forcedFaults.findIndex(
    (each) => isMeaningful(each.kind, service) && (each.service === undefined || each.service === service),
  )
  const forced = forcedFaults[place]
  if (forced === undefined) return null
  forced.remainingCount -= 1
  if (forced.remainingCount <= 0) forcedFaults.splice(place, 1)
  return forced
}

function isMeaningful(kind: FaultKind, service: string): boolean {
  const only = ONLY_AT[kind]
  return only === undefined || only === service
}

function isProcessed(kind: FaultKind, coin: boolean): boolean {
  return COIN_KINDS.has(kind) ? coin : kind !== 'lost-before'
}

/** The result list as a fault tells it. `strangerNumber` is a number that nobody claimed. */
export function distortResults(
  kind: FaultKind,
  rows: readonly UploadResultRow[],
  strangerNumber: string,
): readonly UploadResultRow[] {
  if (kind === 'half-list') return rows.slice(0, Math.floor(rows.length / 2))
  if (kind === 'unknown-number') return [...rows, { fphm: strangerNumber, status: '00', message: '上传成功' }]
  return kind === 'verdict-flip' ? rows.map(flip) : rows
}

function flip(row: UploadResultRow): UploadResultRow {
  if (row.status === '00') return { ...row, status: '02', message: '上传失败' }
  if (row.status === '02') return { ...row, status: '00', message: '上传成功' }
  return row
}
