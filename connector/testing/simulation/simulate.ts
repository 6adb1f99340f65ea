/** Runs worlds, seed after seed, and says what became of them. A seed that fails is run once more, to tell its story. */
import type { Violation } from './watch.js'
import { type RunOptions, type RunReport, World } from './world.js'

/** Orders of a world, unless the caller says otherwise. */
export const ORDERS: RunOptions['orders'] = { min: 50, max: 250 }
/** Last events of the entity concerned that are printed. */
const STORY_LENGTH = 25

export interface Failure {
  seed: number
  step: number
  violation: Violation | Error
  /** What happened to the entities concerned. */
  story: readonly string[]
}

export type SeedOutcome = { kind: 'passed'; report: RunReport } | { kind: 'failed'; failure: Failure }

export async function runSeed(seed: number, options: RunOptions = { orders: ORDERS }): Promise<SeedOutcome> {
  const world = new World(seed, options)
  try {
    return { kind: 'passed', report: await world.run() }
  } catch (error) {
    const violation = error instanceof Error ? error : new Error(String(error))
    const story = await tellStory(seed, options, violation)
    return { kind: 'failed', failure: { seed, step: world.stepCount, violation, story } }
  }
}

/** The same seed is the same world, so nothing is written down before it is known what is worth it. */
async function tellStory(seed: number, options: RunOptions, violation: Error): Promise<readonly string[]> {
  const entities = 'entities' in violation ? (violation as Violation).entities : []
  const again = new World(seed, { ...options, trace: entities.length === 0 ? 'all' : entities })
  await again.run().catch(() => undefined)
  return again.trace.slice(-STORY_LENGTH)
}

export function printFailure({ seed, step, violation, story }: Failure, { min, max }: RunOptions['orders']): string {
  return [
    `seed ${seed} failed at step ${step}`,
    `  ${violation.message}`,
    ...story.map((line) => `  ${line}`),
    `repeat: npm run simulate -- --seeds 1 --from ${seed} --orders ${min}-${max}`,
  ].join('\n')
}
