import { proveIssuingStore } from '../../connector/testing/conformance/issuing-store.js'
import { addUnit, withSchema } from '../../connector/testing/database.js'

proveIssuingStore(async (t) => {
  const { store, pool } = await withSchema(t)
  return { store, addUnit: () => addUnit(pool) }
})
