/** `start`: the production process, until a signal. */
import { listAbandonedJobs } from '../../../adapters/postgres/schedule.js'
import { makeLogger } from '../../../adapters/system/logger.js'
import { makeTimetable } from '../../../jobs/schedule.js'
import { compose } from '../compose.js'
import { type Config, loadConfig } from '../config.js'
import { judgeApiAddress } from '../configuration/api-address.js'
import { runUntilSignal } from '../lifecycle.js'
import type { Memory } from '../memory.js'
import { type ExitCode, type VerbContext, VerbRefused } from './verbs.js'

export async function start(context: VerbContext): Promise<ExitCode> {
  const config = loadConfig(context.source, ['databaseUrl', 'amqpUrl', 'masterKey'])
  const log = makeLogger({ level: config.logLevel })
  log.info({ config }, 'connector.starting')
  const connector = await compose(config, log)
  await refusePlainAddresses(connector.memory, config)
  const timetable = makeTimetable({
    databaseUrl: config.databaseUrl.reveal(),
    databaseSchema: config.databaseSchema,
    listAbandonedJobs: () => listAbandonedJobs(connector.memory.pool),
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

/** A unit whose address may not be called would be parked for ever; the operator has to name the host or change it. */
async function refusePlainAddresses({ directory, close }: Memory, { insecureHosts }: Config): Promise<void> {
  for (const { leqiId, apiUrl, environment } of directory().directUnits) {
    const refusal = judgeApiAddress(apiUrl, environment, insecureHosts)
    if (refusal === null) continue
    await close()
    throw new VerbRefused(2, `直连单位 ${leqiId}：${refusal.zh}`, `direct unit ${leqiId}: ${refusal.en}`)
  }
}
