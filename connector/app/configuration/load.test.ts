import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { formatAmount } from '../../kernel/amount.js'
import type { ConfigurationFinding } from './findings.js'
import { checkOpenReferences, type LoadDeps, loadConfiguration } from './load.js'
import { renderSchemaDocument } from './schema-document.js'

const API_KEY = '0123456789abcdeffedcba9876543210'
const MAPPING = 'businessType: shopify\n'

const WHOLE = `
directUnits:
  - name: 示例集团有限公司
    taxNo: 91310115MA1K00007Q
    leqiId: 0123456789abcdef0123
    environment: production
    apiKey: ${API_KEY}
    apiUrl: http://127.0.0.1:9443/access/v2/invoke
    capabilities: ["202007", "203067"]
    poll: {maxMs: 1000, firstMs: 50}
usingUnits:
  - {directUnit: 0123456789abcdef0123, name: 示例销售有限公司, taxNo: 91310115MA1K00015K, leqiId: 9876543210fedcba9876, region: "13100000000"}
issuing:
  - {taxNo: 91310115MA1K00015K, drawer: 开票员, quotaDownloadAmount: 2500.5}
businessTypes:
  - {code: shopify, name: 网店订单, seller: 91310115MA1K00015K, mapping: mapping.yaml}
products:
  - {seller: 91310115MA1K00015K, code: 0100, name: 咖啡杯, taxCode: "1080113000000000000", taxRate: 0.13}
buyers:
  - {seller: 91310115MA1K00015K, code: C-1, name: 某某有限公司, taxNo: 91310115MA1K00023E}
`

function secretOf(byteCount: number): string {
  return `whsec_${Buffer.alloc(byteCount, 'secret of a callback').toString('base64')}`
}

interface Setup {
  text: string
  env?: Record<string, string>
  files?: Record<string, string>
  insecureHosts?: string[]
  compileMapping?: LoadDeps['compileMapping']
}

async function setup(t: TestContext, { text, files = {}, ...deps }: Setup) {
  const folder = await mkdtemp(join(tmpdir(), 'leqi-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'config.yaml'), text)
  for (const [name, content] of Object.entries({ 'mapping.yaml': MAPPING, ...files })) {
    await writeFile(join(folder, name), content)
  }
  return loadConfiguration(join(folder, 'config.yaml'), {
    env: {},
    insecureHosts: ['127.0.0.1:9443'],
    callbackHosts: ['127.0.0.1:9444'],
    compileMapping: () => ({ businessType: 'shopify', problems: [] }),
    ...deps,
  })
}

function tell(findings: readonly ConfigurationFinding[]): string[] {
  for (const { message, messageEn } of findings) assert.ok(message !== '' && messageEn !== '')
  return findings.map(({ code, path, line }) => `${code} ${path} @${line}`)
}

async function faultsOf(t: TestContext, arrangement: Setup): Promise<string[]> {
  const outcome = await setup(t, arrangement)
  assert.ok(!outcome.ok, 'it was accepted')
  return tell(outcome.findings.faults)
}

test('a whole file becomes the desired state with its defaults, exact figures and hidden secrets', async (t) => {
  const outcome = await setup(t, { text: WHOLE })
  assert.ok(outcome.ok)
  const { configuration, openReferences } = outcome.loaded
  const [unit] = configuration.directUnits ?? []
  const [issuing] = configuration.issuing ?? []
  const [product] = configuration.products ?? []

  assert.deepEqual(tell(outcome.warnings), [])
  assert.deepEqual(openReferences, [])
  assert.equal(unit?.apiKey?.reveal(), API_KEY)
  assert.deepEqual(
    [unit?.settings.proxy, unit?.settings.ratePerSecond, unit?.settings.poll],
    [null, 50, { maxMs: 1000, firstMs: 50 }],
  )
  assert.equal(formatAmount(issuing?.quotaDownloadAmount ?? assert.fail()), '2500.50')
  assert.deepEqual([issuing?.maxNetPerInvoice, issuing?.autoClaim, issuing?.numberClaimCount], [null, true, 1000])
  assert.deepEqual([product?.code, product?.taxRate.toString()], ['0100', '0.13'])
  assert.equal(configuration.businessTypes?.[0]?.mapping.text, MAPPING)
  assert.ok(!inspect(outcome, { depth: 12, showHidden: true }).includes(API_KEY))
})

test('the bureau’s own address is taken where none is given', async (t) => {
  const text = WHOLE.replace(/ {4}apiUrl.*\n/, '').replace('environment: production', 'environment: sandbox')
  const outcome = await setup(t, { text })
  assert.ok(outcome.ok)

  assert.equal(
    outcome.loaded.configuration.directUnits?.[0]?.settings.apiUrl,
    'https://lqpt.chinatax.gov.cn:8443/access/sandbox/v2/invoke',
  )
})

test('all faults of the form are told at once, each with its place', async (t) => {
  const text = `
directUnits:
  - name: 示例集团有限公司
    taxNo: 91310115ma1k00007q
    leqiid: 0123456789abcdef0123
    environment: test
    capabilities: [202007, 20]
    ratePerSecond: 1.5
    poll: {firstMs: 0}
usingUnits: none
issuing:
  - {taxNo: 91310115MA1K00015K, drawer: " ", numberClaimCount: 100001, maxLinesPerInvoice: 1, quotaDownloadAmount: "0.00", autoClaim: maybe}
businessTypes:
  - {code: Shop, name: "", seller: 91310115MA1K00015K, mapping: m.yaml, delivery: mail, extra: 1}
products:
  - {seller: 1, code: a, name: b, taxCode: "123", taxRate: "13%", preference: "19"}
buyers: [{isPerson: false, seller: 91310115MA1K00015K}]
more: []
`
  assert.deepEqual(await faultsOf(t, { text }), [
    'CFG-unknown /more @18',
    'CFG-missing /directUnits/0 @3',
    'CFG-unknown /directUnits/0/leqiid @5',
    'CFG-form /directUnits/0/taxNo @4',
    'CFG-form /directUnits/0/environment @6',
    'CFG-form /directUnits/0/capabilities/1 @7',
    'CFG-form /directUnits/0/ratePerSecond @8',
    'CFG-form /directUnits/0/poll/firstMs @9',
    'CFG-form /usingUnits @10',
    'CFG-form /issuing/0/drawer @12',
    'CFG-form /issuing/0/numberClaimCount @12',
    'CFG-form /issuing/0/autoClaim @12',
    'CFG-form /issuing/0/quotaDownloadAmount @12',
    'CFG-form /issuing/0/maxLinesPerInvoice @12',
    'CFG-unknown /businessTypes/0/extra @14',
    'CFG-form /businessTypes/0/code @14',
    'CFG-form /businessTypes/0/name @14',
    'CFG-form /businessTypes/0/delivery @14',
    'CFG-form /products/0/seller @16',
    'CFG-form /products/0/taxCode @16',
    'CFG-form /products/0/taxRate @16',
    'CFG-form /products/0/preference @16',
    'CFG-missing /buyers/0 @17',
    'CFG-missing /buyers/0 @17',
  ])
})

test('a mistyped field is told with the one that was meant', async (t) => {
  const outcome = await setup(t, { text: 'directUnits: []\nusingUnit: []\n' })
  assert.ok(!outcome.ok)

  assert.match(outcome.findings.faults[0]?.messageEn ?? '', /did you mean usingUnits\?/)
})

test('what is no YAML is told with its line', async (t) => {
  assert.deepEqual(await faultsOf(t, { text: 'directUnits:\n  - {name: [}\n' }), ['CFG-yaml  @2', 'CFG-yaml  @2'])
  assert.deepEqual(await faultsOf(t, { text: 'products: []\nproducts: []\n' }), ['CFG-yaml  @2'])
  assert.deepEqual(await faultsOf(t, { text: '__proto__: {polluted: 1}\n' }), ['CFG-unknown /__proto__ @1'])
  assert.equal(Reflect.get({}, 'polluted'), undefined)
})

test('a file that cannot be read is told as such', async () => {
  const deps = {
    env: {},
    insecureHosts: [],
    callbackHosts: [],
    compileMapping: () => ({ businessType: null, problems: [] }),
  }
  const outcome = await loadConfiguration('/nowhere/config.yaml', deps)
  assert.ok(!outcome.ok)

  assert.deepEqual(tell(outcome.findings.faults), ['CFG-file  @1'])
})

test('repeated keys, dangling references and broken rules between fields are told together', async (t) => {
  const text = `
directUnits:
  - {name: a, taxNo: 91310115MA1K00007Q, leqiId: 0123456789abcdef0123, environment: production, capabilities: ["203067"], poll: {firstMs: 9, maxMs: 8}, apiKey: ${API_KEY}, apiKeyFromEnv: KEY}
  - {name: a, taxNo: 91310115MA1K00007Q, leqiId: 0123456789abcdef0123, environment: production, capabilities: ["202007", "203067"]}
usingUnits:
  - {directUnit: 9876543210fedcba9876, name: b, taxNo: 91310115MA1K00015K, leqiId: 9876543210fedcba9876}
issuing:
  - {taxNo: 91310115MA1K00023E, drawer: 开票员}
businessTypes:
  - {code: shopify, name: 一二三四五六七八九十一二三四五六七, seller: 91310115MA1K00015K, mapping: mapping.yaml}
  - {code: other, name: x, seller: 91310115MA1K00023E, mapping: absent.yaml, delivery: both}
  - {code: other2, name: x, seller: 91310115MA1K00023E, mapping: mapping.yaml, callbackUrl: "https://example.com/hook"}
products:
  - {seller: 91310115MA1K00015K, code: a, name: b, taxCode: "1080113000000000000", taxRate: "0.13"}
  - {seller: 91310115MA1K00015K, code: a, name: c, taxCode: "1080113000000000000", taxRate: "0.13"}
buyers:
  - {seller: 91310115MA1K00015K, code: a, name: b, taxNo: "123"}
`
  const faults = await faultsOf(t, { text })

  assert.deepEqual(faults.sort(), [
    'CFG-capability /directUnits/0/capabilities @3',
    'CFG-delivery /businessTypes/1 @11',
    'CFG-duplicate /businessTypes/2/name @12',
    'CFG-duplicate /directUnits/1/leqiId @4',
    'CFG-duplicate /products/1/code @15',
    'CFG-form /businessTypes/0/name @10',
    'CFG-form /buyers/0/taxNo @17',
    'CFG-form /directUnits/0/poll @3',
    'CFG-mapping /businessTypes/1/mapping @11',
    'CFG-reference /businessTypes/1/seller @11',
    'CFG-reference /businessTypes/2/seller @12',
    'CFG-reference /issuing/0/taxNo @8',
    'CFG-reference /usingUnits/0/directUnit @6',
    'CFG-secret /directUnits/0 @3',
    'CFG-secret /directUnits/0/apiKeyFromEnv @3',
  ])
})

test('business-type names count bytes: sixteen Chinese characters fit, seventeen do not', async (t) => {
  const named = (name: string) => WHOLE.replace('name: 网店订单', `name: ${name}`)
  const outcome = await setup(t, { text: named('店'.repeat(16)) })

  assert.ok(outcome.ok)
  assert.deepEqual(await faultsOf(t, { text: named('店'.repeat(17)) }), ['CFG-form /businessTypes/0/name @16'])
  assert.deepEqual(await faultsOf(t, { text: named('x'.repeat(51)) }), ['CFG-form /businessTypes/0/name @16'])
})

test('plain http is only for the hosts that the operator named', async (t) => {
  assert.deepEqual(await faultsOf(t, { text: WHOLE, insecureHosts: ['127.0.0.1:9444'] }), [
    'CFG-address /directUnits/0/apiUrl @8',
  ])
  const addresses = [
    'https://user:pass@example.com/x',
    'ftp://127.0.0.1:9443/x',
    'https://lqpt.chinatax.gov.cn:8443/access/sandbox/v2/invoke',
  ]
  for (const address of addresses) {
    const text = WHOLE.replace('http://127.0.0.1:9443/access/v2/invoke', address)
    assert.deepEqual(await faultsOf(t, { text }), ['CFG-address /directUnits/0/apiUrl @8'], address)
  }
})

test('a key comes from the environment or from a file, and a bad one is told without being repeated', async (t) => {
  const fromEnv = WHOLE.replace(`apiKey: ${API_KEY}`, 'apiKeyFromEnv: KEY_OF_UNIT')
  const fromFile = WHOLE.replace(`apiKey: ${API_KEY}`, 'apiKeyFromFile: unit.key')
  const good = [
    await setup(t, { text: fromEnv, env: { KEY_OF_UNIT: ` ${API_KEY}\n` } }),
    await setup(t, { text: fromFile, files: { 'unit.key': `${API_KEY.toUpperCase()}\n` } }),
  ]
  for (const outcome of good) {
    assert.ok(outcome.ok)
    assert.equal(outcome.loaded.configuration.directUnits?.[0]?.apiKey?.reveal(), API_KEY)
  }
  const place = (field: string) => [`CFG-secret /directUnits/0/${field} @7`]
  assert.deepEqual(await faultsOf(t, { text: fromEnv }), place('apiKeyFromEnv'))
  assert.deepEqual(await faultsOf(t, { text: fromEnv, env: { KEY_OF_UNIT: 'hunter' } }), place('apiKeyFromEnv'))
  assert.deepEqual(await faultsOf(t, { text: fromFile }), place('apiKeyFromFile'))
  const ownName = fromEnv.replace('KEY_OF_UNIT', 'LEQI_KEY')
  assert.deepEqual(await faultsOf(t, { text: ownName }), ['CFG-form /directUnits/0/apiKeyFromEnv @7'])

  const inline = await setup(t, { text: WHOLE.replace(API_KEY, 'hunter') })
  assert.ok(!inline.ok && !inspect(inline, { depth: 9 }).includes('hunter'))
})

test('a callback goes to public HTTPS, or to a host that the operator named', async (t) => {
  const calling = (url: string) =>
    WHOLE.replace(
      'mapping: mapping.yaml',
      `mapping: mapping.yaml, delivery: both, callbackUrl: "${url}", callbackSecretFromEnv: HOOK`,
    )
  const env = { HOOK: secretOf(32) }
  const good = [
    'https://example.com/hook',
    'https://example.com:8443/',
    'http://127.0.0.1:9444/hook',
    'https://9.9.9.9/',
  ]
  for (const url of good) assert.ok((await setup(t, { text: calling(url), env })).ok, url)
  const bad = [
    ...['http://example.com/hook', 'http://127.0.0.1:9443/', 'https://example.com:9000/', 'https://u:p@example.com/'],
    ...['https://10.0.0.8/', 'https://[::1]/', 'https://0x7f.1/', 'https://[::ffff:10.0.0.8]/', 'ftp://example.com/'],
  ]
  for (const url of bad) {
    assert.deepEqual(
      await faultsOf(t, { text: calling(url), env }),
      ['CFG-address /businessTypes/0/callbackUrl @16'],
      url,
    )
  }
})

test('a callback secret is whsec_ and 32 to 64 bytes in base64, and a bad one is not repeated', async (t) => {
  const text = WHOLE.replace(
    'mapping: mapping.yaml',
    'mapping: mapping.yaml, delivery: both, callbackUrl: "https://example.com/", callbackSecretFromEnv: HOOK',
  )
  for (const byteCount of [32, 33, 64]) assert.ok((await setup(t, { text, env: { HOOK: secretOf(byteCount) } })).ok)
  const bad = [secretOf(31), secretOf(65), secretOf(32).slice('whsec_'.length), `${secretOf(33)}=`, 'x'.repeat(64)]
  for (const HOOK of bad) {
    const outcome = await setup(t, { text, env: { HOOK } })
    assert.ok(!outcome.ok, HOOK)
    assert.deepEqual(tell(outcome.findings.faults), ['CFG-secret /businessTypes/0/callbackSecretFromEnv @16'])
    assert.ok(!inspect(outcome, { depth: 9 }).includes(HOOK))
  }
})

test('a mapping that does not compile is told with the place inside it', async (t) => {
  const outcome = await setup(t, {
    text: WHOLE,
    compileMapping: () => ({
      businessType: null,
      problems: [{ line: 7, column: 3, code: 'MAP-expression', message: '无此字段', messageEn: 'no such field' }],
    }),
  })
  assert.ok(!outcome.ok)

  assert.deepEqual(tell(outcome.findings.faults), ['CFG-mapping /businessTypes/0/mapping @16'])
  assert.equal(outcome.findings.faults[0]?.messageEn, 'mapping.yaml:7:3 MAP-expression no such field')
})

test('what is unusual but lawful is warned of', async (t) => {
  const text = WHOLE.replace(', "203067"', '')
    .replace('taxNo: 91310115MA1K00023E', 'taxNo: 91310115MA1K00024E')
    .replace(
      'mapping: mapping.yaml',
      'mapping: mapping.yaml, delivery: callback, callbackUrl: "https://example.com/hook", callbackSecretFromEnv: HOOK',
    )
    .replace('issuing:\n', 'issuing: []\nignored:\n')
    .replace(/ignored:\n.*\n/, '')
  const outcome = await setup(t, {
    text,
    env: { HOOK: secretOf(32) },
    compileMapping: () => ({ businessType: 'another', problems: [] }),
  })
  assert.ok(outcome.ok)

  assert.deepEqual(tell(outcome.warnings).sort(), [
    'CFG-capability /directUnits/0/capabilities @9',
    'CFG-incomplete /usingUnits/0 @12',
    'CFG-mapping /businessTypes/0/mapping @15',
    'CFG-tax-number /buyers/0/taxNo @19',
  ])
})

test('a reference into a section that the file leaves out is answered by the database', async (t) => {
  const text = `
products:
  - {seller: 91310115MA1K00015K, code: a, name: b, taxCode: "1080113000000000000", taxRate: "0.13"}
  - {seller: 91310115MA1K00023E, code: a, name: b, taxCode: "1080113000000000000", taxRate: "0.13"}
`
  const outcome = await setup(t, { text })
  assert.ok(outcome.ok)
  const usingUnits = [
    { id: '1', taxNo: '91310115MA1K00015K', name: 'b', leqiId: 'c', region: null, directUnit: 'd', isVerified: true },
  ]
  // Brands have no runtime existence.
  const stored = { directUnits: [], usingUnits } as unknown as Parameters<typeof checkOpenReferences>[1]

  assert.deepEqual(tell(checkOpenReferences(outcome.loaded, stored)), ['CFG-reference /products/1/seller @4'])
})

test('the shipped JSON Schema is the one the product judges by', async () => {
  const shipped = await readFile(join(import.meta.dirname, '../../../docs/config.schema.json'), 'utf8')

  assert.equal(shipped, renderSchemaDocument(), 'run: npx leqi-connector schema > docs/config.schema.json')
})
