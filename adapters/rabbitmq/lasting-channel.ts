/**
 * One channel that is opened again whenever it is lost: with its connection, by a refusal of the broker (permission
 * taken away, queue deleted), or because its user gave it up. A channel that fails does not take its connection along,
 * so that trouble with dead letters never disturbs orders.
 *
 *   opening ── created and set up ──► open ── lost ──► opening (after a pause, if the connection still stands)
 *
 * Invariant: `onLost` is called once for every channel on which `setUp` was begun, in the turn in which it is lost.
 */
import type { Channel, ChannelModel } from 'amqplib'
import type { Clock, Instant } from '../../connector/kernel/time.js'
import type { BrokerConnection, Link } from './connection.js'
import type { Log } from './log.js'
import { type Random, systemTimers, type Timers, toPauseMs, within } from './timing.js'

/** For prefetch and consume; a broker that has no leader for a queue does not answer. */
const SET_UP_TIMEOUT_MS = 15_000
const CLOSE_TIMEOUT_MS = 2_000
const REOPEN_PAUSE_MS_MAX = 30_000

export interface ChannelStatus {
  state: 'opening' | 'open' | 'stopped'
  since: Instant
  /** What last went wrong; null once open again. */
  lastError: string | null
}

export interface LastingChannel<C extends Channel> {
  /** Resolves when first open; rejects when stopped before. Safe to call twice. */
  start(): Promise<void>
  stop(): Promise<void>
  status(): ChannelStatus
  /** The open channel, null when there is none. */
  current(): C | null
  /** Gives the present channel up; a new one follows. */
  giveUp(error: Error): void
}

export interface LastingChannelOptions<C extends Channel> {
  connection: BrokerConnection
  /** For the log. */
  name: string
  create: (model: ChannelModel) => Promise<C>
  setUp: (channel: C) => Promise<void>
  onLost: (error: Error) => void
  clock: Clock
  log: Log
  random: Random
  timers?: Timers
}

interface Life {
  abort: AbortController
  /** Open for the first time. */
  started: Promise<void>
}

/** A channel in use; `lose` ends its use at once, whatever the broker says or does not say. */
interface Use<C> {
  channel: C
  lose: (error: Error) => void
  lost: Promise<Error>
}

export function makeLastingChannel<C extends Channel>(options: LastingChannelOptions<C>): LastingChannel<C> {
  return new ReopenedChannel(options)
}

class ReopenedChannel<C extends Channel> implements LastingChannel<C> {
  readonly #options: LastingChannelOptions<C>
  readonly #timers: Timers
  #status: ChannelStatus
  #life: Life | null = null
  #use: Use<C> | null = null

  constructor(options: LastingChannelOptions<C>) {
    this.#options = options
    this.#timers = options.timers ?? systemTimers
    this.#status = { state: 'stopped', since: options.clock.now(), lastError: null }
  }

  start(): Promise<void> {
    this.#life ??= this.#begin()
    return this.#life.started
  }

  async stop(): Promise<void> {
    const life = this.#life
    if (life === null) return
    this.#life = null
    life.abort.abort()
    const use = this.#use
    if (use !== null) {
      await this.#close(use.channel)
      use.lose(new Error(`channel ${this.#options.name} was stopped`))
    }
    this.#setStatus('stopped', null)
  }

  status(): ChannelStatus {
    return this.#status
  }

  current(): C | null {
    return this.#status.state === 'open' && this.#use !== null ? this.#use.channel : null
  }

  giveUp(error: Error): void {
    const use = this.#use
    if (use === null) return
    use.lose(error)
    // Not awaited: a blocked connection answers only when it is unblocked.
    void this.#close(use.channel)
  }

  #begin(): Life {
    const abort = new AbortController()
    this.#setStatus('opening', null)
    const started = new Promise<void>((resolve, reject) => {
      const forget = this.#options.connection.onLink((link) => void this.#keepOpen(link, abort.signal, resolve))
      abort.signal.addEventListener('abort', () => {
        forget()
        reject(new Error(`channel ${this.#options.name} was stopped before it was open`))
      })
    })
    return { abort, started }
  }

  async #keepOpen(link: Link, stopped: AbortSignal, onOpen: () => void): Promise<void> {
    const ended = AbortSignal.any([link.signal, stopped])
    let failureCount = 0
    while (!ended.aborted) {
      const error = await this.#serveChannel(link, failureCount > 0, () => {
        if (stopped.aborted) throw new Error('stopped while opening')
        failureCount = 0
        this.#setStatus('open', null)
        this.#options.log.debug({ channel: this.#options.name }, 'channel.opened')
        onOpen()
      })
      if (stopped.aborted) return
      this.#setStatus('opening', link.signal.aborted ? link.signal.reason : error)
      if (link.signal.aborted) return
      failureCount += 1
      const pauseMs = toPauseMs(failureCount, REOPEN_PAUSE_MS_MAX, this.#options.random)
      this.#options.log.warn({ channel: this.#options.name, failureCount, pauseMs, error }, 'channel.lost')
      await this.#timers.wait(pauseMs, ended)
    }
  }

  /** One channel from first to last; resolves with the reason of its end. */
  async #serveChannel(link: Link, isAgain: boolean, onOpen: () => void): Promise<Error> {
    const { connection, create, setUp, name } = this.#options
    let use: Use<C> | null = null
    try {
      // After a failure the cause may be a queue or exchange that somebody deleted.
      if (isAgain) await connection.prepare(link.model)
      use = this.#follow(await create(link.model))
      await within(SET_UP_TIMEOUT_MS, `setting up channel ${name}`, setUp(use.channel))
      onOpen()
      return await use.lost
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error))
      use?.lose(reason)
      if (use !== null) void this.#close(use.channel)
      return reason
    }
  }

  #follow(channel: C): Use<C> {
    let lastError: Error | null = null
    let lose: Use<C>['lose'] = () => {}
    const lost = new Promise<Error>((resolve) => {
      lose = (error) => {
        if (this.#use !== use) return
        this.#use = null
        this.#options.onLost(error)
        resolve(error)
      }
    })
    channel.on('error', (error) => {
      lastError = error
    })
    channel.on('close', () => lose(lastError ?? new Error('channel closed')))
    const use = { channel, lose, lost }
    this.#use = use
    return use
  }

  /** A channel that is closed already, or whose broker does not answer, needs no farewell. */
  async #close(channel: C): Promise<void> {
    await within(CLOSE_TIMEOUT_MS, 'closing a channel', channel.close()).catch((error) => {
      this.#options.log.debug({ channel: this.#options.name, error }, 'channel.left')
    })
  }

  #setStatus(state: ChannelStatus['state'], error: Error | null): void {
    const since = state === this.#status.state ? this.#status.since : this.#options.clock.now()
    this.#status = { state, since, lastError: error?.message ?? null }
  }
}
