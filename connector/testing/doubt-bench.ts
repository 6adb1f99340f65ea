/**
 * Batches on their way through upload and poll against a bureau that answers as a test says, on a real memory and a clock
 * of its own: hours of doubt pass in a moment.
 */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { v7 } from 'uuid'
import { runAudit } from '../../adapters/postgres/audit/audit.js'
import type { ResultAnswer, ResultRow, UploadAnswer } from '../issuing/bureau.js'
import { UNWATCHED } from '../issuing/channel-ports.js'
import { type PollDeps, poll } from '../issuing/poll.js'
import { type Sendable, type UploadDeps, upload } from '../issuing/upload.js'
import { after, type Instant } from '../kernel/time.js'
import type { ResultMessage } from '../result/result.js'
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import { addUnit, withSchema } from './database.js'
import { aHold, LEASE_MS, makeStory, now } from './story.js'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
/** The first poll of an accepted batch. */
const POLL = { firstMs: 10_000, maxMs: 600_000 }

interface ScriptedBureau {
  upload: (numbers: readonly string[]) => UploadAnswer
  query: (receiptNo: string) => ResultAnswer
}

export const LOST: UploadAnswer = { kind: 'in_doubt', code: 'BUR-NET-reset', message: '未收到应答', requestId: null }
export const HELD: UploadAnswer = {
  kind: 'number_held',
  code: 'BUR-NUMBER-HELD',
  message: '发票号码在数据库中已存在',
  requestId: 'R-held',
}

export function accepted(receiptNo: string): UploadAnswer {
  return { kind: 'accepted', receiptNo, requestId: `R-${receiptNo}` }
}

type ResultTuple = readonly [number: string, status: ResultRow['status'], message?: string]

export function results(...tuples: readonly ResultTuple[]): ResultAnswer {
  const rows = tuples.map(([invoiceNumber, status, message = '']): ResultRow => {
    return { invoiceNumber, status, code: null, message, park: null }
  })
  return { kind: 'results', rows, requestId: 'R-results' }
}

/** `orderCount` orders of `partCount` invoices, frozen in one batch and never sent. */
export async function setupDoubt(t: TestContext, { orderCount = 1, partCount = 1 } = {}) {
  const { store, pool, schema } = await withSchema(t)
  const unit: UsingUnit = await addUnit(pool, { direct: { poll: POLL } })
  const story = makeStory(store, unit)
  await story.grantNumbers(orderCount * partCount + 5)
  await story.grantQuota('100000.00')
  await story.receive(orderCount, { partCount })
  const frozen = await story.reserve()
  assert.ok(frozen !== null)
  await pool.query('update upload_batches set leased_until = null, due_at = created_at')

  let clockNow = now()
  const uploads: (readonly string[])[] = []
  const reports: string[] = []
  /** Answers nothing until a test says what. */
  const bureau: ScriptedBureau = { upload: () => LOST, query: () => ({ kind: 'not_ready', message: '' }) }
  const deps: UploadDeps & PollDeps = {
    store,
    uploader: {
      upload: async (_unit, texts) => {
        uploads.push(texts)
        return bureau.upload(texts.map((text) => text.slice(0, 20)))
      },
      queryResult: async (_unit, receiptNo) => bureau.query(receiptNo),
    },
    directory: () => ({ businessType: () => null }),
    channel: UNWATCHED,
    ids: { uuid: () => v7(), serial: () => v7().replaceAll('-', '') },
    clock: { now: () => clockNow },
    random: () => 0.5,
    owner: 'worker-2',
    leaseMs: LEASE_MS,
    reuseRejectedNumbers: true,
    report: (report) => {
      if (report.event === 'incident.noted') reports.push(report.kind)
    },
  }
  const lease = { owner: deps.owner, ms: LEASE_MS }

  async function send(batch: Sendable): Promise<void> {
    const end = await upload(deps, batch, aHold())
    if (end.next === 'divided') for (const child of end.children) await send(child)
  }

  /** Due times run by the database's clock, which nobody can move: what waits becomes older instead. */
  async function age(ms: number): Promise<void> {
    clockNow = after(clockNow, ms)
    await pool.query(`update upload_batches set due_at = due_at - $1 * interval '1 millisecond'`, [ms])
  }

  /** Everything that is due at an instant, until nothing is. */
  async function work(): Promise<void> {
    for (;;) {
      const claim = { lease, limit: 100 }
      const toSend = await store.batches.claimDue({ ...claim, states: ['reserved', 'sending', 'in_doubt'] })
      for (const batch of toSend) await send({ ...batch, unit, items: await store.batches.loadFrozen(batch.id) })
      const toPoll = await store.batches.claimDue({ ...claim, states: ['accepted'] })
      for (const batch of toPoll) await poll(deps, batch, unit, aHold())
      if (toSend.length + toPoll.length === 0) return
    }
  }

  return {
    store,
    pool,
    unit,
    deps,
    bureau,
    uploads,
    /** Kinds of incidents as they were told. */
    reports,
    batch: frozen,
    numbers: frozen.items.map(({ invoiceNumber }) => invoiceNumber),
    now: (): Instant => clockNow,
    /** Lets time pass in steps of a minute at most, with everything that falls due in it. */
    async pass(ms: number, stepMs = MINUTE_MS): Promise<void> {
      const end = after(clockNow, ms)
      for (await work(); clockNow < end; await work()) await age(Math.min(stepMs, end - clockNow))
    },
    async invoices(): Promise<string[]> {
      const { rows } = await pool.query('select state from invoices order by invoice_number, id')
      return rows.map(({ state }) => state)
    },
    async batches(): Promise<string[]> {
      const { rows } = await pool.query('select state, size from upload_batches order by created_at, id')
      return rows.map(({ state, size }) => `${size} ${state}`)
    },
    async results(): Promise<ResultMessage[]> {
      const { rows } = await pool.query('select body from outbox_events order by order_id, seq')
      return rows.map(({ body }) => JSON.parse(body))
    },
    async attempts(): Promise<string[]> {
      const { rows } = await pool.query('select outcome from upload_attempts order by started_at, id')
      return rows.map(({ outcome }) => outcome)
    },
    /** What every test ends with. */
    async assertClean(): Promise<void> {
      assert.deepEqual((await runAudit(pool, schema)).violations, [])
      const { rows } = await pool.query(
        `select entity from transitions where from_state = 'in_doubt' and to_state in ('reserved', 'draft')`,
      )
      assert.deepEqual(rows, [], 'what was in doubt counted as unsent')
    },
  }
}

export type DoubtBench = Awaited<ReturnType<typeof setupDoubt>>
