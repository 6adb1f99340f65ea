/**
 * One world: a memory, a broker, a bureau, an order system, and replicas of the real core that live and die among them.
 *
 *   safety phase    whatever the swarm has is thrown at it; no invariant may ever break
 *   liveness phase  all faults end; everything must come to its end by itself, in bounded time
 *
 * The core is the production one: `makeEngine`, `prepareIntake`, `storeIntake` and all behind them. Only ports are simulated.
 */
import { createHash } from 'node:crypto'
import type { TaxBureau } from '../../issuing/bureau.js'
import type { Directory } from '../../issuing/directory.js'
import type { IssuingStore, ResultPublisher } from '../../issuing/ports.js'
import { CommitUnknown, LostHold } from '../../issuing/transaction.js'
import { fen } from '../../kernel/amount.js'
import type { TaxpayerId, UsingUnitId } from '../../kernel/ids.js'
import { after, type Instant } from '../../kernel/time.js'
import type { UsingUnit } from '../../taxpayer/taxpayer.js'
import { aUsingUnit, taxTables } from '../builders.js'
import { makeSchema, type Schema } from '../memory/schema.js'
import { ConnectionLost, type Note, Server } from '../memory/server.js'
import { makeMemoryStore } from '../memory/store.js'
import { type Change, ServerRefusal } from '../memory/table.js'
import { Broker } from './broker.js'
import { makeBureauLine } from './bureau-line.js'
import { Dice } from './dice.js'
import { watchFences } from './fence-watch.js'
import { inspect, isAtRest, quietUntil } from './inspection.js'
import { Life } from './life.js'
import { makeLink } from './link.js'
import { Office } from './office.js'
import { drawPublications, makeMapper, type Publication } from './orders.js'
import { makeReplica, type Replica } from './replica.js'
import { drawSwarm, healed, outageMs, type Swarm } from './swarm.js'
import { Timeline } from './timeline.js'
import { Violation, Watch } from './watch.js'

const SECOND_MS = 1_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** In this time after the last fault everything has ended: the bureau's result window, and doubts on their longest pause. */
const LIVENESS_MS = 40 * HOUR_MS
/** How often it is asked whether everything has ended. */
const REST_CHECK_STEPS = 64
/** PostgreSQL ends a transaction that its client left lying for so long. */
const IDLE_IN_TRANSACTION_MS = 15 * SECOND_MS
/** Quota of a unit once there is enough. */
const ENOUGH = 10n ** 13n
const BUSINESS_TYPES = ['shop', 'market', 'kiosk'] as const

export interface RunOptions {
  orders: { min: number; max: number }
  /** Keeps the log of these entities, and of everything when it is `all`. */
  trace?: readonly string[] | 'all'
  /** Makes a world rougher in one respect than the dice did. */
  bias?: (swarm: Swarm) => Swarm
  /** Breaks a guard, to prove that a world without it is seen to fail. */
  sabotage?: Sabotage
}

/** Ports that do not keep their promises. */
export interface Sabotage {
  store?: (store: IssuingStore, schema: Schema) => IssuingStore
  bureau?: (bureau: TaxBureau) => TaxBureau
  publisher?: (publisher: ResultPublisher) => ResultPublisher
}

export interface RunReport {
  seed: number
  /** Orders that came to their end. */
  lifecycleCount: number
  stepCount: number
  /** Copies of results, told and told again. */
  toldCount: number
  /** Orders that wait for a person at the end. */
  personCount: number
  doubtCount: number
  faults: Readonly<Record<string, number>>
  virtualMs: number
  /** Hash over everything that happened, in its order. */
  hash: string
  transitions: readonly Extract<Note, { kind: 'transition' }>[]
  trace: readonly string[]
}

export class World {
  readonly #seed: number
  readonly #options: RunOptions
  readonly #dice: Dice
  #swarm: Swarm
  readonly #timeline: Timeline
  readonly #schema: Schema
  readonly #server: Server
  readonly #office: Office
  readonly #broker: Broker
  readonly #watch: Watch
  readonly #units: readonly UsingUnit[]
  readonly #replicas = new Set<Replica>()
  readonly #publications: readonly Publication[]
  #unpublishedCount: number
  #lifeCount = 0
  #idCount = 0
  #isDatabaseDown = false
  #outage: 'unreachable' | 'silent' | null = null
  #isMended = false
  #isHealed = false
  readonly #faults: Record<string, number> = {}
  readonly #hash = createHash('sha256')
  readonly #trace: string[] = []
  readonly #transitions: Extract<Note, { kind: 'transition' }>[] = []
  #doubtCount = 0

  constructor(seed: number, options: RunOptions) {
    this.#seed = seed
    this.#options = options
    this.#dice = new Dice(seed)
    const drawn = drawSwarm(this.#dice.fork(), options.orders)
    this.#swarm = options.bias?.(drawn) ?? drawn
    this.#timeline = new Timeline(this.#swarm.start, this.#dice.fork())
    const clock = { now: this.#timeline.now }
    this.#units = [0, 1].map((index) => makeUnit(index, this.#swarm))
    this.#schema = makeSchema({ unitOfType: (code) => this.#unitOf(code).id })
    this.#server = new Server(clock)
    this.#watch = new Watch(this.#schema, () => this.#office)
    const swarm = () => this.#swarm
    const onFault = (name: string) => this.#count(name)
    const shared = { timeline: this.#timeline, swarm, onFault }
    const onHold = this.#watch.onHold.bind(this.#watch)
    this.#office = new Office({ clock, dice: this.#dice.fork(), swarm, onHold })
    this.#broker = new Broker({
      ...shared,
      dice: this.#dice.fork(),
      onAck: (publication) => this.#watch.onAck(publication),
      onResult: (event) => this.#watch.onResult(event),
    })
    this.#server.observe((commit) => this.#onCommit(commit))
    this.#publications = drawPublications(this.#dice.fork(), this.#swarm, BUSINESS_TYPES)
    this.#unpublishedCount = this.#publications.length
  }

  /** Errors: Violation, at the first thing that must not be. */
  async run(): Promise<RunReport> {
    this.#prepareTables()
    this.#script()
    for (let count = 0; count < this.#swarm.replicaCount; count += 1) this.#start()
    const startedAt = this.#timeline.now()
    const deadline = () => after(this.#healedAt ?? startedAt, LIVENESS_MS)
    for (let step = 0; ; step += 1) {
      if (step % REST_CHECK_STEPS === 0 && this.#isHealed && this.#hasEnded()) break
      const what = await this.#timeline.step(() => quietUntil(this.#schema, this.#timeline.now()))
      if (what === null) throw new Violation('I14', 'nothing will ever happen again', [])
      this.#hash.update(`${this.#timeline.now()} ${what}\n`)
      if (this.#watch.violation !== null) throw this.#watch.violation
      if (this.#isHealed && this.#timeline.now() > deadline())
        throw inspect(this.#schema, this.#watch, this.#office, true)
    }
    const found = inspect(this.#schema, this.#watch, this.#office, false)
    for (const { life } of this.#replicas) life.die()
    if (found !== null) throw found
    return this.#report(startedAt)
  }

  get trace(): readonly string[] {
    return this.#trace
  }

  get stepCount(): number {
    return this.#timeline.stepCount
  }

  #healedAt: Instant | null = null

  #report(startedAt: Instant): RunReport {
    const ended = [...this.#schema.orders.all()].filter(({ finishedAt }) => finishedAt !== null)
    const held = [...this.#schema.invoices.all()].filter(({ state }) => state === 'needs_person')
    return {
      seed: this.#seed,
      lifecycleCount: ended.length,
      stepCount: this.#timeline.stepCount,
      toldCount: this.#watch.toldCount,
      personCount: new Set(held.map(({ orderId }) => orderId)).size,
      doubtCount: this.#doubtCount,
      faults: this.#faults,
      virtualMs: this.#timeline.now() - startedAt,
      hash: this.#hash.digest('hex'),
      transitions: this.#transitions,
      trace: this.#trace,
    }
  }

  #hasEnded(): boolean {
    return this.#unpublishedCount === 0 && this.#broker.waitingCount === 0 && isAtRest(this.#schema)
  }

  /** Everything that will happen from outside, and when. */
  #script(): void {
    const { counts, spanMs } = this.#swarm
    const dice = this.#dice.fork()
    const faultsMs = spanMs + dice.spread(10 * SECOND_MS, HOUR_MS)
    const at = (what: string, ms: number, act: () => void) => this.#timeline.after(ms, what, act)
    for (const publication of this.#publications) {
      at(`publishes ${publication.id}`, publication.atMs, () => {
        this.#unpublishedCount -= 1
        this.#broker.publish(publication)
      })
    }
    const some = (count: number, what: string, act: () => void) => {
      for (let index = 0; index < count; index += 1) at(what, dice.between(0, faultsMs), act)
    }
    some(counts.kills, 'kill', () => this.#kill(dice))
    some(counts.stops, 'stop', () => this.#stop(dice))
    some(counts.clockJumps, 'clock jump', () => this.#jumpClock(dice))
    some(counts.databaseOutages, 'database outage', () => this.#loseDatabase(dice))
    some(counts.bureauOutages, 'bureau outage', () => this.#loseBureau(dice))
    at('the mapping is mended', dice.between(0, faultsMs), () => {
      this.#isMended = true
    })
    at('all faults end', faultsMs, () => this.#heal())
  }

  #heal(): void {
    this.#isHealed = true
    this.#healedAt = this.#timeline.now()
    this.#swarm = { ...healed(this.#swarm), quotaTotal: ENOUGH }
    this.#isDatabaseDown = false
    this.#outage = null
    this.#isMended = true
    if (this.#replicas.size === 0) this.#start()
  }

  #start(): void {
    this.#lifeCount += 1
    const dice = this.#dice.fork()
    const skewMs = dice.chance(0.3) ? dice.between(-30 * SECOND_MS, 30 * SECOND_MS) : 0
    const life = new Life(`r${this.#lifeCount}`, this.#timeline, dice, skewMs)
    const swarm = () => this.#swarm
    const onFault = (name: string) => this.#count(name)
    const link = makeLink(life, { swarm, isDown: () => this.#isDatabaseDown, onFault })
    const store = makeMemoryStore(this.#schema, this.#server, link)
    const publisher = this.#broker.publisherOf(life)
    const { sabotage = {} } = this.#options
    const replica = makeReplica({
      life,
      store: watchFences(sabotage.store?.(store, this.#schema) ?? store, this.#schema, this.#watch),
      bureau: (channel) => {
        const bureau = makeBureauLine(this.#bureauWay(), life, channel)
        return sabotage.bureau?.(bureau) ?? bureau
      },
      publisher: sabotage.publisher?.(publisher) ?? publisher,
      mapperOf: (businessType) =>
        makeMapper(businessType, { onDeadly: () => this.#killReader(life), isMended: () => this.#isMended }),
      loadDirectory: () => this.#loadDirectory(),
      nextId: () => this.#nextId(life.clock.now()),
      swarm: this.#swarm,
      onError: (station, error) => this.#onError(life, station, error),
    })
    life.onDeath(() => {
      this.#replicas.delete(replica)
      const noticeMs = dice.chance(0.7) ? 0 : dice.spread(10, 5_000)
      this.#timeline.after(noticeMs, 'the server misses a client', () => this.#server.breakLink(link))
      this.#timeline.after(dice.spread(100, 30_000), 'restart', () => this.#start())
    })
    this.#onStop.set(life, () => {
      if (life.isStopped) this.#server.breakLink(link)
    })
    this.#replicas.add(replica)
    void replica.engine.start()
    this.#broker.consume(life, replica.intake)
  }

  readonly #onStop = new Map<Life, () => void>()

  #bureauWay() {
    return {
      timeline: this.#timeline,
      office: this.#office,
      swarm: () => this.#swarm,
      outage: () => this.#outage,
      onLeave: (texts: readonly string[]) => this.#watch.onLeave(texts),
      onVerdicts: this.#watch.onVerdicts.bind(this.#watch),
      onFault: (name: string) => this.#count(name),
      unit: ({ taxNo }: { taxNo: string }) => profileOf(this.#unitByTaxNo(taxNo), this.#timeline.now()),
    }
  }

  #killReader(life: Life): void {
    this.#count('deadlyMessage')
    life.die()
  }

  #anyLife(dice: Dice): Life | null {
    const lives = [...this.#replicas].map(({ life }) => life)
    return lives[dice.between(0, Math.max(0, lives.length - 1))] ?? null
  }

  #kill(dice: Dice): void {
    const life = this.#anyLife(dice)
    if (life === null) return
    this.#count('kill')
    life.die()
  }

  #stop(dice: Dice): void {
    const life = this.#anyLife(dice)
    if (life === null) return
    this.#count('stop')
    life.stop(dice.spread(500, 120_000))
    this.#timeline.after(IDLE_IN_TRANSACTION_MS, 'idle transactions end', () => this.#onStop.get(life)?.())
  }

  #jumpClock(dice: Dice): void {
    const life = this.#anyLife(dice)
    if (life === null) return
    this.#count('clockJump')
    life.skewMs = dice.between(-120 * SECOND_MS, 120 * SECOND_MS)
  }

  #loseDatabase(dice: Dice): void {
    if (this.#isHealed) return
    this.#count('databaseOutage')
    this.#isDatabaseDown = true
    this.#timeline.after(dice.spread(500, 60_000), 'the database is back', () => {
      this.#isDatabaseDown = false
    })
  }

  #loseBureau(dice: Dice): void {
    if (this.#isHealed) return
    this.#count('bureauOutage')
    this.#outage = dice.pick(['unreachable', 'silent'])
    this.#timeline.after(outageMs(dice), 'the bureau is back', () => {
      this.#outage = null
    })
  }

  #onCommit(commit: { name: string; changes: readonly Change[]; notes: readonly Note[] }): void {
    this.#watch.onCommit(commit)
    for (const note of commit.notes) {
      if (note.kind === 'signal') this.#tellAll(note.signals)
      else this.#record(commit.name, note)
    }
  }

  #record(name: string, note: Extract<Note, { kind: 'transition' }>): void {
    const { entity, id, from, to, fence, cause } = note
    this.#transitions.push(note)
    if (entity === 'batch' && to === 'in_doubt' && from !== to) this.#doubtCount += 1
    const line = `${name}: ${entity} ${id} ${from ?? '·'} → ${to}${fence > 0n ? ` fence ${fence}` : ''} ${cause ?? ''}`
    this.#hash.update(line)
    const { trace } = this.#options
    if (trace === undefined || !(trace === 'all' || trace.includes(id))) return
    const seconds = ((this.#timeline.now() - this.#swarm.start) / SECOND_MS).toFixed(3)
    this.#trace.push(`${String(this.#timeline.stepCount).padStart(7)} ${seconds.padStart(11)} s  ${line}`)
  }

  #tellAll(signals: readonly string[]): void {
    for (const { life, engine } of this.#replicas) {
      if (life.dice.chance(this.#swarm.rates.lostSignal)) continue
      // The memory tells what the core announced.
      life.after(life.dice.between(0, 50), 'hears a signal', () =>
        engine.signal(signals as Parameters<typeof engine.signal>[0]),
      )
    }
  }

  #onError(life: Life, station: unknown, error: unknown): void {
    const isExpected = [ConnectionLost, CommitUnknown, LostHold].some((kind) => error instanceof kind)
    if (isExpected || (error instanceof ServerRefusal && error.code.startsWith('4'))) return
    if (error instanceof ServerRefusal && error.code === '55P03') return
    if (life.isDead) return
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#watch.fail('DEF', `${life.name} ${String(station)}: ${message}`, [])
  }

  #count(name: string): void {
    this.#faults[name] = (this.#faults[name] ?? 0) + 1
  }

  /** Ordered by the clock of who makes them, as version 7 is. */
  #nextId(at: Instant): string {
    this.#idCount += 1
    return `${at.toString(16).padStart(12, '0')}-${this.#idCount.toString(16).padStart(8, '0')}`
  }

  #prepareTables(): void {
    const tx = this.#server.begin(NO_LINK)
    const now = this.#timeline.now()
    for (const name of ['classifications', 'rates', 'differential'] as const) {
      const state = { name, stamp: null, fetchedAt: now, dueAt: after(now, DAY_MS) }
      this.#schema.taxTables.put(tx, { id: name, state })
    }
    for (const unit of this.#units) this.#schema.settings.put(tx, { id: unit.id, ...profileOf(unit, now) })
    this.#server.commit(tx, 'settings')
  }

  #loadDirectory(): Directory {
    const fetchedAt = (name: string) => this.#schema.taxTables.get(null, name)?.state.fetchedAt ?? null
    const units = this.#units.map((unit) => ({ ...unit, ...withoutId(this.#schema.settings.get(null, unit.id)) }))
    const unit = (id: string) => units.find((each) => each.id === id) ?? null
    return {
      revision: 1n,
      unit,
      units,
      directUnits: units.map(({ direct }) => direct),
      sealedApiKey: () => null,
      businessType: (code) => ({
        code,
        name: code,
        unitId: this.#unitOf(code).id,
        delivery: 'amqp',
        mapping: { versionId: code, number: 1, text: '' },
      }),
      tables: taxTables({
        classificationFetchedAt: fetchedAt('classifications'),
        ratesFetchedAt: fetchedAt('rates'),
        differentialFetchedAt: fetchedAt('differential'),
      }),
      catalogue: () => NO_CATALOGUE,
    }
  }

  #unitOf(businessType: string): UsingUnit {
    const unit = this.#units[businessType === 'kiosk' ? 1 : 0]
    if (unit === undefined) throw new Error('a world has two units')
    return unit
  }

  #unitByTaxNo(taxNo: string): UsingUnit {
    const unit = this.#units.find((each) => each.taxNo === taxNo)
    if (unit === undefined) throw new Error(`nobody has the tax number ${taxNo}`)
    return unit
  }
}

const NO_CATALOGUE = {
  productByCode: () => null,
  productByName: () => null,
  buyerByCode: () => null,
  buyerByTaxNo: () => null,
  buyerByName: () => null,
}

/** For rows that are there before the first process. */
const NO_LINK = {
  reach: () => Promise.resolve(),
  commit: () => Promise.resolve('stored' as const),
  answer: () => Promise.resolve(),
  sleep: () => Promise.resolve(),
  random: () => 0,
}

function makeUnit(index: number, swarm: Swarm): UsingUnit {
  // Ids and tax numbers of a made-up form that the checks accept.
  const taxNo = (['91310115MA1K00015K', '91310115MA1K00007Q'] as const)[index === 0 ? 0 : 1] as TaxpayerId
  return aUsingUnit({
    id: `unit-${index}` as UsingUnitId,
    taxNo,
    leqiId: `${index}`.repeat(20),
    direct: { id: `direct-${index}`, poll: { firstMs: swarm.pollFirstMs, maxMs: 600_000 } },
    settings: {
      numberWarningCount: 20,
      numberClaimCount: swarm.claimCount,
      quotaDownloadAmount: fen(swarm.quotaDownload),
      maxLinesPerInvoice: swarm.linesPerInvoiceMax,
    },
  })
}

function profileOf(unit: UsingUnit, fetchedAt: Instant) {
  if (unit.profile === null || unit.risk === null) throw new Error('a unit of this world is known to the bureau')
  return { profile: { ...unit.profile, fetchedAt }, risk: { ...unit.risk, fetchedAt } }
}

function withoutId<T extends { id: string }>(row: T | null): Omit<T, 'id'> | Record<never, never> {
  if (row === null) return {}
  const { id, ...rest } = row
  return rest
}
