/** The yardstick of the end-to-end tests is itself tried: whatever differs by a fen, a digit or a byte is seen. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainOrder } from '../testing/plain-orders.js'

const pipeline = await startPipeline(
  { after },
  {
    settings: ({ businessTypes }, write) => {
      const mapping = write('plain.yaml', plainMapping('plain'))
      businessTypes.push({ code: 'plain', name: '直述订单', seller: SELLERS.sales.taxNo, mapping })
    },
  },
)
const order = aPlainOrder()

test('what was issued and told is agreed upon', async () => {
  await pipeline.orderSystem.publish({ businessType: 'plain', body: order })
  await pipeline.nextResult(order.no)

  await assertAgreement(pipeline)
})

const DIFFERENCES: readonly [what: string, change: string, back: string][] = [
  ['a fen of tax', 'update invoices set tax_amount = 13.01', 'update invoices set tax_amount = 13.00'],
  [
    'an invoice that only the bureau holds',
    "update invoices set state = 'accepted'",
    "update invoices set state = 'issued'",
  ],
  ['another kind of invoice', "update invoices set kind = 'special'", "update invoices set kind = 'ordinary'"],
  [
    'a fen of quota',
    'update credit_quotas set settled_amount = settled_amount + 0.01',
    'update credit_quotas set settled_amount = settled_amount - 0.01',
  ],
  [
    'a number more in the segment',
    'update number_segments set last_number = (last_number::numeric + 1)::text, size = size + 1',
    'update number_segments set last_number = (last_number::numeric - 1)::text, size = size - 1',
  ],
  [
    'a byte of the result',
    `update outbox_events set body = body || ' '`,
    'update outbox_events set body = rtrim(body)',
  ],
  ['another end of the order', "update orders set state = 'failed'", "update orders set state = 'issued'"],
  ['another total of the order', 'update orders set gross_amount = 113.01', 'update orders set gross_amount = 113.00'],
]

for (const [what, change, back] of DIFFERENCES) {
  test(`${what} is seen`, async () => {
    await pipeline.sql(change)
    await assert.rejects(assertAgreement(pipeline), { name: 'AssertionError' })

    await pipeline.sql(back)
    await assertAgreement(pipeline)
  })
}

test('a result that is not stored is seen', async () => {
  const { received } = pipeline.orderSystem
  const [first] = received
  assert.ok(first !== undefined)
  const orderSystem = { ...pipeline.orderSystem, received: [...received, { ...first, messageId: 'stranger' }] }

  await assert.rejects(assertAgreement({ ...pipeline, orderSystem }), { name: 'AssertionError' })
})
