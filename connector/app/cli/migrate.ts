/** `migrate`: brings the schema up to this release, breaking steps included; stop the other processes before those. */
import { migrate as migrateSchema } from '../../../adapters/postgres/migrate.js'
import { loadConfig } from '../config.js'
import type { ExitCode, VerbContext } from './verbs.js'

export async function migrate(context: VerbContext): Promise<ExitCode> {
  const config = loadConfig(context.source, ['databaseUrl'])
  const names = await migrateSchema({
    url: config.databaseUrl.reveal(),
    schema: config.databaseSchema,
    applicationName: 'leqi-connector migrate',
    allowBreaking: true,
  })
  for (const name of names) context.print(`${config.databaseSchema}: ${name}`)
  if (names.length === 0) context.print(`${config.databaseSchema}: 已是最新 / up to date`)
  return 0
}
