/**
 * The composition of the production process: every adapter is made here and handed out as a port.
 *
 * Start: memory → connections and publisher → engine → health → consumers; stop in reverse, so that intake ends first.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { makeCallbackSender } from '../../adapters/http-callback/sender.js'
import { makeLeqiBureau } from '../../adapters/leqi/tax-bureau.js'
import { makeOrganizationStore } from '../../adapters/postgres/access/organization-store.js'
import { makeRoleStore } from '../../adapters/postgres/access/role-store.js'
import { makeScopedDatabase } from '../../adapters/postgres/access/scoped-database.js'
import { makeSignInStore } from '../../adapters/postgres/access/sign-in-store.js'
import { makeUserStore } from '../../adapters/postgres/access/user-store.js'
import { makeDeliveryStore } from '../../adapters/postgres/deliveries/delivery-store.js'
import { loadHealth } from '../../adapters/postgres/health.js'
import { loadFigures } from '../../adapters/postgres/metrics.js'
import { loadPressure } from '../../adapters/postgres/pressure.js'
import { makeRateBudget } from '../../adapters/postgres/rate-budget.js'
import { troubleOf } from '../../adapters/postgres/server-errors.js'
import { makeSignalListener } from '../../adapters/postgres/signal-listener.js'
import { systemTimers as adapterTimers } from '../../adapters/rabbitmq/timing.js'
import { systemClock, systemTimers } from '../../adapters/system/clock.js'
import { randomIds } from '../../adapters/system/ids.js'
import type { Logger } from '../../adapters/system/logger.js'
import { makePasswordHasher } from '../../adapters/system/passwords.js'
import { randomTokens } from '../../adapters/system/tokens.js'
import { type ApiDeps, makeHttpServer } from '../../openapi/server.js'
import type { SignInDeps } from '../access/sign-in.js'
import { storeDelayMs } from '../issuing/backoff.js'
import type { CallReport, TaxBureau } from '../issuing/bureau.js'
import { makeChannel } from '../issuing/channel.js'
import type { ChannelWatch } from '../issuing/channel-ports.js'
import { prepareIntake, type ReceiveDeps, receiveDead, storeIntake } from '../issuing/receive.js'
import { makeShelf } from '../issuing/shelf.js'
import { type CallbackDeskDeps, makeCallbackDesk } from './callback-desk.js'
import type { ConfigWith } from './config.js'
import { CALLBACK_SECRET_FIELD } from './configuration/apply.js'
import { makeDoors } from './doors.js'
import { type Engine, makeEngine } from './engine.js'
import { makeHealth } from './health.js'
import { makeIntakeValve } from './intake-valve.js'
import { type NamedService, sideBySide } from './lifecycle.js'
import { makeMapperCache } from './mapper-cache.js'
import { type Memory, type MemoryConfig, openMemory } from './memory.js'
import { makeMetrics } from './metrics.js'
import { readVersion } from './package-root.js'
import { makeReconciler } from './reconciler.js'
import type { EngineDeps } from './stations/stage.js'
import { watchStoring } from './storing-watch.js'

/** Longest life of a lease; a dead worker's batch is taken over after it. */
const LEASE_MS = 15_000

/**
 * Pause of intake after a slice of messages while numbering is behind: both compete for this thread, and an order whose
 * neighbours are issued soon is worth more than one that is merely stored. Intake still takes some hundreds a second.
 */
const GIVE_WAY_MS = 5

/** Short enough to recover quickly, long enough not to spin. */
const WORK_ERROR_REST_MS = 500
const BYTES_PER_MB = 1_000_000

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

/** Opens the memory, unless one is given, and wires everything; nothing runs before `startAll(services)`. */
export async function compose(config: ConnectorConfig, log: Logger, given?: Memory): Promise<Connector> {
  const opened = given ?? (await openMemory(config, log))
  const storing = watchStoring(opened.store.database, { clock: systemClock, timers: systemTimers })
  const memory: Memory = { ...opened, store: { ...opened.store, database: storing.database } }
  const channel = makeChannel({
    stops: memory.store.stops,
    clock: systemClock,
    timers: systemTimers,
    report: (event) => log.error(event, event.event),
  })
  const metrics = makeMetrics({
    health: () => health,
    loadFigures: (now) => loadFigures(memory.pool, now),
    inFlightCount: () => engine.inFlightCount(),
    version: readVersion(),
    clock: systemClock,
    timers: systemTimers,
    onError: (error) => log.warn({ error }, 'metrics.failed'),
  })
  const bureau = makeBureau(config, memory, log, channel, metrics.countCall)
  const note: EngineDeps['log'] = (event, fields, level) => {
    metrics.countEvent(event, fields)
    log[level](fields, event)
  }
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
    report: (event) => {
      metrics.countDispositions(event.dispositions ?? {})
      log[event.event === 'batch.received' ? 'debug' : 'error'](event, event.event)
    },
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
    pauseMsAfter: restAfter,
  })
  const owner = `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`
  const { callbacks, sender } = makeCallbacks(config, memory, note, owner)
  const engine = makeEngine({
    ...receiveDeps,
    uploader: bureau,
    bureau,
    channel,
    publisher: doors.publisher,
    timers: systemTimers,
    random: Math.random,
    callbacks,
    owner,
    leaseMs: LEASE_MS,
    reuseRejectedNumbers: config.isRejectedNumberReused,
    uploadConcurrency: config.uploadConcurrency,
    errorRestMs: restAfter,
    log: note,
  })
  const listener = makeSignalListener({
    url: config.databaseUrl.reveal(),
    schema: config.databaseSchema,
    applicationName: 'leqi-connector signals',
    onSignals: (signals) => engine.signal([...signals]),
    onError: (error) => log.warn({ error: error.message }, 'signals.lost'),
    sleep: adapterTimers.wait,
  })
  const { waitingLimit, databaseSizeLimitMb } = config
  const databaseBytesMax = databaseSizeLimitMb === null ? null : databaseSizeLimitMb * BYTES_PER_MB
  const valve = makeIntakeValve({
    load: () => loadPressure(memory.pool, { countMax: waitingLimit, isSizeAsked: databaseBytesMax !== null }),
    limits: { waitingCountMax: waitingLimit, databaseBytesMax },
    consumer: doors.orders,
    clock: systemClock,
    timers: systemTimers,
    log,
  })
  const health = makeHealth({
    load: (now) => loadHealth(memory.pool, now),
    directory: memory.directory,
    doors,
    channel,
    valve,
    storing,
    clock: systemClock,
    timers: systemTimers,
  })
  const signIn: SignInDeps = {
    store: makeSignInStore(memory.pool),
    hasher: makePasswordHasher(),
    tokens: randomTokens,
    ids: randomIds,
    bootstrapToken: config.bootstrapToken,
  }
  const http = makeHttpServer({
    health,
    signIn,
    api: makeApi(memory, signIn),
    metrics,
    metricsToken: config.metricsToken,
    host: config.host,
    port: config.port,
    onError: (error, requestId) => log.error({ error, requestId }, 'request.failed'),
  })
  const services: NamedService[] = [
    { name: 'memory', service: { start: () => Promise.resolve(), stop: memory.close } },
    { name: 'bureau', service: { start: () => Promise.resolve(), stop: () => bureau.close() } },
    { name: 'callback sender', service: { start: () => Promise.resolve(), stop: () => sender.close() } },
    { name: 'health page', service: http },
    { name: 'signals', service: listener },
    ...doors.links,
    { name: 'restore', service: makeReconciler({ ...memory, bureau, clock: systemClock, timers: systemTimers, log }) },
    // Both wait up to 15 s for what is under way, which is more than a stop has for one after the other.
    { name: 'engine and callbacks', service: sideBySide(callbacks, engine) },
    ...doors.consumers,
    { name: 'intake valve', service: valve },
    { name: 'readiness', service: health },
  ]
  return { services, memory, engine, address: http.address, setDraining: health.setDraining }
}

/** Who found that nothing can be stored comes back on the schedule for it; any other error concerns its own work alone. */
function restAfter(error: unknown, failureCount: number): number {
  const trouble = troubleOf(error)
  return trouble === null ? WORK_ERROR_REST_MS : storeDelayMs(trouble, failureCount, Math.random)
}

/** The bureau as every process speaks to it, `apply` included. */
export function makeBureau(
  config: MemoryConfig,
  memory: Memory,
  log: Logger,
  channel: ChannelWatch,
  onCall: (call: CallReport) => void = () => undefined,
): TaxBureau & { close(): Promise<void> } {
  return makeLeqiBureau(
    {
      keyOf: memory.keyOf,
      rateBudget: makeRateBudget(memory.pool),
      channel,
      clock: systemClock,
      ids: randomIds,
      log,
      onCall,
    },
    {
      caText: config.caPem,
      insecureHosts: config.insecureHosts,
      upload: { deviceIp: config.deviceIp, deviceMac: config.deviceMac },
    },
  )
}

/** What the routes of the administration work with. */
function makeApi({ pool, store }: Memory, { store: credentials, hasher }: SignInDeps): ApiDeps {
  const database = makeScopedDatabase(store.database)
  const shared = { database, actions: store.actions, ids: randomIds, clock: systemClock }
  const roles = makeRoleStore(pool)
  const people = { ...shared, users: makeUserStore(pool), roles, hasher }
  return {
    organizations: { ...shared, organizations: makeOrganizationStore(pool) },
    users: people,
    roles: { ...shared, roles },
    ownPassword: { ...people, credentials },
  }
}

/** The desk of callbacks and what it sends with; secrets are opened only where they sign. */
function makeCallbacks(config: ConnectorConfig, memory: Memory, note: CallbackDeskDeps['log'], owner: string) {
  const sender = makeCallbackSender({
    openSecret: (unit, sealed) => memory.sealer.open(sealed, { unit, field: CALLBACK_SECRET_FIELD }),
    namedHosts: config.callbackHosts,
    caText: config.caPem,
  })
  const callbacks = makeCallbackDesk({
    database: memory.store.database,
    deliveries: makeDeliveryStore(memory.pool),
    sender,
    ids: randomIds,
    clock: systemClock,
    timers: systemTimers,
    random: Math.random,
    owner,
    log: note,
  })
  return { callbacks, sender }
}
