/**
 * The whole timetable on one screen (bree). Jobs decide when, never what: each makes rows due or reads, and the engine
 * does the work. A job tolerates running twice, on several replicas, and never: its slot is a unique row, held under a
 * lease. What a dead worker left in its slot is run again by whoever finds it.
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
  /** Every day at this time in China. */
  hour: number
  minute: number
  /** What it does, in one sentence. */
  what: string
  /** Ended when it takes longer. */
  durationMsMax: number
}

export const SCHEDULE: readonly ScheduledJob[] = [
  {
    name: 'refresh-tables',
    hour: 2,
    minute: 10,
    what: 'makes the bureau’s tables due, so that they are read in a quiet hour instead of a day after the start',
    durationMsMax: 60_000,
  },
  {
    name: 'audit',
    hour: 3,
    minute: 30,
    what: 'checks every promise in one snapshot and tells a violation as an error',
    durationMsMax: 30 * 60_000,
  },
]

/** How often a slot whose worker has died is looked for; the lease of 15 s comes on top. */
const LOOK_MS = 5_000

export interface TimetableOptions extends Omit<JobData, 'minuteOfDay'> {
  /** Jobs that have such a slot. */
  listAbandonedJobs: () => Promise<readonly string[]>
  onEvent: (level: 'info' | 'error', event: string, fields: Record<string, unknown>) => void
}

/** A service that runs the timetable until it is stopped. */
export function makeTimetable({ onEvent, listAbandonedJobs, ...place }: TimetableOptions): {
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
    jobs: SCHEDULE.flatMap(({ name, hour, minute, durationMsMax }) => {
      const job = { path: join(dirname(own), `${name}.job${extension}`), closeWorkerAfterMs: durationMsMax }
      return [
        {
          ...job,
          name,
          cron: `${minute} ${hour} * * *`,
          worker: { workerData: { ...place, minuteOfDay: hour * 60 + minute } },
        },
        // Has no time of its own.
        { ...job, name: takeOverOf(name), timeout: false, worker: { workerData: { ...place, minuteOfDay: null } } },
      ]
    }),
    workerMessageHandler: ({ name, message }) => onEvent('info', 'job.told', { job: name, message }),
    errorHandler: (error, worker) => onEvent('error', 'job.failed', { job: worker?.name, error }),
  })
  let looking: NodeJS.Timeout | null = null

  async function look(): Promise<void> {
    for (const job of await listAbandonedJobs()) {
      const isKnown = SCHEDULE.some(({ name }) => name === job)
      if (isKnown && !bree.workers.has(takeOverOf(job))) await bree.run(takeOverOf(job))
    }
  }

  return {
    async start() {
      await bree.start()
      looking = setInterval(() => {
        look().catch((error: unknown) => onEvent('error', 'timetable.failed', { error }))
      }, LOOK_MS)
    },
    async stop() {
      if (looking !== null) clearInterval(looking)
      await bree.stop()
    },
  }
}

function takeOverOf(name: string): string {
  return `${name} again`
}
