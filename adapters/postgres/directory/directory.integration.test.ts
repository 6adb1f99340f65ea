import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v7 } from 'uuid'
import { Decimal } from '../../../connector/kernel/decimal.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import { after } from '../../../connector/kernel/time.js'
import { aClassification, aRateEntry, aUsingUnit } from '../../../connector/testing/builders.js'
import { addUnit, withSchema } from '../../../connector/testing/database.js'
import { now } from '../../../connector/testing/story.js'
import { makeDirectorySource } from './directory.js'

test('units come with their direct unit, settings, profile and risk, exactly as stored', async (t) => {
  const { pool } = await withSchema(t)
  const unit = await addUnit(pool)
  await pool.query("update direct_units set api_key_sealed = 'sealed' where id = $1", [unit.direct.id])

  const directory = await makeDirectorySource(pool).load()

  assert.deepEqual(directory.unit(unit.id), unit)
  assert.deepEqual(directory.units, [unit])
  assert.deepEqual(directory.directUnits, [unit.direct])
  assert.equal(directory.sealedApiKey(unit.direct.id), 'sealed')
  assert.equal(directory.sealedApiKey('none'), null)
  assert.equal(directory.unit('none' as UsingUnitId), null)
})

test('a unit that the bureau has not confirmed yet is told as such', async (t) => {
  const { pool } = await withSchema(t)
  const unit = await addUnit(pool, { isVerified: false, profile: null, risk: null, direct: { isVerified: false } })

  const directory = await makeDirectorySource(pool).load()

  assert.deepEqual(directory.unit(unit.id), unit)
})

test('a business type leads to its seller and to the active version of its mapping', async (t) => {
  const { pool } = await withSchema(t)
  const unit = await addUnit(pool)
  const versions = [v7(), v7()]
  await pool.query(
    `insert into mapping_versions (id, business_type, number, body, body_sha256)
     values ($1, 'shop', 1, 'old', 'a'), ($2, 'shop', 2, 'businessType: shop', 'b')`,
    versions,
  )
  await pool.query(
    `insert into business_types (code, name, using_unit_id, mapping_version_id, delivery)
     values ('shop', '网店订单', $1, $2, 'amqp'), ('market', '集市订单', $1, null, 'both')`,
    [unit.id, versions[1]],
  )

  const directory = await makeDirectorySource(pool).load()

  assert.deepEqual(directory.businessType('shop'), {
    code: 'shop',
    name: '网店订单',
    unitId: unit.id,
    delivery: 'amqp',
    mapping: { versionId: versions[1], number: 2, text: 'businessType: shop' },
  })
  assert.equal(directory.businessType('market')?.mapping, null)
  assert.equal(directory.businessType('none'), null)
})

test('a seller’s books are found by code, and by name or tax number where only one entry has it', async (t) => {
  const { pool } = await withSchema(t)
  const [unit, other] = [await addUnit(pool), await addUnit(pool)]
  await pool.query(
    `insert into products (id, using_unit_id, code, name, tax_code, tax_rate) values
       ($2, $1, 'CUP', '咖啡杯', '1080113000000000000', 0.13),
       ($3, $1, 'MUG-1', '马克杯', '1080113000000000000', 0.13),
       ($4, $1, 'MUG-2', '马克杯', '1090000000000000000', 0.06)`,
    [unit.id, v7(), v7(), v7()],
  )
  await pool.query(
    `insert into buyers (id, using_unit_id, code, name, tax_no) values
       ($2, $1, 'C-1', '某某有限公司', '91310115MA1K00023E'), ($3, $1, 'C-2', '某个人', null)`,
    [unit.id, v7(), v7()],
  )

  const directory = await makeDirectorySource(pool).load()
  const books = directory.catalogue(unit.id)

  assert.deepEqual(books.productByName('咖啡杯'), {
    code: 'CUP',
    name: '咖啡杯',
    taxCode: '1080113000000000000',
    shortName: null,
    taxRate: Decimal.of('0.130000'),
    preference: null,
    model: null,
    unit: null,
  })
  assert.equal(books.productByName('马克杯'), null)
  assert.equal(books.productByCode('MUG-2')?.taxCode, '1090000000000000000')
  assert.equal(books.buyerByTaxNo('91310115MA1K00023E')?.code, 'C-1')
  assert.equal(books.buyerByName('某个人')?.code, 'C-2')
  assert.equal(books.buyerByCode('C-3'), null)
  assert.equal(directory.catalogue(other.id).productByCode('CUP'), null)
})

test('the bureau’s tables come back as saved; changed codes replace their like, a rate table replaces all', async (t) => {
  const { pool, store } = await withSchema(t)
  const fetchedAt = now()
  const fetch = { fetchedAt, dueAt: after(fetchedAt, 86_400_000) }
  const [first, second] = [aClassification({ code: '1' }), aClassification({ code: '2', name: '旧名' })]
  const [rate, levy] = [aRateEntry(), aRateEntry({ nature: 'levy', rate: Decimal.of('0.03') })]
  const differential = {
    code: '3',
    allowsDifferentialIssue: true,
    differentialAllowsSpecial: false,
    fullAllowsSpecial: true,
    generalRates: [Decimal.of('0.06')],
    generalLevyRates: [],
    smallScaleLevyRates: [Decimal.of('0.03')],
  }
  const renamed = { ...second, name: '新名' }

  await store.tables.saveClassifications({ ...fetch, stamp: 's1', changed: [first, second] })
  await store.tables.saveClassifications({ ...fetch, stamp: 's2', changed: [renamed] })
  await store.tables.saveRates({ ...fetch, rates: [levy, levy, levy] })
  await store.tables.saveRates({ ...fetch, rates: [rate, levy] })
  await store.tables.saveDifferentialCodes({ ...fetch, codes: [differential] })
  const { tables } = await makeDirectorySource(pool).load()

  assert.deepEqual([tables.classification('1'), tables.classification('2')], [first, renamed])
  assert.equal(tables.classification('9'), null)
  assert.deepEqual(tables.rates, [rate, levy])
  assert.deepEqual(tables.differential('3'), differential)
  assert.deepEqual(
    [tables.classificationFetchedAt, tables.ratesFetchedAt, tables.differentialFetchedAt],
    [fetchedAt, fetchedAt, fetchedAt],
  )
  assert.deepEqual(await store.tables.loadStates(), [
    { name: 'classifications', stamp: 's2', ...fetch },
    { name: 'differential', stamp: null, ...fetch },
    { name: 'rates', stamp: null, ...fetch },
  ])
})

test('a failed fetch keeps the table and its stamp, and is due when it says', async (t) => {
  const { store } = await withSchema(t)
  const at = now()
  const fetch = { fetchedAt: at, dueAt: after(at, 1_000) }
  await store.tables.saveClassifications({ ...fetch, stamp: 's1', changed: [] })

  await store.tables.saveTableFault('classifications', { code: 'BUR-1', message: '超时', at }, after(at, 60_000))

  const [state] = await store.tables.loadStates()
  assert.deepEqual(state, { name: 'classifications', stamp: 's1', fetchedAt: at, dueAt: after(at, 60_000) })
})

test('a unit that the bureau answers for is verified with its channel, and every save raises the revision', async (t) => {
  const { pool, store } = await withSchema(t)
  const unit = await addUnit(pool, { isVerified: false, profile: null, risk: null, direct: { isVerified: false } })
  const { profile, risk } = aUsingUnit()
  assert.ok(profile !== null && risk !== null)
  const source = makeDirectorySource(pool)
  const revisions = [await source.loadRevision()]
  const note = async (save: Promise<void>) => {
    await save
    revisions.push(await source.loadRevision())
  }

  await note(store.tables.saveUnitFault(unit.id, { code: 'BUR-1', message: '超时', at: now() }))
  await note(store.tables.saveRisk(unit.id, risk))
  await note(store.tables.saveProfile(unit.id, profile, []))
  const directory = await source.load()

  const verified = { ...unit, isVerified: true, profile, risk, direct: { ...unit.direct, isVerified: true } }
  assert.deepEqual(directory.unit(unit.id), verified)
  assert.deepEqual(revisions, [1n, 2n, 3n, 4n])
  assert.equal(directory.revision, 4n)
  await assert.rejects(store.tables.saveRisk(v7() as UsingUnitId, risk), { name: 'Defect' })
})
