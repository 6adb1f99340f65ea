/**
 * The life of a process: services start in order, stop in reverse under one deadline; signals ask for the stop.
 *
 *   starting → running → stopping → stopped
 *
 * A service that fails to start takes those before it down again. A stop that hangs does not hold the others back for
 * ever: when the deadline is over, the rest are told to stop and are not waited for. A second signal exits at once.
 * Must not know: what the services do.
 */

/** A long-lived thing. `start` resolves when it is ready; `stop` is safe twice and before `start`. */
export interface Service {
  start(): Promise<void>
  stop(): Promise<void>
}

export interface NamedService {
  name: string
  service: Service
}

/** One service of several: they start in order and stop side by side, so that a stop takes no longer than the slowest. */
export function sideBySide(...services: readonly Service[]): Service {
  return {
    async start() {
      for (const service of services) await service.start()
    },
    async stop() {
      await Promise.all(services.map((service) => service.stop()))
    },
  }
}

export interface StopReport {
  failed: readonly { name: string; error: unknown }[]
  /** Told to stop, and not seen to have stopped when the deadline was over. */
  unfinished: readonly string[]
}

/** Longest stop: the orchestrators' usual 30 s less a margin for the exit itself. */
const STOP_DEADLINE_MS = 25_000

const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const
type StopSignal = keyof typeof SIGNALS
/** What shells add to a signal's number in an exit status. */
const SIGNAL_EXIT_BASE = 128

/**
 * Starts one after the other, no further once `isCancelled`.
 * Errors: the first failure, after what had started was stopped again.
 */
export async function startAll(
  services: readonly NamedService[],
  isCancelled: () => boolean = () => false,
): Promise<void> {
  for (const [index, { service }] of services.entries()) {
    if (isCancelled()) return
    try {
      await service.start()
    } catch (error) {
      // Whatever goes wrong while stopping follows from this error, which is the one to tell.
      await stopAll(services.slice(0, index + 1))
      throw error
    }
  }
}

/**
 * Stops in reverse order, one after the other; never rejects.
 * Units: `deadlineMs` is for all services together.
 */
export async function stopAll(
  services: readonly NamedService[],
  { deadlineMs = STOP_DEADLINE_MS }: { deadlineMs?: number } = {},
): Promise<StopReport> {
  const failed: { name: string; error: unknown }[] = []
  const unfinished: string[] = []
  const deadline = makeDeadline(deadlineMs)
  for (const { name, service } of [...services].reverse()) {
    const stopped = settle(() => service.stop()).then((failure) => {
      if (failure !== null) failed.push({ name, error: failure.error })
      return 'stopped' as const
    })
    if ((await Promise.race([stopped, deadline.passed])) === 'passed') unfinished.push(name)
  }
  deadline.clear()
  return { failed, unfinished }
}

/** Where signals come from: `process`, or an emitter in a test. */
export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown
}

export interface SignalHandlers {
  /** The first signal: begin to stop. */
  onStop(signal: StopSignal): void
  /** The second signal: leave now, with this code. */
  onExit(exitCode: number): void
}

/** Listens until the returned function is called. */
export function listenForSignals(source: SignalSource, { onStop, onExit }: SignalHandlers): () => void {
  let isStopping = false
  const listener = (signal: StopSignal) => {
    if (isStopping) return onExit(SIGNAL_EXIT_BASE + SIGNALS[signal])
    isStopping = true
    onStop(signal)
  }
  // The keys of the table are the signals.
  const names = Object.keys(SIGNALS) as StopSignal[]
  for (const name of names) source.on(name, listener)
  return () => {
    for (const name of names) source.off(name, listener)
  }
}

export interface RunOptions {
  signals: SignalSource
  onExit: (exitCode: number) => void
  onEvent: (event: 'started' | 'stopping' | 'stopped', details: { signal?: StopSignal; report?: StopReport }) => void
  deadlineMs?: number
}

/**
 * Starts, runs until a signal, stops; a signal during the start stops what has started by then.
 * Shape: the exit code, 0 after a clean stop, else 1. Errors: rejects when the start fails by itself.
 */
export async function runUntilSignal(services: readonly NamedService[], options: RunOptions): Promise<0 | 1> {
  let stopListening = () => {}
  let isSignalled = false
  const signalled = new Promise<StopSignal>((resolve) => {
    const onStop = (signal: StopSignal) => {
      isSignalled = true
      resolve(signal)
    }
    stopListening = listenForSignals(options.signals, { onStop, onExit: options.onExit })
  })
  try {
    const starting = startAll(services, () => isSignalled)
    const first = await Promise.race([starting, signalled])
    // Once the stop was asked for, a start that fails only shows that it was interrupted.
    if (first !== undefined) starting.catch(() => undefined)
    else options.onEvent('started', {})
    options.onEvent('stopping', { signal: await signalled })
    const report = await stopAll(services, options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs })
    options.onEvent('stopped', { report })
    return report.failed.length + report.unfinished.length === 0 ? 0 : 1
  } finally {
    stopListening()
  }
}

function makeDeadline(ms: number): { passed: Promise<'passed'>; clear: () => void } {
  let timer: NodeJS.Timeout | undefined
  const passed = new Promise<'passed'>((resolve) => {
    timer = setTimeout(() => resolve('passed'), ms)
  })
  return { passed, clear: () => clearTimeout(timer) }
}

async function settle(work: () => Promise<void>): Promise<{ error: unknown } | null> {
  try {
    await work()
    return null
  } catch (error) {
    return { error }
  }
}
