/** What the bureau's rate table says of one rate on one day. */
import type { Decimal } from '../../kernel/decimal.js'
import type { LocalDate } from '../../kernel/time.js'
import type { RateEntry } from '../tax-tables.js'

/** `former`: open, but only as a former rate (原税率). `closed`: listed, but off, outside its interval or stopped. */
export type RateVerdict = 'open' | 'former' | 'closed' | 'unlisted'

const RANKS: Readonly<Record<RateVerdict, number>> = { open: 3, former: 2, closed: 1, unlisted: 0 }

/**
 * Judges a rate by its best entry.
 * Units   fractions: 0.13; the date is the China date of issue; a stop date itself is still open
 * Source  Leqi rulebook 2.6 [base capability document]
 */
export function judgeRate(entries: readonly RateEntry[], rate: Decimal, date: LocalDate): RateVerdict {
  let best: RateVerdict = 'unlisted'
  for (const entry of entries) {
    if (!entry.rate.equals(rate)) continue
    const verdict = !isOpen(entry, date) ? 'closed' : entry.isFormer ? 'former' : 'open'
    if (RANKS[verdict] > RANKS[best]) best = verdict
  }
  return best
}

function isOpen({ isEnabled, validFrom, validTo, stoppedOn }: RateEntry, date: LocalDate): boolean {
  return (
    isEnabled && date >= validFrom && (validTo === null || date <= validTo) && (stoppedOn === null || date <= stoppedOn)
  )
}
