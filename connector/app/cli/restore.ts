/** `restore list | declare | exclude | release | approve`: after the database was put back to an older backup. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeIssuingStore } from '../../../adapters/postgres/issuing-store.js'
import { makePool } from '../../../adapters/postgres/pool.js'
import { makeRestoreStore } from '../../../adapters/postgres/restore/restore-store.js'
import { systemClock } from '../../../adapters/system/clock.js'
import { randomIds } from '../../../adapters/system/ids.js'
import { RESTORE_GRACE_MS } from '../../issuing/backoff.js'
import {
  approveRelease,
  declareRestore,
  excludeOrders,
  proposeRelease,
  type RestoreHandDeps,
} from '../../issuing/restore-by-hand.js'
import { utcRfc3339 } from '../../kernel/time.js'
import { loadConfig } from '../config.js'
import { type ExitCode, type VerbContext, VerbRefused } from './verbs.js'

interface Hand {
  reason: string
  by: string
}

/** Exits 1 when a unit waits for people. */
export function listRestores(context: VerbContext): Promise<ExitCode> {
  return withMemory(context, async ({ restores }) => {
    const units = await restores.list()
    for (const { taxNo, state, ground, detectedAt, knownUntil, findings } of units) {
      context.print(`${taxNo}  ${state}  ${ground}  ${utcRfc3339(detectedAt)}  copy of ${utcRfc3339(knownUntil)}`)
      if (findings !== null) context.print(`    ${JSON.stringify(findings)}`)
    }
    if (units.length === 0) context.print('没有进行中的恢复核对 / no restore is being compared with the bureau')
    return units.some(({ state }) => state === 'held') ? 1 : 0
  })
}

export function declare(context: VerbContext, hand: Hand): Promise<ExitCode> {
  return withMemory(context, async (deps) => {
    await declareRestore(deps, hand)
    context.print('已记录，所有单位与税局核对完成前不开票 / noted; no unit issues before it agrees with the bureau')
    return 0
  })
}

/** One order key a line, as `audit.orders` shows it. */
export function exclude(context: VerbContext, file: string, hand: Hand): Promise<ExitCode> {
  const orderKeys = readLines(file)
  return withMemory(context, async (deps) => {
    const found = await excludeOrders(deps, { ...hand, orderKeys })
    const missing = orderKeys.filter((key) => !found.includes(key))
    context.print(`${found.length} 个订单转人工处理 / ${found.length} orders wait for a person`)
    for (const key of missing) context.complain(`没有等待恢复核对的订单 / no such order waits for the restore: ${key}`)
    return missing.length === 0 ? 0 : 1
  })
}

export function release(context: VerbContext, taxNo: string, hand: Hand): Promise<ExitCode> {
  return withMemory(context, async (deps) => {
    const { id } = await proposeRelease(deps, { ...hand, taxNo })
    context.print(`提议 ${id} 已记录，请另一人核对后批准 / proposal ${id} is noted; another person approves it:`)
    context.print(`  leqi-connector restore approve ${id} --by NAME`)
    return 0
  })
}

export function approve(context: VerbContext, id: bigint, { by }: { by: string }): Promise<ExitCode> {
  return withMemory(context, async (deps) => {
    const { taxNo, isNew } = await approveRelease(deps, { id, by })
    context.print(
      isNew
        ? `${taxNo} 恢复开票 / ${taxNo} issues again`
        : `提议 ${id} 此前已批准，没有再次执行 / proposal ${id} had been approved before; nothing happened again`,
    )
    return 0
  })
}

function readLines(file: string): readonly string[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new VerbRefused(2, `无法读取 ${file}`, `${file} cannot be read`)
  }
  return [...new Set(text.split('\n').map((line) => line.trim()))].filter((line) => line !== '')
}

async function withMemory(context: VerbContext, act: (deps: RestoreHandDeps) => Promise<ExitCode>): Promise<ExitCode> {
  const config = loadConfig(context.source, ['databaseUrl'])
  const pool = makePool({
    url: config.databaseUrl.reveal(),
    schema: config.databaseSchema,
    applicationName: 'leqi-connector restore',
    connectionCountMax: 2,
    onError: (error) => context.complain(error.message),
  })
  try {
    return await act({
      store: makeIssuingStore(pool, { schema: config.databaseSchema, random: Math.random, sleep }),
      restores: makeRestoreStore(pool, RESTORE_GRACE_MS),
      ids: randomIds,
      clock: systemClock,
    })
  } finally {
    await pool.end()
  }
}
