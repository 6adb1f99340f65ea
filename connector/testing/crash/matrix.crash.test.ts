/**
 * The crash-point matrix: for every persistence point, a connector dies by SIGKILL right before and right after that
 * commit; another process carries on. Every cell must end with all orders issued once and told once, a clean audit, and
 * the bureau's own book in agreement. The table at the end shows every cell; an argument narrows it to points by name.
 */
import { availableParallelism } from 'node:os'
import { after, describe, test } from 'node:test'
import { type Death, SIDES, type Side } from './mortal-store.js'
import { listPoints } from './points.js'
import type { Scene } from './scenes.js'
import { openStage } from './stage.js'

/** Cells side by side: most of a cell's time is the wait for a dead worker's leases. */
const CELL_COUNT_AT_ONCE = 3 * availableParallelism()
const CELL_MS_MAX = 600_000

const wanted = process.env.CRASH_POINTS ?? ''
const rows = listPoints()
  .map(({ point, scene }) => ({ point, scene, label: scene.name === undefined ? point : `${point}, ${scene.name}` }))
  .filter(({ label }) => label.includes(wanted))
const results = new Map<string, Record<Side, string>>(rows.map(({ label }) => [label, { before: '–', after: '–' }]))

describe('killed at a persistence point', { concurrency: CELL_COUNT_AT_ONCE }, () => {
  for (const { point, scene, label } of rows) {
    for (const side of SIDES) {
      test(`${side} ${label}`, { timeout: CELL_MS_MAX }, async (t) => {
        const startedAt = performance.now()
        const note = (result: string) => {
          const row = results.get(label)
          if (row !== undefined) row[side] = result
        }
        note('FAILED')
        await play(t, scene, { point, side, occurrence: scene.occurrence ?? 1 })
        note(`ok ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
      })
    }
  }
})

after(() => {
  console.log(toLine('point', 'before', 'after'))
  for (const [label, { before, after }] of results) console.log(toLine(label, before, after))
})

async function play(t: Parameters<typeof openStage>[0], scene: Scene, death: Death): Promise<void> {
  const stage = await openStage(t, { bindsResults: scene.isUnwanted !== true })
  await scene.set(stage)
  await stage.dieAt(death, scene)
  await scene.mend?.(stage)
  await stage.finish()
}

function toLine(...[label, ...cells]: [string, ...string[]]): string {
  return [label.padEnd(32), ...cells.map((cell) => cell.padEnd(10))].join('')
}
