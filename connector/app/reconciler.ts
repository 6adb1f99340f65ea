/** The service that looks for the signs of a restore and, after one, compares unit by unit with the bureau. */
import type { Logger } from '../../adapters/system/logger.js'
import { type RestoreDeps, reconcileNext } from '../issuing/restore.js'
import type { Clock, Timers } from '../kernel/time.js'
import type { Service } from './lifecycle.js'
import type { RestoreWatch } from './restore-watch.js'
import { makeStation } from './station.js'

/** A restore under a running process is noticed within this. */
const WATCH_REST_MS = 5_000
const ROUND_REST_MS = 5_000

export interface ReconcilerDeps extends Omit<RestoreDeps, 'report'> {
  restoreWatch: RestoreWatch
  renewDirectory: () => Promise<void>
  clock: Clock
  timers: Timers
  log: Logger
}

export function makeReconciler(deps: ReconcilerDeps): Service {
  const { log } = deps
  const onError = (station: string, error: unknown) => log.error({ station, error }, 'station.failed')
  const common = { timers: deps.timers, onError }
  const watch = makeStation({
    ...common,
    name: 'restore-watch',
    restMsMax: WATCH_REST_MS,
    run: async () => {
      await deps.restoreWatch.look()
      return 0
    },
  })
  const rounds = makeStation({
    ...common,
    name: 'restore-rounds',
    restMsMax: ROUND_REST_MS,
    run: async () => {
      const count = await reconcileNext({
        ...deps,
        report: (report) => log[report.event === 'restore.held' ? 'error' : 'info'](report, report.event),
      })
      if (count > 0) await deps.renewDirectory()
      return count
    },
  })
  return {
    async start() {
      await Promise.all([watch.start(), rounds.start()])
    },
    async stop() {
      await Promise.all([watch.stop(), rounds.stop()])
    },
  }
}
