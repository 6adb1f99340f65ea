/**
 * What a scheduled job works with: connections of its own thread, and the slot that makes it the only one. A job that does
 * not know any more that it holds its slot is over at once: its thread ends with the error.
 */
import { runAudit } from '../../adapters/postgres/audit/audit.js'
import { makePool } from '../../adapters/postgres/pool.js'
import {
  finishSlot,
  makeTablesDue,
  renewSlot,
  type Slot,
  takeOverSlot,
  takeSlot,
} from '../../adapters/postgres/schedule.js'

export interface JobDesk {
  makeTablesDue(): Promise<void>
  audit(): ReturnType<typeof runAudit>
}

/** Life of the lease on a slot; a job killed in it is run again by another replica, or by the next start. */
const LEASE_MS = 15_000
const RENEW_MS = 5_000

export interface JobPlace {
  databaseUrl: string
  databaseSchema: string
  /** When the job is due every day, in minutes since midnight in China; null: only a slot whose worker has died is run. */
  minuteOfDay: number | null
}

/** Runs `work` when this process gets the slot; resolves to what it returned, or null when another has it. */
export async function runJob<T>(job: string, place: JobPlace, work: (desk: JobDesk) => Promise<T>): Promise<T | null> {
  let failure: Error | null = null
  const pool = makePool({
    url: place.databaseUrl,
    schema: place.databaseSchema,
    applicationName: `leqi-connector job ${job}`,
    connectionCountMax: 2,
    onError: (error) => {
      failure = error
    },
  })
  try {
    const { minuteOfDay } = place
    const slot = await (minuteOfDay === null
      ? takeOverSlot(pool, job, LEASE_MS)
      : takeSlot(pool, job, LEASE_MS, minuteOfDay))
    if (slot === null) return null
    const keeping = keepSlot(pool, slot)
    const desk = {
      makeTablesDue: () => makeTablesDue(pool, place.databaseSchema),
      audit: () => runAudit(pool, place.databaseSchema),
    }
    try {
      const outcome = await Promise.race([work(desk), keeping.lost])
      if (failure !== null) throw failure
      await finishSlot(pool, slot)
      return outcome
    } finally {
      keeping.end()
    }
  } finally {
    await pool.end()
  }
}

/** Renews the lease until told to end; `lost` rejects when that failed. */
function keepSlot(pool: ReturnType<typeof makePool>, slot: Slot): { lost: Promise<never>; end: () => void } {
  let end = () => {}
  const lost = new Promise<never>((_resolve, reject) => {
    const timer = setInterval(() => {
      renewSlot(pool, slot, LEASE_MS).then((isHeld) => {
        if (!isHeld) reject(new Error(`the slot of ${slot.job} is in other hands now`))
      }, reject)
    }, RENEW_MS)
    end = () => clearInterval(timer)
  })
  lost.catch(() => undefined)
  return { lost, end }
}
