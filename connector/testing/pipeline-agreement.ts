/**
 * The end of every end-to-end test: the audit is clean, the bureau's own book says the same to the fen, and the order
 * system was told exactly what is so.
 */
import assert from 'node:assert/strict'
import type { Book } from '../../adapters/leqi/simulator/book.js'
import { runAudit } from '../../adapters/postgres/audit/audit.js'
import type { IncomingResult } from './order-system.js'
import type { Pipeline } from './pipeline.js'

const ISSUED = `
  select i.invoice_number as number, u.tax_no as "sellerTaxNo", case i.kind when 'special' then '01' else '02' end as kind,
    i.net_amount::text as net, i.tax_amount::text as tax, i.gross_amount::text as gross, i.quota_amount::text as "quotaNet"
  from invoices i join using_units u on u.id = i.using_unit_id where i.state = 'issued' order by 1`

const SEGMENTS = `
  select u.tax_no as "taxNo", s.first_number as first, s.last_number as last
  from number_segments s join using_units u on u.id = s.using_unit_id order by 2`

const QUOTAS = `
  select u.tax_no as "taxNo", replace(q.period, '-', '') as period,
    (q.downloaded_amount - q.returned_amount)::text as downloaded, q.settled_amount::text as used
  from credit_quotas q join using_units u on u.id = q.using_unit_id
  where q.downloaded_amount > 0 order by 1, 2`

const EVENTS = `
  select e.id, e.order_id, e.kind, e.body, o.state, o.gross_amount::text as gross
  from outbox_events e join orders o on o.id = e.order_id order by e.id`

interface EventRow {
  id: string
  order_id: string
  kind: string
  body: string
  state: string
  gross: string | null
}

/** Asserts all of it; waits first until every result is out. */
export async function assertAgreement(pipeline: Pipeline): Promise<void> {
  await pipeline.until('every result to be published', async () => {
    const [row] = await pipeline.sql<{ count: number }>(
      `select count(*)::int as count from outbox_events where state = 'pending'`,
    )
    return row?.count === 0 ? true : null
  })
  const { violations } = await runAudit(pipeline.pool, pipeline.schema)
  assert.deepEqual(violations, [], 'the audit found what must never be')
  await assertBookAgrees(pipeline, pipeline.simulator.control.book())
  await assertResultsAgree(pipeline)
}

async function assertBookAgrees({ sql }: Pipeline, book: Book): Promise<void> {
  const held = book.invoices
    .map(({ number, sellerTaxNo, kind, net, tax, gross, quotaNet }) => ({
      number,
      sellerTaxNo,
      kind,
      net,
      tax,
      gross,
      quotaNet,
    }))
    .sort(by(({ number }) => number))
  assert.deepEqual(await sql(ISSUED), held, 'the bureau holds other invoices than the connector calls issued')
  const changed = book.invoices.filter(({ differentRepeatCount }) => differentRepeatCount > 0)
  assert.deepEqual(changed, [], 'a number was uploaded again with other content')

  const segments = book.taxpayers
    .flatMap(({ taxNo, segments: own }) => own.map(({ first, last }) => ({ taxNo, first, last })))
    .sort(by(({ first }) => first))
  assert.deepEqual(await sql(SEGMENTS), segments, 'the bureau granted other numbers than the connector holds')

  const quotas = book.taxpayers
    .flatMap(({ taxNo, quota }) => quota.map(({ period, downloaded, used }) => ({ taxNo, period, downloaded, used })))
    .filter(({ downloaded }) => Number(downloaded) > 0)
    .sort(by(({ taxNo, period }) => `${taxNo} ${period}`))
  assert.deepEqual(await sql(QUOTAS), quotas, 'the bureau counts other quota than the connector')
}

async function assertResultsAgree(pipeline: Pipeline): Promise<void> {
  const events = await pipeline.sql<EventRow>(EVENTS)
  const finals = events.filter(({ kind }) => kind === 'final')
  assert.equal(new Set(finals.map(({ order_id }) => order_id)).size, finals.length, 'an order has two final results')
  const copies = new Map<string, IncomingResult[]>()
  for (const incoming of pipeline.orderSystem.received) {
    const id = incoming.messageId ?? ''
    copies.set(id, [...(copies.get(id) ?? []), incoming])
  }
  assert.deepEqual([...copies.keys()].sort(), events.map(({ id }) => id).sort(), 'results told and results stored')
  for (const event of events) {
    for (const { body, result, isPersistent } of copies.get(event.id) ?? []) {
      assert.equal(body, event.body, 'a copy differs from what was stored')
      assert.ok(isPersistent)
      assert.equal(result.eventId, event.id)
      assert.equal(result.status, event.state)
      if (result.invoices.length === 0) continue
      const grosses = result.invoices.map(({ grossAmount }) => grossAmount)
      assert.equal(sumYuan(grosses), event.gross, `the parts of order ${result.orderNo} are not the order`)
    }
  }
}

/** Exact sum of yuan texts with two decimals. */
export function sumYuan(texts: readonly string[]): string {
  const sum = texts.reduce((total, text) => total + BigInt(text.replace('.', '')), 0n)
  const digits = sum.toString().padStart(3, '0')
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`
}

function by<T>(keyOf: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)
}
