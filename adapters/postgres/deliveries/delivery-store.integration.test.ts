import { proveDeliveries } from '../../../connector/testing/conformance/deliveries.js'
import { addEndpoint, addUnit, withSchema } from '../../../connector/testing/database.js'
import { makeDeliveryStore } from './delivery-store.js'

proveDeliveries(async (t) => {
  const { store, pool } = await withSchema(t)
  const unit = await addUnit(pool)
  return { store, deliveries: makeDeliveryStore(pool), addEndpoint: (code) => addEndpoint(pool, unit, code) }
})
