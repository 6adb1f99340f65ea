/**
 * Which faults a seed has, and how often. Each seed draws its own swarm: some faults off altogether, the others at rates
 * of their own. A run in which everything fails always tests less than many in which a few things fail in company.
 */
import { type Instant, instant } from '../../kernel/time.js'
import type { Dice } from './dice.js'

/** Rates are per occasion: per call, per commit, per message; counts are per run. */
export interface Swarm {
  replicaCount: number
  orderCount: number
  /** Orders come over so long a time. */
  spanMs: number
  start: Instant
  /** Longest way to the database or back. */
  databaseMs: number
  bureauMs: number
  verdictMs: number
  pollFirstMs: number
  uploadConcurrency: number
  linesPerInvoiceMax: number
  claimCount: number
  quotaDownload: bigint
  /** Quota of the month per unit until the faults end; after that there is enough. */
  quotaTotal: bigint
  reuseRejectedNumbers: boolean
  repeatedUpload: 'rows-03' | 'same-receipt' | 'refuse-call'
  rates: Rates
  counts: Record<'kills' | 'stops' | 'clockJumps' | 'databaseOutages' | 'bureauOutages', number>
}

const RATES = {
  // Orders
  duplicate: 0.2,
  conflict: 0.1,
  poison: 0.03,
  deadly: 0.01,
  faulty: 0.05,
  waitsForMapping: 0.05,
  refused: 0.08,
  partlyRefused: 0.08,
  refusedCall: 0.04,
  refusedForNow: 0.05,
  // Broker
  redelivered: 0.05,
  lostAck: 0.05,
  lostConfirm: 0.1,
  nacked: 0.05,
  unroutable: 0.05,
  lostSignal: 0.3,
  // Database
  databaseCut: 0.005,
  serializationFailure: 0.03,
  commitLostBefore: 0.01,
  commitLostAfter: 0.02,
  crashBeforeCommit: 0.004,
  crashAfterCommit: 0.004,
  // Bureau, calls
  neverSent: 0.08,
  lostBefore: 0.06,
  lostAfter: 0.08,
  late: 0.05,
  garbled: 0.05,
  rateLimited: 0.08,
  unitFault: 0.03,
  callRefused: 0.02,
  // Bureau, results
  halfList: 0.1,
  unknownNumber: 0.05,
  othersResult: 0.03,
  contradiction: 0.03,
  unknownStatus: 0.05,
  notReady: 0.1,
  longPending: 0.03,
  wrongReceipt: 0.01,
} as const

export type FaultName = keyof typeof RATES
type Rates = Record<FaultName, number>

const HOUR_MS = 3_600_000
/** Noon in China on an ordinary day; the ends of a month and of a year there. */
const NOON = Date.UTC(2026, 10, 18, 4)
const MONTH_END = Date.UTC(2026, 10, 30, 16)
const YEAR_END = Date.UTC(2026, 11, 31, 16)

export function drawSwarm(dice: Dice, orders: { min: number; max: number }): Swarm {
  const isRough = dice.chance(0.8)
  return {
    replicaCount: dice.between(1, 3),
    orderCount: dice.between(orders.min, orders.max),
    spanMs: dice.spread(1_000, 600_000),
    start: drawStart(dice),
    databaseMs: dice.spread(1, 200),
    bureauMs: dice.spread(5, 5_000),
    verdictMs: dice.spread(10, 60_000),
    pollFirstMs: dice.pick([50, 1_000, 10_000]),
    uploadConcurrency: dice.between(1, 4),
    linesPerInvoiceMax: dice.between(1, 4),
    claimCount: dice.between(20, 300),
    quotaDownload: BigInt(dice.spread(50_000, 5_000_000)),
    quotaTotal: BigInt(dice.spread(1_000_000, 1_000_000_000)),
    reuseRejectedNumbers: dice.chance(0.7),
    repeatedUpload: dice.chance(0.1) ? 'refuse-call' : dice.pick(['rows-03', 'rows-03', 'same-receipt']),
    rates: drawRates(dice, isRough),
    counts: {
      kills: drawCount(dice, isRough, 8),
      stops: drawCount(dice, isRough, 6),
      clockJumps: drawCount(dice, isRough, 3),
      databaseOutages: drawCount(dice, isRough, 3),
      bureauOutages: drawCount(dice, isRough, 3),
    },
  }
}

/** One world in three sees a month or a year end, soon. */
function drawStart(dice: Dice): Instant {
  if (dice.chance(2 / 3)) return instant(NOON)
  return instant(dice.pick([MONTH_END, MONTH_END, YEAR_END]) - dice.spread(50, 120_000))
}

/** Nothing fails any more; what the orders themselves are stays as it was drawn. */
export function healed(swarm: Swarm): Swarm {
  // The names are those of the table.
  const names = Object.keys(RATES) as FaultName[]
  const rates = Object.fromEntries(names.map((name) => [name, 0])) as Rates
  return { ...swarm, rates }
}

export function outageMs(dice: Dice): number {
  return dice.chance(0.1) ? dice.between(HOUR_MS, 13 * HOUR_MS) : dice.spread(1_000, 300_000)
}

function drawRates(dice: Dice, isRough: boolean): Rates {
  const entries = Object.entries(RATES).map(([name, max]) => [
    name,
    isRough && dice.chance(0.5) ? max * dice.random() : 0,
  ])
  // Every name of the table, with a rate.
  return Object.fromEntries(entries) as Rates
}

function drawCount(dice: Dice, isRough: boolean, max: number): number {
  return isRough && dice.chance(0.5) ? dice.between(1, max) : 0
}
