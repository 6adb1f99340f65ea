/** Slots of scheduled work, and what scheduled work makes due. */
import type pg from 'pg'
import { signalChannelOf } from './schema-name.js'
import { run, type Statement } from './statement.js'

/** Replicas may be a few seconds apart; none of our jobs runs twice in a minute. */
const TAKE_SLOT: Statement = {
  name: 'schedule.take-slot',
  text: `insert into schedule_slots (job, slot) values ($1, date_trunc('minute', now() + interval '5 seconds'))
         on conflict do nothing returning job`,
}

const MAKE_TABLES_DUE: Statement = {
  name: 'schedule.make-tables-due',
  text: `with due as (update tax_table_states set due_at = now() returning 1)
         select pg_notify($1, 'settings') from (select count(*) from due) as counted`,
}

/** True for the one replica that runs this slot of the job. */
export async function takeSlot(pool: pg.Pool, job: string): Promise<boolean> {
  const rows = await run(pool, TAKE_SLOT, [job])
  return rows.length === 1
}

/** Every table of the bureau is read again by the engine, at once. */
export async function makeTablesDue(pool: pg.Pool, schema: string): Promise<void> {
  await run(pool, MAKE_TABLES_DUE, [signalChannelOf(schema)])
}
