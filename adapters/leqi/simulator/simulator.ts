/**
 * The tax bureau, simulated: same wire as Leqi, own state, own arithmetic, limits on, faults by seed, movable clock.
 *
 * Knows: the wire's names and the bureau's rulebook. Must not know: anything of the connector but the wire types; its
 * checks are written independently on purpose, so that the two must agree (design D7).
 * Invariants: a stored number is never stored again; a call that is refused leaves nothing behind; what the book says
 * is all that ever happened.
 */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { type Bureau, makeBureau } from './bureau.js'
import { makeMovableClock, toStamp } from './clock.js'
import { type ControlParts, makeControl, type SimulatorControl } from './control.js'
import { makeControlRoutes } from './control-routes.js'
import { makeCounters } from './counters.js'
import { DEFAULT_KEY, DEFAULT_WORLD } from './default-world.js'
import { makeDice } from './dice.js'
import { type FaultRule, makeFaultPlan } from './faults.js'
import { makeRateLimit } from './rate-limit.js'
import { makeRegistry } from './registry.js'
import { makeBureauServer } from './server.js'
import type { FaultTiming, RepeatedUploadMode, Settings, VerdictDelay } from './settings.js'
import { assertSm4Available } from './sm4.js'
import { makeClassificationTable } from './tables/classification.js'
import { makeRateTable } from './tables/rates.js'
import { parseWorld, type SimulatorWorld } from './world.js'

/** Verdicts come after a while, as the bureau's do, but a demo should not have to wait for the real ten seconds. */
const DEFAULT_VERDICT_DELAY: VerdictDelay = { minMs: 200, maxMs: 2_000, hiddenMs: 0 }
/** Generous: a connector configured sensibly never meets it. */
const DEFAULT_RATE_PER_SECOND = 200
/** 请5分钟后重试. Source: Leqi access guide. */
const DEFAULT_RATE_PENALTY_MS = 5 * 60_000
/** More numbers than any run claims in a second; 15 digits last for some three hundred years of such seconds. */
const NUMBERS_PER_SECOND = 100_000n
const DEFAULT_TIMING: FaultTiming = { lateMs: 30_000, lostHoldMs: 120_000, dripMs: 200, dripBytes: 32 }

export interface SimulatorOptions {
  /** Default 127.0.0.1: the control door has no password. */
  host?: string
  /** Default 0: any free port. */
  port?: number
  /** A world, or the path of a JSON file with one; default: the two fictitious groups of docs/simulator.md. */
  world?: SimulatorWorld
  worldFile?: string
  /** Path of a CSV `code,name,shortName,rates,isSummary,description`. */
  classificationFile?: string
  /** Faults and delays repeat with the seed. Default 1. */
  seed?: number
  verdictDelay?: VerdictDelay
  ratePerSecond?: number
  ratePenaltyMs?: number
  faults?: readonly FaultRule[]
  faultTiming?: Partial<FaultTiming>
  repeatedUpload?: RepeatedUploadMode
  refusalForm?: Settings['refusalForm']
  /** Any unknown id is accepted, with `autoRegisterKey`. Default off. */
  autoRegister?: boolean
  autoRegisterKey?: string
  /**
   * Running part (digits 6–20) of the first number. Default: follows the host's time, so that a connector which keeps its
   * database never gets a number of an earlier run again.
   */
  firstRunningNumber?: bigint
  keepContent?: boolean
  /** The host's time; default `Date.now`. */
  hostNowMs?: () => number
}

export interface Simulator {
  /** `http://host:port`; a connector's `apiUrl` is this + `/access/v2/invoke`. */
  url: string
  port: number
  control: SimulatorControl
  close(): Promise<void>
}

/** Starts a simulator. Errors: rejects for an unusable world or table, a taken port, a Node without SM4. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  assertSm4Available()
  const make = await loadMaker(options)
  let { bureau, parts } = make()
  const hostNowMs = options.hostNowMs ?? Date.now
  const reset = () => {
    const clock = parts.clock.setting()
    ;({ bureau, parts } = make())
    // The clock is the test's, not the world's: it stays where it was put.
    parts.clock.set(clock)
  }
  const control = makeControl({ parts: () => parts, reset, hostNowMs })
  const server = makeBureauServer({
    handle: (call) => bureau.handle(call),
    control: makeControlRoutes(control),
    timing: () => parts.settings.timing,
    nowMs: () => parts.clock.nowMs(),
  })
  const host = options.host ?? '127.0.0.1'
  const port = await server.listen({ host, port: options.port ?? 0 })
  const shownHost = host.includes(':') ? `[${host}]` : host
  return { url: `http://${shownHost}:${port}`, port, control, close: () => server.close() }
}

/** Reads the files once and returns what builds a fresh bureau from them. */
async function loadMaker(options: SimulatorOptions): Promise<() => { bureau: Bureau; parts: ControlParts }> {
  const { worldFile, classificationFile, hostNowMs = Date.now } = options
  const described: unknown = worldFile === undefined ? options.world : JSON.parse(await readFile(worldFile, 'utf8'))
  const world = described === undefined ? DEFAULT_WORLD : parseWorld(described)
  const csv = classificationFile === undefined ? null : await readFile(classificationFile, 'utf8')
  return () => {
    const clock = makeMovableClock(hostNowMs)
    const tables = { classifications: makeClassificationTable(toStamp(hostNowMs()), csv), rates: makeRateTable() }
    const registry = makeRegistry(world, options.autoRegisterKey ?? DEFAULT_KEY)
    const settings = toSettings(options)
    const counters = makeCounters()
    const dice = makeDice(options.seed ?? 1)
    const rateLimit = makeRateLimit({ monotonicMs: () => performance.now(), bureauMs: () => clock.nowMs() })
    const bureau = makeBureau({
      registry,
      tables,
      settings,
      counters,
      clock,
      dice,
      faultPlan: makeFaultPlan(dice, settings),
      rateLimit,
      newHex: (length) =>
        randomBytes(Math.ceil(length / 2))
          .toString('hex')
          .slice(0, length),
      firstRunningNumber: options.firstRunningNumber ?? runningNumberAt(hostNowMs()),
    })
    return { bureau, parts: { registry, books: bureau.books, tables, settings, counters, clock } }
  }
}

function runningNumberAt(hostNowMs: number): bigint {
  return BigInt(Math.floor(hostNowMs / 1_000)) * NUMBERS_PER_SECOND + 1n
}

function toSettings(options: SimulatorOptions): Settings {
  return {
    verdictDelay: options.verdictDelay ?? DEFAULT_VERDICT_DELAY,
    repeatedUpload: options.repeatedUpload ?? '03',
    forcedVerdicts: [],
    faults: [...(options.faults ?? [])],
    forcedFaults: [],
    timing: { ...DEFAULT_TIMING, ...options.faultTiming },
    ratePerSecond: options.ratePerSecond ?? DEFAULT_RATE_PER_SECOND,
    ratePenaltyMs: options.ratePenaltyMs ?? DEFAULT_RATE_PENALTY_MS,
    refusalForm: options.refusalForm ?? 'data',
    autoRegister: options.autoRegister ?? false,
    keepContent: options.keepContent ?? true,
  }
}
