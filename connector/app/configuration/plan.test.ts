import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredSettings } from '../../../adapters/postgres/settings/settings-store.js'
import { amount } from '../../kernel/amount.js'
import { Decimal } from '../../kernel/decimal.js'
import type { TaxpayerId, UsingUnitId } from '../../kernel/ids.js'
import { Secret } from '../../kernel/secret.js'
import type { Configuration } from './configuration.js'
import { type PlanOptions, planConfiguration } from './plan.js'

// Brands have no runtime existence.
const SELLER = '91310115MA1K00015K' as TaxpayerId
const GROUP = '91310115MA1K00007Q' as TaxpayerId
const UNIT_ID = '0190f3c2-0000-7000-8000-000000000002' as UsingUnitId
const DIRECT_LEQI_ID = '0123456789abcdef0123'

const KEEP: PlanOptions = { isPruning: false, isSameKey: () => true, isSameCallbackSecret: () => true }

const DIRECT = {
  leqiId: DIRECT_LEQI_ID,
  name: '示例集团有限公司',
  taxNo: GROUP,
  environment: 'production' as const,
  apiUrl: 'https://example.com/invoke',
  proxy: null,
  channel: null,
  region: null,
  capabilities: ['202007', '203067'],
  ratePerSecond: 50,
  poll: { firstMs: 50, maxMs: 1000 },
}
const USING = {
  directUnit: DIRECT_LEQI_ID,
  name: '示例销售有限公司',
  taxNo: SELLER,
  leqiId: '9876543210fedcba9876',
  region: null,
}
const ISSUING = {
  taxNo: SELLER,
  drawer: '开票员',
  numberWarningCount: 200,
  numberClaimCount: 1000,
  autoClaim: true,
  autoDownloadQuota: true,
  autoAdjustValidity: true,
  quotaDownloadAmount: amount('100000.00'),
  maxNetPerInvoice: null,
  maxLinesPerInvoice: 200,
  address: null,
  phone: null,
  bank: null,
  account: null,
  secondaryIndustries: [],
  hasFormerRateAuthorisation: false,
}
const TYPE = {
  code: 'shopify',
  name: '网店订单',
  seller: SELLER,
  description: '',
  delivery: 'amqp' as const,
  callbackUrl: null,
}
const PRODUCT = {
  seller: SELLER,
  code: 'SKU-1',
  name: '咖啡杯',
  taxCode: '1080113000000000000',
  shortName: null,
  taxRate: Decimal.of('0.13'),
  preference: null,
  model: null,
  unit: '个',
}
const BUYER = {
  seller: SELLER,
  code: 'C-1',
  name: '某某有限公司',
  taxNo: null,
  isPerson: false,
  address: null,
  phone: null,
  bank: null,
  account: null,
}

const DESIRED: Configuration = {
  directUnits: [{ settings: { ...DIRECT, poll: { maxMs: 1000, firstMs: 50 } }, apiKey: new Secret('k'.repeat(32)) }],
  usingUnits: [USING],
  issuing: [ISSUING],
  businessTypes: [{ settings: TYPE, callbackSecret: null, mapping: { text: 'x', sha256: 'a'.repeat(64) } }],
  products: [{ ...PRODUCT, taxRate: Decimal.of('0.130') }],
  buyers: [BUYER],
}
const STORED: StoredSettings = {
  directUnits: [{ ...DIRECT, id: '1', apiKeySealed: 'v1.…', isVerified: true }],
  usingUnits: [{ ...USING, id: UNIT_ID, isVerified: true }],
  issuing: [ISSUING],
  businessTypes: [{ ...TYPE, callbackSecretSealed: null, mappingSha256: 'a'.repeat(64) }],
  products: [{ ...PRODUCT, taxRate: Decimal.of('0.130000') }],
  buyers: [BUYER],
}
const NOTHING: StoredSettings = {
  directUnits: [],
  usingUnits: [],
  issuing: [],
  businessTypes: [],
  products: [],
  buyers: [],
}

test('what is stored already needs no change, however figures and members are written', () => {
  assert.deepEqual(planConfiguration(DESIRED, STORED, KEEP), [])
  assert.deepEqual(planConfiguration(DESIRED, STORED, { ...KEEP, isPruning: true }), [])
})

test('what is not stored yet is created, units first', () => {
  const changes = planConfiguration(DESIRED, NOTHING, KEEP)

  assert.deepEqual(
    changes.map(({ action, section, key }) => `${action} ${section} ${key}`),
    [
      `create directUnits ${DIRECT_LEQI_ID}`,
      `create usingUnits ${SELLER}`,
      `create issuing ${SELLER}`,
      'create businessTypes shopify',
      `create products ${SELLER} SKU-1`,
      `create buyers ${SELLER} C-1`,
    ],
  )
})

test('a difference is told field by field, with what was and what will be', () => {
  const desired: Configuration = {
    directUnits: [{ settings: { ...DIRECT, proxy: 'proxy:3128', poll: { firstMs: 60, maxMs: 1000 } }, apiKey: null }],
    issuing: [{ ...ISSUING, quotaDownloadAmount: amount('2500.50'), autoClaim: false }],
    products: [{ ...PRODUCT, taxRate: Decimal.of('0.06'), unit: null }],
  }

  assert.deepEqual(planConfiguration(desired, STORED, KEEP), [
    {
      action: 'update',
      section: 'directUnits',
      key: DIRECT_LEQI_ID,
      fields: [
        { name: 'proxy', before: null, after: 'proxy:3128' },
        { name: 'poll', before: 'firstMs 50, maxMs 1000', after: 'firstMs 60, maxMs 1000' },
      ],
    },
    {
      action: 'update',
      section: 'issuing',
      key: SELLER,
      fields: [
        { name: 'autoClaim', before: 'true', after: 'false' },
        { name: 'quotaDownloadAmount', before: '100000.00', after: '2500.50' },
      ],
    },
    {
      action: 'update',
      section: 'products',
      key: `${SELLER} SKU-1`,
      fields: [
        { name: 'taxRate', before: '0.13', after: '0.06' },
        { name: 'unit', before: '个', after: null },
      ],
    },
  ])
})

test('another secret is shown as changed, never as a value', () => {
  const changes = planConfiguration(DESIRED, STORED, { ...KEEP, isSameKey: () => false })

  assert.deepEqual(changes, [
    {
      action: 'update',
      section: 'directUnits',
      key: DIRECT_LEQI_ID,
      fields: [{ name: 'apiKey', before: 'set', after: 'changed' }],
    },
  ])
  assert.ok(!JSON.stringify(planConfiguration(DESIRED, NOTHING, KEEP)).includes('kkkk'))
})

test('a secret that the file does not give is left as it is', () => {
  const desired: Configuration = { directUnits: [{ settings: DIRECT, apiKey: null }] }

  assert.deepEqual(planConfiguration(desired, STORED, { ...KEEP, isSameKey: () => false }), [])
})

test('another text of a mapping is a change of its business type', () => {
  const type = { settings: TYPE, callbackSecret: null, mapping: { text: 'y', sha256: 'b'.repeat(64) } }

  assert.deepEqual(
    planConfiguration({ businessTypes: [type] }, STORED, KEEP).map(({ key, fields }) => [key, fields[0]?.name]),
    [['shopify', 'mapping']],
  )
})

test('nothing is deleted without pruning, and with it only in sections that the file holds', () => {
  const desired: Configuration = { products: [], buyers: [] }

  assert.deepEqual(planConfiguration(desired, STORED, KEEP), [])
  assert.deepEqual(planConfiguration(desired, STORED, { ...KEEP, isPruning: true }), [
    { action: 'delete', section: 'products', key: `${SELLER} SKU-1`, fields: [] },
    { action: 'delete', section: 'buyers', key: `${SELLER} C-1`, fields: [] },
  ])
  assert.deepEqual(planConfiguration({}, STORED, { ...KEEP, isPruning: true }), [])
})
