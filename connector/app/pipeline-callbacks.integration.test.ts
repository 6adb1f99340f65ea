/** Results by HTTP callback, from the order to a receiver that verifies what it got. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { after, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { runAudit } from '../../adapters/postgres/audit/audit.js'
import { startPipeline } from '../testing/pipeline.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainOrder, type PlainOrder } from '../testing/plain-orders.js'
import { type ReceivedCallback, startReceiver } from '../testing/receiver.js'
import { runCli } from './cli/program.js'
import { readHost } from './config.js'

const [FIRST_SECRET, NEXT_SECRET] = ['first', 'next'].map((text) => {
  return `whsec_${Buffer.alloc(32, `${text} secret`).toString('base64')}`
})
const TYPES = ['both', 'callback', 'gone'] as const

const receiver = await startReceiver()
after(() => receiver.close())
const env = { LEQI_CALLBACK_HOSTS: receiver.host, HOOK: FIRST_SECRET ?? '' }
const pipeline = await startPipeline(
  { after },
  {
    env,
    settings: ({ businessTypes }, write) => {
      for (const code of TYPES) {
        const mapping = write(`${code}.yaml`, plainMapping(code))
        businessTypes.push({
          code,
          name: code,
          seller: SELLERS.sales.taxNo,
          mapping,
          delivery: code === 'both' ? 'both' : 'callback',
          callbackUrl: `http://${receiver.host}/${code}`,
          callbackSecretFromEnv: 'HOOK',
        })
      }
    },
  },
)

function callbacksOf({ no }: PlainOrder): ReceivedCallback[] {
  return receiver.received.filter(({ body }) => JSON.parse(body).orderNo === no)
}

const nextCallback = (order: PlainOrder, count = 1) =>
  pipeline.until(`callback ${count} of order ${order.no}`, () => callbacksOf(order)[count - 1] ?? null)

const stateOf = async ({ no }: PlainOrder) => {
  const [row] = await pipeline.sql<{ event: string; delivery: string | null }>(
    `select e.state as event, d.state as delivery from outbox_events e join orders o on o.id = e.order_id
     left join callback_deliveries d on d.event_id = e.id where o.order_no = $1`,
    [no],
  )
  return row
}

const untilState = (order: PlainOrder, delivery: string) =>
  pipeline.until(`the delivery of ${order.no} to be ${delivery}`, async () =>
    (await stateOf(order))?.delivery === delivery ? true : null,
  )

async function runVerb(...args: string[]) {
  const lines: string[] = []
  const exitCode = await runCli(args, {
    source: { ...readHost(), env: pipeline.env },
    print: (line) => lines.push(line),
    complain: (line) => lines.push(line),
    signals: new EventEmitter(),
    exitNow: () => undefined,
  })
  return { exitCode, lines }
}

test('delivery both: the queue and the callback carry the same body and id, and the signature verifies', async () => {
  const [issued, rejected] = [aPlainOrder(), aPlainOrder({ currency: 'USD' })]
  await pipeline.orderSystem.publish({ businessType: 'both', body: issued }, { businessType: 'both', body: rejected })

  for (const order of [issued, rejected]) {
    const [published, callback] = await Promise.all([pipeline.nextResult(order.no), nextCallback(order)])
    assert.equal(callback.body, published.body)
    assert.equal(callback.headers['webhook-id'], published.messageId)
    new Webhook(FIRST_SECRET ?? '').verify(callback.body, callback.headers)
    await untilState(order, 'delivered')
  }
})

test('delivery callback: the queue never sees the result', async () => {
  const [alone, later] = [aPlainOrder(), aPlainOrder()]
  await pipeline.orderSystem.publish({ businessType: 'callback', body: alone })
  await nextCallback(alone)
  await untilState(alone, 'delivered')
  await pipeline.orderSystem.publish({ businessType: 'both', body: later })
  await pipeline.nextResult(later.no)

  assert.equal((await stateOf(alone))?.event, 'by_callback')
  assert.ok(!pipeline.orderSystem.received.some(({ result }) => result.orderNo === alone.no))
})

test('a receiver that fails gets the same bytes again under the same id; one that is gone is left alone', async () => {
  const [failing, gone] = [aPlainOrder(), aPlainOrder()]
  receiver.answer(({ body }) => {
    const { orderNo } = JSON.parse(body)
    if (orderNo === gone.no) return 410
    return callbacksOf(failing).length === 1 ? 503 : 204
  })
  await pipeline.orderSystem.publish({ businessType: 'callback', body: failing }, { businessType: 'gone', body: gone })
  await untilState(failing, 'retrying')
  await untilState(gone, 'retrying')
  await pipeline.sql('update callback_deliveries set due_at = now() where due_at is not null')
  await untilState(failing, 'delivered')

  const [first, second] = callbacksOf(failing)
  assert.deepEqual([first?.body, first?.headers['webhook-id']], [second?.body, second?.headers['webhook-id']])
  const endpoints = await pipeline.sql('select business_type, disabled_for from callback_endpoints order by 1')
  assert.deepEqual(
    endpoints.map(({ business_type, disabled_for }) => [business_type, disabled_for]),
    [
      ['both', null],
      ['callback', null],
      ['gone', 'gone'],
    ],
  )
  assert.equal(callbacksOf(gone).length, 1)
})

test('while a secret is being replaced both verify, and once the former has run out only the new one', async () => {
  receiver.answer(() => 204)
  const [both, late] = [aPlainOrder(), aPlainOrder()]
  Object.assign(pipeline.env, { HOOK: NEXT_SECRET })
  assert.equal((await pipeline.apply(undefined, ['--offline'])).exitCode, 0)
  await pipeline.orderSystem.publish({ businessType: 'callback', body: both })
  const { body, headers } = await nextCallback(both)
  for (const secret of [FIRST_SECRET, NEXT_SECRET]) new Webhook(secret ?? '').verify(body, headers)

  await pipeline.sql('update business_types set callback_former_until = now() where callback_former_until is not null')
  await pipeline.orderSystem.publish({ businessType: 'callback', body: late })
  const last = await nextCallback(late)
  new Webhook(NEXT_SECRET ?? '').verify(last.body, last.headers)
  assert.throws(() => new Webhook(FIRST_SECRET ?? '').verify(last.body, last.headers))
})

test('what is undelivered is listed, its endpoint switched on by hand, and what arrived is sent again as a replay', async () => {
  receiver.answer(() => 204)
  const arrived = aPlainOrder()
  await pipeline.orderSystem.publish({ businessType: 'both', body: arrived })
  const published = await pipeline.nextResult(arrived.no)
  await untilState(arrived, 'delivered')
  const byHand = ['--by', 'operator', '--reason', 'the receiver is back']

  const undelivered = await runVerb('results', 'list', '--undelivered')
  const endpoints = await runVerb('callbacks', 'list')
  assert.match(undelivered.lines.join(), / gone \S+ #1 issued callback retrying attempts 1 CBK-HTTP-410 due /)
  assert.deepEqual([endpoints.exitCode, endpoints.lines.length], [1, 3])
  assert.equal((await runVerb('callbacks', 'enable', 'gone', ...byHand)).exitCode, 0)
  await pipeline.until('nothing to be undelivered', async () => {
    const { lines } = await runVerb('results', 'list', '--undelivered')
    return lines.some((line) => line.includes('no result is meant')) ? true : null
  })

  assert.equal((await runVerb('results', 'list', '--limit', '1')).exitCode, 0)
  const oldest = '(select event_id from callback_deliveries order by event_id limit 1)'
  await pipeline.pool.query(`update callback_deliveries set state = 'exhausted' where event_id = ${oldest}`)
  const cut = await runVerb('results', 'list', '--limit', '1')
  await pipeline.pool.query(`update callback_deliveries set state = 'delivered' where event_id = ${oldest}`)
  assert.deepEqual([cut.exitCode, cut.lines.length], [1, 2], 'one that was given up is told of, shown or not')

  assert.equal((await runVerb('results', 'replay', ...byHand)).exitCode, 2)
  assert.match((await runVerb('results', 'replay', '--all', ...byHand)).lines.join(), /--confirm 9/)
  assert.equal((await runVerb('results', 'replay', '--order-no', arrived.no, ...byHand)).exitCode, 0)
  const [callback, again] = await Promise.all([nextCallback(arrived, 2), pipeline.nextResult(arrived.no)])
  assert.deepEqual([again.messageId, again.body], [published.messageId, published.body])
  assert.deepEqual([callback.headers['webhook-id'], callback.body], [published.messageId, published.body])
  assert.equal(callback.headers['leqi-replay'], 'true')
  await untilState(arrived, 'delivered')
  const { rows } = await pipeline.pool.query('select kind from actions order by id')
  assert.deepEqual(
    rows.map(({ kind }) => kind),
    ['callbacks.enable', 'results.replay'],
  )
})

test('the audit is clean', async () => {
  await pipeline.stop()
  const report = await runAudit(pipeline.pool, pipeline.schema)

  assert.deepEqual(report.violations, [])
  assert.deepEqual([report.counts.callbacks, report.counts.undeliveredCallbacks], [9, 0])
})
