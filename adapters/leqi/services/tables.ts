/**
 * CXKYSL, CXSSFLBM, CXCEZSBM: the bureau's tables of rates, classification codes and differential codes.
 *
 * A row that cannot be read is left out and counted: an invoice that needs it waits, which is safe; to fail the whole
 * table for one odd row would stop every invoice.
 */
import { Type } from 'typebox'
import type { DifferentialCode, RateEntry, TaxClassification } from '../../../connector/invoice/tax-tables.js'
import type { ClassificationsQuery } from '../wire.js'
import type { JsonObject } from '../wire-json.js'
import {
  Field,
  isYes,
  odd,
  type Parsed,
  parsed,
  readRows,
  toCode,
  toDate,
  toParts,
  toRate,
  toRates,
  toText,
} from './wire-values.js'

/** 税收分类编码: nineteen digits. */
const TAX_CODE = /^\d{19}$/
/** yyyyMMddHHmmss, passed back as it came; other forms are kept too, only not without limit. */
const STAMP_LENGTH_MAX = 40

const RateRow = Type.Object({
  csxz: Field,
  slzsl: Field,
  yslbz: Field,
  cszt: Field,
  yxqq: Field,
  yxqz: Field,
  tyrq: Field,
})

const ClassificationRow = Type.Object({
  sphfwssflhbbm: Field,
  sphfwmc: Field,
  sphfwfljc: Field,
  zzssl: Field,
  zsl: Field,
  zzstsgl: Field,
  cezs: Field,
  jzjtdm: Field,
  sfhzx: Field,
  qyrq: Field,
  tyrq: Field,
})

const DifferentialRow = Type.Object({
  sphfwssflhbbm: Field,
  sfkycekp: Field,
  cekpsfkykzp: Field,
  qekpsfkykzp: Field,
  ybnsrsl: Field,
  ybnsrzsl: Field,
  xgmnsrzsl: Field,
})

export interface Table<T> {
  rows: readonly T[]
  skippedCount: number
}

/** A full download has an empty stamp. */
export function classificationsQuery(taxNo: string, since: string | null): string {
  const query: ClassificationsQuery = { nsrsbh: taxNo, sjc: since ?? '' }
  return JSON.stringify(query)
}

/** Reads CXKYSL. Errors: odd when there is no list. Source: Leqi base capability document V4.000, CXKYSL. */
export function parseRates(answer: JsonObject): Parsed<Table<RateEntry>> {
  const table = readRows(answer.slzslList, RateRow, (row) => {
    const nature = ({ '1': 'rate', '2': 'levy' } as const)[toText(row.csxz)]
    const rate = toRate(toText(row.slzsl))
    const validFrom = toDate(row.yxqq)
    if (nature === undefined || rate === null || validFrom === null) return null
    const isFormer = isYes(row.yslbz)
    const isEnabled = toText(row.cszt) === '0'
    return { nature, rate, isFormer, isEnabled, validFrom, validTo: toDate(row.yxqz), stoppedOn: toDate(row.tyrq) }
  })
  return table === null ? odd('slzslList') : parsed(table)
}

/**
 * Reads CXSSFLBM.
 * Errors  odd: no list, or no stamp to go on from
 * Source  Leqi base capability document V4.000, CXSSFLBM
 */
export function parseClassifications(answer: JsonObject): Parsed<Table<TaxClassification> & { stamp: string }> {
  const stamp = answer.sjc
  const table = readRows(answer.ssbmList, ClassificationRow, (row): TaxClassification | null => {
    const code = toText(row.sphfwssflhbbm)
    if (!TAX_CODE.test(code)) return null
    return {
      code,
      name: toText(row.sphfwmc),
      shortName: toText(row.sphfwfljc),
      taxRates: toRates(row.zzssl),
      levyRates: toRates(row.zsl),
      specialManagement: toParts(row.zzstsgl),
      isSummary: isYes(row.sfhzx),
      allowsDifferential: isYes(row.cezs),
      refundCodes: toParts(row.jzjtdm),
      validFrom: toDate(row.qyrq),
      stoppedOn: toDate(row.tyrq),
    }
  })
  if (table === null) return odd('ssbmList')
  if ((typeof stamp !== 'string' && typeof stamp !== 'number') || String(stamp).length > STAMP_LENGTH_MAX) {
    return odd('sjc')
  }
  return parsed({ ...table, stamp: String(stamp) })
}

/** Reads CXCEZSBM. Errors: odd when there is no list. Source: Leqi base capability document V4.000, CXCEZSBM. */
export function parseDifferentialCodes(answer: JsonObject): Parsed<Table<DifferentialCode>> {
  // One later document spells the list's name with two z.
  const table = readRows(answer.cezsbmList ?? answer.cezzbmList, DifferentialRow, (row) => {
    const code = toCode(row.sphfwssflhbbm, 19)
    if (!TAX_CODE.test(code)) return null
    return {
      code,
      allowsDifferentialIssue: isYes(row.sfkycekp),
      differentialAllowsSpecial: isYes(row.cekpsfkykzp),
      fullAllowsSpecial: isYes(row.qekpsfkykzp),
      generalRates: toRates(row.ybnsrsl),
      generalLevyRates: toRates(row.ybnsrzsl),
      smallScaleLevyRates: toRates(row.xgmnsrzsl),
    }
  })
  return table === null ? odd('cezsbmList') : parsed(table)
}
