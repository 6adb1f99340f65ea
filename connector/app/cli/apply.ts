/** `apply FILE`: settings into the database in one transaction, then verification, first numbers, first quota. */
import { makeSettingsStore } from '../../../adapters/postgres/settings/settings-store.js'
import { randomIds } from '../../../adapters/system/ids.js'
import type { Logger } from '../../../adapters/system/logger.js'
import { UNWATCHED } from '../../issuing/channel-ports.js'
import { WAKE_SLICE_COUNT } from '../../issuing/ports.js'
import type { Tx } from '../../issuing/transaction.js'
import { makeBureau } from '../compose.js'
import { loadConfig } from '../config.js'
import { applyConfiguration, type Cure, SettingInUse } from '../configuration/apply.js'
import { runBureauSteps, type StepReport } from '../configuration/bureau-steps.js'
import { makeFirstSteps } from '../first-steps.js'
import { type Memory, type MemoryConfig, openMemory } from '../memory.js'
import { loadSettingsFile, type SettingsFile } from './load-settings-file.js'
import { printChanges } from './print-plan.js'
import { makeQuietLogger } from './quiet-logger.js'
import { type ExitCode, type VerbContext, VerbRefused } from './verbs.js'

export interface ApplyOptions {
  offline: boolean
  prune: boolean
}

export async function apply(context: VerbContext, file: string, options: ApplyOptions): Promise<ExitCode> {
  const config = loadConfig(context.source, ['databaseUrl', 'masterKey'])
  const settingsFile = await loadSettingsFile(file, config, context)
  const log = makeQuietLogger(config)
  const memory = await openMemory(config, log)
  try {
    const changes = await storeSettings(memory, settingsFile, options)
    for (const line of printChanges(changes)) context.print(line)
    return options.offline ? 0 : await askBureau(context, config, memory, log)
  } finally {
    await memory.close()
  }
}

async function storeSettings(memory: Memory, { configuration, judge }: SettingsFile, { prune }: ApplyOptions) {
  try {
    return await applyConfiguration(
      {
        database: memory.store.database,
        settings: makeSettingsStore(),
        sealer: memory.sealer,
        ids: randomIds,
        onApplied: (tx, cures) => wakeCured(memory, tx, cures),
      },
      configuration,
      { isPruning: prune, judge },
    )
  } catch (error) {
    if (error instanceof SettingInUse) throw new VerbRefused(1, error.message, error.messageEn)
    throw error
  }
}

async function wakeCured({ store }: Memory, tx: Tx, cures: readonly Cure[]): Promise<void> {
  for (const cure of cures) await store.orders.wake(tx, { ...cure, limit: WAKE_SLICE_COUNT, goesOn: true })
  await store.signals.announce(tx, ['settings', 'stops', 'inbox', 'orders', 'invoices'])
}

async function askBureau(context: VerbContext, config: MemoryConfig, memory: Memory, log: Logger): Promise<ExitCode> {
  const bureau = makeBureau(config, memory, log, UNWATCHED)
  try {
    const isClean = await runBureauSteps(makeFirstSteps(memory, bureau, log), (step) => {
      if (step.failure === null) context.print(describeStep(step))
      else context.complain(describeStep(step))
    })
    return isClean ? 0 : 1
  } finally {
    await bureau.close()
  }
}

const STEP_NAMES = {
  verify: '验证 / verification',
  tables: '税收编码与税率表 / tax tables',
  numbers: '发票号码 / numbers',
  quota: '发票额度 / quota',
} as const

function describeStep({ step, taxNo, failure }: StepReport): string {
  if (failure === null) return `${taxNo} ${STEP_NAMES[step]}: ok`
  return `${taxNo} ${STEP_NAMES[step]}: ${failure.code} ${failure.message} / ${failure.messageEn}`
}
