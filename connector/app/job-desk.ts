/** What a scheduled job works with: one connection of its own thread, and the slot that makes it the only one. */
import { runAudit } from '../../adapters/postgres/audit/audit.js'
import { makePool } from '../../adapters/postgres/pool.js'
import { makeTablesDue, takeSlot } from '../../adapters/postgres/schedule.js'

export interface JobDesk {
  makeTablesDue(): Promise<void>
  audit(): ReturnType<typeof runAudit>
}

export interface JobPlace {
  databaseUrl: string
  databaseSchema: string
}

/** Runs `work` when this process gets the slot; resolves to what it returned, or null when another has it. */
export async function runJob<T>(job: string, place: JobPlace, work: (desk: JobDesk) => Promise<T>): Promise<T | null> {
  let failure: Error | null = null
  const pool = makePool({
    url: place.databaseUrl,
    schema: place.databaseSchema,
    applicationName: `leqi-connector job ${job}`,
    connectionCountMax: 1,
    onError: (error) => {
      failure = error
    },
  })
  try {
    if (!(await takeSlot(pool, job))) return null
    const outcome = await work({
      makeTablesDue: () => makeTablesDue(pool, place.databaseSchema),
      audit: () => runAudit(pool, place.databaseSchema),
    })
    if (failure !== null) throw failure
    return outcome
  } finally {
    await pool.end()
  }
}
