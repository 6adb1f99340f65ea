/** The options of `npm run chaos`. */
import { parseArgs } from 'node:util'

export interface ChaosOptions {
  orderCount: number
  seed: number
  replicaCount: number
  faultCount: number
  /** Once, the database's disk is really full. */
  isDiskFull: boolean
}

const OPTIONS = {
  orders: { type: 'string', default: '1000' },
  seed: { type: 'string', default: '1' },
  replicas: { type: 'string', default: '2' },
  faults: { type: 'string' },
  'disk-full': { type: 'boolean', default: false },
} as const

/** Faults for each thousand orders, unless told otherwise. */
const FAULTS_PER_THOUSAND = 40

/** Errors: RangeError that names the option. */
export function parseChaosOptions(args: string[]): ChaosOptions {
  const { values } = parseArgs({ args, options: OPTIONS })
  const orderCount = toCount('orders', values.orders, 50, 1_000_000)
  const usual = String(Math.max(12, Math.round((orderCount * FAULTS_PER_THOUSAND) / 1_000)))
  return {
    orderCount,
    seed: toCount('seed', values.seed, 0, 2 ** 31),
    replicaCount: toCount('replicas', values.replicas, 1, 8),
    faultCount: toCount('faults', values.faults ?? usual, 0, 100_000),
    isDiskFull: values['disk-full'],
  }
}

/** How the same run is started once more. */
export function toCommand({ orderCount, seed, replicaCount, faultCount, isDiskFull }: ChaosOptions): string {
  const flags = `--orders ${orderCount} --seed ${seed} --replicas ${replicaCount} --faults ${faultCount}`
  return `npm run chaos -- ${flags}${isDiskFull ? ' --disk-full' : ''}`
}

function toCount(name: string, text: string, min: number, max: number): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < min || count > max) {
    throw new RangeError(`--${name} must be a whole number from ${min} to ${max}`)
  }
  return count
}
