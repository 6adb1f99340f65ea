/** Each fault as a client sees it, what the book holds afterwards, and that faults repeat with the seed. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { makeDice } from './dice.js'
import { FAULT_KINDS, type FaultKind, makeFaultPlan } from './faults.js'
import { callRaw, type RawAnswer } from './testing/raw-client.js'
import { anInvoice } from './testing/sample-invoice.js'
import { makeSeller, startFrozen, UNITS } from './testing/seller.js'

const UPLOAD = 'QDFPSC'
const NUMBER = '26317000000000000001'

async function setup(t: TestContext) {
  const timing = { lateMs: 1, lostHoldMs: 1, dripMs: 0, dripBytes: 16 }
  const simulator = await startFrozen(t, { faultTiming: timing })
  const seller = await makeSeller(simulator)
  const isStored = () => simulator.control.invoice(NUMBER) !== null
  const uploadUnder = async (kind: FaultKind, isProcessed?: boolean): Promise<RawAnswer | 'no answer'> => {
    simulator.control.faultNext({ kind, service: UPLOAD, ...(isProcessed === undefined ? {} : { isProcessed }) })
    return seller.upload(anInvoice({ fphm: NUMBER })).catch(() => 'no answer')
  }
  return { simulator, seller, uploadUnder, isStored }
}

for (const [kind, isProcessed] of [
  ['lost-before', false],
  ['lost-after', true],
  ['connection-reset', false],
  ['connection-reset', true],
] as const) {
  test(`${kind} gives no answer, and the invoice is ${isProcessed ? '' : 'not '}stored`, async (t) => {
    const { uploadUnder, isStored, seller } = await setup(t)
    assert.equal(await uploadUnder(kind, isProcessed), 'no answer')
    assert.equal(isStored(), isProcessed)
    assert.equal((await seller.verdict(anInvoice({ fphm: NUMBER }))).status, isProcessed ? '03' : '00')
  })
}

for (const [kind, code] of [
  ['code-500', '500'],
  ['code-5001', '5001'],
  ['code-minus-1', '-1'],
  ['unknown-code', '4999'],
] as const) {
  for (const isProcessed of [false, true]) {
    test(`${kind} answers ${code}, ${isProcessed ? 'after' : 'before'} processing`, async (t) => {
      const { uploadUnder, isStored } = await setup(t)
      const answer = await uploadUnder(kind, isProcessed)
      assert.ok(answer !== 'no answer')
      assert.deepEqual([answer.httpStatusCode, answer.cipherText], [code, null])
      assert.equal(isStored(), isProcessed)
    })
  }
}

test('html and garbage are no envelopes', async (t) => {
  const { uploadUnder, isStored } = await setup(t)
  const page = await uploadUnder('html', false)
  assert.ok(page !== 'no answer')
  assert.deepEqual([page.status, page.headers.get('content-type')], [502, 'text/html'])
  const bytes = await uploadUnder('garbage', false)
  assert.ok(bytes !== 'no answer')
  assert.deepEqual([bytes.status, bytes.httpStatusCode, isStored()], [200, null, false])
})

test('wrong-key answers what the own key cannot read', async (t) => {
  const { simulator, seller, isStored } = await setup(t)
  simulator.control.faultNext({ kind: 'wrong-key', service: UPLOAD })
  await assert.rejects(async () => {
    const answer = await seller.upload(anInvoice({ fphm: NUMBER }))
    if (answer.data === null) throw new Error('unreadable')
  })
  assert.equal(isStored(), true)
})

test('late and slow answers are right in the end', async (t) => {
  const { uploadUnder } = await setup(t)
  for (const kind of ['late', 'slow-drip'] as const) {
    const answer = await uploadUnder(kind)
    assert.ok(answer !== 'no answer')
    assert.equal(answer.data.returncode, '00')
  }
})

test('a swapped answer carries the receipt of an earlier upload', async (t) => {
  const { seller, uploadUnder, isStored } = await setup(t)
  const earlier = await seller.upload(anInvoice({ fphm: '26317000000000000002' }))
  const answer = await uploadUnder('swapped-answer')
  assert.ok(answer !== 'no answer')
  assert.equal(answer.data.sllsh, earlier.data.sllsh)
  assert.equal(isStored(), true)
})

test('distorts results once: half of them, a stranger’s number, the opposite', async (t) => {
  const { simulator, seller } = await setup(t)
  const { data } = await seller.upload(anInvoice({}), anInvoice({ fppz: '09' }))
  const under = async (kind: FaultKind) => {
    simulator.control.faultNext({ kind })
    return (await seller.result(data.sllsh)).data.resultList
  }
  const statuses = (rows: { status: string }[]) => rows.map((row) => row.status)
  assert.equal((await under('half-list')).length, 1)
  const withStranger = await under('unknown-number')
  assert.deepEqual([withStranger.length, withStranger[2]?.fphm], [3, '00009999999999999999'])
  assert.deepEqual(statuses(await under('verdict-flip')), ['02', '00'])
  assert.deepEqual(statuses((await seller.result(data.sllsh)).data.resultList), ['00', '02'])
})

test('endless pending stays 01 though the invoice is stored', async (t) => {
  const { simulator, seller, uploadUnder, isStored } = await setup(t)
  const answer = await uploadUnder('endless-pending')
  assert.ok(answer !== 'no answer')
  simulator.control.setClock({ mode: 'offset', offsetMs: 11 * 3_600_000 })
  assert.equal((await seller.result(answer.data.sllsh)).data.resultList[0]?.status, '01')
  assert.equal(isStored(), true)
})

test('the same seed meets the same faults, whatever happens between them', () => {
  const rules = FAULT_KINDS.map((kind) => ({ kind, probability: 0.04 }))
  const run = (seed: number, isPolling: boolean) => {
    const plan = makeFaultPlan(makeDice(seed), { faults: rules, forcedFaults: [] })
    return Array.from({ length: 200 }, () => {
      if (isPolling) plan.decide('CXQDFPSCJG')
      return plan.decide(UPLOAD)
    })
  }
  assert.deepEqual(run(3, false), run(3, true))
  assert.notDeepEqual(run(3, false), run(4, false))
  const count = run(3, false).filter((each) => each !== null).length
  // Eighteen kinds mean something at an upload: about 72 % of 200.
  assert.ok(count > 110 && count < 170, `${count} faults`)
})

test('a rule for one service leaves the others alone', async (t) => {
  const { simulator, seller } = await setup(t)
  simulator.control.setFaults({ rules: [{ kind: 'code-500', probability: 1, services: ['CXKYSL'] }] })
  assert.equal((await callRaw(seller.caller, 'CXKYSL', {})).httpStatusCode, '500')
  assert.equal((await callRaw(seller.caller, 'CXNSRFXXX', { nsrsbh: UNITS.sales.taxNo })).httpStatusCode, '200')
  simulator.control.setFaults({ rules: [] })
  assert.equal((await callRaw(seller.caller, 'CXKYSL', {})).httpStatusCode, '200')
  assert.equal(simulator.control.counters().faults['code-500'], 1)
})
