/** The adapter under test: its parts on own ground, with timers that a test moves and a log that it can read. */
import { EventEmitter, once } from 'node:events'
import { instant } from '../../../connector/kernel/time.js'
import { type BrokerConnection, makeConnection } from '../connection.js'
import type { Log } from '../log.js'
import type { Timers } from '../timing.js'
import { declareTopology, type Topology, toTopology } from '../topology.js'
import { type Ground, openGround } from './ground.js'

interface TestTimers extends Timers {
  /** Lets all repeated work come due so many times. */
  tick(count: number): void
  /** Pauses that were asked for; none of them takes time. */
  pausesMs: number[]
  /** Intervals of repeated work. */
  intervalsMs: number[]
}

interface TestLog extends Log {
  events: string[]
  /** Resolves when an event was logged so many times since the beginning. */
  until(event: string, count?: number): Promise<void>
}

export interface Bench {
  ground: Ground
  topology: Topology
  timers: TestTimers
  log: TestLog
  /** What every part needs. */
  parts: { clock: { now(): ReturnType<typeof instant> }; log: TestLog; random: () => number; timers: TestTimers }
  /** A started connection; stopped with the bench. */
  connect(options?: { url?: string; name?: string }): Promise<BrokerConnection>
  makeConnection(options?: { url?: string; name?: string; startTimeoutMs?: number }): BrokerConnection
  /** Something to stop before the connections, last first. */
  defer(stop: () => Promise<void>): void
  close(): Promise<void>
}

export async function openBench(url: string): Promise<Bench> {
  const ground = await openGround(url)
  const topology = toTopology(ground.name('connector.'))
  for (const name of Object.values(topology)) ground.adopt(name)
  const log = makeLog()
  const timers = makeTimers()
  const parts = { clock: { now: () => instant(Date.now()) }, log, random: () => 0.5, timers }
  const stops: (() => Promise<void>)[] = []
  const bench: Bench = {
    ground,
    topology,
    timers,
    log,
    parts,
    makeConnection: (options = {}) => {
      const prepare: Parameters<typeof makeConnection>[0]['prepare'] = (model) => declareTopology(model, topology)
      const connection = makeConnection({ url, name: 'test', ca: null, prepare, ...parts, ...options })
      stops.push(() => connection.stop())
      return connection
    },
    connect: async (options) => {
      const connection = bench.makeConnection(options)
      await connection.start()
      return connection
    },
    defer: (stop) => stops.push(stop),
    close: async () => {
      for (const stop of stops.reverse()) await stop()
      await ground.close()
    },
  }
  return bench
}

function makeTimers(): TestTimers {
  const ticks = new Set<() => void>()
  const pausesMs: number[] = []
  const intervalsMs: number[] = []
  return {
    pausesMs,
    intervalsMs,
    wait: (ms) => {
      pausesMs.push(ms)
      return new Promise((resolve) => setImmediate(resolve))
    },
    every: (ms, tick) => {
      intervalsMs.push(ms)
      ticks.add(tick)
      return () => ticks.delete(tick)
    },
    tick: (count) => {
      for (let done = 0; done < count; done += 1) for (const tick of [...ticks]) tick()
    },
  }
}

function makeLog(): TestLog {
  const events: string[] = []
  const written = new EventEmitter()
  const write = (_: object, event: string) => {
    events.push(event)
    written.emit('line')
  }
  return {
    events,
    debug: write,
    info: write,
    warn: write,
    error: write,
    until: async (event, count = 1) => {
      while (events.filter((each) => each === event).length < count) await once(written, 'line')
    },
  }
}
