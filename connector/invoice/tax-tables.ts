/**
 * The bureau's tables an invoice is judged by: classification codes (CXSSFLBM), rates (CXKYSL), differential codes
 * (CXCEZSBM). Data with an edition, never constants (design D8).
 */
import type { Decimal } from '../kernel/decimal.js'
import type { Instant, LocalDate } from '../kernel/time.js'

/** 税收分类编码, one row of CXSSFLBM. */
export interface TaxClassification {
  /** 19 digits. */
  code: string
  name: string
  /** 商品和服务分类简称: the text between the stars. */
  shortName: string
  /** 增值税税率 and 征收率 listed for the code; empty when the table names none. */
  taxRates: readonly Decimal[]
  levyRates: readonly Decimal[]
  /** 增值税特殊管理 zzstsgl: names of the preferences it may carry, e.g. `免税`. */
  specialManagement: readonly string[]
  /** 汇总项: a node that must not stand on a line. */
  isSummary: boolean
  /** 差额征税 cezs = Y. */
  allowsDifferential: boolean
  /** 即征即退 codes. */
  refundCodes: readonly string[]
  validFrom: LocalDate | null
  /** 停用日期. */
  stoppedOn: LocalDate | null
}

/** One row of CXKYSL. */
export interface RateEntry {
  /** 1 税率, 2 征收率. */
  nature: 'rate' | 'levy'
  rate: Decimal
  /** 原税率标志. */
  isFormer: boolean
  isEnabled: boolean
  validFrom: LocalDate
  validTo: LocalDate | null
  stoppedOn: LocalDate | null
}

/** One row of CXCEZSBM. */
export interface DifferentialCode {
  code: string
  allowsDifferentialIssue: boolean
  differentialAllowsSpecial: boolean
  fullAllowsSpecial: boolean
  generalRates: readonly Decimal[]
  generalLevyRates: readonly Decimal[]
  smallScaleLevyRates: readonly Decimal[]
}

/** A consistent snapshot, held in memory and replaced whole when a newer edition arrives. */
export interface TaxTables {
  classification(code: string): TaxClassification | null
  rates: readonly RateEntry[]
  differential(code: string): DifferentialCode | null
  classificationFetchedAt: Instant | null
  ratesFetchedAt: Instant | null
  differentialFetchedAt: Instant | null
}
