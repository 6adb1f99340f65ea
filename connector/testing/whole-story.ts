/** Everything that may happen to orders, left in every state that they may rest in: for audits and plans. */
import assert from 'node:assert/strict'
import { v7 } from 'uuid'
import { makeDeliveryStore } from '../../adapters/postgres/deliveries/delivery-store.js'
import type { Fault } from '../kernel/fault.js'
import { after } from '../kernel/time.js'
import { anAction } from './conformance/actions.js'
import { anAttempt } from './conformance/deliveries.js'
import { addEndpoint, addUnit, type TestDatabase } from './database.js'
import { aMessage, hashItems, LEASE_MS, makeStory, now, type Story } from './story.js'

const REASON: Fault = { code: 'MSG-json', path: '', message: '不是 JSON', messageEn: 'no JSON', cure: 'sender' }

/** Two units with everything that may happen to an order, in every state it may rest in. */
export async function tellEverything({ store, pool }: Pick<TestDatabase, 'store' | 'pool'>): Promise<void> {
  for (const name of ['示例销售有限公司', '示例商贸有限公司']) {
    const story = makeStory(store, await addUnit(pool, { name }))
    await story.grantNumbers(60)
    await story.grantQuota('50000.00')
    // Issued and refused, whole and in parts; the numbers of the refused are used again.
    await story.receive(10)
    await story.issueReady((item) => Number(item.invoiceNumber.slice(-3)) % 3 === 0)
    await story.receive(4, { partCount: 3 })
    await story.issueReady((item) => Number(item.invoiceNumber.slice(-3)) % 2 === 0)
    await story.receive(10)
    await story.issueReady()
    await divideAndWithdraw(story, store)
    // At rest on the way: ready, parked, frozen, sent, in doubt.
    await story.receive(2)
    await story.receive(2, { parkCause: 'quota_empty' })
    const doubtful = await story.reserve(1)
    assert.ok(doubtful !== null && (await story.send(doubtful)) !== null)
    const change = { from: ['sending' as const], to: 'in_doubt' as const, dueAt: now(), release: true, at: now() }
    const invoices = { from: ['sending' as const], to: 'in_doubt' as const }
    await store.database.transaction('other', async (tx) => {
      await store.batches.move(tx, { ...doubtful, ...change, invoices })
      const incident = { batchId: doubtful.id, invoiceId: null, at: now(), detail: { requestId: 'r-1' } }
      await store.incidents.note(tx, [{ ...incident, kind: 'stranger_named' }])
    })
    await store.moves.plan({
      id: v7(),
      usingUnitId: story.unit.id,
      kind: 'quota_download',
      serial: v7(),
      numberCount: null,
      amount: null,
      period: story.period,
    })
  }
  await deliverByCallback({ store, pool })
  const undecided = { disposition: null, orderId: null } as const
  const messages = [
    aMessage(undecided),
    aMessage({ ...undecided, parkCause: 'mapping_missing' }),
    aMessage({ disposition: 'dead', faults: [REASON] }),
    aMessage({ disposition: 'ignored', faults: [REASON] }),
  ]
  const discarded = aMessage({ disposition: 'discarded', faults: [REASON] })
  await store.database.transaction('other', async (tx) => {
    await store.inbox.insert(tx, [...messages, discarded])
    await store.actions.append(tx, anAction({ kind: 'letters.discard', detail: { ids: [discarded.id] } }))
    await store.actions.append(tx, anAction())
    await store.actions.append(tx, anAction({ kind: 'doubt.close', approver: 'accountant' }))
  })
}

/** Results by callback in every state that a delivery may rest in, and one that was never taken up. */
async function deliverByCallback({ store, pool }: Pick<TestDatabase, 'store' | 'pool'>): Promise<void> {
  const unit = await addUnit(pool, { name: '示例回调有限公司' })
  await addEndpoint(pool, unit)
  for (const delivery of ['both', 'callback'] as const) {
    const story = makeStory(store, unit, 'worker-1', delivery)
    await story.grantNumbers(2)
    await story.grantQuota('1000.00')
    await story.receive(2)
    await story.issueReady()
  }
  const deliveries = makeDeliveryStore(pool)
  const held = await deliveries.claimDue({ lease: { owner: 'w', ms: LEASE_MS }, endpointCap: 3, limit: 3 })
  const attempts = held.map((each, index) => anAttempt(each, (['delivered', 'retrying', 'exhausted'] as const)[index]))
  await store.database.transaction('other', async (tx) => {
    const { endpoints } = await deliveries.lockEndpoints(tx, ['shop'])
    await deliveries.conclude(tx, attempts)
    await deliveries.saveEndpoints(tx, endpoints)
  })
}

/** One batch is refused as a whole and divided; one half is withdrawn, and its numbers go to others. */
async function divideAndWithdraw(story: Story, store: TestDatabase['store']): Promise<void> {
  await story.receive(4)
  const parent = await story.reserve()
  assert.ok(parent !== null)
  const attempt = await story.send(parent)
  assert.ok(attempt !== null)
  const lease = { owner: story.owner, until: after(now(), LEASE_MS) }
  const halves = [parent.items.slice(0, 2), parent.items.slice(2)].map((items, index) => ({
    id: v7(),
    positionsFrom: index * 2,
    positionsTo: index * 2 + 1,
    frozenSha256: hashItems(items),
    lease,
  }))
  await store.database.transaction('other', async (tx) => {
    await story.closeAttempt(tx, attempt, 'refused')
    await store.batches.divide(tx, parent, halves, now())
  })
  const [sent, withdrawn] = halves
  assert.ok(sent !== undefined && withdrawn !== undefined)
  const batch = { id: sent.id, fence: 1n }
  const second = await story.send(batch)
  assert.ok(second !== null && (await story.accept(batch, second)))
  const [aside] = await store.batches.loadItems(null, sent.id)
  assert.ok(aside !== undefined)
  const asideId = v7()
  await store.database.transaction('other', async (tx) => {
    const at = now()
    const to = { state: 'reserved' as const, cause: 'quota_empty' as const }
    await store.batches.setAside(tx, sent.id, { id: asideId, invoiceIds: [aside.invoiceId], to, at })
    const change = { from: ['accepted' as const], to: 'accepted' as const, dueAt: at, release: true, openCount: 1, at }
    await store.batches.move(tx, { ...batch, ...change })
  })
  await story.settle(batch)
  await store.database.transaction('other', (tx) => store.orders.wake(tx, { causes: ['quota_empty'], limit: 10 }))
  for (const id of [withdrawn.id, asideId]) await withdraw(story, store, id)
  await story.issueReady()
}

async function withdraw(story: Story, store: TestDatabase['store'], id: string): Promise<void> {
  const items = await store.batches.loadItems(null, id)
  await store.database.transaction('other', async (tx) => {
    const at = now()
    const change = {
      from: ['reserved' as const],
      to: 'withdrawn' as const,
      dueAt: null,
      release: true,
      openCount: 0,
      at,
    }
    assert.ok(await store.batches.move(tx, { id, fence: 1n, ...change }))
    await store.batches.thawInvoices(tx, id, at)
    const releasedAmount = items.reduce((sum, item) => sum + item.quotaAmount, 0n)
    await story.settleQuota(tx, id, 0n, releasedAmount)
    await store.numbers.giveBack(tx, items, null)
  })
}
