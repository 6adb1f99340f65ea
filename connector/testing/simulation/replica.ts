/**
 * One replica of the connector: the production core on simulated ports, for one life. A restart is another one.
 */
import { type Engine, makeEngine } from '../../app/engine.js'
import type { TaxBureau } from '../../issuing/bureau.js'
import { makeChannel } from '../../issuing/channel.js'
import type { ChannelWatch } from '../../issuing/channel-ports.js'
import type { Directory } from '../../issuing/directory.js'
import type { IssuingStore, ResultPublisher } from '../../issuing/ports.js'
import { prepareIntake, type ReceiveDeps, storeIntake } from '../../issuing/receive.js'
import { makeShelf } from '../../issuing/shelf.js'
import type { IdSource } from '../../kernel/ids.js'
import type { OrderMapper } from '../../order/mapper.js'
import type { Intake } from './broker.js'
import type { Life } from './life.js'
import type { Swarm } from './swarm.js'

/** As in production. */
const LEASE_MS = 15_000
/** Longest rest of a station that fails again and again. */
const ERROR_REST_MS_MAX = 15_000

export interface ReplicaParts {
  life: Life
  store: IssuingStore
  bureau: (channel: ChannelWatch) => TaxBureau
  publisher: ResultPublisher
  mapperOf: (businessType: string) => OrderMapper
  loadDirectory: () => Directory
  nextId: () => string
  swarm: Swarm
  onError: (station: unknown, error: unknown) => void
}

export interface Replica {
  life: Life
  engine: Engine
  intake: Intake
}

export function makeReplica(parts: ReplicaParts): Replica {
  const { life, store, swarm } = parts
  let directory = parts.loadDirectory()
  const channel = makeChannel({ stops: store.stops, clock: life.clock, timers: life.timers, report: () => undefined })
  const bureau = parts.bureau(channel)
  const ids: IdSource = { uuid: parts.nextId, serial: () => life.dice.hex(32) }
  const receiveDeps: ReceiveDeps = {
    store,
    directory: () => directory,
    renewDirectory: async () => {
      await life.hop('reads settings', 1)
      directory = parts.loadDirectory()
    },
    mapperOf: (businessType) => parts.mapperOf(businessType),
    uploader: bureau,
    shelf: makeShelf(),
    breathe: () => life.hop('breathes', 0),
    ids,
    clock: life.clock,
    report: ({ event, error }) => {
      if (event === 'message.defect') parts.onError(event, error)
    },
  }
  const engine = makeEngine({
    ...receiveDeps,
    bureau,
    channel,
    uploader: bureau,
    publisher: parts.publisher,
    timers: life.timers,
    callbacks: { kick: () => undefined },
    errorRestMs: (_error, failureCount) => Math.min(500 * 2 ** failureCount, ERROR_REST_MS_MAX),
    random: life.dice.random,
    owner: life.name,
    leaseMs: LEASE_MS,
    reuseRejectedNumbers: swarm.reuseRejectedNumbers,
    uploadConcurrency: swarm.uploadConcurrency,
    log: (event, fields) => {
      if (event === 'station.failed') parts.onError(fields.station, fields.error)
    },
  })
  return {
    life,
    engine,
    intake: async (batch) => {
      const prepared = await prepareIntake(receiveDeps, batch)
      return async () => {
        await storeIntake(receiveDeps, prepared)
        engine.expect(batch.length)
      }
    },
  }
}
