/**
 * Computing and checking are written apart from each other. Here they meet: what the one makes the other finds right,
 * and whatever is moved by a single fen it finds wrong.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount, fen } from '../../kernel/amount.js'
import { aClassification, anIssuingContext, aUsingUnit, taxTables } from '../../testing/builders.js'
import { type Choices, holdForAll } from '../../testing/choices.js'
import { randomDraft } from '../../testing/random-drafts.js'
import { type Approval, approve } from '../approve.js'
import type { InvoiceDraft } from '../draft.js'
import type { Invoice, InvoiceLine } from '../invoice.js'
import { checkInvoice } from './check-invoice.js'

const RUN_COUNT = 1_000
const FIGURES = ['netAmount', 'taxAmount', 'grossAmount'] as const

const CONTEXT = anIssuingContext({
  unit: aUsingUnit({ settings: { maxNetPerInvoice: amount('1000000.00'), maxLinesPerInvoice: 5 } }),
  // Random lines carry any rate.
  tables: taxTables({
    classifications: [aClassification({ taxRates: [], levyRates: [], specialManagement: ['免税'] })],
  }),
})

interface Case {
  draft: InvoiceDraft
  approval: Approval
  choices: number[]
}

function aCase(choices: Choices): Case {
  const draft = randomDraft(choices)
  return { draft, approval: approve(draft, CONTEXT), choices: Array.from({ length: 4 }, () => choices.upTo(1_000)) }
}

test('the checks find nothing wrong with what was computed and split', () => {
  let approvedCount = 0
  holdForAll(RUN_COUNT, aCase, ({ approval }) => {
    if (approval.kind === 'approved') approvedCount += 1
    else
      assert.deepEqual(
        approval.faults.filter(({ code }) => code.startsWith('L-')),
        [],
      )
  })
  assert.ok(approvedCount > RUN_COUNT / 2, `${approvedCount} approved`)
})

test('a line or total that is moved by one fen is always found', () => {
  holdForAll(RUN_COUNT, aCase, ({ draft, approval, choices }) => {
    if (approval.kind === 'faulty') return
    for (const moved of approval.invoices.slice(0, 1).map((invoice) => moveOneFen(invoice, choices))) {
      const found = checkInvoice(moved, draft, CONTEXT).filter(({ reaction }) => reaction === 'block')
      assert.notDeepEqual(found, [])
    }
  })
})

function moveOneFen(invoice: Invoice, [place = 0, which = 0, up = 0, inTotal = 0]: readonly number[]): Invoice {
  const figure = FIGURES[which % FIGURES.length] ?? 'netAmount'
  const step = up % 2 === 0 ? 1n : -1n
  if (inTotal % 4 === 0) return { ...invoice, [figure]: fen(invoice[figure] + step) }
  const target = place % invoice.lines.length
  const move = (line: InvoiceLine) => ({ ...line, [figure]: fen(line[figure] + step) })
  return { ...invoice, lines: invoice.lines.map((line, index) => (index === target ? move(line) : line)) }
}
