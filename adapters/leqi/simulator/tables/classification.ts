/**
 * The tax classification table as the bureau holds it: look-up by code, a feed of changes, and a bigger table from CSV.
 *
 * Knows: codes, names, short names, rate lists, what a line of a code may carry. Must not know: the wire, invoices.
 */
import { CLASSIFICATION_ROWS } from './classification-rows.js'
import { readCsv } from './csv.js'

const CODE_PATTERN = /^\d{19}$/
/** Digits of each level: 篇 1, then nine levels of 2. Source: rulebook 7.3. */
const LEVEL_ENDS = [1, 3, 5, 7, 9, 11, 13, 15, 17, 19] as const
/** Day from which the shipped rows are valid: long before any invoice that a test may date. */
const VALID_FROM = '2016-05-01'

export interface Classification {
  code: string
  parentCode: string
  name: string
  shortName: string
  /** Percentages, e.g. `13%`. */
  rates: readonly string[]
  levyRates: readonly string[]
  /** Names of the preferences a line of this code may carry (增值税特殊管理). */
  preferences: readonly string[]
  isSummary: boolean
  isDifferential: boolean
  isNotTaxable: boolean
  /** 即征即退 codes. */
  refundCodes: readonly string[]
  description: string
  /** `yyyy-MM-dd`; `stoppedOn` is the first day on which it may no longer be used, or null. */
  validFrom: string
  stoppedOn: string | null
}

export interface ClassificationTable {
  find(code: string): Classification | undefined
  /** Rows whose last change is later than the stamp (`yyyyMMddHHmmss`), or all for an empty stamp. */
  changedSince(stamp: string): Classification[]
  /** Stamp of the newest change. */
  stamp(): string
  /** Changes or adds a row, dated `atStamp`; two changes in one second still get different stamps. */
  change(code: string, patch: Partial<Omit<Classification, 'code'>>, atStamp: string): Classification
}

interface Entry {
  row: Classification
  changedAt: string
}

/** @param csv a bigger table (`code,name,shortName,rates,isSummary,description`); rows of our own selection win. */
export function makeClassificationTable(stampAtStart: string, csv: string | null): ClassificationTable {
  const entries = new Map<string, Entry>()
  const put = (row: Classification) => entries.set(row.code, { row, changedAt: stampAtStart })
  if (csv !== null) for (const row of parseCsvTable(csv)) put(row)
  for (const row of ownRows()) put(row)
  let newest = stampAtStart

  return {
    find: (code) => entries.get(code)?.row,
    changedSince: (stamp) => [...entries.values()].filter((each) => each.changedAt > stamp).map((each) => each.row),
    stamp: () => newest,
    change(code, patch, atStamp) {
      if (!CODE_PATTERN.test(code)) throw new RangeError(`not a classification code: ${code}`)
      newest = atStamp > newest ? atStamp : (BigInt(newest) + 1n).toString()
      const row = { ...(entries.get(code)?.row ?? emptyRow(code)), ...patch }
      entries.set(code, { row, changedAt: newest })
      return row
    },
  }
}

function ownRows(): Classification[] {
  const rows: Classification[] = []
  for (const line of CLASSIFICATION_ROWS.trim().split('\n')) {
    const [code = '', name = '', shortName = '', rates, levyRates, preferences, marks = '', refunds] = line.split('|')
    rows.push({
      ...emptyRow(code),
      name,
      shortName,
      rates: toList(rates),
      levyRates: toList(levyRates),
      preferences: toList(preferences),
      isSummary: marks.includes('S'),
      isDifferential: marks.includes('D'),
      isNotTaxable: marks.includes('N'),
      refundCodes: toList(refunds),
    })
  }
  return rows
}

/** Shape: rows of the CSV. Errors: RangeError naming the line when a code has not 19 digits or the header differs. */
function parseCsvTable(csv: string): Classification[] {
  const [header, ...lines] = readCsv(csv)
  if (header?.slice(0, 5).join(',') !== 'code,name,shortName,rates,isSummary') {
    throw new RangeError('a classification file begins with code,name,shortName,rates,isSummary,description')
  }
  return lines.map(([code = '', name = '', shortName = '', rates = '', isSummary = '', description = ''], index) => {
    if (!CODE_PATTERN.test(code)) throw new RangeError(`classification file, line ${index + 2}: not 19 digits`)
    const usual = usualTreatment(code)
    const isLeaf = isSummary !== 'Y'
    return {
      ...emptyRow(code),
      name,
      shortName,
      description,
      isSummary: !isLeaf,
      isNotTaxable: code.startsWith('6'),
      rates: isLeaf ? (rates === '' ? usual.rates : toList(rates)) : [],
      levyRates: isLeaf ? usual.levyRates : [],
      preferences: isLeaf ? usual.preferences : [],
    }
  })
}

function emptyRow(code: string): Classification {
  return {
    code,
    parentCode: parentOf(code),
    name: '',
    shortName: '',
    rates: [],
    levyRates: [],
    preferences: [],
    isSummary: false,
    isDifferential: false,
    isNotTaxable: false,
    refundCodes: [],
    description: '',
    validFrom: VALID_FROM,
    stoppedOn: null,
  }
}

/** The code one level up, all zeros for a root. */
function parentOf(code: string): string {
  for (let level = LEVEL_ENDS.length - 1; level > 0; level -= 1) {
    const start = LEVEL_ENDS[level - 1] ?? 0
    if (/[1-9]/.test(code.slice(start, LEVEL_ENDS[level]))) return code.slice(0, start).padEnd(19, '0')
  }
  return '0'.repeat(19)
}

/** A list joined by the Chinese enumeration comma, as the bureau's columns are. */
function toList(text: string | undefined): readonly string[] {
  return text === undefined || text === '' ? [] : text.split('、')
}

/**
 * What codes of a group usually carry, for tables without a rate column. Longest prefix wins.
 * Source: Value-Added Tax Law; a simplification that is good enough to test against, not the bureau's column.
 */
const USUAL_RATES: readonly (readonly [prefix: string, rates: string, levyRates: string])[] = [
  ['6', '', ''],
  ['5', '9%', '5%'],
  ['3040502020', '9%', '5%'],
  ['3040502', '13%', '3%、1%'],
  ['30405010', '13%', '3%、1%'],
  ['30302', '6%', '3%、1%'],
  ['301', '9%、0%', '3%、1%'],
  ['302', '9%', '3%、1%'],
  ['303', '9%', '3%、1%'],
  ['305', '9%', '3%、1%'],
  ['101', '9%', '3%、1%'],
  ['110', '13%、9%', '3%、1%'],
  ['1', '13%', '3%、1%'],
  ['2', '13%', '3%、1%'],
  ['', '6%', '5%、3%、1%'],
]

function usualTreatment(code: string): Pick<Classification, 'rates' | 'levyRates' | 'preferences'> {
  const [, rates, levyRates] = USUAL_RATES.find(([prefix]) => code.startsWith(prefix)) ?? ['', '', '']
  const preferences = code.startsWith('6') ? ['不征税'] : ['简易征收', '免税', '按3%简易征收', '按5%简易征收']
  return { rates: toList(rates), levyRates: toList(levyRates), preferences }
}
