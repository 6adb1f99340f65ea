/**
 * The memory of one process: the pool, the store, and a directory that is replaced whole when settings change.
 *
 * Opening it migrates the schema, and refuses one that belongs to another deployment: replicas share one deployment,
 * known by its id and the check value of the master key.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { makeDirectorySource } from '../../adapters/postgres/directory/directory.js'
import { makeIssuingStore } from '../../adapters/postgres/issuing-store.js'
import { migrate } from '../../adapters/postgres/migrate.js'
import { makePool } from '../../adapters/postgres/pool.js'
import { makeRestoreStore } from '../../adapters/postgres/restore/restore-store.js'
import { requireSuitableServer } from '../../adapters/postgres/server-facts.js'
import { systemClock } from '../../adapters/system/clock.js'
import { makeHighWaterFile } from '../../adapters/system/high-water-file.js'
import type { Logger } from '../../adapters/system/logger.js'
import { makeSealer, type Sealer } from '../../adapters/system/sealing.js'
import { RESTORE_GRACE_MS } from '../issuing/backoff.js'
import type { Directory } from '../issuing/directory.js'
import type { IssuingStore } from '../issuing/ports.js'
import type { RestoreStore } from '../issuing/restore-ports.js'
import type { Secret } from '../kernel/secret.js'
import type { DirectUnit } from '../taxpayer/taxpayer.js'
import type { ConfigWith } from './config.js'
import { makeRestoreWatch, type RestoreWatch } from './restore-watch.js'

export interface Memory {
  pool: pg.Pool
  store: IssuingStore
  restores: RestoreStore
  restoreWatch: RestoreWatch
  sealer: Sealer
  directory: () => Directory
  /** Replaces the directory when its revision has risen. */
  renewDirectory: () => Promise<void>
  keyOf: (direct: DirectUnit) => Secret | null
  close: () => Promise<void>
}

export type MemoryConfig = ConfigWith<'databaseUrl' | 'masterKey'>

/** Opens the memory. Errors: the database is unreachable, `ServerRefused`, `MigrationRefused`, `DeploymentRefused`. */
export async function openMemory(config: MemoryConfig, log: Logger): Promise<Memory> {
  const connection = {
    url: config.databaseUrl.reveal(),
    schema: config.databaseSchema,
    applicationName: 'leqi-connector',
  }
  const pool = makePool({
    ...connection,
    connectionCountMax: config.databasePoolSize,
    onError: (error) => log.warn({ error: error.message }, 'database.connection-lost'),
  })
  try {
    await requireSuitableServer(pool, config.databaseSchema)
    const migrated = await migrate({ ...connection, allowBreaking: false })
    if (migrated.length > 0) log.info({ migrations: migrated }, 'schema.migrated')
    const store = makeIssuingStore(pool, { schema: config.databaseSchema, random: Math.random, sleep })
    const sealer = makeSealer(config.masterKey)
    const restores = makeRestoreStore(pool, RESTORE_GRACE_MS)
    const highWater = config.dataDir === null ? null : makeHighWaterFile(config.dataDir)
    const restoreWatch = makeRestoreWatch({ pool, store, restores, sealer, highWater, clock: systemClock, log })
    await restoreWatch.look()
    return await makeMemory({ pool, store, restores, restoreWatch, sealer })
  } catch (error) {
    await pool.end()
    throw error
  }
}

type Opened = Pick<Memory, 'pool' | 'store' | 'restores' | 'restoreWatch' | 'sealer'>

async function makeMemory(opened: Opened): Promise<Memory> {
  const { pool, sealer } = opened
  const source = makeDirectorySource(pool)
  let directory = await source.load()
  let renewing: Promise<void> = Promise.resolve()
  const renew = async () => {
    if ((await source.loadRevision()) !== directory.revision) directory = await source.load()
  }
  return {
    ...opened,
    directory: () => directory,
    renewDirectory() {
      // One after the other: an older snapshot must not come last.
      const turn = renewing.then(renew)
      renewing = turn.catch(() => undefined)
      return turn
    },
    keyOf(direct) {
      const sealed = directory.sealedApiKey(direct.id)
      return sealed === null ? null : sealer.open(sealed, { unit: direct.id, field: 'apiKey' })
    },
    close: () => pool.end(),
  }
}
