/** The memory without a server keeps what PostgreSQL keeps: one truth, one set of suites. */
import { v7 } from 'uuid'
import { systemClock } from '../../../adapters/system/clock.js'
import type { UsingUnitId } from '../../kernel/ids.js'
import { aUsingUnit } from '../builders.js'
import { proveIssuingStore } from '../conformance/issuing-store.js'
import { makeSchema } from './schema.js'
import { type Link, Server } from './server.js'
import { makeMemoryStore } from './store.js'

/** The shortest way to the server: nothing is late, nothing is lost. */
const DIRECT: Link = {
  reach: () => Promise.resolve(),
  commit: () => Promise.resolve('stored'),
  answer: () => Promise.resolve(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
  random: () => 0.5,
}

proveIssuingStore(async () => {
  const store = makeMemoryStore(makeSchema(), new Server(systemClock), DIRECT)
  return { store, addUnit: async () => aUsingUnit({ id: v7() as UsingUnitId }) }
})
