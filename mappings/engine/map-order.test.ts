import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DraftLine, InvoiceDraft } from '../../connector/invoice/draft.js'
import type { Fault } from '../../connector/kernel/fault.js'
import { decodeOrder } from '../../connector/order/decode.js'
import type { MapOutcome } from '../../connector/order/mapper.js'
import { compileMapping } from './compile.js'
import { withLines } from './example-mapping.js'

const SEED = 20_261_122
const ITEM = { title: '杯子', price: '12.50', count: 2 }
const ORDER = { no: 'A-1', total: '25.00', paid: true, tags: [], items: [ITEM] }

/** What the example mapping with these lines put in makes of an order given as JSON. */
function map(lines: readonly string[], order: object | string = ORDER): MapOutcome {
  const outcome = compileMapping(withLines(...lines))
  assert.ok(outcome.ok, JSON.stringify(outcome))
  const decoded = decodeOrder(Buffer.from(typeof order === 'string' ? order : JSON.stringify(order)))
  assert.ok(decoded.kind === 'order')
  return outcome.mapping.map(decoded.value)
}

function draftOf(lines: readonly string[], order: object | string = ORDER): InvoiceDraft {
  const outcome = map(lines, order)
  assert.ok(outcome.kind === 'draft', JSON.stringify(outcome))
  return outcome.draft
}

function faultsOf(
  lines: readonly string[],
  order: object | string = ORDER,
): { orderNo: string | null; faults: Fault[] } {
  const outcome = map(lines, order)
  assert.ok(outcome.kind === 'faulty', JSON.stringify(outcome))
  for (const { message, messageEn } of outcome.faults) assert.ok(message !== '' && messageEn !== '')
  return { orderNo: outcome.orderNo, faults: [...outcome.faults] }
}

function codesOf(lines: readonly string[], order: object | string = ORDER): string[] {
  return faultsOf(lines, order).faults.map(({ code, path }) => `${code} ${path}`)
}

function firstLine(draft: InvoiceDraft): DraftLine {
  const [line] = draft.lines
  assert.ok(line)
  return line
}

/** The remark that an expression gives. */
function remarkOf(expression: string, order: object = ORDER): string | null {
  return draftOf(['remark: |-', `  = ${expression}`], order).remark
}

/** The amount that an expression gives, as text. */
function totalOf(expression: string, order: object = ORDER): string | undefined {
  return draftOf(['expectedGross: |-', `  = ${expression}`], order).expectedGross?.toString()
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
  assert.deepEqual(draft.origins, {
    '/orderNo': { from: 'order', paths: ['/no'] },
    '/currency': { from: 'constant' },
    '/lines/0/name': { from: 'order', paths: ['/items/0/title'] },
    '/lines/0/quantity': { from: 'order', paths: ['/items/0/count'] },
    '/lines/0/unitPrice': { from: 'order', paths: ['/items/0/price'] },
    '/lines/0/amount': { from: 'order', paths: ['/items/0/price', '/items/0/count'] },
  })
})

test('literal numbers, prices and sums are exact, also where binary fractions are not', () => {
  assert.equal(totalOf('(0.1 + 0.2) * 10'), '3')
  assert.equal(totalOf('(decimal("1.005") * 100).round(0)'), '101')
  assert.equal(totalOf('(-decimal("0.125")).round(2).abs()'), '0.13')
  assert.equal(totalOf('(decimal(1) / 3 * 3).round(2)'), '1')
  assert.equal(totalOf('1 / 2 + 0.25'), '0.75')
  assert.equal(totalOf('sum(order.items.map(i, i.price * i.count)).round(2)'), '25')
  assert.equal(totalOf('size(order.items) + 1 == 2 ? 1.5 : 0'), '1.5')
})

test('comparisons of numbers compare values, also with nothing, with whole numbers and in lists', () => {
  assert.equal(
    remarkOf('order.total == 25 && order.total != 26 && order.total >= 25.0 && 24 < order.total ? "y" : "n"'),
    'y',
  )
  assert.equal(remarkOf('decimal("0.00") == 0 ? "y" : "n"'), 'y')
  assert.equal(remarkOf('order.total in [25, 30] ? "y" : "n"'), 'y')
  assert.equal(remarkOf('size(order.tags) > 0 ? "y" : "n"'), 'n')
})

test('null, missing and blank are one: or, given, when and first go from there to a value', () => {
  for (const note of [undefined, null, '', '  \t']) {
    const order = { ...ORDER, note }
    assert.equal(remarkOf('or(order.note, "无")', order), '无', JSON.stringify(note))
    assert.equal(remarkOf('given(order.note) ? "y" : "n"', order), 'n', JSON.stringify(note))
    assert.equal(draftOf(['remark: = order.note'], order).remark, null, JSON.stringify(note))
  }
  const order = { ...ORDER, note: ' 有 ', buyer: { name: '甲', tax_no: null } }
  assert.equal(remarkOf('or(order.note, "无")', order), '有')
  assert.equal(remarkOf('or(order.buyer.tax_no, order.buyer.name, "无")', order), '甲')
  assert.equal(remarkOf('or(order.buyer.tax_no, order.buyer.name, "无")'), '无')
  assert.equal(remarkOf('when(order.paid, order.note)', order), '有')
  assert.equal(remarkOf('when(!order.paid, order.note)', order), null)
  assert.equal(remarkOf('or(first(order.items).title, "无")'), '杯子')
  assert.equal(remarkOf('or(first(order.tags), "无")'), '无')
  assert.equal(remarkOf('first(order.items.filter(i, i.count > 5)).title'), null)
})

test('a field of any kind is text where it can be and missing where it cannot', () => {
  const extra = (value: unknown) => remarkOf('or(order.extra, "无")', { ...ORDER, extra: value })
  assert.deepEqual(
    [extra('x'), extra(12.5), extra({ a: 1 }), extra([1]), extra(true), extra(null)],
    ['x', '12.5', ...Array(4).fill('无')],
  )
})

test('our functions on texts, dates and tables', () => {
  assert.equal(remarkOf('" a-b ".trim().upper().replace("-", "—") + "x".lower()'), 'A—Bx')
  assert.equal(remarkOf('"*服装*T恤".stripStars() + "|" + "杯*子".stripStars()'), 'T恤|杯*子')
  assert.equal(remarkOf('"😀中文字".left(2)'), '😀中')
  assert.equal(remarkOf('join(order.items.map(i, i.title), "、")', { ...ORDER, items: [ITEM, ITEM] }), '杯子、杯子')
  assert.equal(remarkOf('text(order.total) + text(size(order.items))'), '251')
  assert.equal(remarkOf('lookup("channels", " wechat ") + or(find("channels", "cash"), "099")'), '010099')
  assert.equal(remarkOf('"abc".contains("b") && "abc".startsWith("a") && "abc".endsWith("c") ? "y" : "n"'), 'y')
})

test('dates are the calendar of China, whatever the offset they were written in', () => {
  assert.equal(remarkOf('date("2026-11-22T16:30:00Z")'), '2026-11-23')
  assert.equal(remarkOf('date("2026-11-22 16:30:00")'), '2026-11-22')
  assert.equal(remarkOf('date("2026-01-01T00:30:00+09:00")'), '2025-12-31')
  assert.equal(remarkOf('date("2026-11-22T08:00:00.123+0800")'), '2026-11-22')
  assert.equal(remarkOf('date("20261122")'), '2026-11-22')
  for (const no of ['2026-02-30', '22/11/2026', '2026-11-22T25:00:00Z', '2026-11-22T10:00:00+99:00']) {
    assert.deepEqual(codesOf(['remark: = date(order.no)'], { ...ORDER, no }), ['ORD-date /no'], no)
  }
})

test('an unreadable value of the mapping itself is the mapping’s, though the same from an order is the sender’s', () => {
  assert.deepEqual(codesOf(['remark: = date("tomorrow")']), ['MAP-value /remark'])
  assert.deepEqual(codesOf(['expectedGross: = decimal("1,000")']), ['MAP-value /expectedGross'])
  const rate = ['    taxRate: = decimal(lookup("channels", "bad"))']
  const outcome = compileMapping(withLines(...rate).replace('alipay: "009"', 'bad: "13%"'))
  assert.ok(outcome.ok)
  const mapped = outcome.mapping.map(ORDER)
  assert.ok(mapped.kind === 'faulty')
  assert.deepEqual([mapped.faults[0]?.code, mapped.faults[0]?.cure], ['MAP-value', 'administrator'])
})

test('what a table of the mapping says is the mapping’s word, not the order’s', () => {
  const draft = draftOf(['remark: = find("channels", order.no)', 'drawer: = order.no'], { ...ORDER, no: 'alipay' })
  assert.deepEqual(draft.origins['/remark'], { from: 'constant' })
  assert.deepEqual(draft.origins['/drawer'], { from: 'order', paths: ['/no'] })
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
    Object.keys(draft.origins).some((key) => /discount/i.test(key)),
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

test('what an expression cannot compute is the mapping’s, with its target, its sources and its place', () => {
  const outcome = map(['expectedGross: = order.total / (order.items[0].count - 2)', 'remark: = order.items[3].title'])
  assert.ok(outcome.kind === 'faulty')
  const [division, index] = outcome.faults
  assert.deepEqual(division, {
    code: 'MAP-division',
    path: '/expectedGross',
    message: '映射第 29 行第 18 列：除数为零，来源 /total、/items/0/count',
    messageEn: 'mapping line 29, column 18: division by zero, from /total, /items/0/count',
    cure: 'administrator',
    parkCause: 'mapping_fault',
    line: 29,
    column: 18,
    sources: ['/total', '/items/0/count'],
  })
  assert.deepEqual([index?.code, index?.path, index?.parkCause], ['MAP-index', '/remark', 'mapping_fault'])
  assert.deepEqual(codesOf(['pricesIncludeTax: = order.items.filter(i, i.count > 9)[0].count > 1']), [
    'MAP-index /pricesIncludeTax',
  ])
  assert.deepEqual(codesOf(['payments:', '  - channel: = lookup("channels", order.no)', '    transactionNo: T1']), [
    'MAP-lookup /payments/0/channel',
  ])
  assert.deepEqual(codesOf(['kind: = order.no']), ['MAP-value /kind'])
  assert.deepEqual(
    codesOf(['expectedGross: = order.total.round(order.items.size())'.replace('order.items.size()', '99')]),
    ['MAP-value /expectedGross'],
  )
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
  assert.deepEqual(outcome.draft.origins['/lines/0/name'], { from: 'order', paths: ['/items/1/title'] })
  assert.equal(
    Object.keys(outcome.draft.origins).some((key) => key.startsWith('/lines/1')),
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
  assert.deepEqual(draft.origins['/lines/2/name'], { from: 'order', paths: ['/tags/2'] })
  assert.deepEqual(draft.origins['/lines/3/name'], { from: 'constant' })
})

test('freight is a line of its own, and without an amount or at zero there is none', () => {
  const freight = ['shipping:', '  name: 运费', '  amount: = order.items[0].rate']
  const withRate = (rate?: string) => ({ ...ORDER, items: [{ ...ITEM, rate }] })
  assert.equal(draftOf(freight, withRate('8.00')).shipping?.amount?.toString(), '8')
  assert.deepEqual(draftOf(freight, withRate('8.00')).origins['/shipping/name'], { from: 'constant' })
  for (const none of [withRate(), withRate(''), withRate('0.00')]) {
    const draft = draftOf(freight, none)
    assert.deepEqual([draft.shipping, draft.origins['/shipping/name']], [null, undefined])
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

test('control characters and blanks around texts do not reach the draft', () => {
  assert.equal(draftOf(['remark: = order.note'], { ...ORDER, note: '\u0000 a\r\n\tb\u007f ' }).remark, 'a b')
})

test('texts cannot be blown up: declared texts, joins and replacements have an end', () => {
  assert.deepEqual(codesOf([], { ...ORDER, note: 'x'.repeat(10_001) }), ['ORD-shape /note'])
  const long = { ...ORDER, note: 'x'.repeat(9_000) }
  const bomb = 'or(order.note, "").replace("x", "xxxxxxxxxx").replace("x", "xxxxxxxxxx").replace("x", "xxxxxxxxxx")'
  assert.deepEqual(codesOf([`remark: = ${bomb}`], long), ['MAP-limit /remark'])
  const items = Array(1_000).fill(ITEM)
  assert.deepEqual(codesOf(['remark: = join(order.items.map(i, or(order.note, "")), "")'], { ...long, items }), [
    'MAP-limit /remark',
  ])
  assert.deepEqual(codesOf(['remark: = or(order.note, "") + or(order.note, "")'], long), ['MAP-limit /remark'])
})

test('an expression walks at most 1,000 items, an entry as many as an order may have', () => {
  const items = Array(1_001).fill(ITEM)
  assert.equal(draftOf([], { ...ORDER, items }).lines.length, 1_001)
  const outcome = map(['expectedGross: = sum(order.items.map(i, i.price))'], { ...ORDER, items })
  assert.ok(outcome.kind === 'faulty')
  const [fault] = outcome.faults
  assert.deepEqual(
    [fault?.code, fault?.path, fault?.cure, fault?.parkCause],
    ['MAP-limit', '/items', 'administrator', 'mapping_fault'],
  )
})

test('the work of all expressions together is bounded before any of them runs', () => {
  const withItems = (count: number, parts = 0) => {
    const item = { ...ITEM, parts: Array(parts).fill({ name: '件' }) }
    return { ...ORDER, items: Array(count).fill(item) }
  }
  const isRefused = (lines: string[], order: object) => {
    const outcome = map(lines, order)
    if (outcome.kind === 'faulty')
      assert.deepEqual(
        outcome.faults.map(({ code }) => code),
        ['MAP-limit'],
      )
    return outcome.kind === 'faulty'
  }
  const square = ['pricesIncludeTax: = order.items.all(a, order.items.exists(b, a.price == b.price))']
  assert.equal(isRefused(square, withItems(400)), false)
  assert.equal(isRefused(square, withItems(600)), true)

  const linesTimesItems = [
    '  - forEach: = order.items',
    '    amount: = sum(order.items.map(i, i.price))',
    '    name: 合计',
  ]
  assert.equal(isRefused(linesTimesItems, withItems(400)), false)
  assert.equal(isRefused(linesTimesItems, withItems(600)), true)

  const partsOfEach = ['    model: = join(or(line.parts, []).map(p, p.name), "、")']
  assert.equal(isRefused(partsOfEach, withItems(2_000, 20)), false, 'the parts of each item are seen once')
  const partsOfAll = ['remark: = join(order.items.map(i, join(or(i.parts, []).map(p, p.name), "")), "").left(9)']
  assert.equal(isRefused(partsOfAll, withItems(900, 5)), false)
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
