/** A judge that finds nothing has to find something when there is something: each kind of damage is done to a good run. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Book, BookInvoice } from '../../adapters/leqi/simulator/book.js'
import type { ResultMessage } from '../../connector/result/result.js'
import { aPlainOrder } from '../../connector/testing/plain-orders.js'
import { isClean, type Judgement, judge } from './judge.js'
import type { Told } from './order-system.js'
import type { ChaosOrder } from './orders.js'

const FIRST = '26310000000000000001'
const SECOND = '26310000000000000002'

interface Run {
  orders: ChaosOrder[]
  told: Map<string, Told>
  book: Book
  remarks: Map<string, string>
}

/** Two orders, one issued and one refused, told as it is. */
function aGoodRun(): Run {
  return {
    orders: [anOrder('C-1', 'issued'), anOrder('C-2', 'failed')],
    told: new Map([
      ['event-1', told('C-1', 'issued', FIRST)],
      ['event-2', told('C-2', 'failed', SECOND)],
    ]),
    book: aBook(anInvoice(FIRST)),
    remarks: new Map([[FIRST, 'C-1']]),
  }
}

const DAMAGES: readonly [kind: keyof Judgement, what: string, damage: (run: Run) => void][] = [
  ['lost', 'an order that was told nothing', ({ told }) => told.delete('event-1')],
  ['doubled', 'an order with two ends', ({ told: all }) => all.set('event-3', told('C-1', 'issued', FIRST))],
  [
    'doubled',
    'an invoice that nobody was told of',
    (run) => {
      run.book = aBook(anInvoice(FIRST), anInvoice(SECOND))
      run.remarks.set(SECOND, 'C-1')
    },
  ],
  ['doubled', 'an invoice of an order that nobody gave', ({ remarks }) => remarks.set(FIRST, 'C-9')],
  [
    'reused',
    'a number told to two orders',
    ({ orders, told: all }) => {
      orders.push(anOrder('C-3', 'issued'))
      all.set('event-3', told('C-3', 'issued', FIRST))
    },
  ],
  [
    'reused',
    'a number uploaded again with other content',
    (run) => {
      run.book = aBook({ ...anInvoice(FIRST), differentRepeatCount: 1 })
    },
  ],
  [
    'overspent',
    'more quota spent than downloaded',
    (run) => {
      run.book = aBook({ ...anInvoice(FIRST), quotaNet: '1000.01' })
    },
  ],
  ['wrong', 'issued, and the bureau has it not', (run) => (run.book = aBook())],
  ['wrong', 'failed, and the bureau has it', ({ told: all }) => all.set('event-1', told('C-1', 'failed', FIRST))],
  ['wrong', 'failed is said to be issued', ({ told: all }) => all.set('event-2', told('C-2', 'issued', SECOND))],
  [
    'wrong',
    'another amount than was ordered',
    (run) => {
      run.orders[0] = { ...anOrder('C-1', 'issued'), grossFen: [11_301] }
    },
  ],
  ['changed', 'two copies that differ', ({ told: all }) => all.get('event-1')?.bodies.add('{}')],
]

test('a good run is clean', () => {
  const { orders, told, book, remarks } = aGoodRun()
  assert.ok(isClean(judge(orders, told, book, remarks)))
})

for (const [kind, what, damage] of DAMAGES) {
  test(`${kind}: ${what}`, () => {
    const run = aGoodRun()
    damage(run)

    const judgement = judge(run.orders, run.told, run.book, run.remarks)

    assert.notDeepEqual(judgement[kind], [])
    assert.equal(isClean(judgement), false)
  })
}

function anOrder(orderNo: string, fate: ChaosOrder['fate']): ChaosOrder {
  return {
    orderNo,
    businessType: 'chaos-sales',
    body: aPlainOrder({ no: orderNo }),
    fate,
    grossFen: [11_300],
    again: null,
  }
}

function told(orderNo: string, status: 'issued' | 'failed', invoiceNumber: string): Told {
  const result = {
    type: 'result',
    final: true,
    status,
    orderNo,
    invoices: [{ invoiceNumber, status: status === 'issued' ? 'issued' : 'rejected', grossAmount: '113.00' }],
    // What the judge does not look at is left out.
  } as unknown as ResultMessage
  return { result, bodies: new Set(['body']), copyCount: 1, firstAt: 0 }
}

function anInvoice(number: string): BookInvoice {
  return {
    number,
    sellerTaxNo: 'T1',
    kind: '02',
    issuedAt: '',
    uploadedAt: '',
    net: '100.00',
    tax: '13.00',
    gross: '113.00',
    quotaNet: '100.00',
    receiptNo: '',
    repeatCount: 0,
    differentRepeatCount: 0,
  }
}

function aBook(...invoices: BookInvoice[]): Book {
  const ledger = { period: '202611', total: '0.00', otherUsed: '0.00', available: '0.00', unused: '0.00' }
  const quota = [{ ...ledger, downloaded: '1000.00', used: '0.00', windowFrom: null, windowTo: null }]
  return { taxpayers: [{ taxNo: 'T1', segments: [], quota, moves: [], confirmedPeriods: [] }], invoices }
}
