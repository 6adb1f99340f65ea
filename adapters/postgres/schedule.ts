/**
 * Slots of scheduled work, and what scheduled work makes due.
 *
 * A slot is a unique row of job and instant, held under a lease by the clock of the database: never by two at once. It is
 * done when its worker says so; a worker that died leaves it to whoever finds it, three times at most and for a day.
 */
import type pg from 'pg'
import type { Instant } from '../../connector/kernel/time.js'
import { signalChannelOf } from './schema-name.js'
import { run, type Statement, toTimestamp } from './statement.js'

export interface Slot {
  job: string
  slot: Instant
  fence: bigint
}

// $1 job, $2 lease in ms, $3 minute of the day in China. The instant is that of the timetable, told by the database's clock
// alone: a replica that comes up to 5 s early or an hour late means the same slot, and any other means none.
const TAKE_SLOT: Statement = {
  name: 'schedule.take-slot',
  text: `insert into schedule_slots (job, slot, leased_until)
         select $1, due.slot, now() + $2 * interval '1 millisecond'
         from (
           select (date_trunc('day', (now() + interval '5 seconds') at time zone 'Asia/Shanghai')
             + $3 * interval '1 minute') at time zone 'Asia/Shanghai' as slot
         ) due
         where now() between due.slot - interval '5 seconds' and due.slot + interval '1 hour'
         on conflict do nothing returning slot, fence`,
}

const IS_ABANDONED = `done_at is null and leased_until <= now() and attempts < 3 and slot > now() - interval '1 day'`

const TAKE_OVER: Statement = {
  name: 'schedule.take-over',
  text: `with picked as (
           select slot from schedule_slots where job = $1 and ${IS_ABANDONED}
           order by slot desc limit 1 for update skip locked
         )
         update schedule_slots s
         set fence = s.fence + 1, attempts = s.attempts + 1, leased_until = now() + $2 * interval '1 millisecond'
         from picked p where s.job = $1 and s.slot = p.slot
         returning s.slot, s.fence`,
}

// $1 job, $2 slot, $3 fence, $4 lease in ms
const RENEW_SLOT: Statement = {
  name: 'schedule.renew-slot',
  text: `update schedule_slots set leased_until = now() + $4 * interval '1 millisecond'
         where job = $1 and slot = $2 and fence = $3 and done_at is null returning job`,
}

const FINISH_SLOT: Statement = {
  name: 'schedule.finish-slot',
  text: `update schedule_slots set done_at = now()
         where job = $1 and slot = $2 and fence = $3 and done_at is null returning job`,
}

const LIST_ABANDONED: Statement = {
  name: 'schedule.list-abandoned',
  text: `select distinct job from schedule_slots where ${IS_ABANDONED} order by job limit 20`,
}

const MAKE_TABLES_DUE: Statement = {
  name: 'schedule.make-tables-due',
  text: `with due as (update tax_table_states set due_at = now() returning 1)
         select pg_notify($1, 'settings') from (select count(*) from due) as counted`,
}

/** Today's slot, for the one replica that comes first; null for all others. Units: minutes since midnight in China. */
export function takeSlot(pool: pg.Pool, job: string, leaseMs: number, minuteOfDay: number): Promise<Slot | null> {
  return take(pool, TAKE_SLOT, [job, leaseMs, minuteOfDay])
}

/** A slot of the job whose worker has died; null when there is none. */
export function takeOverSlot(pool: pg.Pool, job: string, leaseMs: number): Promise<Slot | null> {
  return take(pool, TAKE_OVER, [job, leaseMs])
}

async function take(pool: pg.Pool, statement: Statement, values: [string, ...number[]]): Promise<Slot | null> {
  const [taken] = await run<{ slot: Instant; fence: string }>(pool, statement, values)
  return taken === undefined ? null : { job: values[0], slot: taken.slot, fence: BigInt(taken.fence) }
}

/** False: another worker has it, or it is done. */
export async function renewSlot(pool: pg.Pool, { job, slot, fence }: Slot, leaseMs: number): Promise<boolean> {
  return (await run(pool, RENEW_SLOT, [job, toTimestamp(slot), fence, leaseMs])).length === 1
}

/** False: another worker has it. */
export async function finishSlot(pool: pg.Pool, { job, slot, fence }: Slot): Promise<boolean> {
  return (await run(pool, FINISH_SLOT, [job, toTimestamp(slot), fence])).length === 1
}

/** Jobs that have a slot whose worker has died. */
export async function listAbandonedJobs(pool: pg.Pool): Promise<readonly string[]> {
  return (await run<{ job: string }>(pool, LIST_ABANDONED, [])).map(({ job }) => job)
}

/** Every table of the bureau is read again by the engine, at once. */
export async function makeTablesDue(pool: pg.Pool, schema: string): Promise<void> {
  await run(pool, MAKE_TABLES_DUE, [signalChannelOf(schema)])
}
