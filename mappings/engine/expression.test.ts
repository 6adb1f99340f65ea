import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codesOf, draftOf, ITEM, map, ORDER, remarkOf, totalOf, withLines } from '../testing/example-mapping.js'
import { compileMapping } from './compile.js'

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

test('tabulators, line breaks and blanks around texts do not reach the draft', () => {
  assert.equal(draftOf(['remark: = order.note'], { ...ORDER, note: '\t a\r\n\tb\u0085 ' }).remark, 'a b')
})

test('a text with a NUL or another control character is the sender’s fault, wherever the mapping looks', () => {
  for (const character of ['\u0000', '\u0007', '\u001b', '\u007f', '\u009f']) {
    assert.deepEqual(codesOf([], { ...ORDER, note: `a${character}b` }), ['ORD-characters /note'])
    assert.deepEqual(codesOf([], { ...ORDER, no: `A${character}1` }), ['ORD-characters /no', 'ORD-number /no'])
    assert.deepEqual(codesOf([], { ...ORDER, extra: `a${character}b` }), ['ORD-characters /extra'])
    assert.equal(draftOf([], { ...ORDER, unread: `a${character}b` }).orderNo, ORDER.no)
  }
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
