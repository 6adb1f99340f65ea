import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount } from '../kernel/amount.js'
import { Decimal } from '../kernel/decimal.js'
import { anInvoice, anInvoiceLine } from '../testing/builders.js'
import { type Choices, holdForAll } from '../testing/choices.js'
import { randomDraft } from '../testing/random-drafts.js'
import { parseCanonicalInvoice, toCanonicalJson } from './canonical.js'
import { computeLines } from './compute.js'
import type { Invoice } from './invoice.js'
import { totalsOf } from './totals.js'

/** An invoice in which every field that may be filled is filled. */
const FULL: Invoice = anInvoice({
  kind: 'special',
  buyer: { isPerson: true, idType: '201', idNo: '110101199001011234', nationality: '156', address: '上海市\t1号' },
  lines: [
    anInvoiceLine({
      preference: '01',
      coalKind: '0300',
      model: '引号"反斜\\',
      deduction: amount('5.00'),
      sourceLine: -1,
    }),
    anInvoiceLine({
      lineNo: 2,
      nature: 'discount',
      netAmount: amount('-0.05'),
      taxAmount: amount('-0.01'),
      quantity: null,
    }),
  ],
  differential: {
    type: '02',
    deduction: amount('5.00'),
    vouchers: [
      {
        lineNo: 1,
        kind: '01',
        invoiceCode: null,
        invoiceNumber: '26312000000000000001',
        voucherNumber: null,
        issuedOn: '2026-11-01',
        totalAmount: amount('9999999999999999.99'),
        deductedAmount: amount('5.00'),
        remark: '换行\n、表情😀',
      },
    ],
  },
  remark: '\u2028 half a pair: \ud83d',
  payments: [{ channel: '009', transactionNo: '4200000000202611220000000001' }],
  payee: '收款员',
  reviewer: '复核员',
  extras: [{ name: '订单号', type: 'string', value: '1001' }],
  coalQuality: '每千克煤炭发热量：5000千卡',
})

test('a canonical text gives the same invoice back, with everything filled and with nothing', () => {
  for (const invoice of [FULL, anInvoice(), anInvoice({ lines: [] })]) {
    const text = toCanonicalJson(invoice)
    assert.deepEqual(parseCanonicalInvoice(text), invoice)
    assert.equal(toCanonicalJson(parseCanonicalInvoice(text)), text)
  }
})

test('a canonical text is JSON that any reader understands', () => {
  const read: unknown = JSON.parse(toCanonicalJson(FULL))
  const plain = JSON.parse(
    JSON.stringify(FULL, (_key, value: unknown) => (typeof value === 'bigint' ? money(value) : value)),
  )
  assert.deepEqual(read, plain)
})

test('one invoice has one text, whatever the order of its keys and the scale of its rates', () => {
  const [line, ...others] = FULL.lines
  assert.ok(line)
  const { lineNo, nature, ...rest } = line
  const shuffled = { ...rest, taxRate: Decimal.of('0.130'), nature, lineNo }
  const again = { ...FULL, lines: [shuffled, ...others] }
  assert.equal(toCanonicalJson(again), toCanonicalJson(FULL))
})

test('the text is stable: a change of it would change the hash of every stored invoice', () => {
  assert.equal(
    toCanonicalJson(anInvoice()),
    '{"letter":"blue","kind":"ordinary","seller":{"name":"示例销售有限公司","taxNo":"91310115MA1K00015K",' +
      '"address":null,"phone":null,"bank":null,"account":null},"buyer":{"name":"示例商贸有限公司",' +
      '"taxNo":"91310115MA1K00023E","address":null,"phone":null,"bank":null,"account":null,"isPerson":false,' +
      '"idType":null,"idNo":null,"nationality":null},"netAmount":"100.00","taxAmount":"13.00",' +
      '"grossAmount":"113.00","quotaAmount":"100.00","differential":null,"remark":null,"payments":[],' +
      '"drawer":"开票员","payee":null,"reviewer":null,"extras":[],"coalQuality":null,"lines":[{"lineNo":1,' +
      '"nature":"normal","name":"咖啡杯","shortName":"日用杂品","model":null,"unit":"个","quantity":"1",' +
      '"unitPrice":"100","netAmount":"100.00","taxAmount":"13.00","grossAmount":"113.00","taxRate":"0.13",' +
      '"taxCode":"1080113000000000000","preference":null,"deduction":null,"coalKind":null,"sourceLine":0}]}',
  )
})

test('a stored text that was tampered with is not read', () => {
  const text = toCanonicalJson(anInvoice())
  for (const wrong of ['"113.0"', '"1e2"', '"113"', '""']) {
    assert.throws(() => parseCanonicalInvoice(text.replace('"113.00"', wrong)), wrong)
  }
  assert.throws(() => parseCanonicalInvoice(text.replace('"0.13"', '"13 %"')))
  assert.throws(() => parseCanonicalInvoice(text.slice(0, -1)))
})

test('every computed invoice comes back from its text', () => {
  holdForAll(20_000, randomInvoice, (invoice) => {
    const text = toCanonicalJson(invoice)
    const again = parseCanonicalInvoice(text)
    assert.equal(toCanonicalJson(again), text)
    assert.deepEqual(
      again.lines.map(({ netAmount }) => netAmount),
      invoice.lines.map(({ netAmount }) => netAmount),
    )
  })
})

function randomInvoice(choices: Choices): Invoice {
  const computed = computeLines(randomDraft(choices))
  const charges = computed.kind === 'computed' ? computed.charges : []
  const lines = charges.flatMap(({ line, discount }) => (discount === null ? [line] : [line, discount]))
  return anInvoice({ lines, ...totalsOf(lines) })
}

function money(fen: bigint): string {
  return new Decimal(fen, 2).toFixed(2)
}
