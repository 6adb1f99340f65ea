/** Results on their way out: none is lost for want of a queue, every copy is the same bytes under one id. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainOrder } from '../testing/plain-orders.js'

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
/** A result without a queue is published again at most 30 s later; the first tries come within a few. */
const RETRY_MS_MAX = 32_000

const pipeline = await startPipeline(
  { after },
  {
    bindsResults: false,
    settings: ({ businessTypes }, write) => {
      const mapping = write('plain.yaml', plainMapping('plain'))
      businessTypes.push({ code: 'plain', name: '直述订单', seller: SELLERS.sales.taxNo, mapping })
    },
  },
)

test('without a queue results wait and the health page counts them; with one each arrives once, as it was stored', async () => {
  const [issued, rejected] = [aPlainOrder(), aPlainOrder({ currency: 'USD' })]
  await pipeline.orderSystem.publish(
    { businessType: 'plain', body: issued, messageId: 'm-1', correlationId: 'c-1', headers: { traceparent: TRACE } },
    { businessType: 'plain', body: rejected, messageId: 'm-2' },
  )
  await pipeline.until('both results to wait for a queue', async () => {
    const { status, results } = await pipeline.readiness()
    return status === 'ready' && results.pendingCount === 2 && results.unroutableCount === 2 ? results : null
  })
  const stored = await pipeline.sql<{ id: string; body: string }>('select id, body from outbox_events')
  await pipeline.orderSystem.bindResults()

  const [first, second] = await Promise.all([issued, rejected].map(({ no }) => pipeline.nextResult(no, RETRY_MS_MAX)))
  assert.ok(first !== undefined && second !== undefined)
  for (const { body, messageId, result, contentType, isPersistent } of [first, second]) {
    assert.equal(messageId, result.eventId)
    assert.equal(body, stored.find(({ id }) => id === messageId)?.body)
    assert.deepEqual([contentType, isPersistent], ['application/json', true])
  }
  assert.deepEqual([first.correlationId, first.traceparent, first.result.messageId], ['c-1', TRACE, 'm-1'])
  assert.deepEqual([first.routingKey, second.routingKey], ['result.plain.issued', 'result.plain.rejected'])
  assert.deepEqual([second.correlationId, second.traceparent], ['m-2', null])
  await pipeline.until('the health page to count none', async () => {
    const { pendingCount, unroutableCount } = (await pipeline.readiness()).results
    return pendingCount === 0 && unroutableCount === 0 ? true : null
  })
})

test('what was delivered is not delivered again after a restart', async () => {
  const count = pipeline.orderSystem.received.length
  await pipeline.stop()
  await pipeline.start()
  const later = aPlainOrder()
  await pipeline.orderSystem.publish({ businessType: 'plain', body: later })
  await pipeline.nextResult(later.no)

  assert.equal(pipeline.orderSystem.received.length, count + 1)
})

test('the audit is clean, and the bureau and the order system say the same', () => assertAgreement(pipeline))
