/**
 * Writes the golden drafts of all shipped definitions anew: `node --import tsx mappings/rewrite-goldens.ts`.
 * The difference in version control is what there is to review.
 */
import { fileURLToPath } from 'node:url'
import { rewriteGoldens } from './check.js'
import { loadDefinitions } from './registry.js'

const DEFINITIONS = fileURLToPath(new URL('./definitions', import.meta.url))

for (const { folder, mapping } of (await loadDefinitions(DEFINITIONS)).values()) {
  for (const file of await rewriteGoldens(folder, mapping)) console.log(file)
}
