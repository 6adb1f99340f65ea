import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal } from '../../kernel/decimal.js'
import { aDraftLine, anInvoiceDraft, anIssuingContext, CODES } from '../../testing/builders.js'
import { type Example, proveTheme } from '../../testing/prove-checks.js'
import type { DeductionVoucher } from '../draft.js'
import { checkDraft } from './check-draft.js'

function aVoucher(changes: Partial<DeductionVoucher> = {}): DeductionVoucher {
  return {
    kind: '01',
    invoiceCode: null,
    invoiceNumber: '26312000000000000001',
    voucherNumber: null,
    issuedOn: '2026-11-01',
    totalAmount: Decimal.of('100.00'),
    deductedAmount: Decimal.of('50.00'),
    remark: null,
    ...changes,
  }
}

function withVouchers(...vouchers: DeductionVoucher[]): Example {
  const taxed = { taxCode: CODES.labourDispatch, shortName: '人力资源服务', taxRate: '0.06', amount: '106.00' }
  const differential = { type: '02' as const, deduction: Decimal.of('50.00'), vouchers }
  return { draft: { differential, lines: [aDraftLine(taxed)] } }
}

const OTHER_INVOICE = { kind: '08', invoiceNumber: null, issuedOn: null }

proveTheme('vouchers', {
  'L-100': {
    passes: withVouchers(
      aVoucher({ deductedAmount: Decimal.of('20.00') }),
      aVoucher({ deductedAmount: Decimal.of('30.00') }),
    ),
    fails: withVouchers(aVoucher({ deductedAmount: Decimal.of('49.99') })),
    at: '/differential/deduction',
  },
  'L-101': {
    passes: withVouchers(aVoucher()),
    fails: withVouchers(aVoucher({ invoiceCode: '031002600111' })),
    at: '/differential/vouchers/0/invoiceCode',
  },
  'L-102': {
    passes: withVouchers(aVoucher({ ...OTHER_INVOICE, remark: '定额发票' })),
    fails: withVouchers(aVoucher({ ...OTHER_INVOICE, remark: null })),
    at: '/differential/vouchers/0/remark',
  },
  'L-103': {
    passes: withVouchers(aVoucher({ issuedOn: '2026-02-28' })),
    fails: withVouchers(aVoucher({ issuedOn: '2026-02-30' })),
    at: '/differential/vouchers/0/issuedOn',
  },
})

function pathsOf({ draft }: Example): string[] {
  const findings = checkDraft(anInvoiceDraft(draft), anIssuingContext())
  return findings.map(({ check, fault }) => `${check} ${fault.path.replace('/differential/', '')}`)
}

test('a deduction without vouchers, or above what a voucher is worth, is refused', () => {
  assert.deepEqual(pathsOf(withVouchers()), ['L-100 vouchers'])
  assert.deepEqual(pathsOf(withVouchers(aVoucher({ totalAmount: Decimal.of('49.99') }))), [
    'L-100 vouchers/0/deductedAmount',
  ])
})

test('each kind of voucher has its own required and forbidden cells', () => {
  const filled = { invoiceCode: '1', invoiceNumber: '2', voucherNumber: '3', issuedOn: '2026-11-01', remark: '凭证' }
  const empty = { invoiceCode: null, invoiceNumber: null, voucherNumber: null, issuedOn: null, remark: '凭证' }
  const wrongCells = (kind: string, cells: Partial<DeductionVoucher>) =>
    pathsOf(withVouchers(aVoucher({ kind, ...cells }))).map((path) => path.split('/').at(-1))

  assert.deepEqual(wrongCells('01', filled), ['invoiceCode', 'voucherNumber'])
  assert.deepEqual(wrongCells('01', empty), ['invoiceNumber', 'issuedOn'])
  for (const kind of ['02', '03', '04']) {
    assert.deepEqual(wrongCells(kind, filled), ['voucherNumber'], kind)
    assert.deepEqual(wrongCells(kind, empty), ['invoiceCode', 'invoiceNumber', 'issuedOn'], kind)
  }
  for (const kind of ['05', '06', '07', '09']) {
    assert.deepEqual(wrongCells(kind, filled), ['invoiceCode', 'invoiceNumber'], kind)
    assert.deepEqual(wrongCells(kind, empty), [], kind)
  }
  assert.deepEqual(wrongCells('08', filled), ['voucherNumber'])
  assert.deepEqual(wrongCells('08', empty), [])
  assert.deepEqual(wrongCells('10', {}), ['kind'])
  assert.deepEqual(wrongCells('05', { ...empty, totalAmount: null }), ['totalAmount'])
})

test('over-long voucher texts and amounts with parts of a fen are named', () => {
  const wrong = aVoucher({
    kind: '02',
    invoiceCode: '1'.repeat(13),
    invoiceNumber: '2'.repeat(31),
    totalAmount: Decimal.of('100.001'),
    remark: '备'.repeat(451),
  })
  assert.deepEqual(
    pathsOf(withVouchers(wrong)),
    ['invoiceCode', 'invoiceNumber', 'remark', 'totalAmount'].map((cell) => `L-103 vouchers/0/${cell}`),
  )
})
