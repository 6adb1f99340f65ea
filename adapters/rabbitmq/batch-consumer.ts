/**
 * Takes messages from a queue in batches, in their order, stores one batch at a time, and acknowledges each after it was
 * stored. While one batch is stored the next one gathers in memory, up to the prefetch, and is prepared once it is full.
 *
 * What a failure to prepare or store does. Giving messages back would count against the delivery limit of the queue, and a
 * database that is away for minutes would send good orders to the dead letters. So messages stay here, unacknowledged,
 * and are handed over again after a pause:
 *
 *   a batch fails           → pause → its messages come again, each alone and marked as redelivered
 *   a message alone fails   → pause → behind the others that wait
 *   it fails again although others passed in between → it is its own fault: given back, and the broker counts
 *
 * The intake stands still during a pause, which is what an absent database asks for; what was prepared behind a failed
 * batch waits behind it again. A message is never dropped here: the
 * broker moves it to the dead letters at its limit, or hands it out again when this process or its connection dies.
 * Must not know: what a message means. Invariant: an acknowledgement goes to the channel of its delivery or nowhere.
 */
import type { Channel, ConsumeMessage } from 'amqplib'
import type { Clock, Instant } from '../../connector/kernel/time.js'
import type { BrokerConnection } from './connection.js'
import { type LastingChannel, makeLastingChannel } from './lasting-channel.js'
import type { Log } from './log.js'
import { type Random, systemTimers, type Timers, toPauseMs, within } from './timing.js'

/** Two batches: one is stored while the next one gathers. */
const PREFETCH_COUNT = 400
const BATCH_COUNT_MAX = 100
/** How long the first message of an idle time waits for company. */
const BATCH_MS = 10
/** Bodies of one batch; a batch of huge messages is cut here, so that a transaction stays small. */
const BATCH_BYTE_COUNT_MAX = 8 * 1024 * 1024
const STORE_PAUSE_MS_MAX = 15_000
/** For the broker to take the consumer on or let it go; a queue without a leader does not answer. */
const ALIGN_TIMEOUT_MS = 10_000
/** A part of the time that a process has for stopping. */
const CANCEL_TIMEOUT_MS = 3_000

/** What every kind of delivery has. */
interface Handed {
  body: Buffer
  isRedelivered: boolean
}

interface IntakeStatus {
  /** `failing`: messages are taken but could not be stored the last time. */
  state: 'opening' | 'consuming' | 'failing' | 'paused' | 'stopped'
  since: Instant
  lastError: string | null
}

export interface BatchConsumer {
  /** Resolves when the broker has accepted the consumer. Safe to call twice. */
  start(): Promise<void>
  /**
   * Asks the broker for no more, and stores and acknowledges all that it had sent by then: what goes back to the queue
   * counts as redelivered, and the next start would have to take it one by one. When storing fails, the rest goes back.
   */
  stop(): Promise<void>
  /** Asks the broker for no more; what was already sent is still handled. Holds over reconnects. */
  pause(): Promise<void>
  resume(): Promise<void>
  status(): IntakeStatus
}

export interface ConsumerOptions {
  /** Pause after so many failures in a row to store, in ms; left out: the one schedule of this room, up to 15 s. */
  pauseMsAfter?: (error: unknown, failureCount: number) => number
  connection: BrokerConnection
  queue: string
  prefetchCount?: number
  batchCountMax?: number
  batchMs?: number
  clock: Clock
  log: Log
  random: Random
  timers?: Timers
}

/**
 * Makes a batch ready without touching anything outside, for another one may be being stored; what it resolves to stores
 * the batch, and resolves when it is committed. A redelivered message comes alone.
 */
export type PrepareBatch<T> = (batch: readonly T[]) => Promise<() => Promise<void>>

export interface BatchConsumerOptions<T extends Handed> extends ConsumerOptions {
  decode: (message: ConsumeMessage) => T
  prepare: PrepareBatch<T>
  /** Whether a message that fails by its own fault goes back to the broker; false where nothing would catch it. */
  givesBack: boolean
}

interface Taken<T> {
  channel: Channel
  message: ConsumeMessage
  delivery: T
  /** Batches that had passed when it last failed alone; null when it never did. */
  passedAtFailure: number | null
}

interface Ready<T> {
  batch: readonly Taken<T>[]
  store: Promise<() => Promise<void>>
}

export function makeBatchConsumer<T extends Handed>(options: BatchConsumerOptions<T>): BatchConsumer {
  return new QueueConsumer(options)
}

class QueueConsumer<T extends Handed> implements BatchConsumer {
  readonly #options: BatchConsumerOptions<T>
  readonly #timers: Timers
  readonly #lasting: LastingChannel<Channel>
  /** The channel that was last set up; null when lost. */
  #channel: Channel | null = null
  #consumerTag: string | null = null
  /** Consume and cancel take turns. */
  #turn: Promise<void> = Promise.resolve()
  #waiting: Taken<T>[] = []
  /** The batch behind the one that is being stored; its messages are older than all that wait. */
  #ahead: Ready<T> | null = null
  #isStoring = false
  #gathering: NodeJS.Timeout | null = null
  #work: Promise<void> | null = null
  #stopped = new AbortController()
  #passedCount = 0
  #failureCount = 0
  #failure: { since: Instant; lastError: string } | null = null
  #pausedSince: Instant | null = null
  #isLeaving = false

  constructor(options: BatchConsumerOptions<T>) {
    this.#options = options
    this.#timers = options.timers ?? systemTimers
    this.#lasting = makeLastingChannel({
      ...options,
      name: `consume ${options.queue}`,
      create: (model) => model.createChannel(),
      setUp: (channel) => this.#setUp(channel),
      onLost: () => this.#onLost(),
    })
  }

  start(): Promise<void> {
    if (this.#stopped.signal.aborted) this.#stopped = new AbortController()
    this.#isLeaving = false
    return this.#lasting.start()
  }

  async stop(): Promise<void> {
    this.#isLeaving = true
    if (this.#failure !== null) this.#stopped.abort()
    // A broker that does not answer has nothing more to send.
    await within(CANCEL_TIMEOUT_MS, 'cancelling the consumer', this.#alignOrLeave()).catch((error) => {
      this.#options.log.debug({ queue: this.#options.queue, error }, 'consumer.left')
    })
    await this.#work
    if (this.#work === null) this.#begin()
    await this.#work
    this.#stopped.abort()
    await this.#lasting.stop()
  }

  async pause(): Promise<void> {
    this.#pausedSince ??= this.#options.clock.now()
    await this.#alignOrLeave()
  }

  async resume(): Promise<void> {
    this.#pausedSince = null
    await this.#alignOrLeave()
  }

  status(): IntakeStatus {
    const { state, since, lastError } = this.#lasting.status()
    if (state !== 'open') return { state, since, lastError }
    if (this.#pausedSince !== null) return { state: 'paused', since: this.#pausedSince, lastError }
    if (this.#failure !== null) return { state: 'failing', ...this.#failure }
    if (this.#consumerTag === null) return { state: 'opening', since, lastError }
    return { state: 'consuming', since, lastError }
  }

  async #setUp(channel: Channel): Promise<void> {
    this.#channel = channel
    await channel.prefetch(this.#options.prefetchCount ?? PREFETCH_COUNT, false)
    await this.#align()
  }

  #onLost(): void {
    this.#channel = null
    this.#consumerTag = null
    this.#waiting = []
    this.#ahead = null
    // The messages that failed are the broker's again, perhaps another replica's; the next ones will tell.
    this.#failure = null
    this.#stopGathering()
  }

  /** Brings the consumer at the broker in line with what is wanted by now. Errors: those of the broker. */
  #align(): Promise<void> {
    const turn = this.#turn.then(() =>
      within(ALIGN_TIMEOUT_MS, `starting or ending to consume ${this.#options.queue}`, this.#alignNow()),
    )
    // The caller hears of a failure; the next in turn is not to.
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #alignNow(): Promise<void> {
    const channel = this.#channel
    const tag = this.#consumerTag
    if (channel === null) return
    const isWanted = this.#pausedSince === null && !this.#isLeaving
    if (isWanted && tag === null) {
      const onMessage = (message: ConsumeMessage | null) => this.#onMessage(channel, message)
      const { consumerTag } = await channel.consume(this.#options.queue, onMessage, { noAck: false })
      if (this.#channel === channel) this.#consumerTag = consumerTag
    } else if (!isWanted && tag !== null) {
      this.#consumerTag = null
      await channel.cancel(tag)
    }
  }

  /** When the channel dies meanwhile, or its broker does not answer, the next one is set up as wanted. */
  #alignOrLeave(): Promise<void> {
    const channel = this.#channel
    return this.#align().catch((error) => {
      this.#options.log.debug({ queue: this.#options.queue, error }, 'consumer.left')
      if (channel !== null && channel === this.#channel) this.#lasting.giveUp(error)
    })
  }

  #onMessage(channel: Channel, message: ConsumeMessage | null): void {
    const { queue, decode } = this.#options
    if (channel !== this.#channel) return
    if (message === null) {
      this.#lasting.giveUp(new Error(`the broker cancelled the consumer of ${queue}`))
      return
    }
    this.#waiting.push({ channel, message, delivery: decode(message), passedAtFailure: null })
    this.#gather()
  }

  #gather(): void {
    const { batchCountMax = BATCH_COUNT_MAX, batchMs = BATCH_MS } = this.#options
    const first = this.#waiting[0]
    if (first === undefined || this.#stopped.signal.aborted) return
    if (this.#isStoring) this.#prepareAhead()
    if (this.#work !== null) return
    if (this.#waiting.length >= batchCountMax || first.delivery.isRedelivered) this.#begin()
    else this.#gathering ??= setTimeout(() => this.#begin(), batchMs)
  }

  #stopGathering(): void {
    if (this.#gathering !== null) clearTimeout(this.#gathering)
    this.#gathering = null
  }

  #begin(): void {
    this.#stopGathering()
    this.#work = this.#storeAll().finally(() => {
      this.#work = null
    })
  }

  /** What came while a batch was stored has waited long enough: it is the next batch, however small. */
  async #storeAll(): Promise<void> {
    for (let ready = this.#next(); ready !== null; ready = this.#next()) await this.#store(ready)
  }

  #next(): Ready<T> | null {
    if (this.#stopped.signal.aborted) return null
    const ahead = this.#ahead
    this.#ahead = null
    return ahead ?? this.#makeReady()
  }

  /** Only a full batch: a smaller one may still grow while the one before it is stored. */
  #prepareAhead(): void {
    const { batchCountMax = BATCH_COUNT_MAX } = this.#options
    const isFull = this.#waiting.length >= batchCountMax && this.#waiting[0]?.delivery.isRedelivered === false
    if (isFull) this.#ahead ??= this.#makeReady()
  }

  #makeReady(): Ready<T> | null {
    const batch = this.#take()
    if (batch.length === 0) return null
    const store = this.#options.prepare(batch.map((taken) => taken.delivery))
    // Heard when its turn comes; a batch that is dropped before has nobody to hear of its failure.
    store.catch(() => {})
    return { batch, store }
  }

  #take(): Taken<T>[] {
    const { batchCountMax = BATCH_COUNT_MAX } = this.#options
    let count = 0
    let byteCount = 0
    for (const { delivery } of this.#waiting) {
      byteCount += delivery.body.length
      const isTooMuch = count === batchCountMax || byteCount > BATCH_BYTE_COUNT_MAX || delivery.isRedelivered
      if (count > 0 && isTooMuch) break
      count += 1
      if (delivery.isRedelivered) break
    }
    return this.#waiting.splice(0, count)
  }

  async #store({ batch, store }: Ready<T>): Promise<void> {
    try {
      const commit = await store
      this.#isStoring = true
      this.#prepareAhead()
      await commit()
    } catch (error) {
      this.#isStoring = false
      await this.#onFailure(batch, error)
      return
    }
    this.#isStoring = false
    this.#passedCount += 1
    this.#failureCount = 0
    this.#failure = null
    // One that failed before may wait behind later ones; acknowledging up to here would take it along.
    const lastTag = tagOf(batch[batch.length - 1])
    const isLater = (taken: Taken<T>) => tagOf(taken) > lastTag
    const isUpToHere = this.#waiting.every(isLater) && (this.#ahead?.batch.every(isLater) ?? true)
    for (const { channel, message } of isUpToHere ? batch.slice(-1) : batch) {
      this.#tell(channel, () => channel.ack(message, isUpToHere))
    }
  }

  async #onFailure(batch: readonly Taken<T>[], error: unknown): Promise<void> {
    const { queue, clock, log, random, givesBack } = this.#options
    // Whoever leaves tries nothing twice.
    if (this.#isLeaving) this.#stopped.abort()
    this.#failureCount += 1
    this.#failure = {
      since: this.#failure?.since ?? clock.now(),
      lastError: error instanceof Error ? error.message : String(error),
    }
    this.#waiting.unshift(...(this.#ahead?.batch ?? []))
    this.#ahead = null
    const pauseMs =
      this.#options.pauseMsAfter?.(error, this.#failureCount) ??
      toPauseMs(this.#failureCount, STORE_PAUSE_MS_MAX, random)
    log.error({ queue, count: batch.length, failureCount: this.#failureCount, pauseMs, error }, 'batch.failed')
    await this.#timers.wait(pauseMs, this.#stopped.signal)
    const [first] = batch
    if (first === undefined || first.channel !== this.#channel) return
    if (batch.length > 1 || !first.delivery.isRedelivered) {
      this.#waiting.unshift(
        ...batch.map((taken) => ({ ...taken, delivery: { ...taken.delivery, isRedelivered: true } })),
      )
    } else if (givesBack && first.passedAtFailure !== null && first.passedAtFailure < this.#passedCount) {
      log.warn({ queue, messageId: first.message.properties.messageId }, 'message.given-back')
      this.#failure = null
      this.#tell(first.channel, () => first.channel.nack(first.message, false, true))
    } else {
      this.#waiting.push({ ...first, passedAtFailure: this.#passedCount })
    }
  }

  /** The broker hands out again what was not settled on the channel of its delivery. */
  #tell(channel: Channel, settle: () => void): void {
    const { queue, log } = this.#options
    if (channel !== this.#channel) {
      log.debug({ queue }, 'acknowledgement.dropped')
      return
    }
    try {
      settle()
    } catch (error) {
      log.debug({ queue, error }, 'acknowledgement.dropped')
    }
  }
}

function tagOf(taken: Taken<unknown> | undefined): number {
  return taken?.message.fields.deliveryTag ?? 0
}
