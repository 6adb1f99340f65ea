/**
 * The engine: the stations of the story, wired to each other (design §3).
 *
 *   inbox ─► reserve ─► upload ─► poll ─► outbox     moves (numbers, quota)     settings ─► refresh (profiles, tables)
 *
 * Every station finds its work in the database, so a restart, another replica or a lost kick only delays. Kicks carry
 * the work on at once inside this process; `signal` carries it between processes.
 *
 * Stopping: no station takes up anything new, what is in a lane and has not left is let go, what has left is waited for.
 * What is still under way when the time to drain is over is given up, and written down as what it is: never sent, or in
 * doubt.
 */
import { CLOCK_PROBE_MS } from '../issuing/backoff.js'
import { makeHolds } from '../issuing/held.js'
import { WAKE_SLICE_COUNT, type WorkSignal } from '../issuing/ports.js'
import { resumeInbox, resumeOrders } from '../issuing/receive.js'
import { HELD_CAUSES, PARK_CAUSES } from '../kernel/fault.js'
import type { Service } from './lifecycle.js'
import { makeStation } from './station.js'
import { makeWatch } from './stations/channel.js'
import { makePolls } from './stations/polls.js'
import { makeResults } from './stations/results.js'
import type { EngineDeps, Stage, StationName, Stations } from './stations/stage.js'
import { makeSupplies } from './stations/supplies.js'
import { makeUploads, type Uploads } from './stations/uploads.js'

/** Longest rest of the hot stations: the net under lost kicks and foreign leases that ran out. */
const HOT_REST_MS = 1_000
/** How often everything that waits is looked at again. */
const SWEEP_REST_MS = 30_000
/** How often supplies are judged when nothing asks for them. */
const SUPPLY_REST_MS = 5_000
/** Parked rows looked at again by one sweep; a slice, so that a sweep never floods the stations. */
const SWEEP_COUNT_MAX = 500
/** How often trust and leases are looked at. */
const HOLDS_REST_MS = 1_000
/** How long what has left is waited for; consumers before and connections after have their share of the 25 s. */
const DRAIN_MS = 15_000

export interface Engine extends Service, Pick<Uploads, 'expect' | 'isBehind'> {
  signal(signals: readonly WorkSignal[]): void
  /** Batches being uploaded or polled now. */
  inFlightCount(): number
}

export function makeEngine(deps: EngineDeps): Engine {
  const tasks = new Set<Promise<void>>()
  const stopping = new AbortController()
  const holds = makeHolds({ ...deps, onError: (error) => onError('holds', error) })
  const stage: Stage = {
    deps,
    holds,
    stopping: stopping.signal,
    kick: (name) => stations[name].kick(),
    kickIn: (name, ms) => stations[name].kickIn(ms),
    spawn(name, work) {
      const task = work()
        .catch((error: unknown) => onError(name, error))
        .finally(() => tasks.delete(task))
      tasks.add(task)
    },
    report: (fields) => deps.log(fields.event, { ...fields }, levelOf(fields.event)),
  }
  const results = makeResults(stage)
  const polls = makePolls(stage, results)
  const supplies = makeSupplies(stage)
  const watch = makeWatch(stage, supplies)
  const uploads = makeUploads(stage, results, supplies)
  const sweeps = makeSweeps(stage)

  function onError(name: string, error: unknown): void {
    deps.log('station.failed', { station: name, error }, 'error')
  }

  const station = (name: string, restMsMax: number, run: () => Promise<number>) =>
    makeStation({ name, restMsMax, run, timers: deps.timers, onError, errorRestMs: deps.errorRestMs })
  const stations: Stations = {
    settings: station('settings', SWEEP_REST_MS, sweeps.renewSettings),
    channel: station('channel', CLOCK_PROBE_MS, watch),
    refresh: station('refresh', SWEEP_REST_MS, supplies.refresh),
    inbox: station('inbox', HOT_REST_MS, async () => (await resumeInbox(deps)) + (await resumeOrders(deps))),
    reserve: station('reserve', HOT_REST_MS, uploads.reserveAll),
    resend: station('resend', HOT_REST_MS, uploads.resend),
    poll: station('poll', HOT_REST_MS, polls.pollDue),
    outbox: station('outbox', HOT_REST_MS, results.publishDue),
    moves: station('moves', SUPPLY_REST_MS, supplies.supply),
    waking: station('waking', HOT_REST_MS, sweeps.wakeOn),
    sweep: station('sweep', SWEEP_REST_MS, sweeps.sweep),
    holds: station('holds', HOLDS_REST_MS, async () => {
      holds.tick()
      return 0
    }),
  }

  async function drain(): Promise<void> {
    const { holds: keeping, ...others } = stations
    await Promise.all(Object.values(others).map((each) => each.stop()))
    while (tasks.size > 0) await Promise.all(tasks)
    await keeping.stop()
  }

  return {
    signal: (signals) => {
      for (const signal of signals) (signal === 'callbacks' ? deps.callbacks : stations[STATION_OF[signal]]).kick()
    },
    inFlightCount: () => holds.count('batches'),
    expect: uploads.expect,
    isBehind: uploads.isBehind,
    async start() {
      for (const each of Object.values(stations)) await each.start()
    },
    async stop() {
      stopping.abort()
      const callOff = deps.timers.after(DRAIN_MS, () => holds.abandon())
      await drain()
      callOff()
    },
  }
}

const STATION_OF: Record<Exclude<WorkSignal, 'callbacks'>, StationName> = {
  inbox: 'inbox',
  orders: 'inbox',
  invoices: 'reserve',
  batches: 'resend',
  moves: 'moves',
  events: 'outbox',
  settings: 'settings',
  stops: 'channel',
}

/** The nets: settings that changed elsewhere, and everything that waits. */
function makeSweeps({ deps, kick }: Stage) {
  const kickAll = (...names: readonly StationName[]) => {
    for (const name of names) kick(name)
  }
  return {
    async renewSettings(): Promise<number> {
      await deps.renewDirectory()
      kickAll('inbox', 'reserve', 'refresh', 'channel')
      return 0
    },
    /** The net under every wake-up: what waits is let go on in slices; what still cannot is parked again. */
    async sweep(): Promise<number> {
      const isRestored = deps.directory().units.some((unit) => unit.isRestored)
      const causes = PARK_CAUSES.filter(
        (cause) => !HELD_CAUSES.includes(cause) && (cause !== 'restored' || !isRestored),
      )
      await deps.store.database.transaction('sweep', (tx) => deps.store.orders.sweep(tx, causes, SWEEP_COUNT_MAX))
      kickAll('inbox', 'reserve', 'resend')
      return 0
    },
    /** One slice of what waited for a cause that has gone; the first one was woken by the transaction that removed it. */
    async wakeOn(): Promise<number> {
      const woken = await deps.store.database.transaction('waking', (tx) =>
        deps.store.orders.wakeOn(tx, WAKE_SLICE_COUNT),
      )
      if (woken === null) return 0
      kickAll('inbox', 'reserve')
      return 1
    },
  }
}

function levelOf(event: string): 'debug' | 'info' | 'warn' | 'error' {
  if (event.startsWith('incident.') || event.startsWith('channel.stopped')) return 'error'
  if (event.endsWith('failed') || event.startsWith('quota.')) return 'warn'
  return event.startsWith('batch.') || event.startsWith('results.') ? 'debug' : 'info'
}
