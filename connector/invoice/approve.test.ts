import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount, formatAmount, sumAmounts } from '../kernel/amount.js'
import { Decimal } from '../kernel/decimal.js'
import { anInvoiceDraft, anIssuingContext, aUsingUnit, CODES } from '../testing/builders.js'
import { aLine } from '../testing/invoice-drafts.js'
import { type Approval, approve } from './approve.js'
import type { Invoice } from './invoice.js'

const CONTEXT = anIssuingContext()

test('a good draft becomes one invoice, complete', () => {
  const [invoice, ...others] = invoicesOf(
    approve(anInvoiceDraft({ expectedGross: '113.00', lines: [aLine({ quantity: '2', amount: '113.00' })] }), CONTEXT),
  )
  assert.equal(others.length, 0)
  const contact = { address: null, phone: null, bank: null, account: null }
  assert.deepEqual(invoice, {
    letter: 'blue',
    kind: 'ordinary',
    seller: { name: '示例销售有限公司', taxNo: '91310115MA1K00015K', ...contact },
    buyer: {
      name: '示例商贸有限公司',
      taxNo: '91310115MA1K00023E',
      ...contact,
      ...{ isPerson: false, idType: null, idNo: null, nationality: null },
    },
    differential: null,
    remark: null,
    payments: [],
    drawer: '开票员',
    payee: null,
    reviewer: null,
    extras: [],
    lines: [
      {
        ...{ lineNo: 1, nature: 'normal', name: '咖啡杯', shortName: '日用杂品', model: null, unit: '个' },
        ...{ quantity: '2', unitPrice: '50', netAmount: 10000n, taxAmount: 1300n, grossAmount: 11300n },
        ...{ taxRate: Decimal.of('0.13'), taxCode: CODES.cup, preference: null, deduction: null },
        ...{ coalKind: null, sourceLine: 0 },
      },
    ],
    ...{ netAmount: 10000n, taxAmount: 1300n, grossAmount: 11300n, quotaAmount: 10000n },
    coalQuality: null,
  })
})

test('the seller is named as the bureau names it, its contact comes from the settings alone', () => {
  const settings = {
    address: '上海市示例路1号',
    phone: '021-00000000',
    bank: '示例银行',
    account: '6222',
    drawer: '甲',
  }
  const unit = aUsingUnit({ name: '本地名称', profile: { name: '局端名称' }, settings })
  const [invoice] = invoicesOf(approve(anInvoiceDraft({ buyer: { address: '购方地址' } }), { ...CONTEXT, unit }))
  assert.deepEqual(invoice?.seller, {
    name: '局端名称',
    taxNo: '91310115MA1K00015K',
    ...{ address: '上海市示例路1号', phone: '021-00000000', bank: '示例银行', account: '6222' },
  })
  assert.equal(invoice?.drawer, '甲')
})

test("the order's own drawer wins over the setting", () => {
  const [invoice] = invoicesOf(approve(anInvoiceDraft({ drawer: '乙' }), CONTEXT))
  assert.equal(invoice?.drawer, '乙')
})

test('a natural person is marked once, whatever the order already wrote', () => {
  for (const name of ['张先生', '张先生（个人）', '张先生(个人)', '张先生（个人）（个人）', '张先生 （个人）']) {
    const draft = anInvoiceDraft({ buyer: { name, isPerson: true, taxNo: null } })
    assert.equal(invoicesOf(approve(draft, CONTEXT))[0]?.buyer.name, '张先生（个人）')
  }
  const company = anInvoiceDraft({ buyer: { name: '示例（个人）商贸有限公司' } })
  assert.equal(invoicesOf(approve(company, CONTEXT))[0]?.buyer.name, '示例（个人）商贸有限公司')
})

test('a person without a tax number goes by the document', () => {
  const passport = { name: '张先生', isPerson: true, taxNo: null, idType: '208', idNo: 'E12345678', nationality: '840' }
  assert.equal(invoicesOf(approve(anInvoiceDraft({ buyer: passport }), CONTEXT))[0]?.buyer.taxNo, 'E12345678')
})

test('the total the sender states must be met to the fen', () => {
  assert.equal(approve(anInvoiceDraft({ expectedGross: '113.000' }), CONTEXT).kind, 'approved')
  for (const expectedGross of ['113.01', '112.99', '113.001']) {
    const [fault] = faultsOf(approve(anInvoiceDraft({ expectedGross }), CONTEXT)).filter(
      ({ code }) => code === 'ORD-total',
    )
    assert.deepEqual([fault?.path, fault?.cure], ['/expectedGross', 'sender'])
    assert.match(fault?.messageEn ?? '', /≠ 113\.00\)$/)
  }
})

test('another currency than CNY is rejected', () => {
  const faults = faultsOf(approve(anInvoiceDraft({ currency: 'USD' }), CONTEXT))
  assert.deepEqual(
    faults.map(({ code, path, cure }) => [code, path, cure]),
    [['ORD-currency', '/currency', 'sender']],
  )
})

test('a red letter is held for a person', () => {
  const faults = faultsOf(approve(anInvoiceDraft({ letter: 'red' }), CONTEXT))
  assert.deepEqual(
    faults.map(({ code, parkCause }) => [code, parkCause]),
    [['INV-letter', 'manual_hold']],
  )
})

test('all faults are collected, each said once, and the rulebook speaks before the arithmetic', () => {
  const draft = anInvoiceDraft({
    currency: 'USD',
    buyer: { name: null, taxNo: 'abc' },
    lines: [aLine({ amount: '9.999' }), aLine({ amount: '-1.00' }), aLine({ amount: '1.00', taxCode: null })],
  })
  const said = faultsOf(approve(draft, CONTEXT)).map(({ code, path }) => `${code} ${path}`)
  assert.deepEqual(said, [...new Set(said)])
  for (const expected of ['ORD-currency /currency', 'L-36 /buyer/name', 'L-38 /buyer/taxNo', 'L-25 /lines/0/amount']) {
    assert.ok(said.includes(expected), `${expected} is missing of ${said.join(', ')}`)
  }
  assert.ok(!said.includes('INV-decimals /lines/0/amount'))
  const places = said.map((each) => each.split(' ')[1])
  assert.ok(places.includes('/lines/1/amount') && places.includes('/lines/2/taxCode'))
})

test('the parts of a split carry the same head, and a fault of the head is said once', () => {
  const unit = aUsingUnit({ settings: { maxNetPerInvoice: amount('50.00'), phone: '0'.repeat(61) } })
  const faults = faultsOf(approve(anInvoiceDraft(), { ...CONTEXT, unit }))
  assert.deepEqual(
    faults.map(({ code }) => code),
    ['L-25'],
  )
})

test('a split order keeps its total, its payments and its remark on every part', () => {
  const unit = aUsingUnit({ settings: { maxNetPerInvoice: amount('30.00') } })
  const payments = [{ channel: '009', transactionNo: '4200000000202611220000000001' }]
  const draft = anInvoiceDraft({ expectedGross: '113.00', remark: '感谢惠顾', payments })
  const invoices = invoicesOf(approve(draft, { ...CONTEXT, unit }))
  assert.equal(invoices.length, 4)
  assert.equal(formatAmount(sumAmounts(invoices.map(({ grossAmount }) => grossAmount))), '113.00')
  for (const invoice of invoices) assert.deepEqual([invoice.remark, invoice.payments], ['感谢惠顾', payments])
})

test('an order that the settings cannot split waits for a person', () => {
  const unit = aUsingUnit({ settings: { maxNetPerInvoice: amount('0.01') } })
  const faults = faultsOf(approve(anInvoiceDraft(), { ...CONTEXT, unit }))
  assert.deepEqual(
    faults.map(({ code, cure, parkCause }) => [code, cure, parkCause]),
    [['INV-split', 'administrator', 'manual_hold']],
  )
})

test('a differential order with freight becomes two invoices, only one of them differential', () => {
  const total = Decimal.of('50.00')
  const blank = { invoiceCode: null, invoiceNumber: null, voucherNumber: null, issuedOn: null, remark: null }
  const vouchers = [{ kind: '05', totalAmount: total, deductedAmount: total, ...blank }]
  const dispatch = { name: '劳务派遣', taxCode: CODES.labourDispatch, shortName: '人力资源服务', taxRate: '0.06' }
  const draft = anInvoiceDraft({
    lines: [aLine({ ...dispatch, amount: '106.00' })],
    shipping: aLine({ name: '运费', amount: '11.30' }),
    differential: { type: '02', deduction: total, vouchers },
  })
  const [first, second] = invoicesOf(approve(draft, CONTEXT))
  assert.deepEqual(first?.differential, {
    type: '02',
    deduction: 5000n,
    vouchers: [{ ...vouchers[0], lineNo: 1, totalAmount: 5000n, deductedAmount: 5000n }],
  })
  assert.equal(second?.differential, null)
})

test('a voucher without its amounts is named', () => {
  const blank = { invoiceCode: null, invoiceNumber: null, voucherNumber: null, issuedOn: null, remark: null }
  const vouchers = [{ kind: '05', totalAmount: null, deductedAmount: Decimal.of('0.001'), ...blank }]
  const draft = anInvoiceDraft({ differential: { type: '02', deduction: Decimal.of('50.00'), vouchers } })
  const places = faultsOf(approve(draft, CONTEXT)).map(({ path }) => path)
  assert.ok(places.includes('/differential/vouchers/0/totalAmount'))
  assert.ok(places.includes('/differential/vouchers/0/deductedAmount'))
})

test('the coal quality stays on the big parts of a big order', () => {
  const coalQuality = '每千克煤炭发热量：5000千卡、干基全硫：0.5%、干燥无灰基挥发分：30%'
  const coal = { name: '原煤', taxCode: CODES.coal, shortName: '煤炭', coalKind: '0300', unit: '吨' }
  const draft = anInvoiceDraft({ lines: [aLine({ ...coal, quantity: '15000', unitPrice: '1130.00' })], coalQuality })
  const unit = aUsingUnit({ settings: { maxNetPerInvoice: amount('10000000.00') } })
  const invoices = invoicesOf(approve(draft, { ...CONTEXT, unit }))
  assert.deepEqual(
    invoices.map((invoice) => invoice.coalQuality),
    [coalQuality, null],
  )
  const small = anInvoiceDraft({ lines: [aLine({ ...coal, quantity: '2', unitPrice: '1130.00' })], coalQuality })
  const halves = aUsingUnit({ settings: { maxNetPerInvoice: amount('1000.00') } })
  assert.ok(faultsOf(approve(small, { ...CONTEXT, unit: halves })).some(({ code }) => code === 'L-105'))
})

test('the same draft in the same context is approved the same way', () => {
  const draft = anInvoiceDraft({
    lines: [aLine({ amount: '99.00' }), aLine({ amount: '59.90' })],
    orderDiscount: '5.00',
  })
  assert.deepEqual(approve(draft, CONTEXT), approve(draft, CONTEXT))
})

function invoicesOf(approval: Approval): readonly Invoice[] {
  assert.ok(approval.kind === 'approved', said(approval))
  return approval.invoices
}

function faultsOf(approval: Approval): Extract<Approval, { kind: 'faulty' }>['faults'] {
  assert.ok(approval.kind === 'faulty', 'the draft is faulty')
  return approval.faults
}

function said(approval: Approval): string {
  return approval.kind === 'faulty' ? approval.faults.map(({ code, path }) => `${code} ${path}`).join(', ') : 'approved'
}
