/** Everything that may happen to orders, left in every state that they may rest in: for audits and plans. */
import assert from 'node:assert/strict'
import { v7 } from 'uuid'
import { after } from '../kernel/time.js'
import { addUnit, type TestDatabase } from './database.js'
import { aMessage, hashItems, LEASE_MS, makeStory, now, type Story } from './story.js'

/** Two units with everything that may happen to an order, in every state it may rest in. */
export async function tellEverything({ store, pool }: TestDatabase): Promise<void> {
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
    await store.database.transaction((tx) => store.batches.move(tx, { ...doubtful, ...change, invoices }))
    await store.moves.plan({
      id: v7(),
      usingUnitId: story.unit.id,
      kind: 'quota_download',
      serial: v7(),
      numberCount: null,
      amount: null,
      period: story.period,
      dueAt: now(),
    })
  }
  const undecided = { disposition: null, orderId: null } as const
  const messages = [
    aMessage(undecided),
    aMessage({ ...undecided, parkCause: 'mapping_missing' }),
    aMessage({ disposition: 'dead' }),
    aMessage({ disposition: 'ignored' }),
  ]
  await store.database.transaction((tx) => store.inbox.insert(tx, messages))
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
  await store.database.transaction(async (tx) => {
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
  await store.database.transaction(async (tx) => {
    const at = now()
    await store.batches.setAside(tx, sent.id, { id: asideId, invoiceIds: [aside.invoiceId], cause: 'quota_empty', at })
    const change = { from: ['accepted' as const], to: 'accepted' as const, dueAt: at, release: true, openCount: 1, at }
    await store.batches.move(tx, { ...batch, ...change })
  })
  await story.settle(batch)
  await store.database.transaction((tx) => store.orders.wake(tx, { causes: ['quota_empty'], limit: 10 }))
  for (const id of [withdrawn.id, asideId]) await withdraw(story, store, id)
  await story.issueReady()
}

async function withdraw(story: Story, store: TestDatabase['store'], id: string): Promise<void> {
  const items = await store.batches.loadItems(null, id)
  await store.database.transaction(async (tx) => {
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
