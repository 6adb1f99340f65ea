/**
 * What each scheduled fault does, and how long after its end the work goes on.
 *
 * Recovery   of a replica that died, hung or was stopped: until nothing that it held is still held by it
 *            of a link, the database, the broker: from the end of the fault until every running replica is ready again
 *            of the way to the bureau: from the end of the fault until no stop stands
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Link } from '../../connector/testing/link.js'
import type { Broker } from './broker.js'
import type { ChaosBureau } from './bureau.js'
import type { Database } from './database.js'
import type { Dice } from './dice.js'
import type { Replica } from './replicas.js'
import type { ScheduledFault, ScheduledKind } from './schedule.js'

export interface Targets {
  replicas: readonly Replica[]
  database: Database
  broker: Broker
  bureau: ChaosBureau
  bureauLink: Link
  dice: Dice
  schema: string
  note: (text: string) => void
}

interface Recovery {
  kind: string
  ms: number
}

/** Longer than a lease. */
const PAUSE_MS = [17_000, 22_000] as const
const OUTAGE_MS = [2_000, 7_000] as const
const SLOW_MS = [4_000, 9_000] as const
const REST_MS = [200, 2_500] as const
const DELAY_MS = 400
const SLOW_BYTES_PER_SECOND = 40_000
const FRAGMENT_BYTES = 48
const LOOK_MS = 200
const RECOVERED_MS_MAX = 120_000

export interface Faults {
  /** Waits for its target to be free, plays the fault, resolves when it is over and recovered from. */
  play(fault: ScheduledFault): Promise<void>
  counts: ReadonlyMap<string, number>
  recoveries: readonly Recovery[]
}

export function makeFaults(targets: Targets): Faults {
  const counts = new Map<string, number>()
  const recoveries: Recovery[] = []
  const lanes = new Map<string, Promise<void>>()
  const down = new Set<Replica>()

  /** Faults of one target come one after the other. */
  function inLane(name: string, work: () => Promise<void>): Promise<void> {
    const turn = (lanes.get(name) ?? Promise.resolve()).then(work)
    lanes.set(
      name,
      turn.catch(() => undefined),
    )
    return turn
  }

  function count(kind: string): void {
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }

  async function recover(kind: string, since: number, isRecovered: () => Promise<boolean>): Promise<void> {
    while (!(await isRecovered().catch(() => false))) {
      if (performance.now() - since > RECOVERED_MS_MAX) break
      await sleep(LOOK_MS)
    }
    recoveries.push({ kind, ms: Math.round(performance.now() - since) })
  }

  const areReady = async () => {
    const running = targets.replicas.filter((replica) => !down.has(replica))
    return (await Promise.all(running.map((replica) => replica.isReady()))).every((isReady) => isReady)
  }

  const held = async (pid: number) => {
    const rows = await targets.database.query<{ id: string }>(
      `select id::text from ${targets.schema}.upload_batches
         where leased_by like $1 and leased_until is not null and closed_at is null
       union all select id::text from ${targets.schema}.bureau_moves
         where leased_by like $1 and leased_until is not null and state in ('planned', 'sent', 'in_doubt')`,
      [`%/${pid}/%`],
    )
    return rows.map(({ id }) => id)
  }

  async function away(replica: Replica, kind: string, leave: () => Promise<void>): Promise<void> {
    down.add(replica)
    const pid = replica.pid()
    const heldBefore = await held(pid).catch(() => [])
    const since = performance.now()
    const leaving = leave()
    if (heldBefore.length > 0) {
      const isFree = async () => {
        const still = new Set(await held(pid))
        return heldBefore.every((id) => !still.has(id))
      }
      await recover(kind, since, isFree)
    }
    await leaving
    down.delete(replica)
  }

  function ofReplica(fault: ScheduledFault): Promise<void> {
    const { kind, howLong } = fault
    const replica = targets.replicas[Math.floor(fault.whom * targets.replicas.length)]
    if (replica === undefined) return Promise.resolve()
    return inLane(replica.name, () =>
      away(replica, kind, async () => {
        targets.note(`${kind} ${replica.name}`)
        if (kind === 'pause') {
          replica.pause()
          await sleep(within(PAUSE_MS, howLong))
          replica.goOn()
          return
        }
        if (kind === 'kill') await replica.kill()
        else await replica.stop()
        await sleep(within(REST_MS, howLong))
        await replica.start()
      }),
    )
  }

  function ofLink(
    fault: ScheduledFault,
    way: 'cut' | 'refuse' | 'silence' | 'slow',
    whose: 'database' | 'broker' | 'bureau',
  ) {
    const replica = targets.replicas[Math.floor(fault.whom * targets.replicas.length)]
    const links = { database: replica?.databaseLink, broker: replica?.brokerLink, bureau: targets.bureauLink }
    const link = links[whose]
    if (link === undefined) return Promise.resolve()
    const lane = whose === 'bureau' ? 'bureau link' : `${whose} of ${replica?.name}`
    return inLane(lane, async () => {
      targets.note(`${fault.kind} (${lane})`)
      await spoil(link, way, fault.howLong)
      await link.heal()
      await recover(fault.kind, performance.now(), whose === 'bureau' ? isWayOpen : areReady)
    })
  }

  const isWayOpen = async () =>
    (await targets.database.query(`select 1 from ${targets.schema}.bureau_stops`)).length === 0

  function ofServer(fault: ScheduledFault, lane: string, act: () => Promise<void> | void): Promise<void> {
    return inLane(lane, async () => {
      targets.note(fault.kind)
      await act()
      await recover(fault.kind, performance.now(), areReady)
    })
  }

  const { database, broker, bureau, dice } = targets
  const plays: Record<ScheduledKind, (fault: ScheduledFault) => Promise<void>> = {
    bureau: async () => count(`bureau ${await bureau.confuse(dice)}`),
    'bureau slow': (fault) =>
      inLane('bureau', async () => {
        await bureau.hurry(false)
        await sleep(within(SLOW_MS, fault.howLong))
        await bureau.hurry(true)
      }),
    kill: ofReplica,
    pause: ofReplica,
    terminate: ofReplica,
    'cut database': (fault) => ofLink(fault, 'cut', 'database'),
    'refuse database': (fault) => ofLink(fault, 'refuse', 'database'),
    'silence database': (fault) => ofLink(fault, 'silence', 'database'),
    'slow database': (fault) => ofLink(fault, 'slow', 'database'),
    'cut broker': (fault) => ofLink(fault, 'cut', 'broker'),
    'refuse broker': (fault) => ofLink(fault, 'refuse', 'broker'),
    'silence broker': (fault) => ofLink(fault, 'silence', 'broker'),
    'slow broker': (fault) => ofLink(fault, 'slow', 'broker'),
    'cut bureau': (fault) => ofLink(fault, 'cut', 'bureau'),
    'refuse bureau': (fault) => ofLink(fault, 'refuse', 'bureau'),
    'slow bureau link': (fault) => ofLink(fault, 'slow', 'bureau'),
    'terminate backend': (fault) => ofServer(fault, 'database', database.terminateOne),
    'crash backend': (fault) => ofServer(fault, 'database', database.crashBackend),
    'crash database': (fault) => ofServer(fault, 'database', database.crash),
    'restart broker': (fault) => ofServer(fault, 'broker', broker.restart),
    'close broker connections': (fault) => ofServer(fault, 'broker', broker.closeConnections),
    'block broker': (fault) =>
      ofServer(fault, 'broker', async () => {
        await broker.block()
        await sleep(within(OUTAGE_MS, fault.howLong))
        await broker.unblock()
      }),
  }

  return {
    counts,
    recoveries,
    async play(fault) {
      if (fault.kind !== 'bureau') count(fault.kind)
      await plays[fault.kind](fault)
    },
  }
}

async function spoil(link: Link, way: 'cut' | 'refuse' | 'silence' | 'slow', howLong: number): Promise<void> {
  switch (way) {
    case 'cut':
      link.cut()
      return
    case 'refuse':
      await link.fault({ refuses: true })
      link.cut()
      await sleep(within(OUTAGE_MS, howLong))
      return
    case 'silence':
      await link.fault({ silentTowards: howLong < 0.5 ? ['client'] : ['client', 'server'] })
      await sleep(within(OUTAGE_MS, howLong))
      return
    case 'slow':
      if (howLong < 0.4) await link.fault({ delayMs: DELAY_MS })
      else if (howLong < 0.8) await link.fault({ bytesPerSecond: SLOW_BYTES_PER_SECOND })
      else await link.fault({ fragmentByteCount: FRAGMENT_BYTES })
      await sleep(within(SLOW_MS, howLong))
  }
}

function within([min, max]: readonly [number, number], share: number): number {
  return Math.round(min + (max - min) * share)
}
