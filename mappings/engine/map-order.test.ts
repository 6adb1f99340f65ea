import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DraftLine, InvoiceDraft } from '../../connector/invoice/draft.js'
import { codesOf, draftOf, faultsOf, ITEM, map, ORDER, totalOf, withLines } from '../testing/example-mapping.js'
import { compileMapping } from './compile.js'

const SEED = 20_261_122

function firstLine(draft: InvoiceDraft): DraftLine {
  const [line] = draft.lines
  assert.ok(line)
  return line
}

test('an order becomes a draft with defaults, exact figures and the origin of every value', () => {
  const draft = draftOf([])
  assert.deepEqual(
    [draft.orderNo, draft.letter, draft.kind, draft.currency, draft.pricesIncludeTax, draft.remark],
    ['A-1', 'blue', 'ordinary', 'CNY', true, null],
  )
  const line = firstLine(draft)
  assert.deepEqual(
    [line.name, line.quantity?.toString(), line.unitPrice?.toString(), line.amount?.toString(), line.taxRate],
    ['杯子', '2', '12.5', '25', null],
  )
  assert.deepEqual(draft.origins.toJSON(), {
    '/orderNo': { from: 'order', paths: ['/no'] },
    '/currency': { from: 'constant' },
    '/lines/0/name': { from: 'order', paths: ['/items/0/title'] },
    '/lines/0/quantity': { from: 'order', paths: ['/items/0/count'] },
    '/lines/0/unitPrice': { from: 'order', paths: ['/items/0/price'] },
    '/lines/0/amount': { from: 'order', paths: ['/items/0/price', '/items/0/count'] },
  })
})

test('what a table of the mapping says is the mapping’s word, not the order’s', () => {
  const draft = draftOf(['remark: = find("channels", order.no)', 'drawer: = order.no'], { ...ORDER, no: 'alipay' })
  assert.deepEqual(draft.origins.get('/remark'), { from: 'constant' })
  assert.deepEqual(draft.origins.get('/drawer'), { from: 'order', paths: ['/no'] })
})

test('a discount of zero is no discount', () => {
  const lines = [
    '    discountRate: = or(line.rate, 0)',
    '    discountAmount: 0.00',
    'orderDiscount: = order.total - 25',
  ]
  const draft = draftOf(lines)
  assert.deepEqual(
    [firstLine(draft).discountRate, firstLine(draft).discountAmount, draft.orderDiscount],
    [null, null, null],
  )
  assert.equal(
    draft.origins.paths.some((key) => /discount/i.test(key)),
    false,
  )
  assert.equal(
    firstLine(draftOf(lines, { ...ORDER, items: [{ ...ITEM, rate: '0.1' }] })).discountRate?.toString(),
    '0.1',
  )
})

test('what violates the declared shape is the sender’s, all of it, with its place', () => {
  const order = {
    no: 7,
    total: true,
    paid: 'yes',
    tags: ['a', 1, null],
    items: [{ title: 5, count: 1.5, price: null }, 3],
  }
  const { orderNo, faults } = faultsOf([], { ...order, buyer: [] })
  assert.equal(orderNo, '7')
  assert.ok(faults.every(({ cure }) => cure === 'sender'))
  assert.deepEqual(
    faults.map(({ code, path }) => `${code} ${path}`),
    [
      'ORD-amount /total',
      'ORD-shape /paid',
      'ORD-shape /tags/1',
      'ORD-shape /tags/2',
      'ORD-shape /buyer',
      'ORD-shape /items/0/title',
      'ORD-shape /items/0/price',
      'ORD-shape /items/0/count',
      'ORD-shape /items/1',
    ],
  )
  for (const other of ['[]', '"x"', '7', 'null', 'true']) {
    assert.deepEqual(codesOf([], other), ['ORD-shape ', 'ORD-number /no'], other)
  }
})

test('a hundred faults are told, and then only that there are more', () => {
  const items = Array.from({ length: 500 }, () => ({ title: 1, price: 1, count: 1 }))
  const { faults } = faultsOf([], { ...ORDER, items })
  assert.equal(faults.length, 101)
  assert.deepEqual([faults[100]?.code, faults[100]?.cure], ['ORD-more', 'sender'])
})

test('an amount is a plain decimal or the sender’s fault', () => {
  for (const price of ['1,000', '1e3', '１２', 'NaN', '', ' 12', '+1', '.5', '0x10', '12.', '12元', 'Infinity']) {
    assert.deepEqual(codesOf([], { ...ORDER, items: [{ ...ITEM, price }] }), ['ORD-amount /items/0/price'], price)
  }
  assert.deepEqual(codesOf([], JSON.stringify(ORDER).replace('"25.00"', '2.5e1')), ['ORD-amount /total'])
  assert.deepEqual(codesOf(['remark: = text(decimal(order.no))']), ['ORD-amount /no'])
})

test('parts of a fen in an amount are the sender’s fault unless the mapping rounds them away', () => {
  const blurred = { ...ORDER, total: 25.000000001 }
  assert.deepEqual(codesOf(['expectedGross: = order.total'], blurred), ['ORD-amount /total'])
  assert.equal(totalOf('order.total.round(2)', blurred), '25')
  assert.deepEqual(codesOf([], { ...ORDER, items: [{ ...ITEM, price: '0.333' }] }), ['ORD-amount /items/0/price'])
  assert.equal(totalOf('order.total', { ...ORDER, total: '25.5000' }), '25.5', 'zeros behind are no parts of a fen')
})

test('a number of 20 digits is an exact id', () => {
  assert.equal(
    draftOf([], JSON.stringify(ORDER).replace('"A-1"', '49999999999999999993')).orderNo,
    '49999999999999999993',
  )
  assert.equal(draftOf([], { ...ORDER, no: 1001 }).orderNo, '1001')
  assert.deepEqual(codesOf([], { ...ORDER, no: 1.5 }), ['ORD-shape /no', 'ORD-number /no'])
})

test('no readable order number is the sender’s fault and leaves nothing to name the order by', () => {
  for (const no of ['', '   ', 'x'.repeat(129)]) {
    const { orderNo, faults } = faultsOf([], { ...ORDER, no })
    assert.deepEqual([orderNo, faults.map(({ code, path }) => `${code} ${path}`)], [null, ['ORD-number /no']])
  }
})

test('all faults of an order are collected, the sender’s and the mapping’s', () => {
  const order = {
    ...ORDER,
    items: [
      { ...ITEM, price: '0.333' },
      { ...ITEM, price: '0.444' },
    ],
  }
  assert.deepEqual(codesOf(['remark: = lookup("channels", "x")', 'expectedGross: = 1 / 0'], order), [
    'MAP-division /expectedGross',
    'ORD-amount /items/0/price',
    'ORD-amount /items/1/price',
    'MAP-lookup /remark',
  ])
})

test('an order that is not to be invoiced is ignored with its reason, also when the rest of it is broken', () => {
  const accept = ['accept:', '  - require: = order.paid', '    otherwise: 未付款']
  assert.deepEqual(map(accept, { ...ORDER, paid: false }), { kind: 'ignored', orderNo: 'A-1', reason: '未付款' })
  assert.deepEqual(map(accept, { ...ORDER, paid: false, items: 'none' }), {
    kind: 'ignored',
    orderNo: 'A-1',
    reason: '未付款',
  })
  assert.equal(map(accept).kind, 'draft')
  assert.deepEqual(codesOf(accept, { ...ORDER, paid: 'no', items: [] }), ['ORD-shape /paid'])
})

test('lines of zero gross are dropped and recorded, and the lines behind them move up with their origins', () => {
  const gift = { title: '赠品', price: '0.00', count: 1 }
  const outcome = map([], { ...ORDER, items: [gift, ITEM, { ...ITEM, count: 0 }] })
  assert.ok(outcome.kind === 'draft')
  assert.deepEqual(outcome.dropped, [
    { path: '/items/0', name: '赠品' },
    { path: '/items/2', name: '杯子' },
  ])
  assert.equal(outcome.draft.lines.length, 1)
  assert.deepEqual(outcome.draft.origins.get('/lines/0/name'), { from: 'order', paths: ['/items/1/title'] })
  assert.equal(
    outcome.draft.origins.paths.some((key) => key.startsWith('/lines/1')),
    false,
  )
})

test('lines come from several lists, in the order of the mapping, and from none at all', () => {
  const more = [
    '  - forEach: = order.tags',
    '    where: = line != "x"',
    '    name: = line',
    '    amount: 1.00',
    '  - name: 包装',
  ]
  const draft = draftOf([...more, '    quantity: 1', '    amount: = order.total'], { ...ORDER, tags: ['a', 'x', 'b'] })
  assert.deepEqual(
    draft.lines.map(({ name }) => name),
    ['杯子', 'a', 'b', '包装'],
  )
  assert.deepEqual(draft.origins.get('/lines/2/name'), { from: 'order', paths: ['/tags/2'] })
  assert.deepEqual(draft.origins.get('/lines/3/name'), { from: 'constant' })
})

test('freight is a line of its own, and without an amount or at zero there is none', () => {
  const freight = ['shipping:', '  name: 运费', '  amount: = order.items[0].rate']
  const withRate = (rate?: string) => ({ ...ORDER, items: [{ ...ITEM, rate }] })
  assert.equal(draftOf(freight, withRate('8.00')).shipping?.amount?.toString(), '8')
  assert.deepEqual(draftOf(freight, withRate('8.00')).origins.get('/shipping/name'), { from: 'constant' })
  for (const none of [withRate(), withRate(''), withRate('0.00')]) {
    const draft = draftOf(freight, none)
    assert.deepEqual([draft.shipping, draft.origins.get('/shipping/name')], [null, undefined])
  }
})

test('every field of the draft can be filled', () => {
  const lines = [
    ...[
      'letter: red',
      'kind: special',
      'pricesIncludeTax: false',
      'expectedGross: 1.10',
      'orderDiscount: 0.10',
      'remark: r',
    ],
    ...['drawer: d', 'payee: p', 'reviewer: v', 'coalQuality: q', 'originalOrderNo: o', 'reason: "01"'],
    ...['buyer: {code: c, name: n, taxNo: t, isPerson: false, idType: "201", idNo: i, nationality: "156", address: a,'],
    ...['  phone: "1", bank: b, account: "2"}'],
    ...['differential:', '  type: "02"', '  deduction: 5.00', '  vouchers:', '    - forEach: = order.items'],
    ...['      kind: "09"', '      totalAmount: = entry.price', '      deductedAmount: 5.00', '      remark: 凭证'],
    ...['payments: [{channel: "009", transactionNo: T-1}]', 'extras: [{name: n, type: t, value: v}]'],
  ]
  const draft = draftOf(lines)
  const { origins, lines: _, ...rest } = JSON.parse(JSON.stringify(draft))
  const buyer = { code: 'c', name: 'n', taxNo: 't', isPerson: false, idType: '201', idNo: 'i', nationality: '156' }
  const voucher = { kind: '09', invoiceCode: null, invoiceNumber: null, voucherNumber: null, issuedOn: null }
  assert.deepEqual(rest, {
    ...{ orderNo: 'A-1', letter: 'red', kind: 'special', currency: 'CNY', pricesIncludeTax: false },
    ...{ expectedGross: '1.1', orderDiscount: '0.1', remark: 'r', drawer: 'd', payee: 'p', reviewer: 'v' },
    ...{ coalQuality: 'q', originalOrderNo: 'o', reason: '01', shipping: null },
    buyer: { ...buyer, address: 'a', phone: '1', bank: 'b', account: '2' },
    differential: {
      type: '02',
      deduction: '5',
      vouchers: [{ ...voucher, totalAmount: '12.5', deductedAmount: '5', remark: '凭证' }],
    },
    payments: [{ channel: '009', transactionNo: 'T-1' }],
    extras: [{ name: 'n', type: 't', value: 'v' }],
  })
  assert.deepEqual(origins['/differential/vouchers/0/totalAmount'], { from: 'order', paths: ['/items/0/price'] })
  assert.deepEqual(origins['/buyer/bank'], { from: 'constant' })
})

test('a payment that the mapping leaves empty is the mapping’s fault; `where` lets it out', () => {
  const payment = ['payments:', '  - channel: "009"', '    transactionNo: = order.note']
  assert.deepEqual(codesOf(payment), ['MAP-empty /payments/0/transactionNo'])
  assert.deepEqual(draftOf([...payment, '    where: = given(order.note)']).payments, [])
})

test('differential tax applies where its condition holds', () => {
  const lines = ['differential:', '  where: = order.total > 100', '  type: "01"', '  deduction: 5.00']
  assert.equal(draftOf(lines).differential, null)
  assert.equal(draftOf(lines, { ...ORDER, total: 101 }).differential?.deduction.toString(), '5')
})

test('keys of the prototype are fields like any other: absent', () => {
  const order = { ...ORDER, buyer: { name: 'x' } }
  const outcome = compileMapping(
    withLines('remark: = order.buyer.name').replace('    tax_no?: string', '    toString?: string'),
  )
  assert.ok(outcome.ok)
  assert.equal(outcome.mapping.map(order).kind, 'draft')
  const strict = compileMapping(withLines().replace('    tax_no?: string', '    toString: string'))
  assert.ok(strict.ok)
  const mapped = strict.mapping.map(order)
  assert.ok(mapped.kind === 'faulty' && mapped.faults[0]?.path === '/buyer/toString')
})

test('the same order always gives the same draft, and the order is left as it was', () => {
  const outcome = compileMapping(withLines('remark: = or(order.note, "x")'))
  assert.ok(outcome.ok)
  const before = JSON.stringify(ORDER)
  assert.deepEqual(outcome.mapping.map(ORDER), outcome.mapping.map(ORDER))
  assert.equal(JSON.stringify(ORDER), before)
})

test('any JSON ends as a draft, ignored or with faults, never with an exception', () => {
  const outcome = compileMapping(
    withLines('remark: = or(order.note, "x")', 'expectedGross: = order.total / (order.total - 1)'),
  )
  assert.ok(outcome.ok)
  const scalar = fc.oneof(fc.constantFrom('1.00', '1', 1, 0.5, '', null, 'x', true), fc.jsonValue())
  const item = fc.record({ title: scalar, price: scalar, count: scalar, rate: scalar }, { requiredKeys: [] })
  const order = fc.record(
    {
      no: scalar,
      total: scalar,
      paid: scalar,
      note: scalar,
      extra: scalar,
      tags: fc.array(scalar),
      items: fc.array(item),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.oneof(order, fc.jsonValue()), (value) => {
      const mapped = outcome.mapping.map(value)
      assert.ok(mapped.kind !== 'faulty' || mapped.faults.length > 0)
    }),
    { seed: SEED, numRuns: 2_000 },
  )
})
