/** Checks who imports whom (.dependency-cruiser.cjs), and that the check saw the house at all. */
import { createRequire } from 'node:module'
import { cruise } from 'dependency-cruiser'
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config'

/** Fewer modules than this mean that the tool has gone blind, not that the house is tidy. */
const MODULE_COUNT_MIN = 50

const rules = createRequire(import.meta.url)('../.dependency-cruiser.cjs')
const rooms = ['connector', 'adapters', 'mappings', 'jobs', 'openapi', 'bench']
const { output } = await cruise(rooms, { ...rules.options, validate: true, ruleSet: rules }, undefined, {
  tsConfig: extractTsConfig('tsconfig.json'),
})
const { modules, summary } = output
for (const { from, to, rule } of summary.violations) console.error(`${rule.name}: ${from} → ${to}`)
if (modules.length < MODULE_COUNT_MIN) {
  console.error(`only ${modules.length} modules seen: the import check is blind`)
  process.exit(1)
}
console.log(`${modules.length} modules, ${summary.violations.length} violations`)
process.exit(summary.violations.length === 0 ? 0 : 1)
