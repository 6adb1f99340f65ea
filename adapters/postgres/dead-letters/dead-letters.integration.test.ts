import { proveDeadLetters } from '../../../connector/testing/conformance/dead-letters.js'
import { withSchema } from '../../../connector/testing/database.js'
import { runAudit } from '../audit/audit.js'
import { makeDeadLetterStore } from './dead-letter-store.js'

proveDeadLetters(async (t) => {
  const { store, pool, schema } = await withSchema(t)
  const audit = async () => (await runAudit(pool, schema)).violations.map(({ what }) => what)
  return { store, letters: makeDeadLetterStore(pool), audit }
})
