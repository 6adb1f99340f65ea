/**
 * Fills the tables with finished invoices of the month before, so that a run shows whether cost grows with the past, and
 * so that the audit of the same run still adds up to the last number and fen.
 *
 * One really finished order of the schema is the template: every row of the past is a copy of one of its rows under keys,
 * numbers, instants and hashes of its own (`past-copies.ts`), with the log of moves that the template left.
 */
import pg from 'pg'
import { CLOSED_MONTH, COPIES, type Copy, LOGGED_MOVES, SEGMENT_COUNT, UPLOAD_COUNT } from './past-copies.js'

/** Orders of one transaction; a multiple of the counts of an upload and of a segment. */
const SLICE_COUNT = 50_000
/** Plans of a few rows joined to many gain nothing from compilation; what a crash would lose is made again. */
const SERVER_SETTINGS = '-c jit=off -c synchronous_commit=off -c work_mem=64MB'
/** Days of its month in which the past was issued: every month has them, in every time zone. */
const PAST_DAYS = 26

/** Ids like those of the product: sorted by time, and those of the past before those of today. */
const MAKE_PAST_ID = `
  create function pg_temp.past_id(kind integer, at timestamptz, n bigint) returns uuid language sql as $$
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(kind), 3, '0')
      || '8' || lpad(to_hex(n), 15, '0'))::uuid
  $$`

// $1 orders of the past. Running numbers of the simulator follow the time, so those from 1 on are nobody's.
const CHOOSE_TEMPLATE = `
  create temp table template as
  select o.id as order_id, o.inbox_id, o.order_no, i.id as invoice_id, i.invoice_number as number, i.using_unit_id,
    b.id as batch_id, a.id as attempt_id, e.id as event_id, s.id as segment_id, s.move_id as claim_id,
    d.id as download_id, i.quota_amount, i.quota_amount * $1::bigint as total_amount, $1::bigint as total_count,
    begin.at as begin_at, to_char(begin.at, 'YYYY-MM') as period,
    to_char(begin.at, 'YY') || substr(i.invoice_number, 3, 3) as number_prefix
  from orders o
  join invoices i on i.order_id = o.id
  join upload_batches b on b.id = i.batch_id
  join upload_attempts a on a.batch_id = b.id
  join outbox_events e on e.order_id = o.id
  join number_segments s on s.id = i.segment_id
  join bureau_moves d on d.using_unit_id = i.using_unit_id and d.kind = 'quota_download' and d.state = 'granted'
  cross join lateral (select (i.period || '-02')::timestamptz - interval '1 month' as at) begin
  where o.state = 'issued' and o.invoice_count = 1 and e.state = 'published' and b.state = 'settled'
    and b.attempts = 1 and not b.was_in_doubt
  limit 1`

/** What the log says of the template's rows, in its order. */
const CHOOSE_LOG = `
  create temp table template_log as
  select m.id, m.entity, m.from_state, m.to_state, m.fence, m.cause, r.role
  from template x
  cross join lateral (values ('inbox', inbox_id), ('order', order_id), ('invoice', invoice_id), ('event', event_id),
    ('batch', batch_id), ('claim', claim_id), ('download', download_id)) as r(role, id)
  join transitions m on r.id = any(m.entity_ids)`

// $1 first and $2 last order of a slice.
const MAKE_SLICE = `
  create temp table past on commit drop as
  select n, upload_no, position, segment_no, at, 'past-' || n as order_no,
    number_prefix || lpad(n::text, 15, '0') as number,
    pg_temp.past_id(1, at, n) as order_id, pg_temp.past_id(2, at, n) as inbox_id,
    pg_temp.past_id(3, at, n) as invoice_id, pg_temp.past_id(4, at, n) as event_id,
    pg_temp.past_id(5, begin_at, upload_no) as batch_id, pg_temp.past_id(6, begin_at, segment_no) as segment_id,
    pg_temp.past_id(7, begin_at, segment_no) as claim_id
  from (
    select x.*, n, (n - 1) / ${UPLOAD_COUNT} as upload_no, (n - 1) % ${UPLOAD_COUNT} as position,
      (n - 1) / ${SEGMENT_COUNT} as segment_no, begin_at + n * interval '${PAST_DAYS} days' / total_count as at
    from template x cross join generate_series($1::bigint, $2::bigint) as n
  ) numbered`

/** Writes `count` finished orders of one invoice each. Errors: no order of the schema has been finished yet. */
export async function fillPast(url: string, schema: string, count: number): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    options: `-c search_path=${schema},pg_temp ${SERVER_SETTINGS}`,
  })
  await client.connect()
  try {
    await client.query(MAKE_PAST_ID)
    const { rowCount } = await client.query(CHOOSE_TEMPLATE, [count])
    if (rowCount !== 1) throw new Error('there is no finished order that the past could be made of')
    await client.query(CHOOSE_LOG)
    const statements: string[] = []
    for (const copy of COPIES) statements.push(toStatement(copy, await loadColumns(client, copy.table)))
    for (let done = 0; done < count; done += SLICE_COUNT) {
      await fillSlice(client, statements, { first: done + 1, last: Math.min(done + SLICE_COUNT, count) })
    }
    for (const statement of CLOSED_MONTH) await client.query(statement)
    await client.query(`vacuum (analyze, process_toast false) ${await listTables(client, schema)}`)
  } finally {
    await client.end()
  }
}

async function fillSlice(
  client: pg.Client,
  statements: readonly string[],
  { first, last }: { first: number; last: number },
): Promise<void> {
  await client.query('begin')
  await client.query(MAKE_SLICE, [first, last])
  await client.query('analyze past')
  for (const statement of [...statements, LOGGED_MOVES]) await client.query(statement)
  await client.query('commit')
}

/** One row of the table for each of those the copy stands for. */
function toStatement({ table, key, each = 'past', text = 'null', own }: Copy, columns: readonly string[]): string {
  const unknown = Object.keys(own).filter((column) => !columns.includes(column))
  if (unknown.length > 0) throw new Error(`${table} has no column ${unknown.join(', ')}`)
  return `
    insert into ${table} (${columns.join(', ')})
    select ${columns.map((column) => own[column] ?? `t.${column}`).join(', ')}
    from (select * from ${each} each_row) p
    cross join template x
    join ${table} t on ${key}
    cross join lateral (select ${text} as text offset 0) told`
}

/** Columns that a copy may set. */
async function loadColumns(client: pg.Client, table: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ attname: string }>(
    `select attname from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = ''
     order by attnum`,
    [table],
  )
  return rows.map(({ attname }) => attname)
}

async function listTables(client: pg.Client, schema: string): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = $1`,
    [schema],
  )
  return rows.map(({ name }) => name).join(', ')
}
