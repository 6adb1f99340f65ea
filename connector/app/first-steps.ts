/** The bureau's steps of `apply`, made of the same use cases that the engine runs: nothing is done twice or otherwise. */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock, systemTimers } from '../../adapters/system/clock.js'
import { randomIds } from '../../adapters/system/ids.js'
import type { Logger } from '../../adapters/system/logger.js'
import type { BureauFailure, TaxBureau } from '../issuing/bureau.js'
import { UNWATCHED } from '../issuing/channel-ports.js'
import { makeHolds } from '../issuing/held.js'
import { liftStops } from '../issuing/probe.js'
import { type RefreshDeps, refreshTables, refreshUnit } from '../issuing/refresh.js'
import { planMoves, type ReplenishDeps, runMoves } from '../issuing/replenish.js'
import { chinaYear, taxPeriodOf } from '../kernel/time.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import type { BureauSteps, SettledUnit, StepFailure } from './configuration/bureau-steps.js'
import type { Memory } from './memory.js'

/** Life of the lease on a move that `apply` carries out itself; whoever takes it over repeats the same serial. */
const LEASE_MS = 15_000
/** Rounds of planning and carrying out; each moves at most 5,000 numbers. */
const ROUND_COUNT_MAX = 25
/** Pause between rounds while another process holds the move. */
const ROUND_PAUSE_MS = 200

export function makeFirstSteps(memory: Memory, bureau: TaxBureau, log: Logger): BureauSteps {
  const report = (event: { event: string }) => log.info(event, event.event)
  const shared = { clock: systemClock, random: Math.random, bureau, report }
  const refreshDeps: RefreshDeps = {
    ...shared,
    tables: memory.store.tables,
  }
  const replenishDeps: ReplenishDeps = {
    ...shared,
    store: memory.store,
    directory: memory.directory,
    ids: randomIds,
    owner: `apply/${process.pid}`,
    leaseMs: LEASE_MS,
    timers: systemTimers,
    // Not renewed: a call that outlasts its lease is asked again under the same serial.
    holds: makeHolds({ store: memory.store, timers: systemTimers, leaseMs: LEASE_MS, onError: () => undefined }),
    channel: UNWATCHED,
  }

  function unitOf(settled: SettledUnit): UsingUnit {
    const unit = memory.directory().units.find(({ id }) => id === settled.id)
    if (unit === undefined) throw new Error(`unit ${settled.taxNo} is gone`)
    return unit
  }

  /** Plans and carries out moves until `isSupplied`; null when it is, else why not. */
  async function supply(
    settled: SettledUnit,
    what: { zh: string; en: string },
    isSupplied: (unit: UsingUnit) => Promise<boolean>,
  ): Promise<StepFailure | null> {
    for (let round = 0; round < ROUND_COUNT_MAX; round += 1) {
      const unit = unitOf(settled)
      if (await isSupplied(unit)) return null
      await planMoves(replenishDeps, unit)
      if ((await runMoves(replenishDeps)).count === 0) await sleep(ROUND_PAUSE_MS)
    }
    return {
      code: 'CFG-supply',
      message: `${what.zh}不足，启动后会继续补充`,
      messageEn: `too little ${what.en}; it is asked for again after the start`,
    }
  }

  return {
    async listUnits() {
      await memory.renewDirectory()
      return memory.directory().units.map(({ id, taxNo, name, isVerified, direct }) => ({
        id,
        taxNo,
        name,
        isVerified: isVerified && direct.isVerified,
      }))
    },
    async verifyUnit(settled) {
      const failure = await refreshUnit(refreshDeps, unitOf(settled))
      await memory.renewDirectory()
      if (failure !== null) return toStepFailure(failure)
      await liftStops({ store: memory.store, directory: memory.directory, clock: systemClock, report }, unitOf(settled))
      return null
    },
    async refreshTables(settled) {
      const [first] = await refreshTables(refreshDeps, unitOf(settled))
      await memory.renewDirectory()
      return first === undefined ? null : toStepFailure(first.failure)
    },
    claimNumbers: (settled) =>
      supply(settled, { zh: '发票号码', en: 'stock of invoice numbers' }, async ({ id, settings }) => {
        if (!settings.autoClaim) return true
        const { freeCount } = await memory.store.numbers.stock(null, id, chinaYear(systemClock.now()))
        return freeCount >= settings.numberWarningCount && freeCount > 0
      }),
    downloadQuota: (settled) =>
      supply(settled, { zh: '发票额度', en: 'credit quota' }, async ({ id, settings }) => {
        if (!settings.autoDownloadQuota) return true
        const quota = await memory.store.quota.load(null, id, taxPeriodOf(systemClock.now()))
        return quota !== null && quota.availableAmount > 0n
      }),
  }
}

function toStepFailure({ code, message, kind }: BureauFailure): StepFailure {
  return { code, message, messageEn: `the bureau's channel failed (${kind}): ${message}` }
}
