/** What holds for every order, tried on a hundred thousand of them each. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fen } from '../kernel/amount.js'
import { Decimal } from '../kernel/decimal.js'
import { type Choices, holdForAll } from '../testing/choices.js'
import { aDraft, aLine } from '../testing/invoice-drafts.js'
import { assertSendable } from '../testing/invoice-tolerances.js'
import { costOf, randomDraft } from '../testing/random-drafts.js'
import { type Charge, computeLines, discountRateOf } from './compute.js'
import type { InvoiceDraft } from './draft.js'
import type { InvoiceLine } from './invoice.js'
import { discountByRate } from './positions.js'
import { type SplitLimits, splitCharges } from './split.js'
import { totalsOf } from './totals.js'

const RUN_COUNT = 100_000
/** A long invoice is thousands of lines; the carry is tried on fewer of them. */
const LONG_RUN_COUNT = 100
const NO_CEILING: SplitLimits = { maxNetPerInvoice: null, maxLinesPerInvoice: 200, isTelecomSeller: false }

test('the lines add up to what the order costs, in the sense of its prices', () => {
  let freeCount = 0
  holdForAll(RUN_COUNT, randomDraft, (draft) => {
    const charges = compute(draft)
    if (charges === null) {
      freeCount += 1
      return
    }
    const totals = totalsOf(linesOf(charges))
    assert.equal(draft.pricesIncludeTax ? totals.grossAmount : totals.netAmount, costOf(draft))
    assert.equal(totals.netAmount + totals.taxAmount, totals.grossAmount)
  })
  assert.ok(freeCount < RUN_COUNT / 20, `${freeCount} orders came to nothing and proved nothing`)
})

test('every tolerance of the bureau holds on every invoice', () => {
  holdForAll(RUN_COUNT, randomDraft, (draft) => {
    const charges = compute(draft)
    if (charges !== null) assertSendable(linesOf(charges))
  })
})

test('prices without tax, sent again with tax, give the same invoice', () => {
  holdForAll(
    RUN_COUNT,
    (choices) => randomDraft(choices, false),
    (draft) => {
      const exclusive = compute(draft)
      if (exclusive === null) return
      const inclusive = compute(resend(draft, exclusive, 'gross'))
      assert.ok(inclusive)
      assert.equal(linesOf(inclusive).map(amountsOf).join(), linesOf(exclusive).map(amountsOf).join())
    },
  )
})

test('prices with tax, sent again without, keep every net, and the gross of a line to the fen', () => {
  holdForAll(
    RUN_COUNT,
    (choices) => randomDraft(choices, true),
    (draft) => {
      const inclusive = compute(draft)
      if (inclusive === null) return
      const exclusive = compute(resend(draft, inclusive, 'net'))
      assert.ok(exclusive)
      const again = compute(resend(draft, exclusive, 'gross'))
      assert.ok(again)
      for (const [index, line] of linesOf(inclusive).entries()) {
        const other: InvoiceLine | undefined = linesOf(exclusive)[index]
        assert.equal(other?.netAmount, line.netAmount)
        assert.equal(linesOf(again)[index]?.netAmount, line.netAmount)
        const apart = line.grossAmount - (other?.grossAmount ?? 0n)
        assert.ok(apart >= -1n && apart <= 1n, `gross is off by ${apart} fen`)
      }
    },
  )
})

test('the order of the lines changes no amount of any line, rebate included', () => {
  holdForAll(
    RUN_COUNT,
    (choices) => {
      const draft = randomDraft(choices)
      return { draft, shuffled: { ...draft, lines: shuffle(choices, draft.lines) } }
    },
    ({ draft, shuffled }) => {
      const charges = compute(draft)
      if (charges === null) return
      const others = compute(shuffled)
      assert.ok(others)
      assert.equal(charges.map(contentOf).sort().join(), others.map(contentOf).sort().join())
    },
  )
})

test('the parts of a split add up to the order, line by line, and each is an invoice of its own', () => {
  let splitCount = 0
  holdForAll(
    RUN_COUNT,
    (choices) => {
      const draft = randomDraft(choices)
      return { draft, limits: randomLimits(choices, draft) }
    },
    ({ draft, limits }) => {
      const charges = compute(draft)
      if (charges === null) return
      const split = splitCharges(charges, limits)
      if (split.kind === 'impossible') {
        assert.ok(charges.some(isFree), 'only a free line without room beside a worthy one cannot be split')
        return
      }
      splitCount += split.parts.length > 1 ? 1 : 0
      assertConserved(charges, split.parts)
      for (const part of split.parts) {
        assertSendable(part)
        assert.ok(part.length <= limits.maxLinesPerInvoice)
        assert.ok(limits.maxNetPerInvoice === null || totalsOf(part).netAmount <= limits.maxNetPerInvoice)
      }
    },
  )
  assert.ok(splitCount > RUN_COUNT / 2, `only ${splitCount} orders were split`)
})

test('a discount given as an amount comes back from its rate to the fen', () => {
  holdForAll(
    RUN_COUNT,
    (choices) => {
      const amount = BigInt(1 + choices.upTo(10 ** (1 + choices.upTo(14))))
      return {
        amount,
        discount: (amount * BigInt(choices.upTo(1_000_000))) / 1_000_000n,
        rateDecimals: 2 + choices.upTo(4),
      }
    },
    ({ amount, discount, rateDecimals }) => {
      const rate = discountRateOf(amount, discount)
      assert.equal(discountByRate(amount, rate), discount)
      // And a rate that is shown shortened gives an amount whose rate is the shown one again.
      const shown = rate.round(rateDecimals)
      const back = new Decimal(discountByRate(amount, shown), 0).minus(new Decimal(amount, 0).times(shown)).abs()
      assert.ok(back.compare(new Decimal(5n, 1)) <= 0)
    },
  )
})

test('a long invoice stays within the total tax error, and its grosses never move', () => {
  holdForAll(LONG_RUN_COUNT, randomLongDraft, (draft) => {
    const charges = compute(draft)
    assert.ok(charges)
    const split = splitCharges(charges, { ...NO_CEILING, maxLinesPerInvoice: 5_000 })
    assert.ok(split.kind === 'split')
    for (const part of split.parts) assertSendable(part)
    const grosses = (lines: readonly InvoiceLine[]) => lines.map(({ grossAmount }) => grossAmount)
    assert.deepEqual(split.parts.flatMap(grosses), grosses(linesOf(charges)))
  })
})

/** null when the order comes to nothing; any other fault means that the generator or the rules are wrong. */
function compute(draft: InvoiceDraft): readonly Charge[] | null {
  const computed = computeLines(draft)
  if (computed.kind === 'computed') return computed.charges
  assert.deepEqual(
    computed.faults.map(({ code }) => code),
    ['INV-total'],
  )
  return null
}

/** The same order, its charges written as amounts of the other sense. */
function resend(draft: InvoiceDraft, charges: readonly Charge[], sense: 'gross' | 'net'): InvoiceDraft {
  const pick = (line: InvoiceLine) => new Decimal(sense === 'gross' ? line.grossAmount : line.netAmount, 2)
  const lines = charges.map(({ line, discount }) =>
    aLine({
      name: line.name,
      taxRate: line.taxRate,
      preference: line.preference,
      amount: pick(line),
      discountAmount: discount === null ? null : pick(discount).negated(),
    }),
  )
  return aDraft({ ...draft, pricesIncludeTax: sense === 'gross', lines, shipping: null, orderDiscount: null })
}

function assertConserved(charges: readonly Charge[], parts: readonly (readonly InvoiceLine[])[]): void {
  assert.equal(sumBySource(parts.flat()), sumBySource(linesOf(charges)))
}

/** Net, tax, gross and quantity of every line and of every discount, added up over its pieces. */
function sumBySource(lines: readonly InvoiceLine[]): string {
  const sums = new Map<string, { net: bigint; tax: bigint; gross: bigint; quantity: Decimal }>()
  for (const { sourceLine, nature, netAmount, taxAmount, grossAmount, quantity } of lines) {
    const key = `${sourceLine} ${nature === 'discount' ? 'discount' : 'goods'}`
    const sum = sums.get(key) ?? { net: 0n, tax: 0n, gross: 0n, quantity: Decimal.ZERO }
    sum.net += netAmount
    sum.tax += taxAmount
    sum.gross += grossAmount
    if (quantity !== null) sum.quantity = sum.quantity.plus(Decimal.of(quantity))
    sums.set(key, sum)
  }
  const rows = [...sums].map(([key, { net, tax, gross, quantity }]) => `${key}: ${net} ${tax} ${gross} ${quantity}`)
  return rows.sort().join('\n')
}

function isFree({ line, discount }: Charge): boolean {
  return line.netAmount + (discount?.netAmount ?? 0n) <= 0n
}

function linesOf(charges: readonly Charge[]): InvoiceLine[] {
  return charges.flatMap(({ line, discount }) => (discount === null ? [line] : [line, discount]))
}

function amountsOf({ nature, netAmount, taxAmount, grossAmount }: InvoiceLine): string {
  return `${nature} ${netAmount} ${taxAmount} ${grossAmount}`
}

/** All that an invoice shows of a charge, apart from its place. */
function contentOf({ line, discount }: Charge): string {
  const { name, quantity, unitPrice, netAmount, taxAmount, taxRate } = line
  return [name, quantity, unitPrice, netAmount, taxAmount, taxRate, discount?.netAmount, discount?.taxAmount].join('|')
}

/** Ceilings from a twelfth of the order upwards, but at least ten yuan; line limits from two. */
function randomLimits(choices: Choices, draft: InvoiceDraft): SplitLimits {
  const partCount = BigInt(1 + choices.upTo(11))
  return {
    ...NO_CEILING,
    maxLinesPerInvoice: 2 + choices.upTo(8),
    maxNetPerInvoice: choices.upTo(3) === 0 ? null : fen(costOf(draft) / partCount + 1_000n),
  }
}

function randomLongDraft(choices: Choices): InvoiceDraft {
  const gross = 1 + choices.upTo(100_000)
  const spread = choices.upTo(1) === 0 ? 0 : choices.upTo(50)
  const lines = Array.from({ length: 200 + choices.upTo(2_000) }, () =>
    aLine({
      quantity: choices.upTo(2) === 0 ? null : String(1 + choices.upTo(9)),
      amount: new Decimal(BigInt(gross + choices.upTo(spread)), 2),
      discountAmount: choices.upTo(9) === 0 ? '0.01' : null,
    }),
  )
  return aDraft({ lines })
}

function shuffle<T>(choices: Choices, items: readonly T[]): T[] {
  const rest = [...items]
  return items.flatMap(() => rest.splice(choices.upTo(rest.length - 1), 1))
}
