/** The shipped table and a loaded one. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startSimulator } from '../simulator.js'
import { makeClassificationTable } from './classification.js'
import { readCsv } from './csv.js'
import { DIFFERENTIAL_CODES } from './differential.js'
import { isUsableOn, makeRateTable } from './rates.js'

const STAMP = '20261122160000'
const HEADER = 'code,name,shortName,rates,isSummary,description\n'

test('ships well-formed rows, each with a rate or a reason for none', () => {
  const rows = makeClassificationTable(STAMP, null).changedSince('')
  assert.ok(rows.length >= 80)
  assert.equal(new Set(rows.map((row) => row.code)).size, rows.length)
  for (const row of rows) {
    assert.match(row.code, /^\d{19}$/)
    assert.ok(row.name !== '' && row.shortName !== '', row.code)
    assert.ok(row.isSummary || row.isNotTaxable || row.rates.length > 0, row.code)
    assert.ok(
      [...row.rates, ...row.levyRates].every((rate) => /^\d+(\.\d+)?%$/.test(rate)),
      row.code,
    )
  }
  const sixes = rows.filter((row) => row.code.startsWith('6') && !row.isSummary)
  assert.equal(sixes.length, 16)
  for (const code of DIFFERENTIAL_CODES.keys()) {
    assert.equal(rows.find((row) => row.code === code)?.isDifferential, true, code)
  }
})

test('loads a bigger table; own rows win, missing rates are the usual ones', () => {
  const csv = `${HEADER}1010101030000000000,玉米,谷物,,N,"甜玉米,""糯""玉米"\n3049999000000000000,其他服务,现代服务,6%,N,\n1080113000000000000,x,y,1%,Y,\n`
  const table = makeClassificationTable(STAMP, csv)
  const corn = table.find('1010101030000000000')
  assert.deepEqual(
    [corn?.rates, corn?.description, corn?.parentCode],
    [['9%'], '甜玉米,"糯"玉米', '1010101000000000000'],
  )
  assert.deepEqual(table.find('3049999000000000000')?.rates, ['6%'])
  assert.equal(table.find('1080113000000000000')?.shortName, '非金属矿物制品')
  assert.throws(() => makeClassificationTable(STAMP, 'a,b\n1,2\n'), /begins with code,name/)
  assert.throws(() => makeClassificationTable(STAMP, `${HEADER}12,x,y,,N,\n`), /line 2: not 19 digits/)
})

test('dates two changes in one second apart', () => {
  const table = makeClassificationTable(STAMP, null)
  table.change('1030307060000000000', { shortName: '饮料' }, STAMP)
  const between = table.stamp()
  table.change('1030307050000000000', { shortName: '饮料' }, STAMP)
  assert.deepEqual(
    table.changedSince(between).map((row) => row.code),
    ['1030307050000000000'],
  )
})

test('reads quotes, line breaks and an open end', () => {
  assert.deepEqual(readCsv('\uFEFFa,"b\n""c""",\r\nd,,e'), [
    ['a', 'b\n"c"', ''],
    ['d', '', 'e'],
  ])
  assert.deepEqual(readCsv(''), [])
  assert.throws(() => readCsv('a,"b'), /row 1/)
})

test('knows on which day a rate may be used', () => {
  const usable = (value: string, day: string) =>
    makeRateTable()
      .find(value)
      .some((rate) => isUsableOn(rate, day))
  assert.equal(usable('0.13', '2019-03-31'), false)
  assert.equal(usable('0.13', '2019-04-01'), true)
  assert.equal(usable('0.01', '2027-12-31'), true)
  assert.equal(usable('0.01', '2028-01-01'), false)
  assert.equal(usable('0.17', '2018-04-30'), false)
  assert.equal(usable('0.11', '2018-04-30'), false)
})

test('starts with a world and a table from files', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'world-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [worldFile, classificationFile] = [join(folder, 'world.json'), join(folder, 'table.csv')]
  const taxNo = '91310115MA1K00090C'
  const unit = { leqiId: 'aaaaaaaaaaaaaaaaaaaa', name: '示例有限公司', taxNo, key: '0'.repeat(32) }
  const world = { directUnits: [{ ...unit, usingUnits: [{ leqiId: unit.leqiId, taxNo }] }], taxpayers: [{ taxNo }] }
  writeFileSync(worldFile, JSON.stringify(world))
  writeFileSync(classificationFile, `${HEADER}1010101030000000000,玉米,谷物,,N,\n`)
  const simulator = await startSimulator({ worldFile, classificationFile })
  t.after(() => simulator.close())
  assert.deepEqual(
    simulator.control.state().directUnits.map((each) => each.name),
    ['示例有限公司'],
  )
})
