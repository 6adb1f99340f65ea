/** Checks all invariants in one snapshot, while work may go on: read-only, whole tables, hours if it must be. */
import type pg from 'pg'
import { assert } from '../../../connector/kernel/never.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { auditSchemaOf } from '../schema-name.js'
import { AUDIT_CHECKS, type AuditCheck, type InvariantId } from './checks.js'

/** Examples told per broken invariant. */
const EXAMPLE_COUNT_MAX = 5
/** Whole tables are read and hashed: a million orders take minutes on a small machine. */
const CHECK_TIMEOUT_MS = 3_600_000

/** Undoes for this transaction what the hot path forbids itself. */
const AUDIT_SETTINGS = `
  set local statement_timeout = ${CHECK_TIMEOUT_MS};
  set local enable_seqscan = on;
  set local enable_mergejoin = on;
  set local work_mem = '64MB'`

const COUNTS = `
  select now() as at, json_build_object(
    'messages', (select count(*) from inbox_messages),
    'undecidedMessages', (select count(*) from inbox_messages where due_at is not null),
    'parkedMessages', (select count(*) from inbox_messages where park_cause is not null),
    'refusedMessages', (select count(*) from inbox_messages where disposition in ('rejected', 'dead')),
    'discarded', (select count(*) from inbox_messages where disposition = 'discarded')
      + (select count(*) from orders where park_cause = 'discarded'),
    'orders', (select count(*) from orders),
    'finishedOrders', (select count(*) from orders where finished_at is not null),
    'parkedOrders', (select count(*) from orders where park_cause is not null),
    'invoices', (select count(*) from invoices),
    'issuedInvoices', (select count(*) from invoices where state = 'issued'),
    'refusedInvoices', (select count(*) from invoices where state = 'rejected'),
    'invoicesInDoubt', (select count(*) from invoices where state in ('in_doubt', 'needs_person')),
    'parkedInvoices', (select count(*) from invoices where park_cause is not null),
    'batches', (select count(*) from upload_batches),
    'results', (select count(*) from outbox_events),
    'pendingResults', (select count(*) from outbox_events where state = 'pending'),
    'callbacks', (select count(*) from callback_deliveries),
    'undeliveredCallbacks', (select count(*) from callback_deliveries where state <> 'delivered'),
    'numbers', (select coalesce(sum(size), 0) from number_segments),
    'freeNumbers', (select coalesce(sum(size - next_offset + returned_count), 0) from number_segments),
    'moves', (select count(*) from transitions),
    'actions', (select count(*) from actions)
  ) as counts`

export interface AuditReport {
  ok: boolean
  /** The instant of the snapshot, by the database's clock. */
  at: Instant
  counts: Readonly<Record<string, number>>
  violations: readonly AuditViolation[]
}

interface AuditViolation {
  invariant: InvariantId
  what: string
  /** At most five; `count` tells how many there are. */
  examples: readonly string[]
  count: number
}

/** Shape   every invariant that is broken, with examples; nothing is changed. Source: design, invariants I1–I15. */
export async function runAudit(pool: pg.Pool, schema: string): Promise<AuditReport> {
  const client = await pool.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    await client.query(AUDIT_SETTINGS)
    const { at, counts } = await loadCounts(client)
    const violations: AuditViolation[] = []
    for (const check of AUDIT_CHECKS) violations.push(...(await runCheck(client, check, auditSchemaOf(schema))))
    await client.query('rollback')
    client.release()
    return { ok: violations.length === 0, at, counts, violations }
  } catch (error) {
    client.release(true)
    throw error
  }
}

async function loadCounts(client: pg.PoolClient): Promise<Pick<AuditReport, 'at' | 'counts'>> {
  const query = { text: COUNTS, query_timeout: CHECK_TIMEOUT_MS }
  const { rows } = await client.query<{ at: Instant; counts: Record<string, number> }>(query)
  const [row] = rows
  assert(row !== undefined, 'a select without a table answered no row')
  return row
}

async function runCheck(client: pg.PoolClient, check: AuditCheck, auditSchema: string): Promise<AuditViolation[]> {
  const sql = check.sql.replaceAll('{audit}', auditSchema)
  const query = {
    text: `
      with broken as materialized (${sql})
      select (select count(*) from broken)::integer as count,
        array(select example::text from broken limit ${EXAMPLE_COUNT_MAX}) as examples`,
    query_timeout: CHECK_TIMEOUT_MS,
  }
  const { rows } = await client.query<{ count: number; examples: string[] }>(query)
  const [broken] = rows
  if (broken === undefined || broken.count === 0) return []
  return [{ invariant: check.invariant, what: check.what, examples: broken.examples, count: broken.count }]
}
