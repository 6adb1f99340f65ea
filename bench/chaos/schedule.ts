/** Which fault comes when: drawn from the seed before the run begins, so that the same seed brings the same faults. */
import type { Dice } from './dice.js'

/** Weights: faults of the bureau and the links are daily bread, a database that crashes is not. */
const WEIGHTS = {
  bureau: 60,
  'bureau slow': 2,
  kill: 7,
  pause: 3,
  terminate: 3,
  'cut database': 3,
  'refuse database': 2,
  'silence database': 2,
  'slow database': 2,
  'cut broker': 3,
  'refuse broker': 2,
  'silence broker': 2,
  'slow broker': 1,
  'cut bureau': 2,
  'refuse bureau': 1,
  'slow bureau link': 1,
  'terminate backend': 3,
  'crash backend': 1,
  'crash database': 1,
  'restart broker': 1,
  'close broker connections': 1,
  'block broker': 1,
} as const

export type ScheduledKind = keyof typeof WEIGHTS

export interface ScheduledFault {
  atMs: number
  kind: ScheduledKind
  /** Which replica it meets, if any; 0 … 1. */
  whom: number
  /** How long it lasts between the shortest and the longest of its kind; 0 … 1. */
  howLong: number
}

export function makeSchedule(count: number, durationMs: number, dice: Dice): readonly ScheduledFault[] {
  const kinds = (Object.keys(WEIGHTS) as ScheduledKind[]).flatMap((kind) =>
    Array<ScheduledKind>(WEIGHTS[kind]).fill(kind),
  )
  return Array.from({ length: count }, () => ({
    atMs: Math.round(dice.next() * durationMs),
    kind: dice.pick(kinds),
    whom: dice.next(),
    howLong: dice.next(),
  })).sort((a, b) => a.atMs - b.atMs)
}
