/**
 * Brings a connector to a stand at an exact statement, so that it can be killed there: a trigger that waits for a lock
 * which the test holds. What the statement was about to write is never written.
 */
import pg from 'pg'
import { waitFor } from './wait-for.js'

/** Longest way to the step, and longest end of what stood there. */
const WAIT_MS_MAX = 20_000

/** A statement of the connector: it took effect, and its transaction is not committed. */
export interface Step {
  on: 'insert' | 'update'
  table: string
  /** Only rows for which this holds, e.g. `new.state = 'published'`. */
  when?: string
}

interface Halt {
  /** Resolves when the connector stands at the step. */
  reached(): Promise<void>
  /** Ends what stands there as if its process had died before, and lets everything later pass. */
  lift(): Promise<void>
}

export interface Halting {
  at(place: { url: string; schema: string }, step: Step): Promise<Halt>
}

/** What the cleaning hangs on; hooks run in the order of their making, so make this one before the pipeline's. */
interface Owner {
  after: (clean: () => Promise<void>) => void
}

export function makeHalting(owner: Owner): Halting {
  let lift = () => Promise.resolve()
  owner.after(() => lift())
  return {
    async at(place, step) {
      const holder = new pg.Client({ connectionString: place.url })
      await holder.connect()
      lift = async () => {
        lift = () => Promise.resolve()
        await until(
          'what stood there to end',
          async () => (await countHalted(holder, 'pg_terminate_backend(pid)')) === 0,
        )
        await holder.query(`drop trigger halt on ${place.schema}.${step.table}`)
        await holder.end()
      }
      await setUp(holder, place.schema, step)
      const what = `the connector to stand at ${step.on} ${step.table}`
      return { reached: () => until(what, async () => (await countHalted(holder, 'pid')) > 0), lift: () => lift() }
    },
  }
}

/** The lock is the session's: it goes with the connection, whatever becomes of the test. */
async function setUp(holder: pg.Client, schema: string, { on, table, when = 'true' }: Step): Promise<void> {
  await holder.query(`
    select pg_advisory_lock(hashtext('${schema}'));
    create or replace function ${schema}.halt() returns trigger language plpgsql as $$
      begin
        perform pg_advisory_xact_lock(hashtext('${schema}'));
        return null;
      end $$;
    create trigger halt after ${on} on ${schema}.${table}
      for each row when (${when}) execute function ${schema}.halt()`)
}

async function countHalted(holder: pg.Client, action: string): Promise<number> {
  const { rows } = await holder.query(
    `select ${action} from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid)) and wait_event = 'advisory'`,
  )
  return rows.length
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const options = { what, describe: () => 'it did not come', waitMsMax: WAIT_MS_MAX }
  await waitFor(async () => ((await isSo()) ? true : null), options)
}
