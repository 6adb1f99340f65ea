/** The control door over HTTP, and that it tells the truth about the book. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { makeDice } from './dice.js'
import { anInvoice } from './testing/sample-invoice.js'
import { makeSeller, startFrozen, UNITS } from './testing/seller.js'

const SALES = UNITS.sales

async function setup(t: TestContext) {
  const simulator = await startFrozen(t)
  const ask = async (method: string, path: string, body?: unknown) => {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    const response = await fetch(`${simulator.url}/_control/${path}`, { method, ...sent })
    const answered: unknown = await response.json()
    return { status: response.status, body: answered }
  }
  return { simulator, ask }
}

test('tells state, counters and book without any key', async (t) => {
  const { simulator, ask } = await setup(t)
  const { verdict } = await makeSeller(simulator)
  await verdict(anInvoice({}))
  assert.deepEqual((await ask('GET', 'health')).body, { status: 'up' })
  const { body: state } = await ask('GET', 'state')
  assert.deepEqual(state, structuredClone(simulator.control.state()))
  const { body: counters } = await ask('GET', 'counters')
  assert.deepEqual(counters, {
    calls: { QDFPPLFM: 1, XZTHSXED: 1, QDFPSC: 1, CXQDFPSCJG: 1 },
    platformCodes: {},
    refusals: {},
    rateRefusalCount: 0,
    faults: {},
    verdicts: { stored: 1, failed: 0, repeated: 0 },
  })
  const { body: book } = await ask('GET', 'book')
  assert.deepEqual(book, structuredClone(simulator.control.book()))
  const printed = JSON.stringify([state, counters, book])
  for (const key of [SALES.key, UNITS.chain.key]) assert.equal(printed.includes(key), false)
})

test('prints the book as the sum of what was stored', async (t) => {
  const { simulator } = await setup(t)
  const { upload } = await makeSeller(simulator, 'sales', { numbers: 50, quota: '5000.00' })
  await upload(...Array.from({ length: 20 }, () => anInvoice({})))
  const { taxpayers, invoices } = simulator.control.book()
  const [account] = taxpayers
  const { serial, ...segment } = account?.segments[0] ?? { serial: '' }
  assert.equal(serial.length, 72)
  assert.deepEqual(segment, {
    first: '26317000000000000001',
    last: '26317000000000000050',
    count: 50,
    usedCount: 20,
    isVoid: false,
    claimedAt: '2026-11-22 16:00:00',
  })
  assert.deepEqual(account?.quota, [
    {
      period: '202611',
      total: '9000000000.00',
      otherUsed: '0.00',
      available: '8999995000.00',
      downloaded: '5000.00',
      used: '2000.00',
      unused: '3000.00',
      windowFrom: '20261101',
      windowTo: '20261130',
    },
  ])
  assert.equal(invoices.length, 20)
})

test('shows a stored invoice as it was uploaded, and 404 for others', async (t) => {
  const { simulator, ask } = await setup(t)
  const { verdict } = await makeSeller(simulator)
  const { fphm } = await verdict(anInvoice({ bz: '订单1001' }))
  const held = simulator.control.invoice(fphm)
  assert.equal(held?.gross, '113.00')
  const sent = { fphm, ptbh: SALES.direct, xsfnsrsbh: SALES.taxNo, kprq: '2026-11-22 15:59:30' }
  assert.deepEqual(held.content, { ...anInvoice({ bz: '订单1001' }), ...sent })
  assert.deepEqual((await ask('GET', `invoices/${fphm}`)).body, held)
  assert.equal((await ask('GET', 'invoices/26317000000000000099')).status, 404)
})

test('decides verdicts by number, buyer or remark, as often as asked', async (t) => {
  const { simulator, ask } = await setup(t)
  const { verdict, upload, result } = await makeSeller(simulator)
  const refusal = { match: { buyerName: '黑名单' }, status: '02', message: '购买方信息有误', times: 2 }
  assert.equal((await ask('POST', 'verdicts', refusal)).status, 200)
  assert.equal((await verdict(anInvoice({}))).status, '00')
  for (let time = 0; time < 2; time += 1) {
    const row = await verdict(anInvoice({ gmfmc: '黑名单贸易有限公司' }))
    assert.deepEqual([row.status, row.message], ['02', '购买方信息有误'])
  }
  assert.equal((await verdict(anInvoice({ gmfmc: '黑名单贸易有限公司' }))).status, '00')

  await ask('POST', 'verdicts', { match: { remark: '放行' }, status: '00' })
  assert.equal((await verdict(anInvoice({ fppz: '09', bz: '请放行' }))).status, '00')
  await ask('POST', 'verdicts', { match: { number: '26317000000000000400' }, status: '01' })
  const { data } = await upload(anInvoice({ fphm: '26317000000000000400' }), anInvoice({}))
  const rows = (await result(data.sllsh)).data.resultList
  assert.deepEqual(
    rows.map((row: { status: string }) => row.status),
    ['01', '00'],
  )
})

test('refuses a whole upload for one invoice in it when told to, and stores nothing of it', async (t) => {
  const { simulator, ask } = await setup(t)
  const { upload, verdict } = await makeSeller(simulator)
  const refusal = { match: { buyerName: '黑名单' }, status: 'refuse-call', message: '购买方名称超长' }
  await ask('POST', 'verdicts', refusal)
  const { data } = await upload(anInvoice({}), anInvoice({ gmfmc: '黑名单贸易有限公司' }))

  assert.deepEqual([data.returncode, data.returnmsg], ['01', '购买方名称超长'])
  assert.deepEqual(simulator.control.book().invoices, [])
  assert.equal((await verdict(anInvoice({ gmfmc: '黑名单贸易有限公司' }))).status, '00')
})

test('takes clock, faults, settings, taxpayers, quota, periods, units, codes and rates', async (t) => {
  const { simulator, ask } = await setup(t)
  const calls: [string, string, unknown][] = [
    ['PUT', 'clock', { mode: 'at', at: '2026-12-01 00:00:00', isFrozen: true }],
    ['PUT', 'faults', { rules: [{ kind: 'late', probability: 0.5 }], timing: { lateMs: 5 } }],
    ['POST', 'faults/next', { kind: 'garbage', times: 2 }],
    ['PATCH', 'settings', { verdictDelay: { minMs: 1, maxMs: 2, hiddenMs: 3 }, ratePerSecond: 9 }],
    ['PATCH', `taxpayers/${SALES.taxNo}`, { riskType: '01' }],
    ['PATCH', `taxpayers/${SALES.taxNo}/quota`, { period: '202612', total: '7.00' }],
    ['PUT', `taxpayers/${SALES.taxNo}/period`, { period: '202611', isConfirmed: true }],
    ['POST', `taxpayers/${SALES.taxNo}/void-segments`, {}],
    ['PATCH', `units/${SALES.using}`, { isDisqualified: true }],
    ['PATCH', 'classifications/1030307060000000000', { rates: ['13%', '9%'] }],
    [
      'PUT',
      'rates',
      [
        {
          kind: 'rate',
          value: '0.13',
          isFormer: false,
          formerRates: [],
          isEnabled: true,
          validFrom: '2019-04-01',
          validTo: null,
          stoppedOn: null,
        },
      ],
    ],
  ]
  for (const [method, path, body] of calls) {
    const answer = await ask(method, path, body)
    assert.equal(answer.status, 200, `${method} ${path}: ${JSON.stringify(answer.body)}`)
  }
  const state = simulator.control.state()
  assert.deepEqual(
    [state.now, state.settings.timing.lateMs, state.settings.ratePerSecond],
    ['2026-12-01 00:00:00', 5, 9],
  )
  assert.equal(state.taxpayers.find((each) => each.taxNo === SALES.taxNo)?.traits.riskType, '01')
  assert.deepEqual(simulator.control.book().taxpayers[0]?.confirmedPeriods, ['202611'])
  assert.equal(simulator.control.book().taxpayers[0]?.quota[0]?.total, '7.00')
})

test('refuses what does not fit, and says why', async (t) => {
  const { ask } = await setup(t)
  const refused: [string, string, unknown][] = [
    ['PUT', 'clock', { mode: 'at', at: '2026-02-30 00:00:00' }],
    ['PUT', 'clock', '{'],
    ['PUT', 'faults', { rules: [{ kind: 'boredom', probability: 1 }] }],
    ['PATCH', 'settings', { verdictDelay: { minMs: 3, maxMs: 2, hiddenMs: 0 } }],
    ['PATCH', 'settings', { seed: 4 }],
    ['PATCH', 'taxpayers/91310115MA1K00090C', { riskType: '01' }],
    ['PATCH', 'units/ffffffffffffffffffff', { isDisqualified: true }],
    ['PATCH', 'classifications/12', { name: 'x' }],
  ]
  for (const [method, path, body] of refused) {
    const answer = await ask(method, path, body)
    assert.equal(answer.status, 422, `${method} ${path} ${JSON.stringify(body)}`)
    assert.match(JSON.stringify(answer.body), /^\{"error":".+"\}$/)
  }
  assert.equal((await ask('GET', 'nothing')).status, 404)
  assert.equal((await ask('DELETE', 'book')).status, 405)
})

test('reset forgets everything but the clock', async (t) => {
  const { simulator, ask } = await setup(t)
  const { verdict } = await makeSeller(simulator)
  await verdict(anInvoice({}))
  simulator.control.setTaxpayer(SALES.taxNo, { riskType: '01' })
  simulator.control.setClock({ mode: 'at', at: '2026-12-05 00:00:00', isFrozen: true })
  assert.equal((await ask('POST', 'reset')).status, 200)
  assert.deepEqual(simulator.control.book(), { taxpayers: [], invoices: [] })
  assert.deepEqual(simulator.control.counters().calls, {})
  const state = simulator.control.state()
  assert.equal(state.now, '2026-12-05 00:00:00')
  assert.equal(state.taxpayers.find((each) => each.taxNo === SALES.taxNo)?.traits.riskType, '')
})

test('dice are even enough', () => {
  const dice = makeDice(42)
  const throws = Array.from({ length: 10_000 }, (_, ordinal) => dice.throwAt('QDFPSC/fault', ordinal))
  assert.ok(throws.every((each) => each >= 0 && each < 1))
  const mean = throws.reduce((sum, each) => sum + each, 0) / throws.length
  assert.ok(Math.abs(mean - 0.5) < 0.02, String(mean))
})
