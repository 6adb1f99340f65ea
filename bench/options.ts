/** The options of `npm run bench`. */
import { parseArgs } from 'node:util'
import { UNIT_COUNT_MAX } from './world.js'

export interface BenchOptions {
  orderCount: number
  pastCount: number
  lineCount: number
  unitCount: number
  replicaCount: number
}

const OPTIONS = {
  orders: { type: 'string', default: '20000' },
  past: { type: 'string', default: '0' },
  lines: { type: 'string', default: '5' },
  units: { type: 'string', default: '1' },
  replicas: { type: 'string', default: '1' },
} as const

/** Errors: RangeError that names the option. */
export function parseBenchOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({ args, options: OPTIONS })
  return {
    orderCount: toCount('orders', values.orders, 1, 1_000_000),
    pastCount: toCount('past', values.past, 0, 5_000_000),
    lineCount: toCount('lines', values.lines, 1, 200),
    unitCount: toCount('units', values.units, 1, UNIT_COUNT_MAX),
    replicaCount: toCount('replicas', values.replicas, 1, 8),
  }
}

function toCount(name: string, text: string, min: number, max: number): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < min || count > max) {
    throw new RangeError(`--${name} must be a whole number from ${min} to ${max}`)
  }
  return count
}
