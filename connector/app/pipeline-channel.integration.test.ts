/**
 * The way to the bureau breaks, closes, tells another time, is too busy: what cannot be sent waits under that cause,
 * nothing is uploaded meanwhile, and everything goes on by itself when the way is open again.
 *
 * One direct unit, so one trouble after the other. A probe that would be due in minutes is made due by the test.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { ParkCause } from '../kernel/fault.js'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainOrder, type PlainOrder } from '../testing/plain-orders.js'

const UPLOAD = 'QDFPSC'
const FAILURES_IN_A_ROW = 5
const TEN_MINUTES_MS = 600_000

const pipeline = await startPipeline(
  { after },
  {
    settings: (settings, write) => {
      const mapping = write('plain.yaml', plainMapping('plain'))
      settings.businessTypes.push({ code: 'plain', name: '业务', seller: SELLERS.sales.taxNo, mapping })
    },
  },
)
const { control } = pipeline.simulator

test('a bureau that cannot be reached: parked, not uploaded to, and issued when a read is answered again', async () => {
  // An order that is issued first fills the stock, so that nothing but uploads is left to fail.
  await assertIssued(await publish())
  control.setFaults({ rules: [{ kind: 'connection-reset', probability: 1 }] })
  const doubted: PlainOrder[] = []
  for (let count = 0; count < FAILURES_IN_A_ROW; count += 1) {
    const order = await publish()
    doubted.push(order)
    await pipeline.orderThat(order.no, 'to be in doubt or parked', ({ invoices }) =>
      invoices.some(({ state, parkCause }) => state === 'in_doubt' || parkCause !== null),
    )
  }
  const waiting = await publish()
  await parkedInvoice(waiting, 'bureau_unreachable')
  const [stop] = await stops()
  assert.deepEqual([stop?.cause, stop?.directUnit, stop?.taxNo], ['bureau_unreachable', SELLERS.sales.directUnit, null])

  const uploadsBefore = control.counters().calls[UPLOAD]
  await pipeline.sql(`update upload_batches set due_at = now() where state = 'in_doubt' and park_cause is null`)
  await announce('batches')
  await pipeline.until('the batches in doubt to rest', async () => {
    const batches = await pipeline.view.batches()
    const open = batches.filter(({ state }) => state !== 'settled')
    const isResting = open.every(({ parkCause }) => parkCause === 'bureau_unreachable')
    return isResting && open.length > 0 ? open : null
  })
  const resting = (await pipeline.view.batches()).filter(({ state }) => state === 'in_doubt')
  assert.ok(resting.length > 0 && resting.every(({ wasInDoubt }) => wasInDoubt), 'doubt is not forgotten')
  assert.equal(control.counters().calls[UPLOAD], uploadsBefore, 'nothing is uploaded while the way is stopped')

  await probeNow()
  assert.equal((await stops()).length, 1, 'a probe in vain changes nothing')
  assert.equal(control.counters().calls[UPLOAD], uploadsBefore, 'and it is no upload')
  control.setFaults({ rules: [] })
  await probeNow()

  for (const order of [...doubted, waiting]) await assertIssued(order)
  assert.deepEqual(await stops(), [])
})

test('a unit that the platform does not let in: one refused call, then all of it waits, and goes on', async () => {
  control.setUnit(SELLERS.sales.directUnit, { allowedIps: ['203.0.113.1'] })
  const first = await publish()
  await pipeline.until('the unit to be stopped', async () => ((await stops())[0]?.code === 'BUR-4067' ? true : null))
  const second = await publish()
  await parkedInvoice(second, 'unit_unverified')
  await pipeline.until('the refused batch to be parked', async () => {
    const batch = (await pipeline.view.batches()).find(({ parkCause }) => parkCause === 'unit_unverified')
    return batch?.state === 'reserved' ? batch : null
  })
  assert.equal(control.counters().platformCodes['4067'], 1)
  assert.match((await stops())[0]?.message ?? '', /IP/)

  await probeNow()
  assert.equal((await stops()).length, 1, 'still not let in')
  control.setUnit(SELLERS.sales.directUnit, { allowedIps: [] })
  await probeNow()
  for (const order of [first, second]) await assertIssued(order)
})

test('a clock ten minutes away from the bureau’s: nothing is frozen or sent, and the page says so', async () => {
  control.setClock({ mode: 'offset', offsetMs: -TEN_MINUTES_MS })
  await askTheBureau()
  await clockFault(/快/)
  control.setClock({ mode: 'offset', offsetMs: TEN_MINUTES_MS })
  await askTheBureau()
  await clockFault(/慢/)

  const order = await publish()
  await pipeline.orderThat(order.no, 'to be mapped', ({ invoices }) => invoices.length > 0)
  const uploadsBefore = control.counters().calls[UPLOAD]
  for (const signal of ['invoices', 'batches', 'stops']) await announce(signal)
  await clockFault(/慢/)
  const { invoices } = await pipeline.orderThat(order.no, 'to be there still', () => true)
  assert.deepEqual([invoices[0]?.state, invoices[0]?.number], ['draft', null])
  assert.equal(control.counters().calls[UPLOAD], uploadsBefore)

  control.setClock({ mode: 'offset', offsetMs: 0 })
  await announce('stops')
  await assertIssued(order)
  assert.deepEqual((await pipeline.readiness()).clockFaults, [])
})

test('a rate refusal: all pause as long as asked, at half the rate afterwards', async () => {
  control.setSettings({ ratePerSecond: 0, ratePenaltyMs: 0 })
  const refused = await publish()
  const pause = await pipeline.until('the pause and the slower rate', async () => {
    const [found] = await pipeline.sql<{ cause: string; minutes: number }>(
      `select cause, extract(epoch from probe_at - since)::integer / 60 as minutes
       from bureau_stops, rate_budgets where slow_factor = 0.5`,
    )
    return found ?? null
  })
  assert.deepEqual(pause, { cause: 'rate_limited', minutes: 5 })
  const waiting = await publish()
  await parkedInvoice(waiting, 'rate_limited')
  control.setSettings({ ratePerSecond: 200 })
  await pipeline.sql(`update upload_batches set due_at = now() where due_at is not null`)
  await probeNow()
  for (const order of [refused, waiting]) await assertIssued(order)
})

test('the audit is clean, and the bureau and the order system say the same', () => assertAgreement(pipeline))

async function publish(): Promise<PlainOrder> {
  const order = aPlainOrder()
  await pipeline.orderSystem.publish({ businessType: 'plain', body: order })
  return order
}

async function assertIssued(order: PlainOrder): Promise<void> {
  const { result } = await pipeline.nextResult(order.no)
  assert.equal(result.status, 'issued')
}

function parkedInvoice(order: PlainOrder, cause: ParkCause) {
  return pipeline.orderThat(order.no, `to wait under ${cause}`, ({ invoices }) => invoices[0]?.parkCause === cause)
}

/** Any answer of the bureau tells its time; a stop is looked after by a read. */
async function askTheBureau(): Promise<void> {
  await pipeline.sql(
    `insert into bureau_stops (direct_unit_id, cause, code, message, probe_at)
     select id, 'bureau_unreachable', 'BUR-NET-test', '', now() from direct_units`,
  )
  await announce('stops')
  await pipeline.until('the bureau to have answered', async () => ((await stops()).length === 0 ? true : null))
}

function clockFault(says: RegExp) {
  return pipeline.until(`the page to say that the clock is ${says}`, async () => {
    const { clockFaults } = await pipeline.readiness()
    return clockFaults.find(({ message }) => says.test(message)) ?? null
  })
}

async function stops() {
  return (await pipeline.readiness()).stops
}

async function announce(signal: string): Promise<void> {
  await pipeline.sql(`select pg_notify($1, $2)`, [`${pipeline.schema}_work`, signal])
}

/** Makes the probe due and waits until it was made: the stop is gone, or counts one more probe in vain. */
async function probeNow(): Promise<void> {
  const [before] = await pipeline.sql<{ count: number }>(
    `update bureau_stops set probe_at = now() returning failed_probes as count`,
  )
  await announce('stops')
  await pipeline.until('the probe to be made', async () => {
    const [left] = await pipeline.sql<{ count: number }>(`select failed_probes as count from bureau_stops`)
    return left === undefined || left.count > (before?.count ?? 0) ? true : null
  })
}
