/**
 * Hears what other transactions announced: one connection of its own that only listens.
 *
 * Modes
 *   listening     every notification calls `onSignals` with what it names
 *   disconnected  entered when the connection breaks or stays silent on a ping; reconnects after a pause that doubles
 *                 up to 15 s. After each (re)connect `onSignals` is called with every signal: anything may have been
 *                 announced meanwhile.
 *   stopped       entered by `stop`; nothing is called any more
 */
import pg from 'pg'
import type { WorkSignal } from '../../connector/issuing/ports.js'
import { type ConnectionOptions, toClientConfig } from './pool.js'
import { signalChannelOf } from './schema-name.js'

const SIGNALS: readonly WorkSignal[] = [
  'inbox',
  'orders',
  'invoices',
  'batches',
  'moves',
  'events',
  'callbacks',
  'settings',
  'stops',
]

/** A silent link is noticed within this and the time that one ping may take. */
const PING_INTERVAL_MS = 8_000
const PING_TIMEOUT_MS = 5_000
const RECONNECT_DELAY_MS = 250
const RECONNECT_DELAY_MS_MAX = 15_000

export interface SignalListenerOptions extends ConnectionOptions {
  onSignals: (signals: ReadonlySet<WorkSignal>) => void
  /** The connection broke; it comes back by itself. */
  onError: (error: Error) => void
  /** Resolves after `ms`, or at once when the signal aborts. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

export interface SignalListener {
  /** Resolves when it listens for the first time. Errors: that of the first connect; later ones only go to `onError`. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** A listening connection, and the signal that it is one no more. */
interface Line {
  client: pg.Client
  broken: AbortSignal
}

export function makeSignalListener(options: SignalListenerOptions): SignalListener {
  const stopping = new AbortController()
  let listening: Promise<void> | null = null

  async function start(): Promise<void> {
    const line = await connect(options)
    listening = listen(options, line, stopping.signal)
  }

  async function stop(): Promise<void> {
    stopping.abort()
    await listening
  }

  return { start, stop }
}

async function listen(options: SignalListenerOptions, first: Line, stopping: AbortSignal): Promise<void> {
  let line: Line | null = first
  let delayMs = RECONNECT_DELAY_MS
  while (!stopping.aborted) {
    if (line !== null) {
      delayMs = RECONNECT_DELAY_MS
      await attend(options, line, stopping)
      line = null
    }
    await options.sleep(delayMs, stopping)
    delayMs = Math.min(delayMs * 2, RECONNECT_DELAY_MS_MAX)
    if (!stopping.aborted) line = await connect(options).catch(tell(options))
  }
  if (line !== null) await hangUp(line)
}

/** Stays with one connection until it breaks or the listener is stopped. */
async function attend(options: SignalListenerOptions, line: Line, stopping: AbortSignal): Promise<void> {
  const over = AbortSignal.any([line.broken, stopping])
  try {
    options.onSignals(new Set(SIGNALS))
    while (!over.aborted) {
      await options.sleep(PING_INTERVAL_MS, over)
      if (!over.aborted) await line.client.query('select 1')
    }
  } catch (error) {
    tell(options)(error)
  }
  await hangUp(line)
}

/** A dead connection cannot say goodbye, and what killed it was told already. */
async function hangUp({ client }: Line): Promise<void> {
  await client.end().catch(() => undefined)
}

async function connect(options: SignalListenerOptions): Promise<Line> {
  const client = new pg.Client({ ...toClientConfig(options), query_timeout: PING_TIMEOUT_MS })
  const broken = new AbortController()
  client.on('error', tell(options))
  client.on('end', () => broken.abort())
  client.on('notification', ({ payload }) => options.onSignals(parseSignals(payload ?? '')))
  const line = { client, broken: broken.signal }
  try {
    await client.connect()
    await client.query(`listen ${signalChannelOf(options.schema)}`)
  } catch (error) {
    await hangUp(line)
    throw error
  }
  return line
}

/** Names that this release does not know come from a newer one and are not for us. */
function parseSignals(payload: string): ReadonlySet<WorkSignal> {
  const names = new Set(payload.split(' '))
  return new Set(SIGNALS.filter((signal) => names.has(signal)))
}

function tell(options: SignalListenerOptions): (error: unknown) => null {
  return (error) => {
    options.onError(error instanceof Error ? error : new Error(String(error)))
    return null
  }
}
