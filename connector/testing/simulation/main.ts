/**
 * `npm run simulate -- --seeds N --from K [--orders MIN-MAX] [--record FILE]`: worlds of the deterministic simulation.
 * Exit code 1 when an invariant was broken; `--record` writes the histories of the seeds instead of figures alone.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { recordHistories } from './histories.js'
import { ORDERS, printFailure, runSeed } from './simulate.js'
import type { RunReport } from './world.js'

const SEED_COUNT_MAX = 1_000_000
const ORDER_COUNT_MAX = 10_000
/** A line of progress for so many seeds. */
const PROGRESS_COUNT = 100

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    orders: { type: 'string', default: `${ORDERS.min}-${ORDERS.max}` },
    record: { type: 'string' },
  },
})
const seedCount = toCount('seeds', values.seeds, SEED_COUNT_MAX)
const from = toCount('from', values.from, Number.MAX_SAFE_INTEGER)
const [min, max = min] = values.orders.split('-').map((text) => toCount('orders', text, ORDER_COUNT_MAX))
const orders = { min: min ?? ORDERS.min, max: max ?? ORDERS.max }

const startedAt = performance.now()
const reports: RunReport[] = []
const sums = { lifecycles: 0, told: 0, persons: 0, doubts: 0, steps: 0, virtualMs: 0 }
const faults: Record<string, number> = {}
let failedCount = 0

for (let seed = from; seed < from + seedCount; seed += 1) {
  const outcome = await runSeed(seed, { orders })
  if (outcome.kind === 'failed') {
    failedCount += 1
    console.error(printFailure(outcome.failure, orders))
    continue
  }
  add(outcome.report)
  if (values.record !== undefined) reports.push(outcome.report)
  const doneCount = seed - from + 1
  if (doneCount % PROGRESS_COUNT === 0 && doneCount < seedCount)
    console.log(`${doneCount} seeds, ${sums.lifecycles} lifecycles`)
}
printFigures()
if (values.record !== undefined) writeFileSync(values.record, recordHistories(reports))
process.exitCode = failedCount === 0 ? 0 : 1

function add(report: RunReport): void {
  sums.lifecycles += report.lifecycleCount
  sums.told += report.toldCount
  sums.persons += report.personCount
  sums.doubts += report.doubtCount
  sums.steps += report.stepCount
  sums.virtualMs += report.virtualMs
  for (const [name, count] of Object.entries(report.faults)) faults[name] = (faults[name] ?? 0) + count
}

function printFigures(): void {
  const seconds = (performance.now() - startedAt) / 1_000
  const faultCount = Object.values(faults).reduce((sum, count) => sum + count, 0)
  console.log(`seeds ${from} … ${from + seedCount - 1}: ${failedCount} failed`)
  console.log(
    `${sums.lifecycles} lifecycles in ${seconds.toFixed(1)} s, ${Math.round(sums.lifecycles / seconds)} a second`,
  )
  console.log(`${sums.steps} steps, ${(sums.virtualMs / 3_600_000).toFixed(0)} h of virtual time`)
  console.log(`${sums.doubts} times in doubt, ${sums.persons} orders left to a person, ${sums.told} results told`)
  console.log(`${faultCount} faults:`)
  for (const [name, count] of Object.entries(faults).sort()) console.log(`  ${name.padEnd(22)} ${count}`)
}

/** Errors: RangeError that names the option. */
function toCount(name: string, text: string, most: number): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= most) return count
  throw new RangeError(`--${name} must be a whole number from 1 to ${most}`)
}
