/**
 * The table of tax rates and 征收率 that CXKYSL answers, and the question whether a rate may be used on a day.
 *
 * Version: rates of 2026. Source: Value-Added Tax Law (13, 9, 6, 0 %), reduced 征收率 of 1 % until the end of 2027,
 * 1.5 % for letting homes, former rates 16 % and 17 % (until 2019-03-31 and 2018-04-30).
 */
import { readPercent, readRate, toRateText } from '../exact.js'

export interface Rate {
  kind: 'rate' | 'levy'
  /** A fraction in its shortest form, e.g. `0.13`. */
  value: string
  /** 原税率: only with an authorisation. */
  isFormer: boolean
  /** Former rates that this one replaced, as percentages. */
  formerRates: readonly string[]
  isEnabled: boolean
  /** `yyyy-MM-dd`; null is open-ended. */
  validFrom: string
  validTo: string | null
  /** First day on which it may no longer be used. */
  stoppedOn: string | null
}

export interface RateTable {
  rows(): readonly Rate[]
  find(value: string): readonly Rate[]
  replace(rows: readonly Rate[]): void
}

const START_OF_REFORM = '2016-05-01'

const RATES_2026: readonly Rate[] = [
  rate('rate', '0.13', '2019-04-01', { formerRates: ['16%', '17%'] }),
  rate('rate', '0.09', '2019-04-01', { formerRates: ['10%', '11%'] }),
  rate('rate', '0.06', START_OF_REFORM),
  rate('rate', '0', START_OF_REFORM),
  rate('levy', '0.03', START_OF_REFORM),
  rate('levy', '0.05', START_OF_REFORM),
  rate('levy', '0.015', START_OF_REFORM),
  rate('levy', '0.01', '2020-03-01', { validTo: '2027-12-31' }),
  rate('rate', '0.16', '2018-05-01', { isFormer: true }),
  rate('rate', '0.17', START_OF_REFORM, { isFormer: true, isEnabled: false, stoppedOn: '2018-05-01' }),
]

export function makeRateTable(initial: readonly Rate[] = RATES_2026): RateTable {
  let rows = initial
  return {
    rows: () => rows,
    find: (value) => rows.filter((each) => each.value === value),
    replace: (next) => {
      rows = next.map((each) => ({ ...each, value: toRateText(readRate(each.value)) }))
    },
  }
}

/** Whether a rate may be used on a day `yyyy-MM-dd`: enabled, inside its interval, not past its stop. Source: rulebook 2.6. */
export function isUsableOn(entry: Rate, day: string): boolean {
  if (!entry.isEnabled || day < entry.validFrom) return false
  if (entry.validTo !== null && day > entry.validTo) return false
  return entry.stoppedOn === null || day < entry.stoppedOn
}

/** `13%` as `0.13`. */
export function percentToFraction(percent: string): string {
  const known = FRACTIONS.get(percent)
  if (known !== undefined) return known
  const fraction = toRateText(readPercent(percent))
  FRACTIONS.set(percent, fraction)
  return fraction
}

/** Asked for every line of every invoice; there are only as many percentages as the tables hold. */
const FRACTIONS = new Map<string, string>()

function rate(kind: Rate['kind'], value: string, validFrom: string, more: Partial<Rate> = {}): Rate {
  const plain = { isFormer: false, formerRates: [], isEnabled: true, validTo: null, stoppedOn: null }
  return { kind, value, validFrom, ...plain, ...more }
}
