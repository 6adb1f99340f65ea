/**
 * Publishes results on one confirm channel, persistent and mandatory, at most a window of them unanswered.
 *
 * A broker acknowledges a message that no queue wanted; it returns it first, by its id. So an outcome is `confirmed` only
 * after the acknowledgement and without a return. `lost` says nothing of what became of the message: publish it again,
 * with the same id. There is no retry here; the outbox decides when.
 * Must not know: what a result says. Invariant: every event gets an outcome; an unanswered one is `lost` after the timeout.
 */
import { type ConfirmChannel, IllegalOperationError, type Message } from 'amqplib'
import type { PendingEvent, PublishOutcome, ResultPublisher } from '../../connector/issuing/ports.js'
import type { Clock } from '../../connector/kernel/time.js'
import type { BrokerConnection } from './connection.js'
import { type ChannelStatus, type LastingChannel, makeLastingChannel } from './lasting-channel.js'
import type { Log } from './log.js'
import { type Random, systemTimers, type Timers } from './timing.js'

/** Unanswered messages; more gain nothing and are sent twice when the link breaks. */
const WINDOW_COUNT = 200
/** A broker that has not answered by then does not answer on this channel any more; counted in ticks. */
const TIMEOUT_MS = 10_000
const TICK_MS = 1_000
const TIMEOUT_TICK_COUNT = TIMEOUT_MS / TICK_MS
/** After so long without an answer nothing more leaves until one comes: what has left may have to leave again. */
const SILENT_TICK_COUNT = 2
/** Property `type` of each message: its schema. Whether it is a result, a correction or progress stands in the body. */
const MESSAGE_TYPE = 'leqi.result'
/** What amqplib calls a refusal; any other error of a confirm is the end of the channel. */
const NACK = 'message nacked'

export interface ResultPublisherOptions {
  connection: BrokerConnection
  exchange: string
  /** Property `app_id` of each message. */
  appId: string
  windowCount?: number
  clock: Clock
  log: Log
  random: Random
  timers?: Timers
}

export interface LastingResultPublisher extends ResultPublisher {
  /** Resolves when the channel is open. Safe to call twice. */
  start(): Promise<void>
  stop(): Promise<void>
  status(): ChannelStatus
}

interface Sending {
  event: PendingEvent
  leftTickCount: number
  isReturned: boolean
  settle: (outcome: PublishOutcome) => void
}

export function makeResultPublisher(options: ResultPublisherOptions): LastingResultPublisher {
  return new WindowedPublisher(options)
}

class WindowedPublisher implements LastingResultPublisher {
  readonly #options: ResultPublisherOptions
  readonly #timers: Timers
  readonly #lasting: LastingChannel<ConfirmChannel>
  readonly #unanswered = new Set<Sending>()
  #waiting: Sending[] = []
  /** The channel asked us to hold on until it has drained. */
  #isFull = false
  #stopTicking: (() => void) | null = null

  constructor(options: ResultPublisherOptions) {
    this.#options = options
    this.#timers = options.timers ?? systemTimers
    this.#lasting = makeLastingChannel({
      ...options,
      name: `publish ${options.exchange}`,
      create: (model) => model.createConfirmChannel(),
      setUp: async (channel) => this.#setUp(channel),
      onLost: () => this.#onLost(),
    })
  }

  start(): Promise<void> {
    this.#stopTicking ??= this.#timers.every(TICK_MS, () => this.#tick())
    return this.#lasting.start()
  }

  async stop(): Promise<void> {
    this.#stopTicking?.()
    this.#stopTicking = null
    await this.#lasting.stop()
  }

  status(): ChannelStatus {
    return this.#lasting.status()
  }

  /**
   * Shape   outcomes in the order of the events; all `lost` at once when there is no channel or publishing is blocked
   * Errors  none
   */
  publish(events: readonly PendingEvent[]): Promise<readonly PublishOutcome[]> {
    const outcomes: PublishOutcome[] = events.map(() => 'lost')
    let openCount = events.length
    return new Promise((resolve) => {
      if (openCount === 0 || !this.#isOpen()) return resolve(outcomes)
      const sendings = events.map((event, index) => ({
        event,
        leftTickCount: TIMEOUT_TICK_COUNT,
        isReturned: false,
        settle: (outcome: PublishOutcome) => {
          outcomes[index] = outcome
          openCount -= 1
          if (openCount === 0) resolve(outcomes)
        },
      }))
      this.#waiting.push(...sendings)
      this.#pump()
    })
  }

  #isOpen(): boolean {
    return this.#lasting.current() !== null && this.#options.connection.status().state === 'connected'
  }

  #setUp(channel: ConfirmChannel): void {
    this.#isFull = false
    channel.on('return', (message: Message) => this.#onReturn(message))
    channel.on('drain', () => {
      this.#isFull = false
      this.#pump()
    })
  }

  #onLost(): void {
    const lost = [...this.#unanswered, ...this.#waiting]
    this.#unanswered.clear()
    this.#waiting = []
    for (const sending of lost) sending.settle('lost')
  }

  #pump(): void {
    const { windowCount = WINDOW_COUNT } = this.#options
    const channel = this.#lasting.current()
    while (channel !== null && !this.#isFull && !this.#isSilent() && this.#unanswered.size < windowCount) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#send(channel, next)
    }
  }

  #isSilent(): boolean {
    const [oldest] = this.#unanswered
    return oldest !== undefined && oldest.leftTickCount <= TIMEOUT_TICK_COUNT - SILENT_TICK_COUNT
  }

  #send(channel: ConfirmChannel, sending: Sending): void {
    const { event, settle } = sending
    const { exchange, appId, clock, log } = this.#options
    const onAnswer = (error: unknown) => this.#onAnswer(sending, error)
    try {
      const hasRoom = channel.publish(
        exchange,
        event.routingKey,
        Buffer.from(event.body),
        {
          persistent: true,
          mandatory: true,
          messageId: event.id,
          contentType: 'application/json',
          contentEncoding: 'utf-8',
          type: MESSAGE_TYPE,
          timestamp: Math.floor(clock.now() / 1000),
          appId,
          ...(event.correlationId !== null && { correlationId: event.correlationId }),
          headers: {
            ...(event.traceparent !== null && { traceparent: event.traceparent }),
            ...(event.isReplay && { replay: true }),
          },
        },
        onAnswer,
      )
      this.#unanswered.add(sending)
      if (!hasRoom) this.#isFull = true
    } catch (error) {
      // Nothing was written: the channel is closing, which its own events tell, or a property does not fit into its field.
      const isClosing = error instanceof IllegalOperationError
      if (!isClosing) log.error({ eventId: event.id, error }, 'result.unsent')
      settle(isClosing ? 'lost' : 'nacked')
    }
  }

  #onAnswer(sending: Sending, error: unknown): void {
    if (!this.#unanswered.delete(sending)) return
    if (error === null) sending.settle(sending.isReturned ? 'unroutable' : 'confirmed')
    else sending.settle(error instanceof Error && error.message === NACK ? 'nacked' : 'lost')
    this.#pump()
  }

  /** Comes before the acknowledgement of the same message. */
  #onReturn(message: Message): void {
    for (const sending of this.#unanswered) {
      if (sending.event.id === message.properties.messageId) sending.isReturned = true
    }
  }

  #tick(): void {
    for (const sending of this.#unanswered) sending.leftTickCount -= 1
    const isOverdue = [...this.#unanswered].some((sending) => sending.leftTickCount <= 0)
    if (isOverdue) this.#lasting.giveUp(new Error(`no answer to a published message for ${TIMEOUT_MS} ms`))
  }
}
