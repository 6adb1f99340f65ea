/** `plan FILE`: what `apply FILE` would change. Reads only; a database that was never migrated counts as empty. */
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { makeDatabase } from '../../../adapters/postgres/database.js'
import { DeploymentRefused, loadDeployment } from '../../../adapters/postgres/deployment.js'
import { makePool } from '../../../adapters/postgres/pool.js'
import { makeSettingsStore, type StoredSettings } from '../../../adapters/postgres/settings/settings-store.js'
import { makeSealer, type Sealer } from '../../../adapters/system/sealing.js'
import { loadConfig } from '../config.js'
import { planChanges } from '../configuration/apply.js'
import { loadSettingsFile } from './load-settings-file.js'
import { printChanges } from './print-plan.js'
import type { ExitCode, VerbContext } from './verbs.js'

const NOTHING: StoredSettings = {
  directUnits: [],
  usingUnits: [],
  issuing: [],
  businessTypes: [],
  products: [],
  buyers: [],
}

export async function plan(context: VerbContext, file: string, options: { prune: boolean }): Promise<ExitCode> {
  const config = loadConfig(context.source, ['databaseUrl', 'masterKey'])
  const { configuration, judge } = await loadSettingsFile(file, config, context)
  const sealer = makeSealer(config.masterKey)
  const pool = makePool({
    url: config.databaseUrl.reveal(),
    schema: config.databaseSchema,
    applicationName: 'leqi-connector plan',
    connectionCountMax: 1,
    onError: (error) => context.complain(error.message),
  })
  try {
    const stored = await loadStored(pool, config.databaseSchema, sealer)
    judge(stored)
    for (const line of printChanges(planChanges({ sealer }, configuration, stored, options.prune))) context.print(line)
    return 0
  } finally {
    await pool.end()
  }
}

/** Errors: DeploymentRefused when the settings were sealed under another master key. */
async function loadStored(pool: pg.Pool, schema: string, sealer: Sealer): Promise<StoredSettings> {
  const { rows } = await pool.query<{ isMigrated: boolean }>('select to_regclass($1) is not null as "isMigrated"', [
    `${schema}.settings_revision`,
  ])
  if (!rows[0]?.isMigrated) return NOTHING
  const settings = makeSettingsStore()
  return makeDatabase(pool, { random: Math.random, sleep }).transaction('other', async (tx) => {
    const owner = await loadDeployment(tx)
    if (owner !== null && !sealer.isOwnCheckValue(owner.keyCheck, owner.id)) throw new DeploymentRefused()
    return settings.load(tx)
  })
}
