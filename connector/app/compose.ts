/**
 * The composition of the production process: every adapter is made here and handed out as a port.
 *
 * Start: memory → connections and publisher → engine → health → consumers; stop in reverse, so that intake ends first.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { makeLeqiBureau } from '../../adapters/leqi/tax-bureau.js'
import { makeRateBudget } from '../../adapters/postgres/rate-budget.js'
import { makeSignalListener } from '../../adapters/postgres/signal-listener.js'
import { systemTimers } from '../../adapters/rabbitmq/timing.js'
import { systemClock } from '../../adapters/system/clock.js'
import { randomIds } from '../../adapters/system/ids.js'
import type { Logger } from '../../adapters/system/logger.js'
import { makeHttpServer } from '../../openapi/server.js'
import type { TaxBureau } from '../issuing/bureau.js'
import { prepareIntake, type ReceiveDeps, receiveDead, storeIntake } from '../issuing/receive.js'
import { makeShelf } from '../issuing/shelf.js'
import type { ConfigWith } from './config.js'
import { makeDoors } from './doors.js'
import { type Engine, makeEngine } from './engine.js'
import { makeHealth } from './health.js'
import type { NamedService } from './lifecycle.js'
import { makeMapperCache } from './mapper-cache.js'
import { type Memory, type MemoryConfig, openMemory } from './memory.js'

/** Longest life of a lease; a dead worker's batch is taken over after it. */
const LEASE_MS = 15_000

/**
 * Pause of intake after a slice of messages while numbering is behind: both compete for this thread, and an order whose
 * neighbours are issued soon is worth more than one that is merely stored. Intake still takes some hundreds a second.
 */
const GIVE_WAY_MS = 5

export type ConnectorConfig = ConfigWith<'databaseUrl' | 'amqpUrl' | 'masterKey'>

export interface Connector {
  services: readonly NamedService[]
  memory: Memory
  engine: Engine
  /** `http://host:port`, once started. */
  address: () => string | null
  /** Readiness says so from now on. */
  setDraining: () => void
}

/** Opens the memory and wires everything; nothing runs before `startAll(services)`. */
export async function compose(config: ConnectorConfig, log: Logger): Promise<Connector> {
  const memory = await openMemory(config, log)
  const bureau = makeBureau(config, memory, log)
  const receiveDeps: ReceiveDeps = {
    store: memory.store,
    directory: memory.directory,
    mapperOf: makeMapperCache((event, fields) => log.error(fields, event)),
    uploader: bureau,
    shelf: makeShelf(),
    breathe: () => (engine.isBehind() ? setTimeout(GIVE_WAY_MS) : setImmediate()),
    ids: randomIds,
    clock: systemClock,
    renewDirectory: memory.renewDirectory,
    report: (event) => log[event.event === 'batch.received' ? 'debug' : 'error'](event, event.event),
  }
  const doors = makeDoors(config, log, {
    onOrders: async (batch) => {
      const intake = await prepareIntake(receiveDeps, batch)
      return async () => {
        await storeIntake(receiveDeps, intake)
        engine.expect(batch.length)
      }
    },
    onDeadLetters: (batch) => receiveDead(receiveDeps, batch),
  })
  const engine = makeEngine({
    ...receiveDeps,
    uploader: bureau,
    bureau,
    publisher: doors.publisher,
    random: Math.random,
    owner: `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`,
    leaseMs: LEASE_MS,
    reuseRejectedNumbers: config.isRejectedNumberReused,
    uploadConcurrency: config.uploadConcurrency,
    log: (event, fields, level) => log[level](fields, event),
  })
  const listener = makeSignalListener({
    url: config.databaseUrl.reveal(),
    schema: config.databaseSchema,
    applicationName: 'leqi-connector signals',
    onSignals: (signals) => engine.signal([...signals]),
    onError: (error) => log.warn({ error: error.message }, 'signals.lost'),
    sleep: systemTimers.wait,
  })
  const health = makeHealth({ memory, doors, clock: systemClock })
  const http = makeHttpServer({
    health,
    host: config.host,
    port: config.port,
    onError: (error, requestId) => log.error({ error, requestId }, 'request.failed'),
  })
  const services: NamedService[] = [
    { name: 'memory', service: { start: () => Promise.resolve(), stop: memory.close } },
    { name: 'bureau', service: { start: () => Promise.resolve(), stop: () => bureau.close() } },
    { name: 'health page', service: http },
    { name: 'signals', service: listener },
    ...doors.links,
    { name: 'engine', service: engine },
    ...doors.consumers,
    { name: 'readiness', service: health },
  ]
  return { services, memory, engine, address: http.address, setDraining: health.setDraining }
}

/** The bureau as every process speaks to it, `apply` included. */
export function makeBureau(config: MemoryConfig, memory: Memory, log: Logger): TaxBureau & { close(): Promise<void> } {
  return makeLeqiBureau(
    { keyOf: memory.keyOf, rateBudget: makeRateBudget(memory.pool), clock: systemClock, ids: randomIds, log },
    {
      caText: config.caPem,
      insecureHosts: config.insecureHosts,
      upload: { deviceIp: config.deviceIp, deviceMac: config.deviceMac },
    },
  )
}
