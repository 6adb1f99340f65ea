/**
 * One long-lived connection to RabbitMQ that comes back by itself. Consuming and publishing have one each, because a
 * broker that throttles a publisher stops reading its whole connection, acknowledgements included.
 *
 *   stopped ── start ──► connecting ── connected and prepared ──► connected ◄── alarm ──► blocked
 *                            ▲ └── failed: pause, again ─┘            │
 *                            └──────── lost, pause ◄─────────────────┘        any ── stop ──► stopped
 *
 * The loop is ours and not amqplib's `recovery`, because that one (2.3.1) neither destroys a silent socket nor closes
 * with a deadline, takes timers and randomness from the host, and cannot tell a fault that waiting cures from one that
 * must refuse the start. Must not know: queues, messages. Invariant: one link at a time; its signal aborts in the same
 * turn in which the link is lost, so that nobody acts on a dead one.
 */
import { Socket } from 'node:net'
import { type ChannelModel, connect } from 'amqplib'
import type { Clock, Instant } from '../../connector/kernel/time.js'
import { BrokerFault } from './broker-fault.js'
import type { Log } from './log.js'
import { type Random, systemTimers, type Timers, toPauseMs, within } from './timing.js'

/** Asked of the broker, which then beats every 2 s. */
const HEARTBEAT_SECONDS = 4
/** Silence of the broker, far above its beat, after which the link counts as dead; checked in small ticks. */
const SILENCE_MS_MAX = 10_000
const SILENCE_TICK_MS = 1_000
/** TCP, TLS and handshake; counted anew with every byte. */
const CONNECT_TIMEOUT_MS = 10_000
/** How long a start waits for a broker that does not answer at all. */
const START_TIMEOUT_MS = 30_000
const PREPARE_TIMEOUT_MS = 15_000
/** For the farewell to the broker; then the socket is destroyed. */
const CLOSE_TIMEOUT_MS = 2_000
const RECONNECT_PAUSE_MS_MAX = 30_000
/** TCP keep-alive, for networks that forget idle connections. */
const KEEP_ALIVE_MS = 30_000
/** The broker may want to send less, never more in one frame. */
const FRAME_BYTE_COUNT_MAX = 131_072
/** Refusals of the handshake (login, virtual host), which amqplib tells only as text. */
const REFUSED_BY_BROKER = /ACCESS[-_]REFUSED|NOT[-_]ALLOWED|ConnectionOpenOk; got <ConnectionClose/

type ConnectionState = 'connecting' | 'connected' | 'blocked' | 'stopped'

interface ConnectionStatus {
  state: ConnectionState
  since: Instant
  /** What last went wrong; null once connected again. */
  lastError: string | null
}

/** A working connection, until its signal aborts. */
export interface Link {
  model: ChannelModel
  signal: AbortSignal
}

export interface BrokerConnection {
  /** Resolves when first connected and prepared. Errors: BrokerFault. Safe to call twice. */
  start(): Promise<void>
  stop(): Promise<void>
  status(): ConnectionStatus
  /** Declares what must exist; for those who open a channel again after it failed. */
  prepare(model: ChannelModel): Promise<void>
  /** Calls back with the present link and each later one, until the returned function is called. */
  onLink(listener: (link: Link) => void): () => void
}

export interface ConnectionOptions {
  /** AMQP_URL; never logged. */
  url: string
  /** Shown by the broker's management. */
  name: string
  /** Certificates to trust for `amqps:`, PEM; null means those of the host. */
  ca: string | null
  prepare: (model: ChannelModel) => Promise<void>
  clock: Clock
  log: Log
  random: Random
  timers?: Timers
  startTimeoutMs?: number
}

interface Life {
  abort: AbortController
  /** Up for the first time. */
  started: Promise<void>
  ended: Promise<void>
}

/** A link with what only its owner may do. */
interface OwnLink extends Link {
  lost: Promise<Error>
  close(): Promise<void>
}

export function makeConnection(options: ConnectionOptions): BrokerConnection {
  return new LastingConnection(options)
}

class LastingConnection implements BrokerConnection {
  readonly #options: ConnectionOptions
  readonly #timers: Timers
  readonly #listeners = new Set<(link: Link) => void>()
  #status: ConnectionStatus
  #life: Life | null = null
  /** Open, perhaps not yet prepared. */
  #link: OwnLink | null = null
  #isPrepared = false

  constructor(options: ConnectionOptions) {
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
    life.abort.abort()
    await this.#link?.close()
    await life.ended
    this.#life = null
  }

  status(): ConnectionStatus {
    return this.#status
  }

  prepare(model: ChannelModel): Promise<void> {
    return within(PREPARE_TIMEOUT_MS, 'declaring exchanges and queues', this.#options.prepare(model))
  }

  onLink(listener: (link: Link) => void): () => void {
    this.#listeners.add(listener)
    if (this.#link !== null && this.#isPrepared) listener(this.#link)
    return () => this.#listeners.delete(listener)
  }

  #begin(): Life {
    const abort = new AbortController()
    let ended: Promise<void> = Promise.resolve()
    const started = new Promise<void>((resolve, reject) => {
      ended = this.#keepConnected(abort.signal, resolve).then(
        () => reject(new Error(`connection ${this.#options.name} was stopped before it was up`)),
        reject,
      )
    })
    return { abort, started, ended }
  }

  /** Ends when stopped. Errors: BrokerFault, only before it was up for the first time. */
  async #keepConnected(signal: AbortSignal, onUp: () => void): Promise<void> {
    const { clock, log, name, random, startTimeoutMs = START_TIMEOUT_MS } = this.#options
    const startedAt = clock.now()
    let wasUp = false
    let failureCount = 0
    this.#setStatus('connecting', null)
    while (!signal.aborted) {
      const error = await this.#serveLink(signal, () => {
        wasUp = true
        failureCount = 0
        onUp()
      })
      if (signal.aborted) break
      failureCount += 1
      this.#setStatus('connecting', error)
      const leftMs = startTimeoutMs - (clock.now() - startedAt)
      const fault = wasUp ? null : toFault(error, leftMs <= 0)
      if (fault !== null) {
        this.#setStatus('stopped', error)
        this.#life = null
        throw fault
      }
      const pauseMsMax = wasUp ? RECONNECT_PAUSE_MS_MAX : Math.min(RECONNECT_PAUSE_MS_MAX, leftMs)
      const pauseMs = toPauseMs(failureCount, pauseMsMax, random)
      log.warn({ connection: name, failureCount, pauseMs, error }, 'broker.lost')
      await this.#timers.wait(pauseMs, signal)
    }
    this.#setStatus('stopped', null)
  }

  /** One link from first to last; resolves with the reason of its end. */
  async #serveLink(signal: AbortSignal, onUp: () => void): Promise<Error> {
    try {
      const model = await this.#connect(signal)
      const link = watchLink(model, this.#timers)
      this.#link = link
      model.on('blocked', (reason) => this.#setStatus('blocked', new Error(reason)))
      model.on('unblocked', () => this.#setStatus('connected', null))
      await this.prepare(model)
      this.#isPrepared = true
      this.#setStatus('connected', null)
      this.#options.log.info({ connection: this.#options.name }, 'broker.connected')
      onUp()
      for (const listener of [...this.#listeners]) listener(link)
      return await link.lost
    } catch (error) {
      await this.#link?.close()
      return error instanceof Error ? error : new Error(String(error))
    } finally {
      this.#link = null
      this.#isPrepared = false
    }
  }

  async #connect(signal: AbortSignal): Promise<ChannelModel> {
    const { url, name, ca, startTimeoutMs = START_TIMEOUT_MS } = this.#options
    const connecting = connect(toAddress(url), {
      noDelay: true,
      keepAlive: true,
      keepAliveDelay: KEEP_ALIVE_MS,
      // Zero would mean no deadline.
      timeout: Math.max(Math.min(CONNECT_TIMEOUT_MS, startTimeoutMs), 1),
      clientProperties: { connection_name: name, product: 'leqi-connector' },
      ...(ca !== null && { ca }),
    })
    return orAborted(connecting, signal, (late) => watchLink(late, this.#timers).close())
  }

  #setStatus(state: ConnectionState, error: Error | null): void {
    const since = state === this.#status.state ? this.#status.since : this.#options.clock.now()
    this.#status = { state, since, lastError: error?.message ?? null }
  }
}

/** With the heartbeat in the address, because amqplib reads it nowhere else. */
function toAddress(url: string): string {
  const address = URL.canParse(url) ? new URL(url) : null
  if (address === null || !['amqp:', 'amqps:'].includes(address.protocol)) {
    throw new BrokerFault('AMQ-refused', {
      message: 'AMQP_URL 不是有效的 amqp:// 或 amqps:// 地址',
      messageEn: 'AMQP_URL is no amqp:// or amqps:// address',
    })
  }
  address.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS))
  address.searchParams.set('frameMax', String(FRAME_BYTE_COUNT_MAX))
  return address.href
}

/**
 * Follows a fresh connection to its end and ends it when the broker falls silent. Silence is counted in ticks and not
 * by a clock: after a stall of our own process one tick is due, not ten, and what arrived meanwhile is read before the next.
 */
function watchLink(model: ChannelModel, timers: Timers): OwnLink {
  const socket = socketOf(model)
  const gone = new AbortController()
  let lastError: Error | null = null
  let seenByteCount = socket.bytesRead
  let silentTickCount = 0
  const stopWatching = timers.every(SILENCE_TICK_MS, () => {
    silentTickCount = socket.bytesRead === seenByteCount ? silentTickCount + 1 : 0
    seenByteCount = socket.bytesRead
    if (silentTickCount * SILENCE_TICK_MS < SILENCE_MS_MAX) return
    socket.destroy(new Error(`nothing received from the broker for ${SILENCE_MS_MAX} ms`))
  })
  const lost = new Promise<Error>((resolve) => {
    model.on('error', (error) => {
      lastError = error
    })
    model.on('close', (error) => {
      stopWatching()
      // amqplib only says goodbye; a peer that is gone would never let the socket end.
      socket.destroy()
      const reason = lastError ?? error ?? new Error('connection closed')
      gone.abort(reason)
      resolve(reason)
    })
  })
  const close = async () => {
    if (gone.signal.aborted) return
    const farewell = Promise.race([model.close(), lost])
    await within(CLOSE_TIMEOUT_MS, 'closing the connection', farewell).catch((error) => socket.destroy(error))
    await lost
  }
  return { model, signal: gone.signal, lost, close }
}

/** amqplib keeps the socket to itself; it is needed to notice silence and to end it. */
function socketOf(model: ChannelModel): Socket {
  const stream: unknown = Reflect.get(model.connection, 'stream')
  if (!(stream instanceof Socket)) throw new TypeError('amqplib keeps its socket elsewhere now')
  return stream
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal, discard: (late: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new Error('stopped while connecting'))
    signal.addEventListener('abort', onAbort)
    work
      .then((value) => (signal.aborted ? discard(value) : resolve(value)), reject)
      .finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** What must refuse the start; null for what waiting may cure. */
function toFault(error: Error, isOverdue: boolean): BrokerFault | null {
  if (error instanceof BrokerFault) return error
  if (REFUSED_BY_BROKER.test(error.message)) {
    const text = {
      message: 'RabbitMQ 拒绝了 AMQP_URL 中的用户、密码或虚拟主机',
      messageEn: 'RabbitMQ refuses the user, password or virtual host of AMQP_URL',
    }
    return new BrokerFault('AMQ-refused', text, error)
  }
  if (!isOverdue) return null
  const text = {
    message: '在启动时限内无法连接 AMQP_URL 指向的 RabbitMQ',
    messageEn: 'RabbitMQ at AMQP_URL did not answer within the time for starting',
  }
  return new BrokerFault('AMQ-unreachable', text, error)
}
