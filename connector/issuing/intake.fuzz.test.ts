/**
 * Fuzz: whatever bytes come in, intake says what they are, and never makes an invoice whose figures are not those of the
 * order to the fen.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeUploadRenderer } from '../../adapters/leqi/render-upload.js'
import { compileMapping } from '../../mappings/engine/compile.js'
import type { Catalogue } from '../catalogue/catalogue.js'
import { formatAmount } from '../kernel/amount.js'
import type { InvoiceNumber } from '../kernel/ids.js'
import { aUsingUnit, NOON, taxTables } from '../testing/builders.js'
import { fuzzRun, mutatedBytes, mutatedText, mutatedValue } from '../testing/fuzz.js'
import { DEFINITIONS_FOLDER, listDefinitions, plainMapping } from '../testing/pipeline-settings.js'
import type { BusinessTypeEntry, Directory } from './directory.js'
import { type Message, type PrepareDeps, type Prepared, prepare } from './prepare.js'

const UNIT = aUsingUnit()
const TABLES = taxTables()
const CUP = '1080113000000000000'
const PRODUCT = {
  code: 'CUP',
  name: '咖啡杯',
  taxCode: CUP,
  shortName: null,
  preference: null,
  model: null,
  unit: '个',
}
/** Amounts as the bureau takes them. */
const WIRE_AMOUNT = /^-?\d{1,16}\.\d\d$/

const deps = makeDeps()
const examples = loadExamples()
const PLAIN_ORDER = {
  no: 'P-1',
  status: 'paid',
  kind: '普票',
  total: '113.00',
  remark: '谢谢',
  discount: '0.00',
  buyer: { name: '示例远方商贸有限公司', taxNo: '91310115MA1K00023E', isPerson: false },
  items: [
    { sku: 'CUP', name: '陶瓷杯', quantity: 1, amount: '56.50', taxCode: CUP, rate: '0.13' },
    { name: '陶瓷杯', quantity: '2', amount: '56.50', taxCode: CUP, rate: '0.13' },
  ],
}

test('any bytes under any headers end as what they are, never with an exception', () => {
  const header = fc.oneof(fc.constantFrom('plain', 'shopify', '', 'x'.repeat(300), 'constructor'), fc.string())
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(toBytes), fc.string().map(toBytes))
  const message = fc.record({ body: bytes, businessType: header, source: fc.oneof(fc.constant('shop'), header) })
  fc.assert(
    fc.property(message, ({ body, businessType, source }) => {
      judge(prepare(deps, aMessage({ body: Buffer.from(body), businessType, source })))
    }),
    fuzzRun(1_000),
  )
})

test('a good order with a few bytes or pieces changed ends as what it is, with exact figures', () => {
  const good = fc.constantFrom(...examples, { businessType: 'plain', text: JSON.stringify(PLAIN_ORDER) })
  const bad = good.chain(({ businessType, text }) => {
    const body = fc.oneof(mutatedText(fc.constant(text)).map(toBytes), mutatedBytes(fc.constant(toBytes(text))))
    return body.map((bytes) => ({ businessType, body: bytes }))
  })
  fc.assert(
    fc.property(bad, (message) => judge(prepare(deps, aMessage(message)))),
    fuzzRun(1_000),
  )
})

test('a good order with other values in a few places ends as what it is, with exact figures', () => {
  const good = fc.constantFrom(
    ...examples.map(({ businessType, text }) => ({ businessType, value: JSON.parse(text) as unknown })),
    { businessType: 'plain', value: PLAIN_ORDER as unknown },
  )
  const bad = good.chain(({ businessType, value }) =>
    mutatedValue(fc.constant(value)).map((changed) => ({ businessType, body: toBytes(JSON.stringify(changed)) })),
  )
  fc.assert(
    fc.property(bad, (message) => judge(prepare(deps, aMessage(message)))),
    fuzzRun(1_000),
  )
})

test('an amount becomes an invoice of just that amount, or none: no artefact of floats, no rounding, no guess', () => {
  const plain = fc
    .tuple(fc.nat(10_000_000), fc.nat(99))
    .map(([yuan, cents]) => `${yuan}.${String(cents).padStart(2, '0')}`)
  const written = fc.oneof(
    plain,
    mutatedText(plain),
    fc.double({ min: 0, max: 1e6, noNaN: true }).map(String),
    fc.tuple(fc.nat(9_999), fc.nat(9_999)).map(([a, b]) => String(a / 100 + b / 1_000)),
    fc.constantFrom(
      '1e3',
      '1E+2',
      '0x10',
      '1,000.00',
      '１２８.００',
      'NaN',
      'Infinity',
      '-0',
      '+1',
      '1_000',
      '.5',
      '5.',
    ),
  )
  fc.assert(
    fc.property(written, fc.boolean(), (text, isText) => {
      const item = { name: '陶瓷杯', amount: 'AMOUNT', taxCode: CUP, rate: '0.13' }
      const order = JSON.stringify({ no: 'P-2', buyer: PLAIN_ORDER.buyer, items: [item] })
      const body = order.replace('"AMOUNT"', () => (isText ? JSON.stringify(text) : text))
      const prepared = prepare(deps, aMessage({ businessType: 'plain', body: Buffer.from(body) }))
      judge(prepared)
      if (prepared.kind !== 'order' || prepared.order.state !== 'mapped') return
      const sum = prepared.order.grossAmount
      assert.match(text.trim(), /^\d+(\.\d+)?$/)
      assert.equal(sum === null ? null : formatAmount(sum), toYuan(text.trim()))
    }),
    fuzzRun(1_000),
  )
})

/** What every outcome of intake must be, whatever came in. */
function judge(prepared: Prepared): void {
  if (prepared.kind !== 'order') {
    assert.ok(prepared.faults.length > 0)
    for (const { code, message, messageEn } of prepared.faults)
      assert.ok(code !== '' && message !== '' && messageEn !== '')
    return
  }
  const { order, invoices, events } = prepared
  if (order.state === 'mapped') {
    assert.ok(invoices.length > 0 && invoices.length === order.invoiceCount && order.orderNo)
    assert.equal(
      invoices.reduce((sum, { grossAmount }) => sum + grossAmount, 0n),
      order.grossAmount,
    )
    for (const invoice of invoices) {
      assert.equal(invoice.netAmount + invoice.taxAmount, invoice.grossAmount)
      judgeWireText(
        deps.shelf.take(invoice.id, { ...invoice, unit: UNIT })?.('26317000000000000001' as InvoiceNumber, NOON),
      )
    }
    return
  }
  assert.ok(order.faults.length > 0 && invoices.length === 0)
  assert.equal(events.length, order.state === 'rejected' ? 1 : 0)
  assert.equal(order.state === 'received', order.parkCause !== null)
}

function judgeWireText(text: string | undefined): void {
  assert.ok(text !== undefined)
  const wire: Record<string, unknown> = JSON.parse(text)
  const lines = wire.fpmxList as Record<string, unknown>[]
  for (const figure of [wire.hjje, wire.hjse, wire.jshj, ...lines.flatMap(({ je, se }) => [je, se])]) {
    assert.match(String(figure), WIRE_AMOUNT)
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what must never reach the bureau.
  assert.doesNotMatch(text, /[\u0000-\u0008\u000b\u000c\u000e-\u001f]|\\u00[01]/)
}

/** A plain decimal as yuan with two decimals, by its characters alone. */
function toYuan(text: string): string {
  const [whole = '', fraction = ''] = text.split('.')
  assert.match(fraction, /^\d{0,2}0*$/, 'parts of a fen')
  return `${BigInt(whole)}.${fraction.slice(0, 2).padEnd(2, '0')}`
}

function toBytes(text: string): Buffer {
  return Buffer.from(text)
}

function aMessage(changes: Partial<Message>): Message {
  return {
    id: 'message',
    orderId: null,
    body: Buffer.alloc(0),
    businessType: 'plain',
    source: 'default',
    messageId: null,
    correlationId: null,
    traceparent: null,
    receivedAt: NOON,
    ...changes,
  }
}

function makeDeps(): PrepareDeps {
  const mappings = new Map(
    [
      ['plain', plainMapping('plain')] as const,
      ...listDefinitions().map(
        (code) => [code, readFileSync(join(DEFINITIONS_FOLDER, code, 'mapping.yaml'), 'utf8')] as const,
      ),
    ].map(([code, text]) => {
      const compiled = compileMapping(text)
      assert.ok(compiled.ok)
      return [code, { text, mapper: compiled.mapping }]
    }),
  )
  const entryOf = (code: string): BusinessTypeEntry | null => {
    const text = mappings.get(code)?.text
    if (text === undefined) return null
    return { code, name: code, unitId: UNIT.id, delivery: 'amqp', mapping: { versionId: code, number: 1, text } }
  }
  const rate = TABLES.rates[0]?.rate
  assert.ok(rate)
  const anyProduct = { ...PRODUCT, taxRate: rate }
  const catalogue: Catalogue = {
    productByCode: () => anyProduct,
    productByName: () => anyProduct,
    buyerByCode: () => null,
    buyerByTaxNo: () => null,
    buyerByName: () => null,
  }
  const directory: Directory = {
    revision: 1n,
    unit: () => UNIT,
    units: [UNIT],
    directUnits: [UNIT.direct],
    sealedApiKey: () => null,
    businessType: entryOf,
    tables: TABLES,
    catalogue: () => catalogue,
  }
  let count = 0
  const drawn = new Map<string, ReturnType<PrepareDeps['uploader']['draw']>>()
  return {
    directory: () => directory,
    mapperOf: (code) => mappings.get(code)?.mapper ?? null,
    uploader: { draw: makeUploadRenderer({ deviceIp: '192.0.2.10', deviceMac: '00-00-5E-00-53-01' }) },
    shelf: {
      put: (id, { blank }) => drawn.set(id, blank),
      take: (id) => {
        const blank = drawn.get(id) ?? null
        drawn.delete(id)
        return blank
      },
    },
    ids: { uuid: () => `id-${++count}`, serial: () => `${++count}` },
    clock: { now: () => NOON },
  }
}

function loadExamples(): { businessType: string; text: string }[] {
  return listDefinitions().flatMap((businessType) => {
    const folder = join(DEFINITIONS_FOLDER, businessType, 'examples')
    return readdirSync(folder)
      .filter((file) => file.endsWith('.order.json'))
      .map((file) => ({ businessType, text: readFileSync(join(folder, file), 'utf8') }))
  })
}
