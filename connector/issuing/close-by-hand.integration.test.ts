/** Two people end what nobody could find out: once, with the result and the books that the end asks for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeDoubtStore } from '../../adapters/postgres/doubt/doubt-store.js'
import { accepted, type DoubtBench, HELD, LOST, MINUTE_MS, results, setupDoubt } from '../testing/doubt-bench.js'
import { HandRefused } from './by-hand.js'
import { approveClosing, type CloseDeps, proposeClosing } from './close-by-hand.js'
import type { Proposal } from './doubt-ports.js'

const REASON = '电话核实，税局工单 8812'

function people(bench: DoubtBench) {
  const { ids, clock } = bench.deps
  const directory = () => ({ unit: () => bench.unit, businessType: () => null })
  const deps: CloseDeps = { store: bench.store, doubts: makeDoubtStore(bench.pool), directory, ids, clock }
  const propose = (invoiceNumber: string, verdict: Proposal['verdict'], { by = '王', reason = REASON } = {}) =>
    proposeClosing(deps, { invoiceNumber, verdict, reason, by })
  const approve = ({ id }: { id: bigint }, by = '李') => approveClosing(deps, { id, by })
  return {
    deps,
    propose,
    approve,
    close: async (invoiceNumber: string, verdict: Proposal['verdict']) =>
      approve(await propose(invoiceNumber, verdict)),
  }
}

/** One invoice that is held by something else since its first send. */
async function setupWaiting(t: Parameters<typeof setupDoubt>[0], options: Parameters<typeof setupDoubt>[1] = {}) {
  const bench = await setupDoubt(t, options)
  bench.bureau.upload = (numbers) => (numbers.includes(bench.numbers[0] ?? '') ? HELD : accepted(numbers.join()))
  bench.bureau.query = (receiptNo) => results(...receiptNo.split(',').map((each) => [each, 'issued'] as const))
  await bench.pass(MINUTE_MS)
  return { ...bench, ...people(bench), number: bench.numbers[0] ?? '' }
}

const isRefusedAs = (code: string) => (error: unknown) => error instanceof HandRefused && error.code === code

test('approved as issued it is told like any other, once, and the books agree', async (t) => {
  const bench = await setupWaiting(t)
  const proposal = await bench.propose(bench.number, 'issued')
  const before = await bench.results()

  const closings = [await bench.approve(proposal), await bench.approve(proposal)]

  assert.deepEqual(before, [])
  assert.deepEqual(
    closings.map(({ isNew }) => isNew),
    [true, false],
  )
  assert.deepEqual(
    (await bench.results()).map(({ type, status }) => [type, status]),
    [['result', 'issued']],
  )
  const { rows } = await bench.pool.query('select settled_amount, reserved_amount from credit_quotas')
  assert.deepEqual(rows, [{ settled_amount: '100.00', reserved_amount: '0.00' }])
  await bench.assertClean()
})

test('approved as failed it is told so, its quota is free, and its number is never used again', async (t) => {
  const bench = await setupWaiting(t)

  await bench.close(bench.number, 'failed')

  assert.deepEqual(
    (await bench.results()).map(({ status }) => status),
    ['failed'],
  )
  const { rows } = await bench.pool.query('select invoice_number, burned_reason from number_returns')
  assert.deepEqual(rows, [{ invoice_number: bench.number, burned_reason: 'closed_by_hand' }])
  const { rows: quota } = await bench.pool.query('select settled_amount, reserved_amount from credit_quotas')
  assert.deepEqual(quota, [{ settled_amount: '0.00', reserved_amount: '0.00' }])
  await bench.assertClean()
})

test('an order with a part that waits for people is told when they have ended it', async (t) => {
  const bench = await setupWaiting(t, { partCount: 3 })
  const before = [await bench.invoices(), await bench.results()]

  await bench.close(bench.number, 'failed')

  assert.deepEqual(before, [['needs_person', 'issued', 'issued'], []])
  assert.deepEqual(
    (await bench.results()).map(({ status }) => status),
    ['partly_issued'],
  )
  await bench.assertClean()
})

test('nobody approves his own proposal, however he writes himself', async (t) => {
  const bench = await setupWaiting(t)
  const proposal = await bench.propose(bench.number, 'issued', { by: 'Wang' })

  for (const by of ['Wang', ' wang ']) await assert.rejects(bench.approve(proposal, by), isRefusedAs('HND-same-person'))

  assert.deepEqual(await bench.invoices(), ['needs_person'])
  await bench.assertClean()
})

test('of two proposals the second is too late, and nothing is written for it', async (t) => {
  const bench = await setupWaiting(t)
  const [first, second] = [await bench.propose(bench.number, 'issued'), await bench.propose(bench.number, 'failed')]

  const endings = await Promise.allSettled([bench.approve(first), bench.approve(second)])

  assert.deepEqual(endings.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  assert.equal((await bench.results()).length, 1)
  const { rows } = await bench.pool.query('select kind from actions order by id')
  assert.deepEqual(
    rows.map(({ kind }) => kind),
    ['doubt.propose', 'doubt.propose', 'doubt.close'],
  )
  await bench.assertClean()
})

test('what does not wait for people is not ended by them', async (t) => {
  const bench = await setupDoubt(t)
  const { propose, approve } = people(bench)
  const [number = ''] = bench.numbers
  bench.bureau.upload = () => LOST
  await bench.pass(0)

  await assert.rejects(propose(number, 'failed'), isRefusedAs('HND-not-waiting'))
  await assert.rejects(propose('00000000000000000000', 'failed'), isRefusedAs('HND-not-waiting'))
  await assert.rejects(propose(number, 'failed', { reason: ' ' }), isRefusedAs('HND-reason'))
  await assert.rejects(propose(number, 'failed', { by: '' }), isRefusedAs('HND-name'))
  await assert.rejects(approve({ id: 7n }), isRefusedAs('HND-no-proposal'))
})

test('the evidence names every attempt with its answer, the incidents, and who did what', async (t) => {
  const bench = await setupWaiting(t, { orderCount: 2 })
  const { id } = await bench.propose(bench.number, 'issued')

  const [listed] = await bench.deps.doubts.list(10)
  const evidence = await bench.deps.doubts.loadEvidence(bench.number)

  assert.deepEqual(
    [listed?.invoiceNumber, listed?.state, listed?.attempts, listed?.proposalIds],
    [bench.number, 'needs_person', 1, [id]],
  )
  const attempts = evidence?.batches.flatMap((batch) => batch.attempts as { requestId: string; outcome: string }[])
  assert.deepEqual(
    attempts?.map(({ requestId, outcome }) => [requestId, outcome]),
    [
      ['R-held', 'refused'],
      ['R-held', 'refused'],
    ],
  )
  assert.deepEqual(
    [evidence?.incidents.map(({ kind }) => kind), evidence?.actions.map(({ kind, reason }) => [kind, reason])],
    [['number_held_at_first'], [['doubt.propose', REASON]]],
  )
  assert.equal(await bench.deps.doubts.loadEvidence('00000000000000000000'), null)
})

/** The first of two orders has ended as `told`; then the bureau says `said` of it, while the second is pending. */
async function setupContradicted(
  t: Parameters<typeof setupDoubt>[0],
  told: 'issued' | 'refused',
  said: 'issued' | 'refused',
  options: Parameters<typeof setupDoubt>[1] = { orderCount: 2 },
) {
  const bench = await setupDoubt(t, options)
  const [first = '', second = ''] = bench.numbers
  bench.bureau.upload = () => accepted('one')
  bench.bureau.query = () => results([first, told], [second, 'pending'])
  await bench.pass(MINUTE_MS)
  bench.bureau.query = () => results([first, said], [second, 'issued'])
  await bench.pass(5 * MINUTE_MS)
  const frozen = await bench.invoices()
  bench.bureau.query = () => results([second, 'issued'])
  await bench.pass(15 * MINUTE_MS)
  return { ...bench, ...people(bench), first, frozen }
}

test('a verdict that flips after it was told: nothing of it is taken, and two people correct what was told', async (t) => {
  const bench = await setupContradicted(t, 'issued', 'refused')
  const before = await bench.results()

  await bench.close(bench.first, 'failed')

  assert.deepEqual(bench.reports, ['verdict_contradicted'])
  assert.deepEqual(bench.frozen, ['issued', 'accepted'], 'nothing of such an answer is taken')
  assert.deepEqual(
    before.map(({ status }) => status),
    ['issued', 'issued'],
  )
  const [final, correction] = await bench.results()
  assert.deepEqual([final?.type, final?.status, final?.final], ['result', 'issued', true])
  assert.deepEqual(
    [correction?.type, correction?.status, correction?.final, correction?.corrects],
    ['correction', 'failed', false, final?.eventId],
  )
  assert.deepEqual(await bench.invoices(), ['rejected', 'issued'])
  await bench.assertClean()
})

test('a refusal that turns out to be none: its number is out of use, and two people correct what was told', async (t) => {
  const bench = await setupContradicted(t, 'refused', 'issued')
  const { rows } = await bench.pool.query('select burned_reason from number_returns')

  await bench.close(bench.first, 'issued')

  assert.deepEqual(rows, [{ burned_reason: 'contradicted' }])
  const types = (await bench.results()).map(({ type, status }) => `${type} ${status}`)
  assert.deepEqual(types, ['result failed', 'correction issued', 'result issued'])
  await bench.assertClean()
})

test('a verdict that flips and is found true after all: the incident is closed, and nothing more is told', async (t) => {
  const bench = await setupContradicted(t, 'issued', 'refused')
  const before = await bench.results()

  await bench.close(bench.first, 'issued')

  assert.deepEqual(await bench.results(), before)
  const { rows } = await bench.pool.query('select count(*)::integer as count from incidents where closed_at is null')
  assert.deepEqual(rows, [{ count: 0 }])
  await bench.assertClean()
})

test('a verdict that flips before its order is told holds the order until two people have spoken', async (t) => {
  const bench = await setupContradicted(t, 'issued', 'refused', { partCount: 2 })
  const before = [await bench.invoices(), await bench.results()]
  await bench.assertClean()

  await bench.close(bench.first, 'failed')

  assert.deepEqual(before, [['issued', 'issued'], []])
  assert.deepEqual(
    (await bench.results()).map(({ type, status }) => `${type} ${status}`),
    ['result partly_issued'],
  )
  await bench.assertClean()
})
