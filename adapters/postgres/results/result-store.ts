/** Results as people look at them and send them again; put together from its operations. */
import type pg from 'pg'
import type { ResultStore } from '../../../connector/issuing/replay-ports.js'
import { enableEndpoint, listEndpoints } from './endpoints.js'
import { countResults, hasGivenUp, listResults } from './list-results.js'
import { replayResults } from './replay-results.js'

export function makeResultStore(pool: pg.Pool): ResultStore {
  return {
    list: (filter, limit) => listResults(pool, filter, limit),
    count: (filter) => countResults(pool, filter),
    hasGivenUp: (filter) => hasGivenUp(pool, filter),
    replay: replayResults,
    endpoints: () => listEndpoints(pool),
    enable: enableEndpoint,
  }
}
