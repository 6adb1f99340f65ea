/** The memory of deliveries by HTTP callback, put together from its operations. */
import type pg from 'pg'
import type { DeliveryStore } from '../../../connector/issuing/delivery-ports.js'
import { claimDueDeliveries } from './claim-due-deliveries.js'
import { concludeAttempts } from './conclude-attempts.js'
import { lockEndpoints, saveEndpoints } from './endpoints.js'

export function makeDeliveryStore(pool: pg.Pool): DeliveryStore {
  return {
    claimDue: (options) => claimDueDeliveries(pool, options),
    lockEndpoints,
    conclude: concludeAttempts,
    saveEndpoints,
  }
}
