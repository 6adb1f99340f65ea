import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { makeSettingsStore } from '../../../adapters/postgres/settings/settings-store.js'
import { randomIds } from '../../../adapters/system/ids.js'
import { makeSealer } from '../../../adapters/system/sealing.js'
import { amount } from '../../kernel/amount.js'
import { Decimal } from '../../kernel/decimal.js'
import { sha256 } from '../../kernel/digest.js'
import type { TaxpayerId } from '../../kernel/ids.js'
import { Secret } from '../../kernel/secret.js'
import { withSchema } from '../../testing/database.js'
import { type ApplyDeps, applyConfiguration, type Cure, SettingInUse } from './apply.js'
import type { Configuration } from './configuration.js'
import type { Change } from './plan.js'

// Brands have no runtime existence.
const GROUP = '91310115MA1K00007Q' as TaxpayerId
const SELLER = '91310115MA1K00015K' as TaxpayerId
const OTHER = '91310115MA1K00023E' as TaxpayerId
const LEQI_ID = '0123456789abcdef0123'
const MASTER_KEY = new Secret(
  Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 37) % 256)).toString('base64'),
)
const KEY = new Secret('0123456789abcdeffedcba9876543210')
const CALLBACK_SECRET = new Secret(`whsec_${Buffer.alloc(32, 'callback').toString('base64')}`)

const DIRECT = {
  leqiId: LEQI_ID,
  name: '示例集团有限公司',
  taxNo: GROUP,
  environment: 'production' as const,
  apiUrl: 'https://example.com/invoke',
  proxy: null,
  channel: '默认渠道',
  region: '上海',
  capabilities: ['202007', '203067'],
  ratePerSecond: 50,
  poll: { firstMs: 50, maxMs: 1000 },
}

function aType(
  code: string,
  name: string,
  text = `businessType: ${code}`,
): NonNullable<Configuration['businessTypes']>[number] {
  const settings = { code, name, seller: SELLER, description: '', delivery: 'amqp' as const, callbackUrl: null }
  return { settings, callbackSecret: null, mapping: { text, sha256: sha256(text) } }
}

function aProduct(code: string, taxRate = '0.13') {
  return {
    seller: SELLER,
    code,
    name: `咖啡杯 ${code}`,
    taxCode: '1080113000000000000',
    shortName: null,
    taxRate: Decimal.of(taxRate),
    preference: null,
    model: null,
    unit: '个',
  }
}

function aConfiguration(changes: Configuration = {}): Configuration {
  return {
    directUnits: [{ settings: DIRECT, apiKey: KEY }],
    usingUnits: [
      { directUnit: LEQI_ID, name: '示例销售有限公司', taxNo: SELLER, leqiId: '9876543210fedcba9876', region: null },
    ],
    issuing: [
      {
        taxNo: SELLER,
        drawer: '开票员',
        numberWarningCount: 200,
        numberClaimCount: 1000,
        autoClaim: true,
        autoDownloadQuota: true,
        autoAdjustValidity: true,
        quotaDownloadAmount: amount('100000.00'),
        maxNetPerInvoice: amount('9999.99'),
        maxLinesPerInvoice: 200,
        address: null,
        phone: null,
        bank: null,
        account: null,
        secondaryIndustries: ['6311'],
        hasFormerRateAuthorisation: false,
      },
    ],
    businessTypes: [
      aType('shopify', '网店订单'),
      { ...aType('northwind', '批发订单'), callbackSecret: CALLBACK_SECRET },
    ],
    products: [aProduct('SKU-1'), aProduct('SKU-2', '0.06')],
    buyers: [
      {
        seller: SELLER,
        code: 'C-1',
        name: '某某有限公司',
        taxNo: OTHER,
        isPerson: false,
        address: null,
        phone: null,
        bank: null,
        account: null,
      },
    ],
    ...changes,
  }
}

async function setup(t: TestContext) {
  const { pool, store } = await withSchema(t)
  const settings = makeSettingsStore()
  const cures: Cure[] = []
  const deps: ApplyDeps = {
    database: store.database,
    settings,
    sealer: makeSealer(MASTER_KEY),
    ids: randomIds,
    onApplied: async (_tx, each) => {
      cures.push(...each)
    },
  }
  const ask = async (sql: string) =>
    (await pool.query({ text: sql, rowMode: 'array' })).rows.map((row) => row.join(' '))
  return {
    deps,
    cures,
    ask,
    load: () => store.database.transaction('other', (tx) => settings.load(tx)),
    apply: (desired: Configuration, isPruning = false) =>
      applyConfiguration(deps, desired, { isPruning, judge: () => undefined }),
    revision: async () => (await ask('select revision from settings_revision'))[0],
  }
}

function tell(changes: readonly Change[]): string[] {
  return changes.map(({ action, section, key }) => `${action} ${section} ${key}`)
}

test('a file is stored whole, read back as it was, with its secrets sealed', async (t) => {
  const { apply, load, ask, deps } = await setup(t)
  const desired = aConfiguration()
  const changes = await apply(desired)
  const stored = await load()
  const [unit] = stored.directUnits

  assert.equal(changes.length, 8)
  assert.deepEqual(stored.issuing, desired.issuing)
  assert.deepEqual(
    stored.products.map(({ taxRate, ...product }) => ({ ...product, taxRate: taxRate.toString() })),
    desired.products?.map(({ taxRate, ...product }) => ({ ...product, taxRate: taxRate.toString() })),
  )
  assert.deepEqual(stored.buyers, desired.buyers)
  assert.deepEqual([unit?.channel, unit?.poll, unit?.isVerified], ['默认渠道', { firstMs: 50, maxMs: 1000 }, false])
  assert.equal(
    deps.sealer.open(unit?.apiKeySealed ?? '', { unit: unit?.id ?? '', field: 'apiKey' }).reveal(),
    KEY.reveal(),
  )
  assert.deepEqual(await ask("select number, body from mapping_versions where business_type = 'shopify'"), [
    '1 businessType: shopify',
  ])
  const everything = (await ask('select d::text, b::text from direct_units d, business_types b')).join('\n')
  assert.ok(!everything.includes(KEY.reveal()) && !everything.includes(CALLBACK_SECRET.reveal()))
})

test('applied a second time, the same file changes nothing and disturbs nobody', async (t) => {
  const { apply, revision, cures } = await setup(t)
  await apply(aConfiguration())
  const before = await revision()
  cures.length = 0

  assert.deepEqual(tell(await apply(aConfiguration())), [])
  assert.deepEqual(tell(await apply(aConfiguration(), true)), [])
  assert.equal(await revision(), before)
  assert.deepEqual(cures, [])
})

test('a change raises the revision and cures what waited for it', async (t) => {
  const { apply, load, revision, cures } = await setup(t)
  await apply(aConfiguration())
  const before = await revision()
  cures.length = 0
  await apply(
    aConfiguration({ businessTypes: [aType('shopify', '网店订单', 'version: 2')], products: [aProduct('SKU-3')] }),
  )
  const sellerId = (await load()).usingUnits[0]?.id

  assert.equal(Number(await revision()), Number(before) + 1)
  assert.deepEqual(cures, [
    { causes: ['mapping_missing', 'mapping_fault'], businessType: 'shopify' },
    { causes: ['catalogue_missing', 'mapping_missing'], usingUnitId: sellerId },
  ])
})

test('a unit whose key, address, id or tax number changes must be verified again, with its using units', async (t) => {
  const { apply, load, ask } = await setup(t)
  await apply(aConfiguration())
  const variants: Configuration[] = [
    { directUnits: [{ settings: DIRECT, apiKey: new Secret('f'.repeat(32)) }] },
    { directUnits: [{ settings: { ...DIRECT, apiUrl: 'https://example.com/other' }, apiKey: null }] },
    { directUnits: [{ settings: { ...DIRECT, apiUrl: 'https://example.com/other', taxNo: OTHER }, apiKey: null }] },
  ]
  for (const variant of variants) {
    await ask("update direct_units set verified_at = now(), park_cause = 'unit_key_fault'")
    await ask('update using_units set verified_at = now()')
    await apply(variant)
    const { directUnits, usingUnits } = await load()

    assert.deepEqual([directUnits[0]?.isVerified, usingUnits[0]?.isVerified], [false, false])
    assert.deepEqual(await ask('select park_cause from direct_units'), [''])
  }
  assert.match((await load()).directUnits[0]?.apiKeySealed ?? '', /^v1\./, 'a file without a key leaves the stored one')
})

test('a proxy, a rate or a name may change without another verification', async (t) => {
  const { apply, load, ask } = await setup(t)
  await apply(aConfiguration())
  await ask('update direct_units set verified_at = now()')
  await ask('update using_units set verified_at = now()')
  await apply({ directUnits: [{ settings: { ...DIRECT, proxy: 'proxy:3128', name: '新名称' }, apiKey: KEY }] })
  const { directUnits, usingUnits } = await load()

  assert.deepEqual(
    [directUnits[0]?.proxy, directUnits[0]?.isVerified, usingUnits[0]?.isVerified],
    ['proxy:3128', true, true],
  )
})

test('a using unit with another Leqi id must be verified again', async (t) => {
  const { apply, load, ask } = await setup(t)
  const desired = aConfiguration()
  await apply(desired)
  await ask('update using_units set verified_at = now()')
  await apply({ usingUnits: desired.usingUnits?.map((unit) => ({ ...unit, leqiId: 'ffffffffffffffffffff' })) ?? [] })

  assert.equal((await load()).usingUnits[0]?.isVerified, false)
})

test('a mapping’s earlier texts are kept, and an earlier text is its earlier version', async (t) => {
  const { apply, ask } = await setup(t)
  for (const text of ['a: 1', 'a: 2', 'a: 1'])
    await apply(aConfiguration({ businessTypes: [aType('shopify', '网店订单', text)] }))

  assert.deepEqual(await ask('select number, body from mapping_versions order by number'), ['1 a: 1', '2 a: 2'])
  assert.deepEqual(
    await ask('select v.number from business_types t join mapping_versions v on v.id = t.mapping_version_id'),
    ['1'],
  )
})

test('two business types may exchange their names', async (t) => {
  const { apply, load } = await setup(t)
  await apply(aConfiguration({ businessTypes: [aType('a', '甲'), aType('b', '乙')] }))
  await apply({ businessTypes: [aType('a', '乙'), aType('b', '甲')] })

  assert.deepEqual(
    (await load()).businessTypes.map(({ code, name }) => `${code} ${name}`),
    ['a 乙', 'b 甲'],
  )
})

test('a fault in the last step leaves nothing of the first', async (t) => {
  const { deps, apply, load, revision } = await setup(t)
  await apply(aConfiguration())
  const before = [await load(), await revision()]
  const failing = { ...deps, onApplied: () => Promise.reject(new Error('cut off')) }
  const desired = aConfiguration({ products: [aProduct('SKU-9')], businessTypes: [aType('new', '新类型')] })
  await assert.rejects(applyConfiguration(failing, desired, { isPruning: true, judge: () => undefined }), /cut off/)

  assert.deepEqual([await load(), await revision()], before)
})

test('a judge that refuses what is stored leaves everything as it was', async (t) => {
  const { deps, load } = await setup(t)
  const judge = () => {
    throw new Error('refused')
  }
  await assert.rejects(applyConfiguration(deps, aConfiguration(), { isPruning: false, judge }), /refused/)

  assert.deepEqual((await load()).directUnits, [])
})

test('pruning deletes what the file’s sections leave out, and only then', async (t) => {
  const { apply, load } = await setup(t)
  await apply(aConfiguration())
  const smaller = aConfiguration({
    businessTypes: [aType('shopify', '网店订单')],
    products: [aProduct('SKU-1')],
    buyers: [],
  })

  assert.deepEqual(tell(await apply(smaller)), [])
  assert.deepEqual(tell(await apply(smaller, true)), [
    'delete businessTypes northwind',
    `delete products ${SELLER} SKU-2`,
    `delete buyers ${SELLER} C-1`,
  ])
  const empty = { directUnits: [], usingUnits: [], issuing: [], businessTypes: [], products: [], buyers: [] }
  await apply(empty, true)
  assert.deepEqual(await load(), empty)
})

test('a unit with numbers and a type with unfinished orders are not deleted, and nothing else is', async (t) => {
  const { apply, load, ask } = await setup(t)
  await apply(aConfiguration())
  const before = await load()
  const withoutTypes = aConfiguration({ businessTypes: [], products: [] })
  await ask(`insert into inbox_messages (id, queue, business_type, source, is_redelivered, body, body_sha256, received_at,
    park_cause, parked_at) values (gen_random_uuid(), 'q', 'shopify', 'default', false, '', '', now(), 'mapping_fault', now())`)
  await assert.rejects(
    apply(withoutTypes, true),
    (error) => error instanceof SettingInUse && /shopify/.test(error.message),
  )
  await ask('delete from inbox_messages')
  await ask(`insert into credit_quotas (using_unit_id, period) select id, '2026-11' from using_units`)
  const empty = { directUnits: [], usingUnits: [], issuing: [], businessTypes: [], products: [], buyers: [] }
  await assert.rejects(apply(empty, true), (error) => error instanceof SettingInUse && error.message.includes(SELLER))

  assert.deepEqual(await load(), before)
})

test('a type whose results are on their way by callback is not deleted, unless its endpoint is switched off', async (t) => {
  const { apply, ask } = await setup(t)
  const called = aType('shopify', '网店订单')
  const settings = { ...called.settings, delivery: 'callback' as const, callbackUrl: 'https://example.com/' }
  await apply(aConfiguration({ businessTypes: [{ ...called, settings, callbackSecret: CALLBACK_SECRET }] }))
  await ask(`insert into callback_deliveries (event_id, endpoint, order_id, seq, due_at, created_at)
    values (gen_random_uuid(), 'shopify', gen_random_uuid(), 1, now(), now())`)
  const without = aConfiguration({ businessTypes: [] })

  await assert.rejects(apply(without, true), (error) => error instanceof SettingInUse && /shopify/.test(error.message))
  await ask("update callback_endpoints set disabled_for = 'gone', disabled_at = now()")
  assert.deepEqual(tell(await apply(without, true)), ['delete businessTypes shopify'])
})

test('another callback secret keeps the former one for a day; the same again changes nothing', async (t) => {
  const { apply, ask } = await setup(t)
  const called = { ...aType('shopify', '网店订单'), callbackSecret: CALLBACK_SECRET }
  const next = new Secret(`whsec_${Buffer.alloc(32, 'next').toString('base64')}`)
  const secrets = () =>
    ask(`select callback_former_secret_sealed is not null, callback_former_until - now() between interval '23 hours'
      and interval '24 hours', callback_secret_sealed from business_types where code = 'shopify'`)
  await apply(aConfiguration({ businessTypes: [called] }))
  const [first = ''] = await secrets()
  await apply(aConfiguration({ businessTypes: [{ ...called, callbackSecret: next }] }))
  const [changed = ''] = await secrets()
  await apply(aConfiguration({ businessTypes: [{ ...called, callbackSecret: next }] }))

  assert.match(first, /^false {2}v1\./)
  assert.match(changed, /^true true v1\./)
  assert.deepEqual(await secrets(), [changed])
})

test('a direct unit is not deleted from under its using units, nor a using unit from under its business types', async (t) => {
  const { apply } = await setup(t)
  await apply(aConfiguration())

  await assert.rejects(
    apply({ directUnits: [] }, true),
    (error) =>
      error instanceof SettingInUse &&
      error.message === '该直连单位下存在非本单位的其他使用单位，不允许删除！请移除相关使用单位后再重试。',
  )
  await assert.rejects(
    apply({ usingUnits: [], issuing: [], products: [], buyers: [] }, true),
    (error) => error instanceof SettingInUse && /northwind, shopify/.test(error.messageEn),
  )
})

test('two files applied at the same time end as if one came after the other', async (t) => {
  const { apply, load } = await setup(t)
  const results = await Promise.all([apply(aConfiguration()), apply(aConfiguration()), apply(aConfiguration())])

  assert.deepEqual(results.map((changes) => changes.length).sort(), [0, 0, 8])
  assert.equal((await load()).directUnits.length, 1)
})

test('three thousand products are stored and changed in one go', async (t) => {
  const { apply, load } = await setup(t)
  const products = Array.from({ length: 3_000 }, (_, index) => aProduct(`SKU-${index}`))
  await apply(aConfiguration({ products }))
  const changes = await apply(
    aConfiguration({ products: products.map((product) => ({ ...product, unit: '只' })) }),
    true,
  )
  const stored = await load()

  assert.equal(changes.length, 3_000)
  assert.ok(stored.products.length === 3_000 && stored.products.every(({ unit }) => unit === '只'))
})
