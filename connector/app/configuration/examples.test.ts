import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeClassificationTable } from '../../../adapters/leqi/simulator/tables/classification.js'
import { compileMapping } from '../../../mappings/engine/compile.js'
import { findPackageRoot } from '../package-root.js'
import { type LoadedConfiguration, loadConfiguration } from './load.js'

const EXAMPLES = join(findPackageRoot(), 'docs/examples')
const DEFINITIONS = join(findPackageRoot(), 'mappings/definitions')
/** The ports of the simulator on this machine and beside the connector in a container. */
const INSECURE_HOSTS = ['127.0.0.1:9443', 'simulator:9443']

async function load(file: string): Promise<LoadedConfiguration> {
  const outcome = await loadConfiguration(join(EXAMPLES, file), {
    env: {},
    insecureHosts: INSECURE_HOSTS,
    callbackHosts: [],
    compileMapping: (text) => {
      const compiled = compileMapping(text)
      return compiled.ok
        ? { businessType: compiled.mapping.businessType, problems: [] }
        : { businessType: null, problems: compiled.faults }
    },
  })
  assert.ok(outcome.ok, JSON.stringify(outcome.ok ? [] : outcome.findings.faults))
  assert.deepEqual(outcome.warnings, [])
  return outcome.loaded
}

interface GoldenLine {
  productCode: string | null
  name: string | null
}

/** Lines of the drafts that the shipped examples of a mapping become. */
function listGoldenLines(businessType: string): GoldenLine[] {
  const folder = join(DEFINITIONS, businessType, 'examples')
  return readdirSync(folder)
    .filter((file) => file.endsWith('.draft.json'))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))
    .filter(({ kind }) => kind === 'draft')
    .flatMap(({ draft }) => [...draft.lines, ...(draft.shipping === null ? [] : [draft.shipping])])
}

for (const file of readdirSync(EXAMPLES).filter((name) => name.endsWith('.yaml'))) {
  test(`${file} is accepted without a warning and stands on its own`, async () => {
    const { configuration, openReferences } = await load(file)

    assert.deepEqual(openReferences, [])
    assert.ok((configuration.usingUnits?.length ?? 0) >= 1 && (configuration.businessTypes?.length ?? 0) >= 1)
  })
}

test('the demo has every shipped business type, and a product for every line of its examples', async () => {
  const { configuration } = await load('demo.yaml')
  const sellers = new Map(configuration.businessTypes?.map(({ settings }) => [settings.code, settings.seller]))

  assert.deepEqual([...sellers.keys()].sort(), readdirSync(DEFINITIONS).sort())
  for (const [businessType, seller] of sellers) {
    const products = configuration.products?.filter((product) => product.seller === seller) ?? []
    const missing = listGoldenLines(businessType).filter(
      ({ productCode, name }) => !products.some((product) => product.code === productCode || product.name === name),
    )
    assert.deepEqual(missing, [], businessType)
  }
})

test('the demo sells under codes and rates that the simulated bureau knows', async () => {
  const { configuration } = await load('demo.yaml')
  const table = makeClassificationTable('20261122160000', null)
  for (const { code, taxCode, taxRate } of configuration.products ?? []) {
    const row = table.find(taxCode)
    assert.ok(row !== undefined && !row.isSummary, `${code}: ${taxCode}`)
    assert.ok(row.rates.includes(`${Number(taxRate.toString()) * 100}%`), `${code}: ${taxRate} of ${row.rates.join()}`)
  }
})
