/** `start`: the production process, until a signal. */
import { makeLogger } from '../../../adapters/system/logger.js'
import { makeTimetable } from '../../../jobs/schedule.js'
import { compose } from '../compose.js'
import { loadConfig } from '../config.js'
import { runUntilSignal } from '../lifecycle.js'
import type { ExitCode, VerbContext } from './verbs.js'

export async function start(context: VerbContext): Promise<ExitCode> {
  const config = loadConfig(context.source, ['databaseUrl', 'amqpUrl', 'masterKey'])
  const log = makeLogger({ level: config.logLevel })
  log.info({ config }, 'connector.starting')
  const connector = await compose(config, log)
  const timetable = makeTimetable({
    databaseUrl: config.databaseUrl.reveal(),
    databaseSchema: config.databaseSchema,
    onEvent: (level, event, fields) => log[level](fields, event),
  })
  return runUntilSignal([...connector.services, { name: 'timetable', service: timetable }], {
    signals: context.signals,
    onExit: context.exitNow,
    onEvent: (event, { signal, report }) => {
      if (event === 'stopping') connector.setDraining()
      for (const { name, error } of report?.failed ?? []) log.error({ name, error }, 'service.stop-failed')
      log.info({ signal, address: connector.address(), unfinished: report?.unfinished }, `connector.${event}`)
    },
  })
}
