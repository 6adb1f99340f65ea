/**
 * The whole timetable on one screen (bree). Jobs decide when, never what: each makes rows due or reads, and the engine
 * does the work. A job tolerates running twice, on several replicas, and never: its slot is a unique row.
 */
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Bree from 'bree'
import type { JobData } from './job-data.js'

/** China time, in which the bureau's day begins. */
const ZONE = 'Asia/Shanghai'

export interface ScheduledJob {
  /** Also the file: `<name>.job.ts`. */
  name: string
  cron: string
  /** What it does, in one sentence. */
  what: string
  /** Ended when it takes longer. */
  durationMsMax: number
}

export const SCHEDULE: readonly ScheduledJob[] = [
  {
    name: 'refresh-tables',
    cron: '10 2 * * *',
    what: 'makes the bureau’s tables due, so that they are read in a quiet hour instead of a day after the start',
    durationMsMax: 60_000,
  },
  {
    name: 'audit',
    cron: '30 3 * * *',
    what: 'checks every promise in one snapshot and tells a violation as an error',
    durationMsMax: 30 * 60_000,
  },
]

export interface TimetableOptions extends JobData {
  onEvent: (level: 'info' | 'error', event: string, fields: Record<string, unknown>) => void
}

/** A service that runs the timetable until it is stopped. */
export function makeTimetable({ onEvent, ...data }: TimetableOptions): {
  start(): Promise<void>
  stop(): Promise<void>
} {
  // The jobs stand beside this file, built or as they were written.
  const own = fileURLToPath(import.meta.url)
  const extension = extname(own)
  const bree = new Bree({
    root: dirname(own),
    acceptedExtensions: [extension],
    timezone: ZONE,
    logger: false,
    doRootCheck: false,
    removeCompleted: false,
    jobs: SCHEDULE.map(({ name, cron, durationMsMax }) => ({
      name,
      path: join(dirname(own), `${name}.job${extension}`),
      cron,
      closeWorkerAfterMs: durationMsMax,
      worker: { workerData: data },
    })),
    workerMessageHandler: ({ name, message }) => onEvent('info', 'job.told', { job: name, message }),
    errorHandler: (error, worker) => onEvent('error', 'job.failed', { job: worker?.name, error }),
  })
  return {
    start: () => bree.start(),
    stop: () => bree.stop(),
  }
}
