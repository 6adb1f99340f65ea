/** Credit quota: to the fen, and never more than was downloaded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v7 } from 'uuid'
import { amount } from '../../kernel/amount.js'
import { after } from '../../kernel/time.js'
import { makeStory, now } from '../story.js'
import type { OpenStore } from './issuing-store.js'

export function proveQuota(open: OpenStore): void {
  test('sixteen reservers at once never overspend, and use it up to the last fen', async (t) => {
    const { store, addUnit } = await open(t)
    const story = makeStory(store, await addUnit())
    await story.grantQuota('1000.00')
    const reserve = (yuan: string) =>
      store.database.transaction('other', (tx) =>
        store.quota.reserve(tx, story.unit.id, story.period, { amount: amount(yuan), batchId: v7() }),
      )

    const results = await Promise.all(Array.from({ length: 160 }, () => reserve('9.99')))
    const left = await store.quota.load(null, story.unit.id, story.period)
    const [tooMuch, exact] = [await reserve('1.01'), await reserve('1.00')]

    assert.equal(results.filter((fits) => fits).length, 100)
    assert.equal(left?.availableAmount, amount('1.00'))
    assert.deepEqual([tooMuch, exact], [false, true])
    assert.equal((await store.quota.load(null, story.unit.id, story.period))?.availableAmount, 0n)
  })

  test('what is settled is spent, what is released is free again, and no more can be settled than is reserved', async (t) => {
    const { store, addUnit } = await open(t)
    const story = makeStory(store, await addUnit())
    await story.grantQuota('100.00')
    const { id } = story.unit
    const batchId = v7()
    const settle = (settled: string, released: string) =>
      store.database.transaction('other', (tx) =>
        store.quota.settle(tx, id, story.period, {
          settledAmount: amount(settled),
          releasedAmount: amount(released),
          batchId,
        }),
      )
    await store.database.transaction('other', (tx) =>
      store.quota.reserve(tx, id, story.period, { amount: amount('100.00'), batchId }),
    )

    await settle('60.01', '29.99')
    const left = await store.quota.load(null, id, story.period)

    assert.equal(left?.availableAmount, amount('29.99'))
    await assert.rejects(settle('10.01', '0.00'))
    await assert.rejects(
      store.database.transaction('other', (tx) =>
        store.quota.settle(tx, id, '2020-01' as typeof story.period, {
          settledAmount: amount('1.00'),
          releasedAmount: amount('0.00'),
          batchId,
        }),
      ),
      { name: 'Defect' },
    )
    assert.equal((await store.quota.load(null, id, story.period))?.availableAmount, amount('29.99'))
  })

  test('downloads add up, the latest interval holds; what the bureau says is kept beside, the newest only', async (t) => {
    const { store, addUnit } = await open(t)
    const story = makeStory(store, await addUnit())
    const { id } = story.unit
    const download = (yuan: string, validFrom: string | null, validTo: string | null) =>
      store.database.transaction('other', (tx) =>
        store.quota.creditDownload(tx, id, story.period, { amount: amount(yuan), moveId: v7(), validFrom, validTo }),
      )
    const none = await store.quota.load(null, id, story.period)
    const at = now()

    await download('100.00', '2026-11-01', '2026-11-15')
    await download('0.50', null, null)
    await store.quota.recordBureau(id, story.period, { availableAmount: amount('7.77') }, at)
    await store.quota.recordBureau(id, story.period, null, after(at, -1))
    const quota = await store.database.transaction('other', (tx) => store.quota.lock(tx, id, story.period))

    assert.equal(none, null)
    assert.deepEqual(quota, {
      period: story.period,
      availableAmount: amount('100.50'),
      validFrom: '2026-11-01',
      validTo: '2026-11-15',
      firstInLine: null,
    })
  })
}
