/**
 * The orders that the demo publishes: the examples of every shipped mapping, one of them twice, and one message that is
 * no order at all. Each says how it must end.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SampleOrder {
  businessType: string
  /** Name of the example, e.g. `ordinary`. */
  example: string
  body: Buffer
  expected: 'issued' | 'rejected' | 'parked' | 'duplicate' | 'dead'
}

/** All samples, in the order they are published. Errors: a definition without examples. */
export function loadSampleOrders(definitionsFolder: string): readonly SampleOrder[] {
  const samples = readdirSync(definitionsFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => loadExamples(definitionsFolder, name))
  const [first] = samples
  if (first === undefined) throw new Error(`no example order in ${definitionsFolder}`)
  return [
    ...samples,
    { ...first, example: `${first.example}, again`, expected: 'duplicate' },
    { businessType: first.businessType, example: 'poison', body: Buffer.from('{"broken": '), expected: 'dead' },
  ]
}

function loadExamples(definitionsFolder: string, businessType: string): SampleOrder[] {
  const folder = join(definitionsFolder, businessType, 'examples')
  return readdirSync(folder)
    .filter((file) => file.endsWith('.order.json'))
    .sort()
    .map((file) => {
      const example = file.slice(0, -'.order.json'.length)
      const body = readFileSync(join(folder, file))
      return { businessType, example, body, expected: expectedOf(join(folder, `${example}.draft.json`)) }
    })
}

/** By the golden result: a draft is issued, a fault that the sender must cure is rejected, any other one waits. */
function expectedOf(goldenFile: string): SampleOrder['expected'] {
  const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as { kind: string; faults?: { cure: string }[] }
  if (golden.kind === 'draft') return 'issued'
  return golden.faults?.some(({ cure }) => cure === 'sender') ? 'rejected' : 'parked'
}
