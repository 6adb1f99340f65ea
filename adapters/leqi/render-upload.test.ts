import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseCanonicalInvoice, toCanonicalJson } from '../../connector/invoice/canonical.js'
import type { Buyer, Invoice, InvoiceLine } from '../../connector/invoice/invoice.js'
import { amount, fen, formatAmount, parseAmount, sumAmounts } from '../../connector/kernel/amount.js'
import { Decimal } from '../../connector/kernel/decimal.js'
import type { InvoiceNumber } from '../../connector/kernel/ids.js'
import { makeUploadRenderer, type RenderOptions } from './render-upload.js'
import { aDirectUnit, aLine, anInvoice, aUsingUnit, NOW } from './testing/builders.js'
import {
  UPLOAD_EXTRA_FIELDS,
  UPLOAD_HEAD_FIELDS,
  UPLOAD_LINE_FIELDS,
  UPLOAD_PAYMENT_FIELDS,
  UPLOAD_VOUCHER_FIELDS,
  type UploadField,
  type UploadInvoice,
  type UploadRow,
} from './upload-fields.js'

const SEED = 20_261_122
// Twenty digits; the brand's parser lives in another room.
const NUMBER = '26317000000000000001' as InvoiceNumber
const DEVICE = { deviceIp: '192.0.2.10', deviceMac: '00-00-5E-00-53-01' }

function render(invoice: Invoice, options: Partial<RenderOptions> = {}, unit = aUsingUnit()): string {
  return makeUploadRenderer({ ...DEVICE, ...options })(unit, invoice)(NUMBER, NOW)
}

function parse(text: string): UploadInvoice {
  return JSON.parse(text)
}

test('freezes an ordinary invoice into exactly these bytes', () => {
  const expected =
    '{"fphm":"26317000000000000001","lzfpbz":"0","ptbh":"0123456789abcdef0123","fppz":"02","gmfzrrbz":"N","tdys":"",' +
    '"qyDm":"13100000000","cezslxDm":"","sgfplxDm":"","ckywsyzcDm":"","zzsjzjtDm":"",' +
    '"xsfnsrsbh":"91310115MA1K00015K","xsfmc":"示例销售有限公司（登记名）","xsfdz":"示例路1号",' +
    '"xsfdh":"021-00000000","xsfkhh":"","xsfzh":"",' +
    '"gmfnsrsbh":"91310115MA1K00023E","gmfmc":"示例采购有限公司","zrrzjlxDm":"","zrrzjhm":"","zrrgjDm":"",' +
    '"gmfdz":"","gmfdh":"","gmfkhh":"","gmfzh":"","gmfjbr":"","jbrsfzjhm":"","jbrsfzjzlDm":"","jbrgjhdqDm":"",' +
    '"jbrnsrsbh":"","gmfjbrlxdh":"","hjje":"100.00","hjse":"13.00","jshj":"113.00",' +
    '"skyhmc":"","skyhzh":"","jsfs":"","ysxwfsd":"","kpr":"开票员甲","kprzjhm":"","kprzjlx":"",' +
    '"dylzfphm":"","hzqrxxdbh":"","hzqrduuid":"","bz":"","ip":"192.0.2.10","macdz":"00-00-5E-00-53-01",' +
    '"cpuid":"","zbxlh":"","kprq":"2026-11-22 16:00:00","sfzsxsfyhzhbq":"","sfzsgmfyhzhbq":"",' +
    '"skrxm":"","fhrxm":"","fpkjfsDm":"5","lqkpmsDm":"",' +
    '"fpmxList":[{"mxxh":"1","dylzfpmxxh":"","hwhyslwfwmc":"*日用杂品*咖啡杯","spfwjc":"日用杂品","xmmc":"咖啡杯",' +
    '"ggxh":"M-1","dw":"个","sl":"2","dj":"50","je":"100.00","slv":"0.13","se":"13.00","hsje":"113.00","kce":"",' +
    '"sphfwssflhbbm":"1060105010000000000","fphxz":"00","yhzcbs":"","mtzl":""}],' +
    '"fjysList":[{"fjysmc":"","fjyslx":"","fjysz":""}]}'

  assert.equal(render(anInvoice()), expected)
})

test('carries every optional part of an invoice to its place', () => {
  const upload = parse(render(anInvoiceWithEverything()))

  assert.equal(upload.fppz, '01')
  assert.equal(upload.cezslxDm, '02')
  assert.equal(upload.lqkpmsDm, '01')
  assert.deepEqual(upload.zfxxList, [{ zfqdDm: '010', jydh: 'T-1' }])
  assert.deepEqual(upload.fjysList, [{ fjysmc: '合同号', fjyslx: 'string', fjysz: 'C"1"\\' }])
  assert.deepEqual(upload.cekcList, [
    {
      xh: '1',
      pzlx: '08',
      fpdm: '0123',
      fphm: '01234567',
      cepzhm: '',
      kjrq: '2026-11-01',
      pzhjje: '80.00',
      bckcje: '50.00',
      bz: '凭证',
    },
  ])
  assert.equal(upload.mtpzxx, '每千克煤炭发热量：5000千卡')
  assert.equal(upload.bz, '备注 第一行第二行')
  assert.deepEqual(
    upload.fpmxList.map(({ fphxz, je, se, hsje, kce, slv, yhzcbs, mtzl, sl, dj }) => {
      return [fphxz, je, se, hsje, kce, slv, yhzcbs, mtzl, sl, dj]
    }),
    [
      ['02', '100.00', '13.00', '113.00', '50.00', '0.13', '01', '0300', '2', '50'],
      ['01', '-10.00', '-1.30', '-11.30', '', '0.13', '01', '', '', ''],
    ],
  )
})

test('a natural person gets the suffix once and its identity fields; a company gets none', () => {
  const person: Partial<Buyer> = { isPerson: true, idType: '201', idNo: '110101199001010000', nationality: '156' }
  const name = (buyer: Partial<Buyer>) => {
    const upload = parse(render(anInvoice({ buyer: { ...anInvoice().buyer, ...buyer } })))
    return [upload.gmfmc, upload.gmfzrrbz, upload.zrrzjlxDm, upload.zrrzjhm, upload.zrrgjDm]
  }

  assert.deepEqual(name({ ...person, name: '张先生' }), ['张先生（个人）', 'Y', '201', '110101199001010000', '156'])
  assert.deepEqual(name({ ...person, name: '张先生（个人）' }).slice(0, 2), ['张先生（个人）', 'Y'])
  assert.deepEqual(name({ ...person, isPerson: false, name: '某店' }), ['某店', 'N', '', '', ''])
  assert.deepEqual(name({ isPerson: null, name: '某店' }).slice(0, 2), ['某店', ''])
})

test('takes the region from the unit, else from the tax bureau of its profile', () => {
  const regionOf = (region: string | null, taxBureauCode: string) => {
    const base = aUsingUnit()
    assert.ok(base.profile)
    return parse(render(anInvoice(), {}, { ...base, region, profile: { ...base.profile, taxBureauCode } })).qyDm
  }

  assert.equal(regionOf('14400000000', '13101150000'), '14400000000')
  assert.equal(regionOf(null, '13101150000'), '13100000000')
  assert.equal(regionOf(null, '14403060000'), '14403000000')
  assert.equal(regionOf(null, '13302110000'), '13302000000')
  assert.equal(regionOf(null, '14401060000'), '14400000000')
})

test('names the platform of the direct unit and the drawer of the settings when the invoice names none', () => {
  const unit = aUsingUnit({ direct: aDirectUnit({ leqiId: 'ffffffffffffffffffff' }), profile: null })
  const upload = parse(render(anInvoice({ drawer: '' }), {}, unit))

  assert.deepEqual([upload.ptbh, upload.kpr, upload.xsfmc], ['ffffffffffffffffffff', '开票员', '示例销售有限公司'])
})

test('writes figures as JSON numbers and leaves empty fields out where the settings say so', () => {
  const text = render(anInvoiceWithEverything(), { wireNumbers: 'number', emptyOptional: 'omit' })

  assert.match(text, /"hjje":90\.00,"hjse":11\.70,"jshj":101\.70/)
  assert.match(text, /"mxxh":1,"hwhyslwfwmc"/)
  assert.match(text, /"slv":0\.13,/)
  assert.match(text, /"sl":"2","dj":"50"/)
  assert.ok(!text.includes('""'))
  assert.ok(!render(anInvoice(), { emptyOptional: 'omit' }).includes('fjysList'))
})

test('names voucher fields as V6.006 does where the settings say so', () => {
  const [row] = parse(render(anInvoiceWithEverything(), { voucherKeys: 'v6' })).cekcList ?? []

  assert.deepEqual(Object.keys(row ?? {}), ['xh', 'cepzlxDm', 'cepzdm', 'cepzhm', 'kjrq', 'pzhjje', 'bckcje', 'bz'])
  assert.equal(row?.cepzhm, '01234567')
})

test('refuses a device address that has no room in an upload', () => {
  for (const deviceIp of ['', '2001:db8:0000:0000:0000:0000:0000:0001', '192.0.2.1\n']) {
    assert.throws(() => makeUploadRenderer({ ...DEVICE, deviceIp }), RangeError)
  }
})

test('any invoice within the field lengths stays within them, sums exactly and renders the same twice', () => {
  const property = fc.property(anyInvoice, (invoice) => {
    const text = render(invoice)
    const upload = parse(text)

    assert.equal(render(invoice), text)
    assert.ok(!text.includes('\\u'), 'no escapes of Chinese')
    assert.equal(render(parseCanonicalInvoice(toCanonicalJson(invoice))), text, 'the same from its stored content')
    assert.ok(!/\p{Cc}/u.test(text) && !text.includes('\\n'), 'no control characters')
    assertRow(upload, UPLOAD_HEAD_FIELDS, ['mtpzxx', 'zfxxList', 'fpmxList', 'fjysList', 'cekcList'])
    for (const row of upload.fpmxList) assertRow(row, UPLOAD_LINE_FIELDS, [])
    for (const row of upload.zfxxList ?? []) assertRow(row, UPLOAD_PAYMENT_FIELDS, [])
    for (const row of upload.fjysList ?? []) assertRow(row, UPLOAD_EXTRA_FIELDS, [])
    for (const row of upload.cekcList ?? []) assertRow(row, UPLOAD_VOUCHER_FIELDS, [])
    assert.equal(upload.hjje, sumOf(upload.fpmxList, 'je'))
    assert.equal(upload.hjse, sumOf(upload.fpmxList, 'se'))
    assert.equal(upload.jshj, sumOf(upload.fpmxList, 'hsje'))
  })

  fc.assert(property, { seed: SEED, numRuns: 300 })
})

/** Every V4.000 field once, in the order of the table, no other field, right form, within its length. */
function assertRow(row: UploadInvoice | UploadRow, fields: readonly UploadField[], besides: readonly string[]): void {
  const sent = Object.keys(row).filter((name) => !besides.includes(name))
  const expected = fields.filter(({ since, name }) => since === 'V4.000' && !besides.includes(name))
  assert.deepEqual(
    sent,
    expected.map(({ name }) => name),
  )
  for (const { name, maxLength, presence, form } of expected) {
    const value = row[name]
    assert.ok(typeof value === 'string', `${name} is a text`)
    assert.ok([...value].length <= maxLength, `${name} has ${value.length} characters`)
    if (presence === 'always') assert.notEqual(value, '', name)
    if (form === 'amount' && value !== '') assert.match(value, /^-?\d+\.\d{2}$/, name)
    if (form === 'rate') assert.match(value, /^\d+(\.\d+)?$/, name)
    if (form === 'dateTime') assert.match(value, /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/, name)
  }
}

function sumOf(rows: readonly UploadRow[], name: string): string {
  return formatAmount(
    sumAmounts(
      rows.map((row) => {
        const value = parseAmount(String(row[name]))
        assert.ok(value !== null)
        return value
      }),
    ),
  )
}

function anInvoiceWithEverything(): Invoice {
  const discounted = aLine({ nature: 'discounted', preference: '01', coalKind: '0300', deduction: amount('50.00') })
  const discount: InvoiceLine = {
    ...discounted,
    lineNo: 2,
    nature: 'discount',
    quantity: null,
    unitPrice: null,
    netAmount: amount('-10.00'),
    taxAmount: amount('-1.30'),
    grossAmount: amount('-11.30'),
    deduction: null,
    coalKind: null,
  }
  return anInvoice({
    kind: 'special',
    lines: [discounted, discount],
    netAmount: amount('90.00'),
    taxAmount: amount('11.70'),
    grossAmount: amount('101.70'),
    remark: '备注 第一行\n第二行\u0007',
    payments: [{ channel: '010', transactionNo: 'T-1' }],
    extras: [{ name: '合同号', type: 'string', value: 'C"1"\\' }],
    coalQuality: '每千克煤炭发热量：5000千卡',
    differential: {
      type: '02',
      deduction: amount('50.00'),
      vouchers: [
        {
          lineNo: 1,
          kind: '08',
          invoiceCode: '0123',
          invoiceNumber: '01234567',
          voucherNumber: null,
          issuedOn: '2026-11-01',
          totalAmount: amount('80.00'),
          deductedAmount: amount('50.00'),
          remark: '凭证',
        },
      ],
    },
  })
}

/** Texts with quotes, emoji, control characters and lone surrogates, of at most `maxLength` characters. */
function textOf(maxLength: number, minLength = 0): fc.Arbitrary<string> {
  const unit = fc.constantFrom('票', 'a', '"', '\\', '😀', '\n', '\ud800', '/', '１', ' ', '<')
  return fc.string({ unit, maxLength: maxLength - minLength }).map((text) => (minLength === 0 ? text : `名${text}`))
}

const anyAmount = fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n }).map(fen)

const anyLine: fc.Arbitrary<InvoiceLine> = fc
  .record({
    name: textOf(150, 1),
    shortName: textOf(100, 1),
    model: fc.option(textOf(150)),
    unit: fc.option(textOf(300)),
    net: anyAmount,
    tax: anyAmount,
    rate: fc.constantFrom('0.13', '0.09', '0', '0.015', '0.000001'),
  })
  .map(({ net, tax, rate, ...rest }) =>
    aLine({ ...rest, netAmount: net, taxAmount: tax, grossAmount: fen(net + tax), taxRate: Decimal.of(rate) }),
  )

const anyInvoice: fc.Arbitrary<Invoice> = fc
  .record({
    lines: fc.array(anyLine, { minLength: 1, maxLength: 8 }),
    buyerName: textOf(296, 1),
    isPerson: fc.option(fc.boolean()),
    remark: fc.option(textOf(450)),
    payments: fc.array(fc.record({ channel: fc.constantFrom('001', '009'), transactionNo: textOf(40, 1) }), {
      maxLength: 2,
    }),
    extras: fc.array(fc.record({ name: textOf(200), type: textOf(200), value: textOf(200) }), { maxLength: 2 }),
    payee: fc.option(textOf(150)),
  })
  .map(({ buyerName, isPerson, lines, ...rest }) =>
    anInvoice({
      ...rest,
      lines: lines.map((line, index) => ({ ...line, lineNo: index + 1 })),
      buyer: { ...anInvoice().buyer, name: buyerName, isPerson },
      netAmount: sumAmounts(lines.map((line) => line.netAmount)),
      taxAmount: sumAmounts(lines.map((line) => line.taxAmount)),
      grossAmount: sumAmounts(lines.map((line) => line.grossAmount)),
    }),
  )
