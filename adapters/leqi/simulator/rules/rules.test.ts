/**
 * Every rule of the bureau that the simulator knows is broken once here and must be named in the refusal; for every
 * group the right form beside it passes. The last test reads the sources, so that a rule without a case fails.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { RIGHT, WRONG } from '../testing/rule-cases.js'
import { anInvoice } from '../testing/sample-invoice.js'
import { makeSeller, startFrozen } from '../testing/seller.js'

/** Rules told by refusing the whole call or by another service; their tests stand beside those desks. */
const TOLD_ELSEWHERE = ['L-15', 'L-16', 'L-17', 'L-23', 'L-25', 'L-35', 'L-112', 'L-113']

for (const { name, seller = 'sales', invoice, before, after } of RIGHT) {
  test(`stores ${name}`, async (t) => {
    const simulator = await startFrozen(t)
    const { verdict } = await makeSeller(simulator, seller)
    before?.(simulator.control)

    const row = await verdict(invoice())

    after?.(simulator.control)
    assert.deepEqual({ status: row.status, message: row.message }, { status: '00', message: '上传成功' })
  })
}

test('names the broken rule of every wrong invoice', async (t) => {
  const simulator = await startFrozen(t)
  const sellers = new Map([
    ['sales', await makeSeller(simulator, 'sales', { quota: '80000000.00' })],
    ['telecom', await makeSeller(simulator, 'telecom')],
  ])
  for (const { rule, name, seller = 'sales', invoice, before, after } of WRONG) {
    before?.(simulator.control)
    const row = await sellers.get(seller)?.verdict(invoice())
    after?.(simulator.control)
    assert.equal(row?.status, '02', `${rule} ${name}`)
    assert.ok(row?.message.includes(`[${rule}]`), `${rule} ${name}: ${row?.message}`)
  }
  const { verdict } = sellers.get('sales') ?? (await makeSeller(simulator))
  assert.equal((await verdict(anInvoice({}))).status, '00', 'the world is well again after all cases')
})

test('has a case for every rule that the sources know', () => {
  const folder = fileURLToPath(new URL('..', import.meta.url))
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.startsWith('testing'),
  )
  const told = new Set<string>()
  for (const file of sources) {
    for (const [, rule = ''] of readFileSync(`${folder}/${file}`, 'utf8').matchAll(/(?:'|\[)(L-\d+)(?:'|\])/g)) {
      told.add(rule)
    }
  }
  const tested = new Set([...WRONG.map((each) => each.rule), ...TOLD_ELSEWHERE])
  assert.deepEqual(
    [...told].filter((rule) => !tested.has(rule)),
    [],
  )
  assert.deepEqual(
    [...tested].filter((rule) => !told.has(rule)),
    [],
  )
})
