/** CXKYSL, CXSSFLBM and CXCEZSBM: the tables an issuer must work by. */
import type { ClassificationsAnswer, DifferentialCodesAnswer, TaxRatesAnswer } from '../../wire.js'
import type { Classification } from '../tables/classification.js'
import { DIFFERENTIAL_CODES, type DifferentialCode } from '../tables/differential.js'
import type { Rate } from '../tables/rates.js'
import { type DeskAnswer, readField, refuse, refuseForeignTaxNo, type Visit } from './visit.js'

/** Lists in a column are joined by the Chinese enumeration comma. Source: CXSSFLBM, zzssl and zsl. */
const LIST_SEPARATOR = '、'

export function queryRates(visit: Visit): DeskAnswer {
  const rows = visit.tables.rates.rows()
  const data: Omit<TaxRatesAnswer, 'returncode'> = { count: String(rows.length), slzslList: rows.map(toRateRow) }
  return { kind: 'done', data }
}

/**
 * Shape   the whole table for an empty `sjc`, else what changed after it
 * Errors  "nothing new" is a failure text, not an empty list. Source: rulebook 7.3
 */
export function queryClassifications(visit: Visit): DeskAnswer {
  const foreign = refuseForeignTaxNo(visit)
  if (foreign !== null) return foreign
  const { classifications } = visit.tables
  const since = readField(visit.request, 'sjc')
  if (since !== '' && !/^\d{14}$/.test(since)) return refuse('参数校验异常：时间戳格式应为yyyyMMddHHmmss')
  const rows = classifications.changedSince(since)
  if (rows.length === 0) return refuse('未查询到税收分类编码信息')
  const data: Omit<ClassificationsAnswer, 'returncode'> = {
    sjc: classifications.stamp(),
    count: String(rows.length),
    ssbmList: rows.map(toClassificationRow),
  }
  return { kind: 'done', data }
}

export function queryDifferentialCodes(visit: Visit): DeskAnswer {
  const rows = [...DIFFERENTIAL_CODES.values()].map((each) => toDifferentialRow(each, visit))
  const data: Omit<DifferentialCodesAnswer, 'returncode'> = { count: String(rows.length), cezsbmList: rows }
  return { kind: 'done', data }
}

function toRateRow(rate: Rate): TaxRatesAnswer['slzslList'][number] {
  return {
    csxz: rate.kind === 'rate' ? '1' : '2',
    slzsl: rate.value,
    yslbz: rate.isFormer ? 'Y' : 'N',
    dyysl: rate.formerRates.join(','),
    cszt: rate.isEnabled ? '0' : '1',
    yxqq: rate.validFrom,
    yxqz: rate.validTo ?? '',
    tyrq: rate.stoppedOn ?? '',
  }
}

function toClassificationRow(row: Classification): ClassificationsAnswer['ssbmList'][number] {
  return {
    fjbm: row.parentCode,
    sphfwssflhbbm: row.code,
    tdyslxdm: '',
    cezs: row.isDifferential ? 'Y' : 'N',
    bzs: row.isNotTaxable ? 'Y' : 'N',
    jzjtdm: row.refundCodes.join(LIST_SEPARATOR),
    sphfwmc: row.name,
    sphfwfljc: row.shortName,
    sm: row.description,
    zzssl: row.rates.join(LIST_SEPARATOR),
    zsl: row.levyRates.join(LIST_SEPARATOR),
    zzstsgl: row.preferences.join(LIST_SEPARATOR),
    gjz: '',
    sfhzx: row.isSummary ? 'Y' : 'N',
    qyrq: row.validFrom,
    tyrq: row.stoppedOn ?? '',
  }
}

function toDifferentialRow(row: DifferentialCode, visit: Visit): DifferentialCodesAnswer['cezsbmList'][number] {
  const named = visit.tables.classifications.find(row.code)
  return {
    sphfwssflhbbm: row.code,
    sphfwmc: named?.name ?? '',
    sphfwfljc: named?.shortName ?? '',
    sfkycekp: yesNo(row.allowsDifferential),
    cekpsfkykzp: yesNo(row.allowsDifferentialSpecial),
    qekpsfkykzp: yesNo(row.allowsFullSpecial),
    ybnsrsl: row.generalRates.join(LIST_SEPARATOR),
    ybnsrzsl: row.generalLevyRates.join(LIST_SEPARATOR),
    xgmnsrzsl: row.smallScaleLevyRates.join(LIST_SEPARATOR),
  }
}

function yesNo(value: boolean): string {
  return value ? 'Y' : 'N'
}
