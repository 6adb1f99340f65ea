/**
 * Goal: the adapter and the simulator, written apart from the same documents, agree on the wire.
 * Method: a real simulator on a free port, the real client, no interception; faults are asked for one at a time.
 */
import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type { Invoice } from '../../connector/invoice/invoice.js'
import { UNWATCHED } from '../../connector/issuing/channel-ports.js'
import { amount } from '../../connector/kernel/amount.js'
import type { IdSource, InvoiceNumber } from '../../connector/kernel/ids.js'
import { Secret } from '../../connector/kernel/secret.js'
import { after, type Clock, instant } from '../../connector/kernel/time.js'
import type { UsingUnit } from '../../connector/taxpayer/taxpayer.js'
import type { RenderOptions } from './render-upload.js'
import { DEFAULT_KEY } from './simulator/default-world.js'
import type { FaultKind } from './simulator/faults.js'
import { type Simulator, type SimulatorOptions, startSimulator } from './simulator/simulator.js'
import { makeLeqiBureau } from './tax-bureau.js'
import { aDirectUnit, aLine, anInvoice, aUsingUnit, freeBudget } from './testing/builders.js'

const clock: Clock = { now: () => instant(Date.now()) }
const ids: IdSource = { uuid: () => randomUUID(), serial: () => randomBytes(16).toString('hex') }

async function setup(t: TestContext, options: SimulatorOptions = {}) {
  const simulator = await startSimulator({ verdictDelay: { minMs: 0, maxMs: 0, hiddenMs: 0 }, ...options })
  t.after(() => simulator.close())
  const unit = aUsingUnit({ direct: aDirectUnit({ apiUrl: `${simulator.url}/access/v2/invoke` }) })
  const deadline = () => ({ deadline: after(clock.now(), 20_000) })
  return { bureau: openBureau(t, simulator), simulator, unit, deadline }
}

function openBureau(t: TestContext, simulator: Simulator, change: Partial<RenderOptions> = {}) {
  const bureau = makeLeqiBureau(
    {
      keyOf: () => new Secret(DEFAULT_KEY),
      rateBudget: freeBudget,
      channel: UNWATCHED,
      clock,
      ids,
      log: { debug: () => undefined, warn: () => undefined },
    },
    {
      caText: null,
      insecureHosts: [new URL(simulator.url).host],
      upload: { deviceIp: '192.0.2.10', deviceMac: '00-00-5E-00-53-01', ...change },
      retryDelayMs: 1,
    },
  )
  t.after(() => bureau.close())
  return bureau
}

type Scene = Awaited<ReturnType<typeof setup>>

/** A unit with its profile, ten numbers and quota, and a maker of frozen invoices. */
async function prepare({ bureau, unit, deadline }: Scene) {
  const profile = await bureau.readProfile(unit, deadline())
  assert.ok(profile.kind === 'read')
  const claim = await bureau.claimNumbers(unit, { serial: serialOf(unit), count: 10 }, deadline())
  assert.ok(claim.kind === 'granted')
  const move = { serial: serialOf(unit), direction: 'download', amount: amount('10000.00') } as const
  assert.equal((await bureau.moveQuota(unit, move, deadline())).kind, 'granted')
  const known = { ...unit, profile: profile.value }
  const table = await bureau.readClassifications(unit, null, deadline())
  assert.ok(table.kind === 'read')
  const goods = table.value.changed.find(({ code, isSummary }) => !isSummary && code.startsWith('109'))
  assert.ok(goods)
  const line = aLine({ taxCode: goods.code, shortName: goods.shortName })
  const freeze = (index: number, change: Partial<Invoice> = {}, by = bureau) => {
    // A number of the claimed segment, with its twenty digits.
    const number = String(BigInt(claim.first) + BigInt(index)) as InvoiceNumber
    return by.draw(known, anInvoice({ lines: [line], ...change }))(number, clock.now())
  }
  return { known, freeze }
}

async function verdictsOf({ bureau, deadline }: Scene, unit: UsingUnit, receiptNo: string) {
  const results = await bureau.queryResult(unit, receiptNo, deadline())
  assert.ok(results.kind === 'results')
  return results.rows.map(({ status, message }) => (status === 'refused' ? message : status))
}

test('an invoice goes from claim to verdict, and its repetition is told as repeated', async (t) => {
  const scene = await setup(t)
  const { bureau, deadline } = scene
  const { known, freeze } = await prepare(scene)
  const person = { ...anInvoice().buyer, name: '张先生', isPerson: true, taxNo: null }
  const frozen = [
    freeze(0),
    freeze(1, { buyer: person }),
    freeze(2, { payments: [{ channel: '010', transactionNo: 'T' }] }),
  ]

  const sent = await bureau.upload(known, frozen, deadline())
  assert.ok(sent.kind === 'accepted')
  assert.deepEqual(await verdictsOf(scene, known, sent.receiptNo), ['issued', 'issued', 'issued'])

  const again = await bureau.upload(known, frozen.slice(0, 1), deadline())
  assert.ok(again.kind === 'accepted')
  assert.deepEqual(await verdictsOf(scene, known, again.receiptNo), ['repeated'])
  const quota = await bureau.queryQuota(known, deadline())
  assert.ok(quota.kind === 'quota')
  assert.equal(quota.quota.downloadedUnusedAmount, amount('9700.00'))
})

test('figures as numbers and left-out empty fields are taken as well', async (t) => {
  const scene = await setup(t)
  const { simulator, deadline } = scene
  const { known, freeze } = await prepare(scene)
  const other = openBureau(t, simulator, { wireNumbers: 'number', emptyOptional: 'omit' })

  const sent = await other.upload(known, [freeze(0, {}, other)], deadline())
  assert.ok(sent.kind === 'accepted')
  assert.deepEqual(await verdictsOf(scene, known, sent.receiptNo), ['issued'])
  assert.equal((await other.claimNumbers(known, { serial: serialOf(known), count: 5 }, deadline())).kind, 'granted')
  const move = { serial: serialOf(known), direction: 'return', amount: amount('100.00') } as const
  assert.equal((await other.moveQuota(known, move, deadline())).kind, 'granted')
})

test('the same serial gives the same segment', async (t) => {
  const { bureau, unit, deadline } = await setup(t)
  const request = { serial: serialOf(unit), count: 7 }
  const first = await bureau.claimNumbers(unit, request, deadline())
  assert.equal(first.kind, 'granted')
  assert.deepEqual(await bureau.claimNumbers(unit, request, deadline()), first)
})

test('faults on the way leave an upload in doubt, and the same bytes then find out', async (t) => {
  const scene = await setup(t, { faultTiming: { lostHoldMs: 20, lateMs: 20 } })
  const { bureau, simulator, deadline } = scene
  const { known, freeze } = await prepare(scene)
  const kinds: FaultKind[] = ['lost-after', 'garbage', 'wrong-key', 'code-500', 'code-minus-1', 'unknown-code', 'html']
  for (const [index, kind] of kinds.entries()) {
    const frozen = [freeze(index)]
    simulator.control.faultNext({ kind, service: 'QDFPSC', isProcessed: true })
    assert.equal((await bureau.upload(known, frozen, deadline())).kind, 'in_doubt', kind)

    const again = await bureau.upload(known, frozen, deadline())
    assert.ok(again.kind === 'accepted', kind)
    assert.deepEqual(await verdictsOf(scene, known, again.receiptNo), ['repeated'], kind)
  }
})

test('a refused call, a wrong key and an unknown unit are told apart', async (t) => {
  const scene = await setup(t)
  const { bureau, deadline } = scene
  const { known, freeze } = await prepare(scene)
  const twice = await bureau.upload(known, [freeze(0), freeze(0)], deadline())
  assert.equal(twice.kind, 'refused')

  const stranger = { ...known, leqiId: '00000000000000000000' }
  const unknown = await bureau.upload(stranger, [freeze(0)], deadline())
  assert.equal(unknown.kind, 'unit_fault')
})

/** 业务流水号 as the story stores it. */
function serialOf({ leqiId, direct }: Pick<UsingUnit, 'leqiId' | 'direct'>): string {
  return leqiId + direct.leqiId + ids.serial()
}
