/** After a restore: what the bureau is asked, what each answer leads to, and that nothing is used twice. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { v7 } from 'uuid'
import { runAudit } from '../../adapters/postgres/audit/audit.js'
import { makeRestoreStore } from '../../adapters/postgres/restore/restore-store.js'
import { amount, fen } from '../kernel/amount.js'
import { chinaDateTime } from '../kernel/time.js'
import { addUnit, withSchema } from '../testing/database.js'
import { type Frozen, makeStory, now } from '../testing/story.js'
import type { BureauFailure, BureauQuota, InvoiceTrace } from './bureau.js'
import type { Directory } from './directory.js'
import { type RestoreReport, reconcileNext } from './restore.js'
import { approveRelease, declareRestore, excludeOrders, proposeRelease } from './restore-by-hand.js'

const NEVER_SENT: BureauFailure = { kind: 'never_sent', code: 'BUR-NET-refused', message: '', retryAfterMs: null }
const NOT_ENTITLED: BureauFailure = {
  kind: 'unit_fault',
  code: 'BUR-4033',
  message: '使用单位未授权此服务',
  park: 'unit_unverified',
}

test('what was on its way is in doubt under a new fence, and its worker cannot write any more', async (t) => {
  const { story, store, begin } = await openUnit(t)
  await story.receive(1)
  const batch = await reserved(story.reserve())
  await begin()

  const items = await store.batches.loadItems(null, batch.id)
  const attempt = await story.send(batch)

  assert.deepEqual([items[0]?.state, attempt], ['in_doubt', null])
})

test('no number of an old segment is handed out any more, and all of them are accounted for', async (t) => {
  const { story, store, begin, sql, audit } = await openUnit(t)
  await begin()

  const year = 2000 + Number(story.period.slice(2, 4))
  const taken = await store.database.transaction('other', (tx) => store.numbers.take(tx, story.unit.id, year, 1))

  assert.deepEqual(taken, [])
  assert.deepEqual(await sql('select distinct state from {audit}.numbers'), [{ state: 'burned' }])
  await audit()
})

test('a claim or download that was open in the copy is never asked for again, nor taken from its last worker', async (t) => {
  const { story, store, begin, sql, audit } = await openUnit(t)
  const move = { usingUnitId: story.unit.id, numberCount: 10, amount: amount('10.00'), period: story.period }
  const claim = { ...move, id: v7(), kind: 'number_claim' as const, serial: v7() }
  await store.moves.plan(claim)
  const due = { lease: { owner: 'a worker', ms: 15_000 }, limit: 10, resting: [] }
  const [held] = await store.moves.claimDue(due)
  await store.moves.plan({ ...move, id: v7(), kind: 'quota_download', serial: v7() })
  await begin()

  const asked = await store.moves.claimDue(due)
  const answer = { kind: 'granted' }
  const isFinished = await store.database.transaction('other', (tx) =>
    store.moves.finish(tx, { id: claim.id, fence: held?.fence ?? 0n, to: 'granted', dueAt: null, answer, at: now() }),
  )

  assert.deepEqual([held?.id, asked, isFinished], [claim.id, [], false])
  assert.deepEqual(await sql(`select distinct state from bureau_moves where answer ? 'closedBy'`), [
    { state: 'refused' },
  ])
  await audit()
})

test('two rounds that find nothing release the unit; one does not', async (t) => {
  const { begin, round, stateOf } = await openUnit(t)
  await begin()

  await round()
  const afterOne = await stateOf()
  await round()

  assert.deepEqual([afterOne, await stateOf()], ['reconciling', 'released'])
})

test('a round that began after one restore concludes nothing about the next', async (t) => {
  const { begin, round, sql, bureau } = await openUnit(t)
  await begin()
  await round()
  bureau.meanwhile = begin

  await round()

  const units = await sql(
    'select u.state from restore_units u join restores r on r.id = u.restore_id where r.closed_at is null',
  )
  assert.deepEqual(units, [{ state: 'reconciling' }])
})

test('a bureau that does not answer is asked again; nothing is concluded', async (t) => {
  const { begin, round, stateOf, bureau } = await openUnit(t)
  await begin()
  bureau.failure = NEVER_SENT

  await round()
  await round()

  assert.equal(await stateOf(), 'reconciling')
})

test('a bureau that does not tell what it holds leaves the unit to a person', async (t) => {
  const { begin, round, stateOf, bureau, reports } = await openUnit(t)
  await begin()
  bureau.failure = NOT_ENTITLED

  await round()

  assert.equal(await stateOf(), 'held')
  assert.equal(reports.at(-1)?.findings?.unavailable, 'BUR-4033')
})

test('a number of ours that the bureau holds with another issue time goes to a person, and never out again', async (t) => {
  const { story, store, begin, round, stateOf, bureau } = await openUnit(t)
  await story.receive(1)
  const batch = await reserved(story.reserve())
  await begin()
  const number = batch.items[0]?.invoiceNumber ?? ''
  bureau.held.set(number, { issuedAt: '2026-01-01 00:00:00' })

  await round()

  const items = await store.batches.loadItems(null, batch.id)
  assert.deepEqual([await stateOf(), items[0]?.state], ['held', 'needs_person'])
})

test('a number of ours that the bureau holds with our issue time goes out again with the same bytes', async (t) => {
  const { story, store, begin, round, stateOf, bureau, audit } = await openUnit(t)
  await story.receive(1)
  const batch = await reserved(story.reserve())
  const before = await store.batches.loadFrozen(batch.id)
  await begin()
  const [item] = await store.batches.loadItems(null, batch.id)
  assert.ok(item !== undefined)
  bureau.held.set(item.invoiceNumber, { issuedAt: chinaDateTime(item.issuedAt) })

  await round()
  await round()

  const due = await store.batches.claimDue({
    lease: { owner: 'next', ms: 15_000 },
    states: ['in_doubt'],
    limit: 10,
  })
  assert.equal(await stateOf(), 'released')
  assert.deepEqual(
    due.map(({ id, wasInDoubt }) => ({ id, wasInDoubt })),
    [{ id: batch.id, wasInDoubt: true }],
  )
  assert.deepEqual(await store.batches.loadFrozen(batch.id), before)
  await audit()
})

test('quota that the bureau does not leave us is written off; downloads that the copy lost are booked', async (t) => {
  const { begin, round, bureau, sql, audit } = await openUnit(t)
  await begin()
  // The copy knows 1,000.00; 500.00 more were downloaded since, of all of it 1,200.00 are unused.
  bureau.quota = { downloadedAmount: amount('1500.00'), downloadedUnusedAmount: amount('1200.00') }

  await round()
  const [quota] = await sql(`select downloaded_amount, expired_amount, available_amount from credit_quotas`)

  assert.deepEqual(quota, { downloaded_amount: '1500.00', expired_amount: '300.00', available_amount: '1200.00' })
  await audit()
})

test('quota used that no invoice of ours accounts for holds the unit until a person releases it', async (t) => {
  const { story, store, restores, begin, round, stateOf, bureau, reports, audit } = await openUnit(t)
  await begin()
  bureau.quota = { downloadedAmount: amount('1000.00'), downloadedUnusedAmount: amount('700.00') }
  await round()
  assert.deepEqual([await stateOf(), reports.at(-1)?.findings?.usedDifference], ['held', '300.00'])

  const hand = { store, restores, ids, clock: { now } }
  const { id } = await proposeRelease(hand, { taxNo: story.unit.taxNo, reason: '已逐张核对', by: 'first' })
  await assert.rejects(approveRelease(hand, { id, by: 'First ' }), { code: 'HND-same-person' })
  assert.equal(await stateOf(), 'held')
  await approveRelease(hand, { id, by: 'second' })

  assert.equal(await stateOf(), 'released')
  await audit()
})

test('orders that were issued since the backup are kept back, the others go on', async (t) => {
  const { story, store, restores, begin, round, sql, audit } = await openUnit(t)
  const { orders, invoices } = await story.receive(2)
  await begin()
  const [kept] = orders
  assert.ok(kept !== undefined)
  const park = invoices.map(({ id }) => id)
  await store.database.transaction('other', (tx) => store.batches.parkInvoices(tx, park, 'restored'))

  const hand = { store, restores, ids, clock: { now } }
  const orderKeys = [kept.orderKey, 'shop/default/unknown']
  const found = await excludeOrders(hand, { orderKeys, reason: '备份之后已开具', by: 'first' })
  await round()
  await round()

  const rows = await sql('select o.order_key, i.park_cause from invoices i join orders o on o.id = i.order_id')
  assert.deepEqual(found, [kept.orderKey])
  assert.deepEqual(rows.map((row) => [row.order_key === kept.orderKey, row.park_cause]).sort(), [
    [false, null],
    [true, 'manual_hold'],
  ])
  await audit()
})

test('somebody who knows better says that there was a restore', async (t) => {
  const { store, restores, stateOf, audit } = await openUnit(t)

  await declareRestore({ store, restores, ids, clock: { now } }, { reason: '存储快照回滚', by: 'first' })

  assert.equal(await stateOf(), 'reconciling')
  await audit()
})

const ids = { uuid: v7, serial: v7 }

interface FakeBureau {
  /** What happens while it is asked. */
  meanwhile: () => Promise<void>
  failure: BureauFailure | null
  held: Map<string, InvoiceTrace>
  quota: Pick<BureauQuota, 'downloadedAmount' | 'downloadedUnusedAmount'>
}

/** A verified unit with ten numbers and 1,000.00 of quota; the bureau agrees with it until told otherwise. */
async function openUnit(t: TestContext) {
  const database = await withSchema(t)
  const { store, pool, schema } = database
  const unit = await addUnit(pool)
  const story = makeStory(store, unit)
  await story.grantNumbers(10)
  await story.grantQuota('1000.00')
  const restores = makeRestoreStore(pool, 0)
  const reports: RestoreReport[] = []
  const bureau: FakeBureau = {
    failure: null,
    meanwhile: async () => undefined,
    held: new Map(),
    quota: { downloadedAmount: amount('1000.00'), downloadedUnusedAmount: amount('1000.00') },
  }
  const clock = { now }
  // The comparison asks the directory for the unit and for nothing else.
  const directory = { unit: () => unit } as unknown as Directory
  const deps = {
    store,
    restores,
    clock,
    directory: () => directory,
    bureau: makeFakeBureau(bureau, story.period),
    report: (report: RestoreReport) => reports.push(report),
  }
  const begin = () =>
    store.database.transaction('other', (tx) =>
      restores.begin(tx, { id: v7(), ground: 'operator', detail: {}, at: now() }),
    )
  async function round(): Promise<void> {
    await pool.query(`update restore_units set due_at = now() where state = 'reconciling'`)
    assert.equal(await reconcileNext(deps), 1)
  }
  const sql = async (text: string) => (await pool.query(text.replaceAll('{audit}', `${schema}_audit`))).rows
  async function stateOf(): Promise<string | undefined> {
    const [row] = await sql('select state from restore_units')
    return row?.state
  }
  async function audit(): Promise<void> {
    assert.deepEqual((await runAudit(pool, schema)).violations, [])
  }
  return { story, store, restores, begin, round, stateOf, bureau, reports, sql, audit }
}

function makeFakeBureau(fake: FakeBureau, period: BureauQuota['period']) {
  return {
    async queryQuota() {
      await fake.meanwhile()
      const quota = {
        ...fake.quota,
        isSuspended: false,
        monthTotal: amount('1000000.00'),
        availableAmount: fen(0n),
        period,
        isUnlimited: false,
      }
      return fake.failure ?? { kind: 'quota' as const, quota }
    },
    readInvoice: (_unit: unknown, { invoiceNumber }: { invoiceNumber: string }) =>
      Promise.resolve({ kind: 'read' as const, value: fake.held.get(invoiceNumber) ?? null }),
  }
}

async function reserved(reserving: Promise<Frozen | null>): Promise<Frozen> {
  const batch = await reserving
  assert.ok(batch !== null)
  return batch
}
